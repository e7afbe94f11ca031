"""Lines that wait to be folded or written: stretches of one stream merge, so that what waits is bounded.

No count is lost to the bounds. Where too many counters wait they are put together in time, by the minute, the hour and
the day; where too many values of labels wait, further ones are counted as `OTHER`.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from console.core.classify import OTHER
from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.grains import HOUR_S, MINUTE_S
from console.core.words import Row

CELLS_KEPT = 100_000
"""Counters kept apart, over all streams."""
LABELS_KEPT = 10_000
"""Counts of labels kept apart per stream: far more than the limit of the rollup, which has the last word."""

_COARSER_S = (MINUTE_S, HOUR_S, 24 * HOUR_S)


@dataclass(slots=True)
class Stretch:
    """Consecutive lines of one stream."""

    after: int
    last: LinesCounted
    """What came last, without its numbers."""
    rows: deque[Row]
    lines: int = 0
    unclassified: int = 0
    rows_dropped: int = 0
    newest: float = 0.0
    counts: dict[Cell, int] = field(default_factory=dict)
    labels: dict[LabelCell, int] = field(default_factory=dict)

    @classmethod
    def of(cls, counted: LinesCounted, rows_limit: int) -> "Stretch":
        """Begin with some lines, and keep the newest `rows_limit` rows."""
        bare = replace(counted, upto=counted.after)
        stretch = cls(counted.after, bare, deque(maxlen=rows_limit))
        stretch.add(counted)
        return stretch

    def add(self, more: LinesCounted) -> None:
        """Add what follows; raises `ValueError` for lines that do not."""
        if more.after != self.last.upto:
            raise ValueError(f"expected lines of {more.source} after {self.last.upto}, found some after {more.after}")
        self.last = replace(more, counts={}, labels={}, rows=())
        self.lines += more.lines
        self.unclassified += more.unclassified
        self.newest = max(self.newest, more.newest)
        shown = len(self.rows) + len(more.rows)
        self.rows.extend(more.rows)
        self.rows_dropped += more.rows_dropped + shown - len(self.rows)
        for cell, count in more.counts.items():
            self.counts[cell] = self.counts.get(cell, 0) + count
        self._add_labels(more.labels)

    def _add_labels(self, labels: Mapping[LabelCell, int]) -> None:
        for label, count in labels.items():
            is_kept = label in self.labels or len(self.labels) < LABELS_KEPT
            cell = label if is_kept else replace(label, value=OTHER)
            self.labels[cell] = self.labels.get(cell, 0) + count

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
            after=self.after,
            lines=self.lines,
            unclassified=self.unclassified,
            counts=self.counts,
            labels=self.labels,
            rows=tuple(self.rows),
            rows_dropped=self.rows_dropped,
            newest=self.newest,
        )


class Stretches:
    """The lines that wait, one stretch per stream; it never grows beyond its bounds, however long they wait."""

    def __init__(self, rows_limit: int = 0) -> None:
        self._rows_limit = rows_limit
        """Display rows kept per stream; older ones drop, and are counted as dropped."""
        self._by_stream: dict[tuple[str, str, str], Stretch] = {}
        self._cells = 0
        self._coarseness = 0

    def __bool__(self) -> bool:
        return bool(self._by_stream)

    def add(self, counted: LinesCounted) -> None:
        """Add lines; raises `ValueError` for lines that do not follow those of their stream."""
        key = (counted.source, counted.origin, counted.stream)
        waiting = self._by_stream.get(key)
        if waiting is None:
            waiting = self._by_stream[key] = Stretch.of(counted, self._rows_limit)
            self._cells += len(waiting.counts)
        else:
            before = len(waiting.counts)
            waiting.add(counted)
            self._cells += len(waiting.counts) - before
        while self._cells > CELLS_KEPT and self._coarseness < len(_COARSER_S):
            self._coarsen(_COARSER_S[self._coarseness])
            self._coarseness += self._cells > CELLS_KEPT // 2

    def precede(self, later: "Stretches") -> None:
        """Put these lines in front of what came later, and leave nothing here."""
        came_later, later._by_stream = later._by_stream, self._by_stream
        later._cells, later._coarseness = self._cells, self._coarseness
        self._by_stream, self._cells, self._coarseness = {}, 0, 0
        for stretch in came_later.values():
            later.add(stretch.counted())

    def counted(self) -> list[LinesCounted]:
        """Return the lines, one stretch per stream, each as if it had been counted at once."""
        return [stretch.counted() for stretch in self._by_stream.values()]

    def clear(self) -> None:
        """Let the lines go."""
        self._by_stream.clear()
        self._cells = 0

    def _coarsen(self, unit_s: int) -> None:
        for stretch in self._by_stream.values():
            stretch.coarsen(unit_s)
        self._cells = sum(len(stretch.counts) for stretch in self._by_stream.values())
