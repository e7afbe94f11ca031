"""What the engine has folded and not yet written: bounded, however long the session's file cannot be written."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.grains import HOUR_S, MINUTE_S
from console.core.inputs import SampleFailed, SampleTaken
from console.core.record import Record

SAMPLES_KEPT = 20_000
"""Measurements kept while the session's file cannot be written; the oldest go first."""
CELLS_KEPT = 100_000
"""Counters kept apart; beyond that they are put together by the minute, the hour and the day. No count is lost."""
RECORDS_KEPT = 5_000
"""Journal records kept; beyond that the console's own observations are left out, oldest first, and that is written."""

_COARSER_S = (MINUTE_S, HOUR_S, 24 * HOUR_S)
_OBSERVATIONS = frozenset({"verdict", "source", "gap"})
_LEFT_OUT = "left out"


@dataclass(slots=True)
class _Stretch:
    """Consecutive lines of one stream."""

    first: LinesCounted
    last: LinesCounted
    lines: int
    unclassified: int
    counts: dict[Cell, int]
    labels: dict[LabelCell, int]

    def add(self, more: LinesCounted) -> None:
        """Add what follows; raises `ValueError` for lines that do not."""
        if more.after != self.last.upto:
            raise ValueError(f"expected lines of {more.source} after {self.last.upto}, found some after {more.after}")
        self.last = replace(more, counts={}, labels={}, rows=())
        self.lines += more.lines
        self.unclassified += more.unclassified
        for cell, count in more.counts.items():
            self.counts[cell] = self.counts.get(cell, 0) + count
        for label, count in more.labels.items():
            self.labels[label] = self.labels.get(label, 0) + count

    def coarsen(self, unit_s: int) -> None:
        """Put the counts of each unit of time together, at its start."""
        coarse: dict[Cell, int] = {}
        for cell, count in self.counts.items():
            at_start = replace(cell, second=cell.second - cell.second % unit_s)
            coarse[at_start] = coarse.get(at_start, 0) + count
        self.counts = coarse

    def counted(self) -> LinesCounted:
        """Return everything as if it had been counted at once."""
        return replace(
            self.last,
            after=self.first.after,
            lines=self.lines,
            unclassified=self.unclassified,
            counts=self.counts,
            labels=self.labels,
            newest=max(self.first.newest, self.last.newest),
        )


@dataclass(slots=True)
class Batch:
    """What is written in the next transaction."""

    samples: list[SampleTaken | SampleFailed] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    docs: dict[str, str] = field(default_factory=dict)
    gone: list[tuple[str, str]] = field(default_factory=list)
    """Sources and origins that never come again."""
    _stretches: dict[tuple[str, str, str], _Stretch] = field(default_factory=dict)
    _cells: int = 0
    _coarseness: int = 0

    def __bool__(self) -> bool:
        return bool(self._stretches or self.samples or self.records or self.docs or self.gone)

    @property
    def counted(self) -> list[LinesCounted]:
        """The lines, one stretch per stream."""
        return [stretch.counted() for stretch in self._stretches.values()]

    def add(self, counted: LinesCounted) -> None:
        """Add a stretch of lines without its rows, which are for the screen only."""
        key = (counted.source, counted.origin, counted.stream)
        waiting = self._stretches.get(key)
        if waiting is None:
            bare = replace(counted, counts={}, labels={}, rows=())
            counts, labels = dict(counted.counts), dict(counted.labels)
            self._stretches[key] = _Stretch(bare, bare, counted.lines, counted.unclassified, counts, labels)
            self._cells += len(counts)
        else:
            self._cells -= len(waiting.counts)
            waiting.add(counted)
            self._cells += len(waiting.counts)
        while self._cells > CELLS_KEPT and self._coarseness < len(_COARSER_S):
            self._coarsen(_COARSER_S[self._coarseness])
            self._coarseness += self._cells > CELLS_KEPT // 2

    def add_samples(self, samples: Iterable[SampleTaken | SampleFailed]) -> None:
        """Add measurements; the rows of a query are for the screen only."""
        for sample in samples:
            self.samples.append(replace(sample, table=None) if isinstance(sample, SampleTaken) else sample)
        del self.samples[:-SAMPLES_KEPT]

    def add_record(self, record: Record) -> None:
        """Add something for the journal."""
        self.records.append(record)
        if len(self.records) > RECORDS_KEPT:
            self.records = _thinned(self.records)

    def give_up_lines(self) -> None:
        """Let the lines go, because the file will never take them."""
        self._stretches.clear()
        self._cells = 0

    def precede(self, later: "Batch") -> None:
        """Put what could not be written in front of what came later."""
        stretches, later._stretches = later._stretches, self._stretches
        later._cells, later._coarseness = self._cells, self._coarseness
        for stretch in stretches.values():
            later.add(stretch.counted())
        later.samples[:0] = self.samples
        del later.samples[:-SAMPLES_KEPT]
        later.records[:0] = self.records
        if len(later.records) > RECORDS_KEPT:
            later.records = _thinned(later.records)
        later.docs = {**self.docs, **later.docs}
        later.gone[:0] = self.gone

    def _coarsen(self, unit_s: int) -> None:
        for stretch in self._stretches.values():
            stretch.coarsen(unit_s)
        self._cells = sum(len(stretch.counts) for stretch in self._stretches.values())


def _thinned(records: list[Record]) -> list[Record]:
    """Leave out the older half of the observations, and say so in their place; what people did stays."""
    observed = [place for place, record in enumerate(records) if record.kind in _OBSERVATIONS]
    leaving = set(observed[: len(observed) // 2 + 1])
    before = next((place for place, record in enumerate(records) if record.kind == _LEFT_OUT), None)
    if not observed:
        return records
    number = len(leaving) + (0 if before is None else int(records[before].body["records"]))
    since = records[min(leaving) if before is None else before]
    said = f"{number:,} verdicts, changes of sources and gaps from here on: the session file could not be written"
    note = Record(since.at, _LEFT_OUT, said, {"records": number, "until": records[max(leaving)].at})
    place = min(leaving) if before is None else before
    return [
        note if index == place else record
        for index, record in enumerate(records)
        if index == place or index not in leaving
    ]
