"""What the engine has folded and not yet written: bounded, however long the session's file cannot be written."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from console.core.counts import LinesCounted
from console.core.inputs import SampleFailed, SampleTaken
from console.core.record import Record
from console.core.stretches import Stretches

SAMPLES_KEPT = 20_000
"""Measurements kept while the session's file cannot be written; the oldest go first."""
RECORDS_KEPT = 5_000
"""Journal records kept; beyond that the console's own observations are left out, oldest first, and that is written."""

_OBSERVATIONS = frozenset({"verdict", "source", "gap", "alert", "told"})
_LEFT_OUT = "left out"


@dataclass(slots=True)
class Batch:
    """What is written in the next transaction."""

    samples: list[SampleTaken | SampleFailed] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    docs: dict[str, str] = field(default_factory=dict)
    gone: list[tuple[str, str]] = field(default_factory=list)
    """Sources and origins that never come again."""
    _lines: Stretches = field(default_factory=Stretches)

    def __bool__(self) -> bool:
        return bool(self._lines or self.samples or self.records or self.docs or self.gone)

    @property
    def has_left_out(self) -> bool:
        """Whether records had to be left out."""
        return any(record.kind == _LEFT_OUT for record in self.records)

    @property
    def counted(self) -> list[LinesCounted]:
        """The lines, one stretch per stream."""
        return self._lines.counted()

    def add(self, counted: LinesCounted) -> None:
        """Add a stretch of lines without its rows, which are for the screen only."""
        self._lines.add(counted)

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
        self._lines.clear()

    def precede(self, later: "Batch") -> None:
        """Put what could not be written in front of what came later."""
        self._lines.precede(later._lines)
        later.samples[:0] = self.samples
        del later.samples[:-SAMPLES_KEPT]
        later.records[:0] = self.records
        if len(later.records) > RECORDS_KEPT:
            later.records = _thinned(later.records)
        later.docs = {**self.docs, **later.docs}
        later.gone[:0] = self.gone


def _thinned(records: list[Record]) -> list[Record]:
    """Leave out the older half of the observations, and say so in their place; what people did stays."""
    observed = [place for place, record in enumerate(records) if record.kind in _OBSERVATIONS]
    leaving = set(observed[: len(observed) // 2 + 1])
    before = next((place for place, record in enumerate(records) if record.kind == _LEFT_OUT), None)
    if not observed:
        return records
    number = len(leaving) + (0 if before is None else int(records[before].body["records"]))
    since = records[min(leaving) if before is None else before]
    said = (
        f"{number:,} verdicts, alerts, changes of sources and gaps from here on: the session file could not be written"
    )
    note = Record(since.at, _LEFT_OUT, said, {"records": number, "until": records[max(leaving)].at})
    place = min(leaving) if before is None else before
    return [
        note if index == place else record
        for index, record in enumerate(records)
        if index == place or index not in leaving
    ]
