"""Actions in the frame: those on offer with their keys, those that were begun, and the one that begins by itself."""

from dataclasses import dataclass

from console.core.words import Outcome, Rung


@dataclass(frozen=True, slots=True)
class KeyHint:
    """An action's key where it is offered."""

    action: str
    key: str
    label: str
    is_lit: bool = False
    """The verdict it belongs to stands."""


@dataclass(frozen=True, slots=True)
class StepView:
    """A step or verification of an attempt."""

    label: str
    state: str
    detail: str
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An action that was started."""

    attempt: str
    action: str
    kind: str
    title: str
    actor: str
    reason: str
    started: float
    ended: float | None
    outcome: Outcome
    detail: str
    traffic: float | None
    steps: tuple[StepView, ...]
    next_rung: float | None
    """For a ladder that is being held: the share that comes next."""
    hold_left_s: float | None
    override: str = ""
    """The clauses that were missing, when somebody advanced without them."""
    choices: tuple[str, ...] = ()
    """What may be decided about it: `stop`, `verify`, `resume`, `abandon`."""
    next_step: int = 0
    """Index of the action's step that it would be resumed from."""
    rung: Rung | None = None
    """How the rung of its ladder stands; `None` where there is no ladder, or nothing more to come."""
    share_line: str = ""
    """What is measured of the share on this rung."""
    orders: tuple[str, ...] = ()
    """What may be said to its ladder: `continue`, `zero`, `stop`."""


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action the file offers."""

    action: str
    key: str
    title: str
    kind: str
    is_available: bool
    why_not: str
    """Why the key is dimmed, empty while it works."""
    parameters: tuple[tuple[str, str], ...] = ()
    """What is chosen before, by name, and how it is asked for."""
    out_of_place: str = ""
    """Why it is not offered in this phase; it can be begun with a reason all the same. Empty where it belongs."""


@dataclass(frozen=True, slots=True)
class AutomaticView:
    """The rollback that begins by itself, where the file asks for one."""

    disarmed: str
    """Why nothing begins by itself; empty while it is armed."""
    metric: str = ""
    """The metric whose countdown runs; empty while none does."""
    title: str = ""
    """What will be begun."""
    left_s: float = 0.0
    reason: str = ""
    waits_for: str = ""
    """Why nothing is counted down although it is armed, where that is not in sight anyway; empty if it may be."""
