"""When one may go on, and what was lost on the way, in words."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from console.core.durations import format_duration
from console.core.frame import Clause, Frame, PhaseView

BY_PEOPLE = ("prerequisite", "checklist")
"""Kinds of clause of items that somebody, or the console, has to see to."""
_NAMED = 3
"""Clauses that the outlook names."""
_FORESEEN_S = 366 * 86_400.0
"""What is expected later than this is as good as never, and the calendar ends somewhere."""


def outlook(found: Sequence[Clause], at: float, *, stands: bool = False) -> tuple[float | None, str]:
    """Return when the last clause may be met at the soonest, and in one line what is waited for.

    The time is a lower bound: what nobody can foresee comes on top, and is named. `None` while no time is known,
    while an action has to come first (a canary without its share is not on its way), and while the soak clock `stands`
    because of a breach, or of prerequisites, of which nobody can foresee the end: the time would only run away.
    """
    missing = [clause for clause in found if not clause.is_met]
    if not missing:
        return None, ""
    first = [clause.text for clause in missing if clause.kind == "action"]
    if first:
        return None, "; ".join(first)
    timed = [(clause.expected_s or 0.0, clause) for clause in missing if _is_foreseen(clause)]
    blocking = [clause for clause in missing if not _is_foreseen(clause)]
    if not timed:
        return None, f"waiting for {_named(blocking)}"
    left_s, last = max(timed, key=lambda pair: pair[0])
    if stands and any(clause.kind in ("metric", "pause", "prerequisite") for clause in blocking):
        return None, f"the soak stands, waiting for {_named(blocking)}"
    earliest = at + left_s
    return earliest, f"earliest {when(earliest, at)}, waiting for {_named(blocking or [last])}"


def _is_foreseen(clause: Clause) -> bool:
    """Return whether the time of a clause is known, and near enough to be one."""
    return clause.expected_s is not None and clause.expected_s <= _FORESEEN_S


def _named(waited: Sequence[Clause]) -> str:
    names = list(dict.fromkeys(map(_name, waited)))
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def when(then: float, at: float) -> str:
    """Return a time as it is seen from `at`, in UTC: `14:03`, on another day `03-04 14:03`."""
    said, now = datetime.fromtimestamp(then, UTC), datetime.fromtimestamp(at, UTC)
    return f"{said:%H:%M}" if said.date() == now.date() else f"{said:%m-%d %H:%M}"


def _name(clause: Clause) -> str:
    """Return what a clause waits for in a word or two."""
    if clause.kind == "soak":
        return "soak"
    if not clause.ref:
        return clause.text
    if clause.kind in ("prerequisite", "checklist", "sign-off", "validation"):
        return f"{clause.kind} {clause.ref}"
    return clause.ref


def with_time(clause: Clause, at: float) -> str:
    """Return a clause with who it waits for and the time when it is expected: `30h of soak left, 03-04 20:21`."""
    if clause.is_met:
        return clause.text
    if clause.expected_s and _is_foreseen(clause):
        return f"{clause.text}, earliest {when(at + clause.expected_s, at)}"
    return f"{clause.text} (waits for {clause.waits_for})" if clause.kind in BY_PEOPLE else clause.text


def soak_notes(phase: PhaseView, at: float) -> Iterator[str]:
    """Yield what was lost of the soak: when it began again, the stop that lasts or was last, and all there was."""
    if phase.again is not None:
        began, after = phase.again
        yield f"soak began again {when(began, at)} after {after}, {format_duration(phase.thrown_away_s)} thrown away"
    newest = next(iter(phase.stops), None)
    if newest is not None and (phase.again is None or newest.since >= phase.again[0]):
        lasts = f"since {when(newest.since, at)}" if newest.until is None else f"at {when(newest.since, at)}"
        yield f"no soak {lasts}, {format_duration(newest.lost_s)} lost: {newest.text}"
    if len(phase.stops) > 1:
        yield f"{format_duration(phase.lost_s)} of this phase were no soak"


def progress_notes(frame: Frame) -> tuple[str, ...]:
    """Return what the phase spends of each error budget, and how validation went before a step back."""
    past = (
        f"validation {one.name}, before the step back: {one.outcome}{': ' if one.reason else ''}{one.reason}"
        for one in frame.validation
        if one.is_past
    )
    return (*(budget.text for budget in frame.budgets), *past)


def share_line(frame: Frame) -> str:
    """Return what was measured of the canary's share since it was last changed; empty where nothing measures it."""
    lines = (panel.evidence.share_line for panel in frame.panels if panel.evidence is not None)
    return next(filter(None, lines), "")
