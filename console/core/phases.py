"""Where the rollout stands: the soak clock, and what is missing before the next phase may begin."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from console.core.conditions import Condition, parse_condition, split_pause
from console.core.durations import format_duration
from console.core.frame import ChecklistView, Clause, PhaseView
from console.core.inputs import ItemTicked, SignedOff
from console.core.rollout import Phase, Rollout
from console.core.verdict import Verdict

WATCH_GAP_S = 15.0
"""A longer time without a tick was not watched, so it is no soak."""


@dataclass(frozen=True, slots=True)
class Tick:
    """How a checklist item stands."""

    is_done: bool
    by: str
    """Who ticked it; empty when the console verified it."""
    at: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rest of the state says about the present phase."""

    verdicts: Mapping[str, Verdict]
    """The verdict of each metric."""
    values: Mapping[str, tuple[float | None, float | None]]
    """The judged value and the baseline's value of each metric."""
    units: Mapping[str, str]
    """The unit of each metric."""
    holding: tuple[str, ...] = ()
    """Metrics whose verdict is marked `hold`."""
    blind: frozenset[str] = frozenset()
    """Metrics of which nothing is known now, as against those with too few samples so far."""


@dataclass(frozen=True, slots=True)
class PhaseState:
    """The present phase and everything that was done in it."""

    index: int = 0
    began: float = 0.0
    traffic: float = 0.0
    """The share that is applied, percent; a rollback makes it differ from the phase's own."""
    soaked_s: float = 0.0
    watched_at: float | None = None
    """Time of the last tick, from which the soak clock goes on."""
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    signed: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """Role to who signed, and when."""
    holds: tuple[str, ...] = ()
    """Why the soak clock stands still."""
    doubt: str = ""
    """Why the share is not known for certain, after an action that may have taken effect."""

    def entered(self, rollout: Rollout, index: int, at: float) -> "PhaseState":
        """Return the state at the beginning of a phase."""
        return PhaseState(index=index, began=at, traffic=rollout.phases[index].traffic, watched_at=at)

    def ticked(self, ticked: ItemTicked) -> "PhaseState":
        """Return the state after a checklist item was ticked, unticked or verified."""
        by = "" if ticked.actor is None else str(ticked.actor)
        return replace(self, ticks={**self.ticks, ticked.item: Tick(ticked.is_done, by, ticked.at, ticked.note)})

    def signed_off(self, signed: SignedOff) -> "PhaseState":
        """Return the state after a role signed."""
        return replace(self, signed={**self.signed, signed.role: (str(signed.actor), signed.at)})


def watched(state: PhaseState, phase: Phase, standing: Standing, at: float) -> PhaseState:
    """Return the state at a tick: the soak clock goes on by the time watched, unless something holds it."""
    holds = _holds(state, phase, standing)
    passed = 0.0 if state.watched_at is None else at - state.watched_at
    counts = not holds and 0 < passed <= WATCH_GAP_S
    return replace(state, soaked_s=state.soaked_s + (passed if counts else 0.0), watched_at=at, holds=holds)


def with_traffic(state: PhaseState, traffic: float) -> PhaseState:
    """Return the state after the share was changed inside the phase."""
    return replace(state, traffic=traffic, doubt="")


def doubted(state: PhaseState, doubt: str) -> PhaseState:
    """Return the state after an action that may or may not have changed the share."""
    return replace(state, doubt=doubt)


def unwatched(state: PhaseState) -> PhaseState:
    """Return the state after a pause of the console, which is no soak."""
    return replace(state, watched_at=None)


def _pause_holds(text: str, standing: Standing) -> bool | None:
    metric, condition = _pause(text, standing.units)
    value, baseline = standing.values.get(metric, (None, None))
    return condition.holds(value, baseline)


def _pause(text: str, units: Mapping[str, str]) -> tuple[str, Condition]:
    metric, said = split_pause(text)
    return metric, parse_condition(said, units.get(metric, ""))


def _holds(state: PhaseState, phase: Phase, standing: Standing) -> tuple[str, ...]:
    """Return why the soak clock stands, each metric named once."""
    holds = [f"the share is {state.traffic:g} %, not {phase.traffic:g} %"] if state.traffic != phase.traffic else []
    paused = {split_pause(text)[0]: text for text in phase.pause if _pause_holds(text, standing) is True}
    holds += [state.doubt] if state.doubt else []
    stopped = (Verdict.CRITICAL, Verdict.BROKEN)
    judged = [
        metric for metric in phase.advance if standing.verdicts.get(metric) in stopped or metric in standing.blind
    ]
    for metric in dict.fromkeys((*judged, *standing.holding)):
        paused.pop(metric, None)
        holds.append(f"{metric} is {standing.verdicts[metric]}")
    return (*holds, *(f"paused by {text}" for text in paused.values()))


def clauses(state: PhaseState, phase: Phase, standing: Standing, running: str = "") -> tuple[Clause, ...]:
    """Return everything the phase needs before it may advance, each met or not, the missing ones named."""
    left = max(0.0, phase.soak - state.soaked_s)
    found = [
        Clause(f"{format_duration(left)} of soak left" if left else "soak done", left == 0, "soak"),
    ]
    for metric in phase.advance:
        verdict = standing.verdicts.get(metric, Verdict.UNKNOWN)
        is_ok = verdict is Verdict.OK
        found.append(Clause(f"{metric} is OK" if is_ok else f"{metric} is {verdict}", is_ok, "metric", metric))
    for text in phase.pause:
        held = _pause_holds(text, standing)
        said = {True: f"paused by {text}", False: f"not {text}", None: f"not known: {text}"}[held]
        found.append(Clause(said, held is False, "pause", split_pause(text)[0]))
    found += [
        Clause(f"{metric} holds the phase", False, "metric", metric)
        for metric in standing.holding
        if metric not in phase.advance
    ]
    for item in phase.checklist:
        tick = state.ticks.get(item.id)
        found.append(Clause(item.text, tick is not None and tick.is_done, "checklist", item.id))
    for role in phase.sign_off:
        is_signed = role in state.signed
        found.append(Clause(f"{role} signed off" if is_signed else f"sign-off by {role}", is_signed, "sign-off", role))
    if state.traffic != phase.traffic:
        found.append(Clause(f"the share is {state.traffic:g} %, not {phase.traffic:g} %", False, "action"))
    if state.doubt:
        found.append(Clause(state.doubt, False, "action"))
    if running:
        found.append(Clause(f"{running} is running", False, "action"))
    return tuple(found)


def view(rollout: Rollout, state: PhaseState, found: tuple[Clause, ...]) -> PhaseView:
    """Return the present phase as the screen shows it."""
    phase = rollout.phases[state.index]
    is_last = state.index == len(rollout.phases) - 1
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
        checklist=tuple(
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
        sign_off=tuple((role, state.signed.get(role, ("", 0.0))[0]) for role in phase.sign_off),
        holds=state.holds,
    )


def can_sign(state: PhaseState, phase: Phase, role: str) -> str:
    """Return why nobody may sign as `role` now; empty if somebody may."""
    if role not in phase.sign_off:
        return f"this phase asks no sign-off by {role}"
    if role in state.signed:
        return f"{role} has already signed: {state.signed[role][0]}"
    return ""
