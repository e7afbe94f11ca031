"""A recorded session as inputs again: what its journal, its counters and its measurements tell of."""

import heapq
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest

from console.core.action_inputs import (
    ActionStarted,
)
from console.core.actors import actor_of
from console.core.counts import Cell, LinesCounted
from console.core.grains import HOUR_S, MINUTE_S, Edges
from console.core.inputs import (
    Input,
    SampleFailed,
    SampleTaken,
    SourceChanged,
    SourceSeen,
    TimePassed,
)
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.tally import LINES
from console.core.told import source_changed, told_by
from console.core.words import SourceState

TICK_S = 1.0
"""How often the engine lets time pass."""
READINGS_S = 10.0
"""How often the values of metrics of events are written down; each is written at a tick."""
STOOD_STILL_S = 25.0
"""Where no value was written for longer, the console stood still: the machine slept."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What the file of a session keeps of it."""

    rollout: Rollout
    """As it was when the session was last opened, without secrets."""
    began: float
    until: float
    """Time of the newest input."""
    records: Sequence[Record]
    """The journal, in its order."""
    samples: Sequence[SampleTaken | SampleFailed]
    """Every measurement; those of a metric in their order."""
    cells: Sequence[tuple[Cell, int]]
    """Every counter; where single seconds are forgotten, at the first second of a minute or an hour."""
    edges: Edges
    """From when on they are kept by the second."""
    attempts: Mapping[str, ActionStarted] = field(default_factory=dict)
    """How the newest attempts at actions began."""

    def seconds_from(self, cell: Cell) -> int:
        """Return from when on counters of this kind are kept by the second."""
        return self.edges.bin_seconds if cell.bin else self.edges.seconds


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in which a console watched, from its opening to its end."""

    since: float
    until: float


def runs_of(recording: Recording) -> list[Run]:
    """Return the stretches in which a console watched the session, in order."""
    opened = [record for record in recording.records if record.kind == "session" and "last_seen" in record.body]
    closed = [record.at for record in recording.records if record.kind == "session" and "last_seen" not in record.body]
    found = []
    for record, following in zip_longest(opened, opened[1:]):
        until = recording.until if following is None else float(following.body["last_seen"] or following.at)
        last = next((at for at in closed if record.at <= at <= until), until)
        found.append(Run(record.at, max(record.at, last)))
    return found or [Run(recording.began, recording.until)]


def inputs_of(recording: Recording, until: float) -> Iterator[Input]:
    """Yield the inputs that a recording tells of up to a time, in their order; time passes as it passed then.

    Lines are counted at the end of the second, minute or hour by which they are known, or when the console was next
    opened: when they were read is not written down.
    """
    runs = runs_of(recording)
    events = metrics_of_events(recording.rollout)
    samples = sorted((sample for sample in recording.samples if sample.metric not in events), key=lambda one: one.at)
    told = (
        _ranked(0, _told(recording)),
        _ranked(1, _counted(recording, runs)),
        _ranked(2, samples),
        _ranked(3, map(TimePassed, _ticks(recording, runs))),
    )
    for at, _, _, given in heapq.merge(*told, key=lambda one: one[:3]):
        if at > until:
            return
        yield given


def metrics_of_events(rollout: Rollout) -> frozenset[str]:
    """Return the metrics that are read from counters, rather than measured by asking."""
    return frozenset(name for name, metric in rollout.metrics.items() if not metric.is_probed)


def _ranked(rank: int, inputs: Iterable[Input]) -> Iterator[tuple[float, int, int, Input]]:
    """Yield inputs as they are put in order; those of one kind keep their order although a clock was set back."""
    newest = float("-inf")
    for place, given in enumerate(inputs):
        newest = max(newest, given.at)
        yield newest, rank, place, given


# -- time ------------------------------------------------------------------------------------------------------------


def _ticks(recording: Recording, runs: Sequence[Run]) -> Iterator[float]:
    """Yield when time passed: at ticks that left a trace, and between them as the engine ticks.

    Where lines are known by the minute only, there is a tick for every value that was written down, and no more.
    """
    events = metrics_of_events(recording.rollout)
    known = {sample.at for sample in recording.samples if sample.metric in events}
    slept = {record.at: max(0.0, float(record.body["by_s"])) for record in recording.records if record.kind == "clock"}
    known |= slept.keys()
    for record in recording.records:
        is_of_tick = record.kind == "rule" or (record.kind == "phase" and "holds" in record.body)
        if is_of_tick or (record.kind in ("verdict", "evidence") and record.body.get("metric") in events):
            known.add(record.at)
    anchors = sorted(known)
    for run in runs:
        inside = anchors[bisect_right(anchors, run.since) : bisect_right(anchors, run.until)]
        if not inside or not events:  # the first tick writes the values of metrics of events down
            yield from _passed(run.since, inside[0] if inside else run.until, recording.edges)
        for before, after in pairwise(inside):
            yield before
            fell_asleep = after - slept.get(after, 0.0)
            if not events or fell_asleep - before <= STOOD_STILL_S:
                yield from _between(before, fell_asleep, recording.edges)
        if inside:
            yield inside[-1]
            yield from _passed(inside[-1], run.until, recording.edges)


def _passed(since: float, until: float, edges: Edges) -> Iterator[float]:
    """Yield the ticks after a moment, one step after the other."""
    step_s = _step_s(since, edges)
    yield from (since + step_s * number for number in range(1, math.ceil((until - since) / step_s)))


def _between(before: float, after: float, edges: Edges) -> Iterator[float]:
    """Yield the ticks between two that are known."""
    parts = max(1, round((after - before) / _step_s(before, edges)))
    yield from (before + (after - before) * part / parts for part in range(1, parts))


def _step_s(at: float, edges: Edges) -> float:
    return TICK_S if at >= edges.seconds else READINGS_S


# -- counts ----------------------------------------------------------------------------------------------------------


def _counted(recording: Recording, runs: Sequence[Run]) -> Iterator[LinesCounted]:
    """Yield the counters as lines that were counted, each when its second, minute or hour was over."""
    logs = [name for name, spec in recording.rollout.sources.items() if spec.gives_lines]
    source = logs[0] if len(logs) == 1 else ""
    due: dict[float, dict[Cell, int]] = defaultdict(dict)
    for cell, count in recording.cells:
        over = cell.second + _grain_s(recording, cell)
        at = _watched(float(over), runs, recording.until)
        last = replace(cell, second=over - 1)  # so that whoever asks for what is new since then misses nothing
        due[at][last] = due[at].get(last, 0) + count
    upto = -1
    for at, cells in sorted(due.items()):
        lines = sum(count for cell, count in cells.items() if cell.event == LINES and not cell.bin)
        named = sum(count for cell, count in cells.items() if cell.event in recording.rollout.events and not cell.bin)
        newest = max(cell.second for cell in cells)
        yield LinesCounted(
            at=at,
            source=source,
            origin="recorded",
            stream="",
            name="recorded",
            track="",
            after=upto,
            upto=upto + 1,
            lines=lines,
            unclassified=max(0, lines - named),
            counts=cells,
            labels={},
            newest=float(newest),
        )
        upto += 1


def _grain_s(recording: Recording, cell: Cell) -> int:
    """Return by how many seconds a counter is known."""
    if cell.second >= recording.seconds_from(cell):
        return 1
    return HOUR_S if cell.bin and cell.second < recording.edges.bin_minutes else MINUTE_S


def _watched(at: float, runs: Sequence[Run], until: float) -> float:
    """Return the first moment from `at` on at which a console watched."""
    for run in runs:
        if at <= run.until:
            return max(at, run.since)
    return until


# -- the journal -----------------------------------------------------------------------------------------------------


def _told(recording: Recording) -> Iterator[Input]:
    """Yield the inputs that the journal tells of: what sources said and what people and actions did."""
    phase, well = 0, set[str]()
    for record in recording.records:
        if record.kind == "phase" and "phase" in record.body:
            phase = int(record.body["phase"])
        elif record.kind in ("action", "override") and "action" in record.body:
            yield _started(record, recording, phase)
        elif record.kind == "source" and "state" in record.body:
            yield from source_changed(record, well)
        else:
            yield from told_by(record)
        if record.kind == "session" and "last_seen" in record.body:
            well = set()
            for name in recording.rollout.sources:  # an engine that opens a session begins to read anew
                yield SourceSeen(record.at, name)
                yield SourceChanged(record.at, name, SourceState.STARTING)


def _started(record: Record, recording: Recording, phase: int) -> ActionStarted:
    """Return how an action began; the phase an advance led to is in the newest attempts only, and is the next one."""
    body = record.body
    known = recording.attempts.get(str(body["attempt"]))
    if known is not None:
        return known
    action = recording.rollout.actions.get(str(body["action"]))
    return ActionStarted(
        at=record.at,
        attempt=str(body["attempt"]),
        action=str(body["action"]),
        kind=str(body["kind"]),
        title=str(body["action"]) if action is None else action.title,
        actor=actor_of(str(body["actor"])),
        reason=str(body["reason"]),
        traffic=None if body["traffic"] is None else float(body["traffic"]),
        phase=phase + 1 if body["kind"] == "advance" else None,
        steps=tuple(map(str, body["steps"])),
        override=str(body["override"]),
        continues=str(body.get("continues", "")),  # sessions from before attempts were carried on have none
        first_step=int(body.get("first_step", 0)),
        is_check=bool(body.get("is_check", False)),
        given=dict(body.get("given", {})),
    )
