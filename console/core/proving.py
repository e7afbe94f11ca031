"""The evidence of a session: counts are taken when it is time, and what is proven is written down."""

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from console.core.evidence_words import sentence
from console.core.inputs import SampleFailed, SampleTaken
from console.core.record import Record
from console.core.weighing import Weighing, counts_of, skip_events, take_events

if TYPE_CHECKING:
    from console.core.state import State

LONG = 2
"""After so many intervals without counts a backlog may be on its way."""
SETTLED_S = 60.0
"""Longest time for which logs must have been read well after that."""
OVERLAP = 0.1
"""How much of an interval an answer may share with the one before: none is quite punctual."""


def weigh_events(state: "State", at: float) -> list[Record]:
    """Take the counts of the evidence that comes from events, where it is time."""
    records: list[Record] = []
    for name, metric in state.metrics.items():
        weighing, asked = metric.weighing, metric.metric.evidence
        if weighing is None or asked is None or metric.metric.is_probed:
            continue
        passed_s = None if weighing.at is None else at - weighing.at
        if passed_s is not None and passed_s < asked.every:
            continue
        is_long = passed_s is None or passed_s > LONG * asked.every
        if is_long and not _is_settled(state, asked.every, at):
            continue
        more_is_better = metric.thresholds.is_more_better
        # What is known of one track only would prove something about its reading, not about the canary.
        take = skip_events if _is_partial(state) else take_events
        records += _weighed(
            state, name, take(weighing, metric.metric, state.rollup, at, more_is_better=more_is_better), at
        )
    return records


def _is_settled(state: "State", every_s: float, at: float) -> bool:
    """Return whether all logs have been read well for an interval: a backlog of one track comes before the other's."""
    logs = [source for source in state.sources.values() if source.gives_lines]
    return all(not source.is_in_trouble and at - source.since >= min(every_s, SETTLED_S) for source in logs)


def _is_partial(state: "State") -> bool:
    """Return whether some containers or files of a track cannot be read."""
    return any(source.unread for source in state.sources.values())


def weigh_sample(state: "State", name: str, given: SampleTaken | SampleFailed) -> list[Record]:
    """Take the counts that a query gave for the evidence of a metric; one that failed leaves an interval out.

    An answer counts the last `every`. One that comes sooner after the last, because the console was started again,
    counts some of it a second time, and is left out; so is one that still counts the share of before.
    """
    metric = state.metrics[name]
    weighing, asked = metric.weighing, metric.metric.evidence
    if weighing is None or asked is None or isinstance(given, SampleFailed):
        return []
    if weighing.at is not None and -asked.settle <= given.at - weighing.at < (1 - OVERLAP) * asked.every:
        return []
    counts = counts_of(given.readings, more_is_better=metric.thresholds.is_more_better)
    return [] if counts is None else _weighed(state, name, weighing.take(given.at, counts), given.at)


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


def _take_before(state: "State") -> None:
    """Take what was counted under the share that ends now; of queries, let the answers that hold both be left out.

    A query counts rows that are `settle` old, so its interval reaches back beyond this moment until that is over.
    """
    for metric in state.metrics.values():
        asked = metric.metric.evidence
        if metric.weighing is None or metric.weighing.at is None or asked is None:
            continue
        if metric.metric.is_probed:
            metric.weighing = replace(metric.weighing, at=state.at + asked.settle)
        elif not _is_partial(state):
            metric.weighing = take_events(
                metric.weighing, metric.metric, state.rollup, state.at, more_is_better=metric.thresholds.is_more_better
            )


def reshare(state: "State", traffic: float) -> None:
    """Note that the canary has another share from now on; one that had none is another canary."""
    before = state.phase.traffic
    if traffic != before:
        _take_before(state)
    for name, metric in state.metrics.items():
        if metric.weighing is not None and traffic != before:
            if before == 0:
                metric.weighing, metric.weighed_before = metric.weighing.begun_anew(), None
            else:
                metric.weighing = metric.weighing.reshared()
            state.changed.add(f"evidence:{name}")
