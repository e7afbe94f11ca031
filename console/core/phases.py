"""What is missing before the next phase may begin."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from console.core.checklist_frame import ChecklistView, SignOffView
from console.core.conditions import split_pause
from console.core.durations import format_duration
from console.core.frame import Clause, PhaseView
from console.core.outlook import outlook
from console.core.progress import StopView
from console.core.rollout import Phase, Rollout
from console.core.soak import UNSEEN, PhaseState, Stop, StopKind, is_unseen, pause_holds, share_text
from console.core.standing import Standing
from console.core.text import visible
from console.core.values import format_value
from console.core.verdict import Verdict


def clauses(
    state: PhaseState,
    phase: Phase,
    standing: Standing,
    *,
    running: str = "",
    windows: Sequence[Clause] = (),
    by_people: Iterable[Clause] = (),
) -> tuple[Clause, ...]:
    """Return everything the phase needs before it may advance, each met or not, the missing ones named.

    `running` is the title of the action under way; `windows` are the clauses of validation, for the last phase;
    `by_people` those of items and sign-offs.
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
    found += by_people
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
    items: tuple[ChecklistView, ...],
    roles: tuple[SignOffView, ...],
) -> PhaseView:
    """Return the present phase as the screen shows it, with the items and the sign-offs that are at hand."""
    phase = rollout.phases[state.index]
    is_last = state.index == len(rollout.phases) - 1
    stands = state.hold_kind in (StopKind.BREACH, StopKind.PREREQUISITE)
    earliest, said = outlook(found, at, stands=stands)
    if stands and earliest is None:
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
        checklist=items,
        sign_off=roles,
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
