"""The plots of a report: one for each metric, all over the same time."""

from collections.abc import Iterator

from console.core.conditions import Condition, ConditionError, Op, parse_condition
from console.core.export import Export
from console.core.frame import Panel, worst_first
from console.core.plot import Limit, Mark, Plot, Series
from console.core.report_actions import action_title


def limits_of(panel: Panel) -> tuple[Limit, ...]:
    """Return the thresholds of a metric that are numbers; one that follows the baseline is no line."""
    limits = []
    for name, said in panel.conditions:
        condition = _parsed(said, panel.unit)
        if name in ("target", "warning", "critical") and condition is not None and not condition.needs_baseline:
            limits.append(Limit(name, condition.bound, said, _BAD_SIDE.get(condition.op, 0)))
            if condition.op in (Op.INSIDE, Op.OUTSIDE):
                limits.append(Limit(name, condition.upper, said, 0))
    return tuple(limits)


_ORDER = {"canary": 0, "baseline": 1, "": 2}
_BAD_SIDE = {Op.GT: 1, Op.GE: 1, Op.LT: -1, Op.LE: -1}


def _parsed(said: str, unit: str) -> Condition | None:
    try:
        return parse_condition(said, unit)
    except ConditionError:
        return None


def plots_of(export: Export) -> Iterator[Plot]:
    """Yield the plot of every metric that was ever measured, worst first."""
    frame = export.frame
    starts = [min(at for at, _ in points) for points in export.history.values() if points]
    if not starts:
        return
    marks = [Mark(attempt.started, action_title(attempt), "action") for attempt in frame.attempts]
    marks += [Mark(span.since, span.name, "phase") for span in export.chronicle.spans[1:]]
    for panel in worst_first(frame.panels):
        tracks = [track for metric, track in export.history if metric == panel.metric]
        order = sorted(tracks, key=lambda track: (_ORDER.get(track, len(_ORDER)), track))
        if order:
            title = panel.title if panel.title == panel.metric else f"{panel.metric}: {panel.title}"
            yield Plot(
                title=f"{title} ({panel.unit})" if panel.unit else title,
                unit=panel.unit,
                series=tuple(Series(track, export.history[panel.metric, track]) for track in order),
                limits=limits_of(panel),
                marks=tuple(marks),
                since=min(starts),
                until=export.taken_at,
            )
