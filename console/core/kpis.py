"""The goals of the whole rollout: each judged from what was seen of it, or from a figure that was entered."""

from dataclasses import dataclass

from console.core.conditions import Condition, parse_condition, read_in
from console.core.course import Course, Seen
from console.core.dashboard_frame import KpiOutcome, KpiView
from console.core.dashboards import Kpi
from console.core.durations import format_duration
from console.core.rollout import Rollout
from console.core.text import visible
from console.core.values import bare_number, format_value

KNOWN_SHARE = 0.95
"""For how much of the time with traffic a metric must have been known; with less a goal is not known to be met."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """What is known of a goal: its value, and what is still missing."""

    value: float | None
    reason: str
    missing: str = ""
    is_final: bool = False
    """It only ever gets worse: a goal that is missed stays missed, whatever is missing."""


def views(course: Course, rollout: Rollout, *, tracked: frozenset[str], is_complete: bool) -> tuple[KpiView, ...]:
    """Return every goal in the order of the file.

    `tracked` are the metrics that are measured for canary and baseline apart; `is_complete` whether the rollout is.
    """
    return tuple(
        _view(name, kpi, _figure(name, kpi, course, tracked), course, rollout, is_complete=is_complete)
        for name, kpi in rollout.kpis.items()
    )


def _view(name: str, kpi: Kpi, found: _Figure, course: Course, rollout: Rollout, *, is_complete: bool) -> KpiView:
    unit, scale = read_in(kpi.target, kpi.figure_unit(rollout.metrics))
    goal = parse_condition(kpi.target, unit)
    value = None if found.value is None else found.value * scale
    holds = goal.holds(value)
    outcome = KpiOutcome.UNKNOWN
    if holds is False and (found.is_final or not found.missing):
        outcome = KpiOutcome.MISSED
    elif holds and not found.missing:
        outcome = KpiOutcome.MET
    entered = course.figures.get(name)
    return KpiView(
        kpi=name,
        title=visible(kpi.title or name),
        text="–" if value is None else _text(value, unit, goal),
        target=visible(kpi.target),
        outcome=outcome,
        reason=visible("; ".join(part for part in (found.reason, found.missing) if part)),
        is_entered=kpi.entered,
        by="" if entered is None else visible(entered.by),
        at=None if entered is None else entered.at,
        note="" if entered is None else visible(entered.note),
        is_settled=is_complete or (outcome is KpiOutcome.MISSED and found.is_final),
    )


def _text(value: float, unit: str, goal: Condition) -> str:
    """Return the figure with as many digits as show on which side of its goal it is: never `100 %` for 99.97 %."""
    shown = [bare_number(value), *(f"{value:,.{digits}f}" for digits in range(1, 9))]
    sides = (one for one in shown if goal.holds(float(one.replace(",", ""))) is goal.holds(value))
    return format_value(value, unit).replace(bare_number(value), next(sides, shown[0]), 1)


def _figure(name: str, kpi: Kpi, course: Course, tracked: frozenset[str]) -> _Figure:
    if kpi.metric:
        return _measured(kpi, course, tracked)
    if kpi.count:
        begun = sum(one.action in kpi.count for one in course.begun)
        return _Figure(float(begun), f"{', '.join(kpi.count)} begun", is_final=True)
    if kpi.kept:
        return _kept(kpi, course)
    entered = course.figures.get(name)
    if entered is None:
        return _Figure(None, "", "somebody has yet to enter it")
    return _Figure(entered.value, f"entered by {entered.by}" + (f": {entered.note}" if entered.note else ""))


def _measured(kpi: Kpi, course: Course, tracked: frozenset[str]) -> _Figure:
    seen = course.seen.get(kpi.measure, Seen())
    of = f"{kpi.kind} {kpi.metric}"
    if kpi.metric in tracked:
        of += " of both tracks" if kpi.both_tracks else " of the canary"
    if not course.watched_s:
        return _Figure(None, of, "the canary had no traffic yet")
    missing = ""
    if seen.known_s < KNOWN_SHARE * course.watched_s:
        missing = f"known for {format_duration(seen.known_s)} of {format_duration(course.watched_s)}"
    if kpi.highest:
        return _Figure(seen.highest, of, missing, is_final=True)
    return _Figure(seen.sum / seen.known_s if seen.known_s else None, of, missing)


def _kept(kpi: Kpi, course: Course) -> _Figure:
    """Return how many of the components are in place; one that was taken back is lost for good.

    An action that names one of them as a value took back that one, any other all that had been entered by then.
    """
    lost = {
        component
        for begun in course.begun
        if begun.action in kpi.by
        for component, phase in kpi.kept.items()
        if (component in begun.given if set(begun.given) & set(kpi.kept) else phase in begun.entered)
    }
    entered = [component for component, phase in kpi.kept.items() if phase in course.entered]
    waiting = len(kpi.kept) - len(entered)
    share = 100.0 * (len(kpi.kept) - len(lost)) / len(kpi.kept)
    reason = f"{len(entered)} of {len(kpi.kept)} entered, {len(lost)} taken back"
    return _Figure(share, reason, f"{waiting} to come" if waiting else "", is_final=True)
