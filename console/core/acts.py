"""What attempts at actions do to the state of a session."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from console.core import automatic, soak
from console.core.action_inputs import ActionAbandoned, ActionEnded, ActionProgressed, ActionStarted, LadderLeft
from console.core.attempts import KEPT, OPEN, Attempt, unsettled
from console.core.looking import look_between
from console.core.proving import reshare
from console.core.record import Record
from console.core.rollout import ActionKind
from console.core.words import Outcome

if TYPE_CHECKING:
    from console.core.state import State


def act(state: "State", given: ActionStarted | ActionProgressed | ActionEnded) -> list[Record]:
    """Note how an attempt goes on, and return what the journal has to say about it."""
    state.changed.add("attempts")
    if isinstance(given, ActionStarted):
        if given.attempt in state.attempts or given.attempt in state.settled:
            return []
        state.attempts[given.attempt] = Attempt(given, {})
        standing = {one.started.attempt for one in unsettled(state.attempts.values()).values()}
        for old in list(state.attempts)[:-KEPT]:
            if old not in standing:
                del state.attempts[old]
        before = state.attempts.get(given.continues)
        if before is not None:
            state.attempts[given.continues] = replace(before, carried_on=given.attempt)
        automatic.acted(state, given)
        return [_started(given)]
    attempt = state.attempts.get(given.attempt)
    if attempt is None:
        return []
    if isinstance(given, ActionProgressed):
        if attempt.steps.get(given.step) is not None and attempt.steps[given.step].state == given.state:
            return []
        state.attempts[given.attempt] = attempt.progressed(given)
        said = f"{attempt.started.title}: {given.label}: {given.state}"
        body = {"attempt": given.attempt, "step": given.step, "state": given.state, "detail": given.detail}
        return [Record(given.at, "step", f"{said}: {given.detail}" if given.detail else said, body)]
    if attempt.ended is not None:
        return []
    state.attempts[given.attempt] = attempt = attempt.finished(given)
    state.settled.add(given.attempt)
    records = [*_ended(state, attempt, given)]
    look_between(state, given.at)
    return records


def _started(given: ActionStarted) -> Record:
    body = {
        "attempt": given.attempt,
        "action": given.action,
        "kind": given.kind,
        "actor": str(given.actor),
        "reason": given.reason,
        "traffic": given.traffic,
        "steps": list(given.steps),
        "override": given.override,
        "continues": given.continues,
        "first_step": given.first_step,
        "is_check": given.is_check,
        "given": dict(given.given),
    }
    said = f"{given.title} begun by {given.actor}: {given.reason}"
    if given.override:
        return Record(given.at, "override", f"WITHOUT {given.override}: {said}", body)
    return Record(given.at, "action", said, body)


def _ended(state: "State", attempt: Attempt, given: ActionEnded) -> Iterable[Record]:
    started = attempt.started
    said = f"{started.title}: {given.outcome}"
    body = {"attempt": given.attempt, "outcome": given.outcome.value, "detail": given.detail}
    yield Record(given.at, "outcome", f"{said}: {given.detail}" if given.detail else said, body)
    if started.traffic is None:
        return
    if attempt.outcome is not Outcome.DONE:
        if not attempt.did_nothing:
            state.changed.add("phase")
            state.phase = soak.doubted(
                state.phase, f"the share may be {started.traffic:g} %: {started.title} ended {given.outcome}"
            )
        return
    state.changed.add("phase")
    if started.kind == ActionKind.ADVANCE and started.phase is not None:
        reshare(state, state.rollout.phases[started.phase].traffic)
        state.phase = state.phase.entered(state.rollout, started.phase, given.at, str(started.actor))
        name = state.rollout.phases[started.phase].name
        entered: dict[str, object] = {"phase": started.phase, "name": name, "attempt": given.attempt}
        yield Record(given.at, "phase", f"entered {name}", entered)
    else:
        before = state.phase.traffic
        reshare(state, started.traffic)
        state.phase = soak.with_traffic(state.phase, started.traffic)
        said = f"share {before:g} % → {started.traffic:g} %"
        yield Record(given.at, "phase", said, {"from": before, "to": started.traffic, "attempt": given.attempt})


def abandon(state: "State", given: ActionAbandoned) -> list[Record]:
    """Note that an attempt stays as it is; what it may have changed stays in doubt until the next action."""
    attempt = state.attempts.get(given.attempt)
    if attempt is None or attempt.outcome not in OPEN:
        return []
    state.changed.add("attempts")
    state.attempts[given.attempt] = attempt = attempt.abandoned(given)
    body = {"attempt": given.attempt, "actor": str(given.actor), "reason": given.reason, "is_abandoned": True}
    return [Record(given.at, "action", f"{attempt.started.title}: {attempt.detail}", body)]


def leave_ladder(state: "State", left: LadderLeft) -> list[Record]:
    """Note that a ladder ends where it is."""
    attempt = state.attempts.get(left.attempt)
    if attempt is None or attempt.is_left:
        return []
    state.changed.add("attempts")
    state.attempts[left.attempt] = replace(attempt, is_left=True)
    said = f"the ladder stays at {state.phase.traffic:g} %, decided by {left.actor}"
    return [Record(left.at, "action", said, {"attempt": left.attempt, "actor": str(left.actor)})]
