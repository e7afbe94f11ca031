"""What enters the engine of actions: an attempt was begun, went on and ended, or a rollback begins by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.core.actors import Actor
from console.core.words import Outcome


@dataclass(frozen=True, slots=True)
class ActionStarted:
    """An action was confirmed and its intent is on disk."""

    at: float
    attempt: str
    """Id of this attempt, unique in the session."""
    action: str
    kind: str
    title: str
    actor: Actor
    reason: str
    traffic: float | None
    """The share it applies, percent; `None` if it does not change the share."""
    phase: int | None
    """The phase it moves to when it is done, for an advance."""
    steps: tuple[str, ...]
    """Each step as the operator was shown it."""
    override: str = ""
    """The clauses that were not met, when somebody advanced without them."""
    continues: str = ""
    """The attempt that this one verifies, or carries on where it stopped; empty for one of its own."""
    first_step: int = 0
    """Index of the action's step that this attempt begins with; those before it are done."""
    is_check: bool = False
    """It only verifies: nothing is changed."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What was chosen for the parameters of the action, by name."""
    digest: str = ""
    """Of the whole of its steps and verifications, secrets and all: `steps` is cut and masked."""


@dataclass(frozen=True, slots=True)
class ActionAbandoned:
    """Somebody decided that an attempt of which the outcome is not known, or that stopped half way, stays as it is."""

    at: float
    attempt: str
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class ActionProgressed:
    """A step or a verification of an attempt began or ended."""

    at: float
    attempt: str
    step: int
    """Index over the steps and then the verifications."""
    label: str
    state: str
    """`running`, `done`, `failed`, `not begun`, `timed out`, `not known`, `passed`, `not passed`."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ActionEnded:
    """An attempt ended; the outcome may be that nobody knows."""

    at: float
    attempt: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LadderLeft:
    """Somebody decided that a ladder stays on the rung where it is."""

    at: float
    attempt: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class AutomaticFired:
    """A countdown was over, and its action is about to be begun; written down before it is."""

    at: float
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class AutomaticStopped:
    """Somebody stopped what was counted down, or it could not be begun."""

    at: float
    actor: Actor
    why: str = ""
    """Why it could not be begun; empty where somebody stopped it."""


@dataclass(frozen=True, slots=True)
class AutomaticArmed:
    """Somebody lets the rollback begin by itself again."""

    at: float
    actor: Actor
    reason: str
