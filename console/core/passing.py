"""What time does to the state of a session: it passes, or this machine's clock is set."""

from collections.abc import Iterable
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from console.core import (
    alarms,
    alerting,
    automatic,
    budgets,
    course,
    incident_course,
    line_news,
    proving,
    soak,
    validation,
)
from console.core.doubts import blind_reading, doubted
from console.core.durations import format_duration
from console.core.inputs import ClockStepped, SampleFailed
from console.core.judging import shifted
from console.core.looking import look
from console.core.measuring import judging
from console.core.record import Record

if TYPE_CHECKING:
    from console.core.state import State

EVENT_SAMPLE_S = 5.0
"""How often the value of a metric of events is kept for plots."""


def pass_time(state: "State", at: float) -> list[Record]:
    """Let a session come to a moment, and return what the journal has to say about it."""
    keeps = keeps_values(state, at)
    records = judge(state, at, state.metrics, keeps=keeps)
    state.told_lines, said = line_news.told_lines(state, state.told_lines, at)
    records += said
    if keeps:
        records += _judge_budgets(state, at)
    look(state, at)
    records += automatic.looked(state, at)
    records += soak.told(state.told_phase, state.phase, at)
    records += validation.told(state.told_validation, state.validation, at)
    state.told_phase, state.told_validation = state.phase, state.validation
    records += alarms.watch(state, at)
    if course.is_kept(state.rollout):
        state.course = course.alarmed(state.course, state.alerts.alerts, at)
        state.changed |= {"course"} if keeps else set()
    return records


def keeps_values(state: "State", at: float) -> bool:
    """Whether it is time to keep the values of metrics of events."""
    return at - state.sampled_at >= EVENT_SAMPLE_S


def judge(state: "State", at: float, names: Iterable[str], *, keeps: bool) -> list[Record]:
    """Judge metrics as time alone changes them: what was counted, and what grows old; `keeps` adds to the plots."""
    blind = blind_reading(state.sources.values(), at)
    records = proving.weigh_events(state, at) if blind is None else []
    for name in names:
        found = state.metrics[name]
        if found.metric.is_probed:
            if found.grows_old(at):
                records += judging(state, name, at, partial(found.grow_old, at))
        elif blind is None:
            records += _judge_counts(state, name, at, keeps=keeps)
        elif blind:
            records += judging(state, name, at, partial(found.fail, SampleFailed(at, name, blind, 0.0)))
    if keeps:
        state.sampled_at = at
        state.rollup.prune(at)
    return records


def _judge_counts(state: "State", name: str, at: float, *, keeps: bool) -> list[Record]:
    found, sample = state.metrics[name], state.read_events(name, at)
    if isinstance(sample, SampleFailed):
        return judging(state, name, at, partial(found.fail, sample))
    sample = doubted(
        sample,
        found.metric,
        state.sources.values(),
        state.rollup,
        phase_began=state.phase.began,
        away_until=state.away_until,
    )
    return judging(state, name, at, partial(found.take, sample, state.phase.traffic, keeps=keeps))


def _judge_budgets(state: "State", at: float) -> list[Record]:
    records = []
    for name in state.budgets:
        state.budgets[name], said = budgets.judge(state, name, at)
        records += said
    if records or not any(budget.slots.counts for budget in state.budgets.values()):
        state.changed.add("budgets")  # the counts of queries are many; they are written down when more come
    return records


def step_clock(state: "State", step: ClockStepped) -> list[Record]:
    """Move everything that is held along with the clock, so that the step counts as no time."""
    state.at = step.at
    state.sampled_at = min(state.sampled_at, step.at)
    shift(state, step.by_s, step.at)
    state.away_until = step.at if step.by_s > 0 else state.away_until + step.by_s
    for source in state.sources.values():
        source.shift(step.by_s, step.at)
    state.phase = soak.stepped(state.phase, step.by_s)
    state.validation = validation.stepped(state.validation, step.by_s)
    state.course = course.stepped(state.course, step.by_s)
    if state.unwritten is not None:
        since, reason = state.unwritten
        state.unwritten = (min(step.at, since + step.by_s), reason)
    alerting.stepped(state.alerts, step.by_s, step.at)
    incident_course.stepped(state, step.by_s)
    state.changed |= {"phase", "validation", "alerts"}
    for name, found in state.metrics.items():
        if found.weighing is not None:
            found.weighing = found.weighing.later(step.by_s)
            state.changed.add(f"evidence:{name}")
    went = f"{'forward' if step.by_s > 0 else 'back'} by {format_duration(round(abs(step.by_s)))}"
    said = f"this machine's clock went {went}, or it slept: that time counts for nothing"
    return [Record(step.at, "clock", said, {"by_s": step.by_s}), *automatic.interrupted(state, step.at)]


def shift(state: "State", pause_s: float, now: float = inf) -> None:
    """Let what metrics hold be held for as long as before, after seconds that do not count."""
    for name, found in state.metrics.items():
        found.judged = {track: shifted(judged, pause_s, now) for track, judged in found.judged.items()}
        state.changed.add(f"metric:{name}")
