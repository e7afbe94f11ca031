"""The evidence of a session: counts are taken when it is time, and what is proven is written down."""

from math import isfinite
from typing import TYPE_CHECKING

from console.core.evidence_words import sentence
from console.core.inputs import SampleFailed, SampleTaken
from console.core.record import Record
from console.core.weighing import Weighing, counts_of, is_more_better, take_events

if TYPE_CHECKING:
    from console.core.state import State


def weigh_events(state: "State", at: float) -> list[Record]:
    """Take the counts of the evidence that comes from events, where it is time."""
    records: list[Record] = []
    for name, metric in state.metrics.items():
        weighing, asked = metric.weighing, metric.metric.evidence
        if weighing is None or asked is None or metric.metric.is_probed:
            continue
        if weighing.at is None or at - weighing.at >= asked.every:
            taken = take_events(
                weighing, metric.metric, state.rollup, at, more_is_better=is_more_better(metric.thresholds)
            )
            records += _weighed(state, name, taken, at)
    return records


def weigh_sample(state: "State", name: str, given: SampleTaken | SampleFailed) -> list[Record]:
    """Take the counts that a query gave for the evidence of a metric; one that failed leaves an interval out."""
    metric = state.metrics[name]
    if metric.weighing is None or isinstance(given, SampleFailed):
        return []
    counts = counts_of(given.readings, more_is_better=is_more_better(metric.thresholds))
    return [] if counts is None else _weighed(state, name, metric.weighing.take(given.at, counts), given.at)


def _weighed(state: "State", name: str, after: Weighing, at: float) -> list[Record]:
    """Keep the evidence of a metric, and say in the journal what is proven now."""
    metric = state.metrics[name]
    before, metric.weighing = metric.weighing, after
    state.changed.add(f"evidence:{name}")
    if before is None:
        return []
    was = before.stands_since is not None, before.comparison.is_not_worse
    now = after.stands_since is not None, after.comparison.is_not_worse
    if was == now:
        return []
    compared = after.comparison
    body = {
        "metric": name,
        "is_worse": now[0],
        "is_not_worse": now[1],
        "ratio": compared.ratio if compared.ratio is None or isfinite(compared.ratio) else None,
        "log_e_worse": compared.log_e_worse,
        "log_e_not_worse": compared.log_e_not_worse,
        "needed": compared.needed,
        "samples": [compared.total_canary, compared.total_baseline],
        "bad": [compared.bad_canary, compared.bad_baseline],
        "phi": compared.phi,
    }
    return [Record(at, "evidence", f"{name}: {sentence(compared)}", body)]


def reshare(state: "State", traffic: float) -> None:
    """Note that the canary has another share from now on; one that had none is another canary."""
    before = state.phase.traffic
    for name, metric in state.metrics.items():
        if metric.weighing is not None and traffic != before:
            metric.weighing = metric.weighing.begun_anew() if before == 0 else metric.weighing.reshared()
            state.changed.add(f"evidence:{name}")
