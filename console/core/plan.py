"""What an action will do, resolved before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.core.durations import format_duration

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
    before: tuple[Check, ...] = ()
    """What is looked at before it is confirmed."""
    since: float | None = None
    """When the first of its attempts began, for one that verifies or carries on another; seconds since the epoch."""
    unproven: str = ""
    """For one that only verifies: the steps that no verification stands for, in words."""
    phases: tuple[str, ...] = ()
    """The phases it belongs to; without any, all."""


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
    is_passed: bool | None = None
    """What a look before the action found; `None` while it was not asked, or could not be."""
    found: str = ""
    """What it saw, in words; empty while it was not asked."""


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
    """An advance without its clauses met, a task outside its phases, or anything the file says needs one."""
    unmet: tuple[str, ...]
    """Clauses that are not met, for an advance; for a task, that the phase is not its own."""
    took_s: tuple[float, ...] = ()
    """How long it took when it went well before, the newest first."""
    before: tuple[StepPreview, ...] = ()
    """What is looked at first. What is found stands in the way of nothing but an advance, a step or a task without a
    reason, and what could not be found only of a task: no monitoring may block the way out."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is already known to stand in the way, step by step."""
        return tuple(step.problem for step in (*self.steps, *self.verify) if step.problem)

    @property
    def not_passed(self) -> tuple[str, ...]:
        """What was looked at before and was not as it should be, in words."""
        return tuple(f"{look.label}: {look.found}" for look in self.before if look.is_passed is False)

    @property
    def not_known(self) -> tuple[str, ...]:
        """What a task was to look at before and could not, in words; nothing for what moves the share of traffic."""
        if self.plan.kind != "task":
            return ()
        return tuple(f"{look.label}: {look.found}" for look in self.before if look.is_passed is None and look.found)

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for what is looked at before: a way out waits for nobody, all else for each answer."""
        is_open = any(look.is_passed is None and not look.found for look in self.before)
        return is_open and self.plan.kind not in ("rollback", "step_down")

    @property
    def without(self) -> str:
        """What it is done without: clauses that are not met, looks that did not pass or that a task went without."""
        return "; ".join((*self.unmet, *self.not_passed, *self.not_known))

    def answered(self, answers: Sequence[tuple[bool | None, str]]) -> Preview:
        """Return the preview with what each look before the action found."""
        looks = tuple(
            replace(look, is_passed=is_passed, found=found or ("nothing was found" if is_passed is None else ""))
            for look, (is_passed, found) in zip(self.before, answers, strict=True)
        )
        seen = replace(self, before=looks)
        is_blocked = self.plan.kind != "rollback" and bool(seen.not_passed or seen.not_known)
        return replace(seen, needs_reason=self.needs_reason or is_blocked)


def out_of_place(phases: Sequence[str], present: str | None) -> tuple[str, ...]:
    """Return what stands against an action that belongs to some phases; `present` is `None` where nobody knows."""
    if not phases or present in phases:
        return ()
    where = "and the present phase is not known" if present is None else f"and this is {present}"
    return (f"this belongs to {' or '.join(phases)}, {where}",)


def took_text(took_s: Sequence[float]) -> str:
    """Return how long to expect by earlier runs: `the last time 14s; 11s to 19s in 5 runs`; empty without any."""
    if not took_s:
        return ""
    said = f"the last time {_duration(took_s[0])}"
    if len(took_s) == 1:
        return said
    return f"{said}; {_duration(min(took_s))} to {_duration(max(took_s))} in {len(took_s)} runs"


def _duration(seconds: float) -> str:
    return format_duration(max(1, round(seconds)))
