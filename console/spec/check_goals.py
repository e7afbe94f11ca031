"""Checks of what is proven after full rollout, and of error budgets."""

from console.core.durations import format_duration
from console.core.rollout import Metric, Slo, ValidationWindow
from console.core.slo import RULES
from console.core.stages import FULL_SHARE
from console.spec.check_actions import check_text
from console.spec.check_phases import check_item
from console.spec.nodes import Path
from console.spec.review import Review


def check_validation(review: Review) -> None:
    """Check every window: its name, its metrics, its checklist, and that its time can come."""
    rollout = review.rollout
    names: dict[str, int] = {}
    items = {item.id for phase in rollout.phases for item in (*phase.prerequisites, *phase.checklist)}
    for index, window in enumerate(rollout.validation):
        path: Path = ("validation", index)
        check_text(review, (*path, "name"), window.name)
        if window.name in names:
            found = f"validation[{names[window.name]}] is named {review.written((*path, 'name'))} too"
            review.wrong((*path, "name"), found, "give every window a name of its own")
        names.setdefault(window.name, index)
        _check_window(review, path, window, items)
    shares = [phase.traffic for phase in rollout.phases]
    if rollout.validation and shares and max(shares) < FULL_SHARE:
        review.doubt(("validation",), "no phase has 100% of the traffic, so these windows never begin", "add one")


def _check_window(review: Review, path: Path, window: ValidationWindow, items: set[str]) -> None:
    for index, metric in enumerate(window.metrics):
        review.knows((*path, "metrics", index), metric, "metrics", "metric")
    for index, item in enumerate(window.checklist):
        check_item(review, (*path, "checklist", index), item, items, "in the phases and windows")


def check_slo(review: Review) -> None:
    """Check every error budget: that its metric has counts, and over which windows they can be had."""
    for name, slo in review.rollout.slo.items():
        path: Path = ("slo", name)
        if name in review.names("metrics"):
            review.wrong(path, f"there is a metric {name}, and both would have the same line", "take another name")
        where = (*path, "metric")
        if not review.knows(where, slo.metric, "metrics", "metric") or slo.metric not in review.rollout.metrics:
            continue
        _check_counts(review, where, slo, review.rollout.metrics[slo.metric])


def _check_counts(review: Review, path: Path, slo: Slo, metric: Metric) -> None:
    """A budget needs bad and total; a query says them over its own window, and over nothing shorter."""
    if metric.events is not None and metric.events.over is not None:
        return
    if metric.kind != "query":
        found = f"{slo.metric} has no counts of bad and total"
        review.wrong(path, found, "expected a ratio of events (of, over), or a query with total and bad")
        return
    if not isinstance(metric.window, float):
        found = f"nothing says over how long the query of {slo.metric} counts"
        review.wrong(path, found, "add `window:` to the metric, such as 5m, and use :window in the statement")
        return
    lost = [rule for rule in RULES if rule.short_s < metric.window]
    if not lost:
        return
    shortest = ", ".join(format_duration(rule.short_s) for rule in lost)
    found = f"{slo.metric} counts over {format_duration(metric.window)}, which says nothing of the last {shortest}"
    if len(lost) == len(RULES):
        review.wrong(path, found, "expected a shorter window, 5m for all four burn rates")
    else:
        review.doubt(path, found, "those burn rates are not judged; give the metric a window of 5m")
