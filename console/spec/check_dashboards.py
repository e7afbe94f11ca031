"""Checks of what looks at the rollout as a whole: its goals, and the views of its session."""

from console.core.conditions import ConditionError, parse_condition
from console.core.dashboards import Kpi, View, ViewSection
from console.core.text import visible
from console.spec.check_actions import check_text
from console.spec.nodes import Path
from console.spec.problems import suggestion
from console.spec.review import Review


def check_kpis(review: Review) -> None:
    """Check every goal: what it is about exists, and its target can be judged."""
    for name, kpi in review.rollout.kpis.items():
        path: Path = ("kpis", name)
        if kpi.title is not None:
            check_text(review, (*path, "title"), kpi.title)
        if kpi.metric:
            review.knows((*path, kpi.kind), kpi.metric, "metrics", "metric")
        for key, actions in (("count", kpi.count), ("by", kpi.by)):
            for index, action in enumerate(actions):
                where = (*path, key, index) if review.written((*path, key)) == "a list" else (*path, key)
                review.knows(where, action, "actions", "action")
        _check_kept(review, path, kpi)
        _check_target(review, path, kpi)


def _check_kept(review: Review, path: Path, kpi: Kpi) -> None:
    phases = [phase.name for phase in review.rollout.phases]
    for component, phase in kpi.kept.items():
        if phase not in phases:
            where: Path = (*path, "kept", component)
            review.wrong(where, f"there is no phase {review.written(where)}", suggestion(phase, phases, "phases are"))


def _check_target(review: Review, path: Path, kpi: Kpi) -> None:
    if kpi.metric and kpi.metric not in review.rollout.metrics:
        return
    where: Path = (*path, "target")
    try:
        target = parse_condition(kpi.target, kpi.figure_unit(review.rollout.metrics))
    except ConditionError as error:
        review.refuse(where, error)
        return
    if target.needs_baseline:
        review.wrong(where, "a goal of the whole rollout has no baseline", "compare with a number")


def check_views(review: Review) -> None:
    """Check every view: what its sections name exists."""
    for name, view in review.rollout.views.items():
        path: Path = ("views", name)
        check_text(review, (*path, "title"), view.title)
        _check_sections(review, path, view)


def _check_sections(review: Review, path: Path, view: View) -> None:
    for index, section in enumerate(view.sections):
        where: Path = (*path, "sections", index)
        check_text(review, (*where, "title"), section.title)
        known = (*review.names("metrics"), *review.names("slo"))
        for number, name in enumerate(section.metrics):
            item: Path = (*where, "metrics", number)
            if name not in known:
                found = f"there is no metric or budget {review.written(item)}"
                review.wrong(item, found, suggestion(name, known, "metrics of this file"))
        for number, name in enumerate(section.events):
            review.knows((*where, "events", number), name, "events", "event")
        _check_at_risk(review, where, section)


def _check_at_risk(review: Review, path: Path, section: ViewSection) -> None:
    asked = section.at_risk
    if asked is None:
        return
    where: Path = (*path, "at_risk", "metric")
    metric = review.rollout.metrics.get(asked.metric)
    if not review.knows(where, asked.metric, "metrics", "metric") or metric is None:
        return
    if metric.unit != "%":
        found = f"{visible(asked.metric)} is in {visible(metric.unit) or 'plain numbers'}"
        review.wrong(where, found, "name a rate with the unit %")
