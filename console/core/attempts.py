"""The attempts at actions, folded from what was reported of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.core.action_frame import AttemptView, StepView
from console.core.action_inputs import ActionAbandoned, ActionEnded, ActionProgressed, ActionStarted
from console.core.compose import implied, shows_itself
from console.core.rollout import Action, ActionKind, Rollout, Step
from console.core.text import visible
from console.core.words import IN_DOUBT, Outcome

if TYPE_CHECKING:
    from console.core.ladder import Ladder

WAYS_BACK = (ActionKind.ROLLBACK, ActionKind.STEP_DOWN)
"""The kinds that take traffic back."""
KEPT = 50
"""How many attempts are kept for the screen, beside those that still are an alert; the journal has them all."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an action."""

    started: ActionStarted
    steps: Mapping[int, StepView]
    outcome: Outcome = Outcome.RUNNING
    ended: float | None = None
    detail: str = ""
    reports: int = 0
    """How many reports of its steps were folded."""
    is_left: bool = False
    """Somebody decided that the ladder stays on this rung."""
    carried_on: str = ""
    """The attempt that verifies this one, or carries it on."""

    def progressed(self, progress: ActionProgressed) -> "Attempt":
        """Return the attempt after a step began or ended."""
        before = self.steps.get(progress.step)
        is_running = progress.state == "running"
        step = StepView(
            label=progress.label,
            state=progress.state,
            detail=progress.detail,
            started=progress.at if is_running or before is None else before.started,
            ended=None if is_running else progress.at,
        )
        return replace(self, steps={**self.steps, progress.step: step}, reports=self.reports + 1)

    def finished(self, end: ActionEnded) -> "Attempt":
        """Return the attempt after it ended."""
        return replace(self, outcome=end.outcome, ended=end.at, detail=end.detail)

    def abandoned(self, said: ActionAbandoned) -> "Attempt":
        """Return the attempt after somebody decided that it stays as it is; one that left nothing open is the same."""
        if self.outcome not in OPEN:
            return self
        detail = f"abandoned by {said.actor}: {said.reason}; it had ended {self.outcome}: {self.detail}"
        return replace(self, outcome=Outcome.ABANDONED, detail=detail)

    @property
    def did_nothing(self) -> bool:
        """Whether it failed before anything was done: no runner could be started, or not even its first command."""
        states = {step.state for step in self.steps.values()}
        return self.outcome is Outcome.FAILED and states <= {"not begun"}

    @property
    def next_step(self) -> int:
        """Index of the action's step to go on with: the first that is not known to be done."""
        if self.started.is_check:
            return self.started.first_step
        done = 0
        while (step := self.steps.get(done)) is not None and step.state == "done":
            done += 1
        return self.started.first_step + done


OPEN = (Outcome.FAILED, Outcome.UNVERIFIED, Outcome.UNKNOWN)
"""Outcomes that leave something to be decided."""


def choices(attempt: Attempt, action: Action | None) -> tuple[str, ...]:
    """Return what may be decided about an attempt: `stop` while it runs; `verify`, `resume`, `abandon` after it.

    Nothing for one that went well, was abandoned or was carried on. One that failed at its first step did nothing,
    and is begun again like any other; one whose steps all ran has nothing to resume.
    """
    if attempt.outcome is Outcome.RUNNING:
        return ("stop",)
    if attempt.outcome not in OPEN or attempt.carried_on or action is None:
        return ()
    found = ["verify"] if action.verify or implied(action.steps, ()) else []
    if attempt.next_step < len(action.steps):
        found.append("resume")
    return (*found, "abandon")


def line_of(attempts: Mapping[str, Attempt], attempt: str) -> tuple[Attempt, ...]:
    """Return an attempt after those that it verifies or carries on, the first begun first."""
    line: list[Attempt] = []
    found = attempts.get(attempt)
    while found is not None and found not in line:
        line.insert(0, found)
        found = attempts.get(found.started.continues)
    return tuple(line)


def unproven(line: Sequence[Attempt], steps: Sequence[Step], *, is_verified: bool) -> str:
    """Return which steps no verification stands for, in words; empty if an attempt that is verified now is done.

    `line` is the attempt as `line_of` returns it, `steps` are all of its action, `is_verified` says that the file
    itself verifies the action. That stands for a step of which nobody knows what took effect; without it, only what
    the step is verified by itself does. For one that failed, or was never begun, nothing does.
    """
    states = dict.fromkeys(range(line[0].started.first_step), "done") if line else {}
    for attempt in line:
        if not attempt.started.is_check:
            first = attempt.started.first_step
            # Where a step was not begun, it stands as an earlier attempt left it.
            states |= {first + n: step.state for n, step in attempt.steps.items() if step.state != "not begun"}
    said = []
    for number, step in enumerate(steps):
        state = states.get(number, "")
        if state == "done" or (state in IN_DOUBT and (is_verified or shows_itself(step, steps))):
            continue
        how = "was never begun" if not state else "is not known" if state in IN_DOUBT else "failed"
        said.append(f"step {number + 1} {how}")
    return f"{', '.join(said)}, and no verification stands for {'it' if len(said) == 1 else 'them'}" if said else ""


def is_way_back(rollout: Rollout, action: str, kind: str) -> bool:
    """Return whether an action takes something back: all traffic, some of it, or what the file says of a task.

    `kind` is what it was when it was begun, whatever the file says of it now.
    """
    found = rollout.actions.get(action)
    return kind in WAYS_BACK or (found is not None and found.way_back)


def unsettled(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """Return, by action, the attempts that did not do what they should, given all in their order.

    A later one of the action takes its place when it has ended, and not while it runs; a rollback that is done settles
    all before it.
    """
    newest: dict[str, Attempt] = {}
    for attempt in attempts:
        if attempt.outcome is Outcome.DONE and attempt.started.kind == ActionKind.ROLLBACK:
            newest.clear()
        if attempt.outcome is not Outcome.RUNNING:
            newest[attempt.started.action] = attempt
    return {name: one for name, one in newest.items() if one.outcome in OPEN and one.ended is not None}


def view(rollout: Rollout, attempt: Attempt, ladder: "Ladder | None", *, is_newest: bool) -> AttemptView:
    """Return the attempt as the screen shows it; `ladder` is where the one that it belongs to stands, if any."""
    started = attempt.started
    planned = [
        StepView(label=label, state="planned", detail="")
        for number, label in enumerate(started.steps)
        if number not in attempt.steps
    ]
    is_held = ladder is not None and ladder.next_rung is not None
    is_open = is_newest or attempt.outcome is Outcome.RUNNING
    can = choices(attempt, rollout.actions.get(started.action)) if is_open else ()
    return AttemptView(
        attempt=started.attempt,
        action=started.action,
        kind=started.kind,
        title=started.title,
        actor=str(started.actor),
        reason=started.reason,
        started=started.at,
        ended=attempt.ended,
        outcome=Outcome.HOLDING if is_held else attempt.outcome,
        detail=attempt.detail,
        traffic=started.traffic,
        steps=tuple(step for _, step in sorted(attempt.steps.items())) + tuple(planned),
        next_rung=None if ladder is None else ladder.next_rung,
        hold_left_s=None if ladder is None else ladder.hold_left_s,
        rung=None if ladder is None else ladder.rung,
        share_line="" if ladder is None else visible(ladder.share_line),
        orders=() if ladder is None else ladder.orders,
        override=visible(started.override),
        choices=can,
        next_step=attempt.next_step,
    )
