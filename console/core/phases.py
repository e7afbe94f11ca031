"""What is missing before the next phase may begin."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from console.core.conditions import split_pause
from console.core.durations import format_duration
from console.core.frame import ChecklistView, Clause, PhaseView
from console.core.outlook import outlook
from console.core.progress import StopView
from console.core.rollout import Phase, Rollout
from console.core.soak import UNSEEN, PhaseState, Stop, StopKind, is_unseen, pause_holds, share_text
from console.core.standing import Standing
from console.core.text import visible
from console.core.values import format_value
from console.core.verdict import Verdict


def clauses(
    state: PhaseState, phase: Phase, standing: Standing, running: str = "", windows: Sequence[Clause] = ()
) -> tuple[Clause, ...]:
    """Return everything the phase needs before it may advance, each met or not, the missing ones named.

    `running` is the title of the action under way; `windows` are the clauses of validation, for the last phase.
    """
    left = max(0.0, phase.soak - state.soaked_s)
    found = [
        Clause(f"{format_duration(left)} of soak left" if left else "soak done", left == 0, "soak", "", left or None)
    ]
    for metric in phase.advance:
        is_old = standing.verdicts.get(metric) is Verdict.OK and is_unseen(state, metric, standing)
        old = Clause(f"{metric} {UNSEEN}", False, "metric", metric)
        found.append(old if is_old else _verdict_clause(metric, standing))
        if metric in standing.unproven:
            found.append(Clause(standing.unproven[metric], False, "evidence", metric, standing.proven_in.get(metric)))
    found += [_pause_clause(text, standing) for text in phase.pause]
    found += [
        Clause(f"{metric} holds the phase", False, "metric", metric, standing.expected.get(metric))
        for metric in standing.holding
        if metric not in phase.advance
    ]
    for item in phase.checklist:
        tick = state.ticks.get(item.id)
        is_done = tick is not None and tick.is_done
        who = "" if is_done else "the console" if item.verify is not None else "somebody to tick it"
        found.append(Clause(item.text, is_done, "checklist", item.id, waits_for=who))
    for role in phase.sign_off:
        is_signed = role in state.signed
        said = f"{role} signed off" if is_signed else f"sign-off by {role}"
        found.append(Clause(said, is_signed, "sign-off", role, waits_for="" if is_signed else role))
    found += windows
    wrong = (share_text(state, phase), state.doubt, f"{running} is running" if running else "")
    found += [Clause(text, False, "action") for text in wrong if text]
    return tuple(found)


def _verdict_clause(metric: str, standing: Standing) -> Clause:
    """Return the clause of a metric, with its number and why it is not OK."""
    verdict = standing.verdicts.get(metric, Verdict.UNKNOWN)
    if verdict is Verdict.OK:
        return Clause(f"{metric} is OK", True, "metric", metric)
    value, _ = standing.values.get(metric, (None, None))
    number = "" if value is None else f", {format_value(value, standing.units.get(metric, ''))}"
    reason = visible(standing.reasons.get(metric, ""))
    said = f"{metric} is {verdict}{number}" + (f": {reason}" if reason else "")
    return Clause(said, False, "metric", metric, standing.expected.get(metric))


def _pause_clause(text: str, standing: Standing) -> Clause:
    """Return the clause of a pause condition: what is not known is not met."""
    metric = split_pause(text)[0]
    held = pause_holds(text, standing)
    said = {True: f"paused by {text}", False: f"not {text}", None: f"not known: {text}"}[held]
    return Clause(said, held is False, "pause", metric, None if held is False else standing.expected.get(metric))


def view(
    rollout: Rollout,
    state: PhaseState,
    found: tuple[Clause, ...],
    at: float,
    *,
    more_items: tuple[ChecklistView, ...] = (),
) -> PhaseView:
    """Return the present phase as the screen shows it; `more_items` are those of the validation windows."""
    phase = rollout.phases[state.index]
    is_last = state.index == len(rollout.phases) - 1
    is_breached = state.hold_kind is StopKind.BREACH
    earliest, said = outlook(found, at, is_breached=is_breached)
    if is_breached and earliest is None:
        found = tuple(replace(clause, expected_s=None) if clause.kind == "soak" else clause for clause in found)
    return PhaseView(
        index=state.index,
        count=len(rollout.phases),
        name=phase.name,
        traffic=state.traffic,
        planned_traffic=phase.traffic,
        soaked_s=state.soaked_s,
        soak_s=phase.soak,
        began=state.began,
        clauses=found,
        may_advance=not is_last and all(clause.is_met for clause in found),
        is_last=is_last,
        checklist=(
            *(
                ChecklistView(
                    item=item.id,
                    text=item.text,
                    is_done=tick is not None and tick.is_done,
                    is_verified=item.verify is not None,
                    by="" if tick is None else tick.by,
                    at=None if tick is None else tick.at,
                    note="" if tick is None else tick.note,
                )
                for item in phase.checklist
                for tick in (state.ticks.get(item.id),)
            ),
            *more_items,
        ),
        sign_off=tuple((role, state.signed.get(role, ("", 0.0))[0]) for role in phase.sign_off),
        holds=state.holds,
        stops=tuple(_stops(state)),
        lost_s=state.lost_s,
        thrown_away_s=state.thrown_away_s,
        again=state.again,
        earliest=earliest,
        outlook=said,
    )


def _stops(state: PhaseState) -> Iterator[StopView]:
    """Yield when the clock stood, latest first."""
    present: tuple[Stop, ...] = () if state.stop is None else (state.stop,)
    for stop in (*present, *reversed(state.stops)):
        yield StopView(stop.kind.value, visible(stop.text), stop.since, stop.until, stop.lost_s, stop.thrown_away_s)


def can_sign(state: PhaseState, phase: Phase, role: str) -> str:
    """Return why nobody may sign as `role` now; empty if somebody may."""
    if role not in phase.sign_off:
        return f"this phase asks no sign-off by {role}"
    if role in state.signed:
        return f"{role} has already signed: {state.signed[role][0]}"
    return ""
