"""What an action will do, resolved before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # screens draw plans, and need not wait for the model of the rollout file
    from console.core.probes import Check
    from console.core.rollout import ActionKind, Step


@dataclass(frozen=True, slots=True)
class Plan:
    """One application of an action: every placeholder resolved, nothing run yet."""

    action: str
    title: str
    kind: ActionKind
    service: str
    steps: tuple[Step, ...]
    verify: tuple[Check, ...]
    traffic: float | None
    """The share it applies, percent; `None` if it does not change the share."""
    ladder: tuple[float, ...]
    """The rungs still to come after this one, for a step down."""
    hold_s: float
    phase: int | None
    """The phase it moves to, for an advance."""
    given: tuple[tuple[str, str], ...] = ()
    """The parameters of the action and what was chosen for them."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One key of an env file, before and after; secret values are already masked."""

    path: str
    key: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class StepPreview:
    """One step or verification as the operator is shown it."""

    label: str
    """The exact command, statement, request or file; safe to draw, secrets masked."""
    kind: str
    """`run`, `env_file`, `sql`, `redis`, `http` or `verify`."""
    timeout_s: float
    changes: tuple[FileChange, ...] = ()
    problem: str = ""
    """What already stands in its way: a missing command, a file that cannot be written."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything the operator sees before confirming."""

    plan: Plan
    why: str
    """The verdict that calls for it, in words; empty if nothing does."""
    now: str
    after: str
    steps: tuple[StepPreview, ...]
    verify: tuple[StepPreview, ...]
    type_to_confirm: str
    """The word to type; empty where one more key is enough."""
    needs_reason: bool
    """An advance without its clauses met, or anything the file says needs one."""
    unmet: tuple[str, ...]
    """Clauses that are not met, for an advance."""
    last_took_s: float | None
    """How long it took the last time in this session."""
