"""Where a gradual rollback stands: which rung, for how much longer, and what may be said to it."""

from dataclasses import dataclass

from console.core.attempts import OPEN, Attempt
from console.core.proportions import ShareSeen
from console.core.rollout import Action, ActionKind
from console.core.words import Outcome, Rung

Seen = tuple[ShareSeen, str] | None
"""What is measured of the canary's share since it was last changed, and that in words."""

_STEERED = ("continue", "zero", "stop")


@dataclass(frozen=True, slots=True)
class Ladder:
    """A step down that was begun, as far as it decides what comes next."""

    rung: Rung
    next_rung: float | None
    hold_left_s: float | None
    orders: tuple[str, ...]
    """What may be said to it: `continue` with the next rung, jump to `zero`, `stop` where it is."""
    share_line: str = ""
    """What is measured of the share on this rung; empty where nothing measures it, or not yet."""


def ladder_of(attempt: Attempt, action: Action | None, traffic: float, at: float, seen: Seen) -> Ladder | None:
    """Return where the ladder of the newest attempt stands, `traffic` being the share applied, percent.

    `None` for what is no step down, was left, was carried on by another attempt, or stands on its lowest rung.
    """
    if action is None or action.kind is not ActionKind.STEP_DOWN or attempt.is_left or attempt.carried_on:
        return None
    asked = attempt.started.traffic
    lowest = action.ladder[-1]
    if attempt.outcome is Outcome.RUNNING:
        is_lowest = asked is None or asked <= lowest
        return Ladder(Rung.APPLYING, None, None, () if is_lowest else ("zero",))
    if attempt.outcome in OPEN:
        return Ladder(Rung.FAILED, None, None, ("zero",) if lowest < traffic else ())
    next_rung = next((rung for rung in action.ladder if rung < traffic), None)
    if attempt.outcome is not Outcome.DONE or attempt.ended is None or next_rung is None:
        return None
    left_s = max(0.0, attempt.ended + action.hold - at)
    is_off = seen is not None and seen[0] is ShareSeen.OFF
    rung = Rung.NOT_REACHED if is_off else Rung.HELD if left_s > 0 else Rung.DUE
    return Ladder(rung, next_rung, left_s, _STEERED, "" if seen is None else seen[1])
