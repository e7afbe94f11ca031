"""A recorded session folded again by the same state: when each verdict changed, and what the journal said then.

Nothing here can run an action or ask a source: inputs come from the recording, and records go to whoever reads them.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from console.core.grains import HOUR_S, MINUTE_S
from console.core.inputs import SampleFailed, SampleTaken
from console.core.record import Record
from console.core.recorded import READINGS_S, STOOD_STILL_S, TICK_S, Recording, inputs_of, runs_of
from console.core.rollout import Metric, Rollout
from console.core.state import State
from console.core.verdict import Verdict

Sample = SampleTaken | SampleFailed

NEAR_S = 2 * TICK_S
"""How far apart two changes may be and still be the same one, where everything is known by the second."""
NEAR_COARSE_S = READINGS_S + 5 * TICK_S
"""The same where values of metrics of events are known as they were written down."""
CATCHING_UP_S = 60.0
"""For how long after its opening a console may still have been reading what was written before."""


class Replayed(State):
    """A state whose metrics of events may be told instead of read from its counters."""

    def __init__(self, rollout: Rollout, at: float, told: Callable[["Replayed", str, float], Sample | None]) -> None:
        super().__init__(rollout, at)
        self._told = told

    def read_events(self, name: str, at: float) -> Sample:
        return self._told(self, name, at) or super().read_events(name, at)

    def read_at(self, name: str, moment: float, at: float) -> Sample:
        """Return what the counters said at an earlier moment, as a reading of now."""
        return replace(super().read_events(name, moment), at=at)


@dataclass(frozen=True, slots=True)
class Change:
    """The verdict of a metric became another one."""

    at: float
    metric: str
    before: Verdict
    after: Verdict
    reason: str
    value: float | None = None
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What became of a recorded session when it was folded again."""

    changes: tuple[Change, ...]
    """Every change of a verdict, in order."""
    phases: tuple[Record, ...]
    """What the phases did: entered, the share changed, the soak clock stood or went on."""
    evidence: tuple[Record, ...]
    """What was proven of the canary, and what no longer was."""
    state: State
    """How it ended."""


def replay(recording: Recording, rollout: Rollout | None = None, until: float | None = None) -> History:
    """Fold a recording again, by the rollout it was recorded with or by another one, up to a time."""
    rollout = rollout or recording.rollout
    until = recording.until if until is None else until
    state = begin(recording, rollout)
    changes: list[Change] = []
    told: list[Record] = []
    for given in inputs_of(recording, until):
        for record in state.apply(given):
            changes += changes_in((record,))
            told += [record] if record.kind in ("phase", "evidence") else []
    of_kind = {kind: tuple(record for record in told if record.kind == kind) for kind in ("phase", "evidence")}
    return History(tuple(changes), of_kind["phase"], of_kind["evidence"], state)


def begin(recording: Recording, rollout: Rollout) -> Replayed:
    """Return the state into which a recording is folded."""
    state = Replayed(rollout, runs_of(recording)[0].since, Readings(recording, rollout))
    state.backdate(recording.began)
    return state


def changes_in(records: Iterable[Record]) -> Iterator[Change]:
    """Yield the changes of verdicts of metrics that a journal tells of; error budgets have verdicts of their own."""
    for record in records:
        if record.kind != "verdict" or "slo" in record.body:
            continue
        body = record.body
        yield Change(
            at=record.at,
            metric=str(body["metric"]),
            before=Verdict(body["from"]),
            after=Verdict(body["to"]),
            reason=str(body["reason"]),
            value=body.get("value"),
            samples=body.get("samples"),
        )


# -- metrics of events -----------------------------------------------------------------------------------------------


class Readings:
    """Says what metrics of events were, where counters alone would not say it exactly.

    As long as a window lies in the time whose seconds are known, the counters do. Before that the values that were
    written down every `READINGS_S` do, if the metric is measured as it was then; else the counters by the minute.
    """

    def __init__(self, recording: Recording, rollout: Rollout) -> None:
        self._recording = recording
        events = {name: metric for name, metric in rollout.metrics.items() if not metric.is_probed}
        self._exact_from = {name: exact_from(recording, metric) for name, metric in events.items()}
        kept = {
            name for name, metric in events.items() if is_measured_alike(recording.rollout.metrics.get(name), metric)
        }
        self._written: dict[str, list[Sample]] = {name: [] for name in kept}
        for sample in recording.samples:
            if sample.metric in self._written:
                self._written[sample.metric].append(sample)
        self._times = {name: [sample.at for sample in samples] for name, samples in self._written.items()}

    def __call__(self, state: Replayed, name: str, at: float) -> Sample | None:
        """Return the reading of a metric at a time, `None` where the counters say it exactly."""
        if at >= self._exact_from[name]:
            return None
        place = bisect_right(self._times.get(name, []), at)
        if place and at - self._times[name][place - 1] <= STOOD_STILL_S:
            return replace(self._written[name][place - 1], at=at)
        return state.read_at(name, self._whole(name, at, state), at)

    def _whole(self, name: str, at: float, state: State) -> float:
        """Return the last moment by which everything counted is known."""
        edges = self._recording.edges
        is_number = state.rollout.metrics[name].quantile is not None
        if at >= (edges.bin_seconds if is_number else edges.seconds):
            return at
        unit_s = HOUR_S if is_number and at < edges.bin_minutes else MINUTE_S
        return math.floor(at) // unit_s * float(unit_s)


def exact_from(recording: Recording, metric: Metric) -> float:
    """Return from when on the whole window of a metric of events is known by the second."""
    edge = recording.edges.bin_seconds if metric.quantile is not None else recording.edges.seconds
    if edge <= recording.began:
        return float("-inf")
    window_s = float("inf") if metric.window == "phase" else metric.window or float(HOUR_S)
    return edge + window_s


def is_measured_alike(then: Metric | None, now: Metric) -> bool:
    """Return whether a metric of events is made of the same counts, over the same window, in the same unit."""
    if then is None:
        return False
    return (then.events, then.quantile, then.window, then.unit) == (now.events, now.quantile, now.window, now.unit)


# -- what the journal said -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """A change as it was replayed, as it was recorded, or both."""

    replayed: Change | None
    recorded: Change | None
    why: str = ""
    """Why one of them is missing."""

    @property
    def change(self) -> Change:
        """The one there is."""
        found = self.replayed or self.recorded
        if found is None:
            raise ValueError("a pair has at least one change")
        return found


def paired(recording: Recording, replayed: Sequence[Change], until: float) -> list[Pair]:
    """Return the changes that were replayed beside those the journal has, in order of time."""
    recorded = [change for change in changes_in(recording.records) if change.at <= until]
    found: list[Pair] = []
    for metric in dict.fromkeys(change.metric for change in (*replayed, *recorded)):
        found += _paired(
            recording,
            [change for change in replayed if change.metric == metric],
            [change for change in recorded if change.metric == metric],
        )
    return sorted(found, key=lambda pair: pair.change.at)


def _paired(recording: Recording, replayed: Sequence[Change], recorded: Sequence[Change]) -> Iterator[Pair]:
    place = 0
    for change in recorded:
        near_s = NEAR_S if change.at >= recording.edges.seconds else NEAR_COARSE_S
        fitting = next(
            (
                number
                for number in range(place, len(replayed))
                if replayed[number].after is change.after and abs(replayed[number].at - change.at) <= near_s
            ),
            None,
        )
        if fitting is None:
            yield Pair(None, change, why_not_alike(recording, change))
            continue
        yield from (Pair(other, None, why_not_alike(recording, other)) for other in replayed[place:fitting])
        yield Pair(replayed[fitting], change)
        place = fitting + 1
    yield from (Pair(other, None, why_not_alike(recording, other)) for other in replayed[place:])


def why_not_alike(recording: Recording, change: Change) -> str:
    """Return why a replay may differ from the journal at a change."""
    for record in recording.records:
        if record.kind == "left out" and record.at <= change.at <= float(record.body["until"]):
            return "the journal left verdicts out then, as the session file could not be written"
    for run in runs_of(recording):
        if run.since <= change.at <= run.since + CATCHING_UP_S:
            return "the console had just been opened; lines it read late count here when they were written"
    metric = recording.rollout.metrics.get(change.metric)
    if metric is None:
        return "the rollout file had another metric of this name then"
    if not metric.is_probed and change.at < exact_from(recording, metric):
        return f"its counts are kept by the minute and its values every {READINGS_S:g} s so long ago"
    if not metric.is_probed:
        return "lines that were read late count here when they were written"
    return "the rollout file may have been another one then: only that of the last opening is kept"


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch in which a verdict stood."""

    since: float
    until: float | None
    """`None` where it stood to the end."""


def spells(changes: Iterable[Change], metric: str, verdict: Verdict) -> list[Spell]:
    """Return when a verdict of a metric stood."""
    found: list[Spell] = []
    for change in changes:
        if change.metric != metric:
            continue
        if found and found[-1].until is None:
            found[-1] = Spell(found[-1].since, change.at)
        if change.after is verdict:
            found.append(Spell(change.at, None))
    return found
