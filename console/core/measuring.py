"""What measurements do to the state of a session: they are judged, and the journal is told where a verdict changes."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from console.core import budgets, proving
from console.core.inputs import SampleFailed, SampleSkipped, SampleTaken
from console.core.judging import UNJUDGED
from console.core.metrics import MetricState
from console.core.record import Record
from console.core.standing import is_few

if TYPE_CHECKING:
    from console.core.state import State


def measure(state: "State", given: SampleTaken | SampleFailed) -> list[Record]:
    """Judge a measurement, and return what the journal has to say about it."""
    if given.metric in state.evidence_of:
        return proving.weigh_sample(state, state.evidence_of[given.metric], given)
    found = state.metrics.get(given.metric)
    if found is None:
        return []
    if isinstance(given, SampleFailed):
        return judging(state, given.metric, given.at, partial(found.fail, given))
    _take_for_budgets(state, found, given)
    return judging(state, given.metric, given.at, partial(found.take, given, state.phase.traffic))


def _take_for_budgets(state: "State", found: MetricState, given: SampleTaken) -> None:
    for name, spec in state.rollout.slo.items():
        before = state.budgets[name]
        state.budgets[name] = budgets.taken(before, spec, found, given)
        if state.budgets[name] is not before:
            state.changed.add("budgets")


def judging(state: "State", name: str, at: float, judge: Callable[[], None]) -> list[Record]:
    """Run a judgement and say in the journal if the verdict that counts is another one now."""
    before = state.verdict_of(name)
    judge()
    after = state.verdict_of(name)
    if after is not before or after is UNJUDGED:
        state.changed.add(f"metric:{name}")
        state.phase = state.phase.paced(name, at, after.samples if is_few(state, name, after) else None)
    if after.verdict is before.verdict:
        return []
    body = {
        "metric": name,
        "track": state.metrics[name].judged_track(state.phase.traffic),
        "from": before.verdict.value,
        "to": after.verdict.value,
        "reason": after.reason,
        "value": after.value,
        "samples": after.samples,
        "bad": after.bad,
    }
    return [Record(at, "verdict", f"{name}: {after.verdict}, was {before.verdict}: {after.reason}", body)]


def count_skipped(state: "State", skipped: SampleSkipped) -> None:
    """Count measurements that were left out; those of a metric's evidence are the metric's own."""
    found = state.metrics.get(state.evidence_of.get(skipped.metric, skipped.metric))
    if found is not None:
        found.skipped += skipped.times
