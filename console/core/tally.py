"""Classified lines as counts that add."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import ge

from console.core.classify import Classifier, Match, Named
from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.lines import CUT_MARK, cut_lines_in, is_cut
from console.core.quantiles import bin_of
from console.core.text import DISPLAY_LIMIT, decode, visible
from console.core.words import Row

LINES = ""
"""The event under which every line is counted, classified or not."""
GIVEN_UP = "!"
"""Before the name of an event: the lines on which the search of its rule was given up."""
CUT = "~"
"""The event under which the lines count that were longer than the limit: only their beginning was looked at."""
_ENOUGH_BYTES = 4 * (DISPLAY_LIMIT + 2)
"""However a line goes on after so many bytes, what is drawn of it is the same."""
_MEANINGS = 10_000
"""More than so many different meanings are not kept as objects."""


def count_lines(
    classifier: Classifier,
    *,
    at: float,
    source: str,
    origin: str,
    stream: str,
    name: str,
    track: str,
    after: int,
    keys: Sequence[int],
    times: Sequence[float],
    lines: Sequence[bytes],
    rows_limit: int = 500,
) -> LinesCounted:
    """Return the counts of a stretch of one stream; a line whose key is not greater than all before it is dropped.

    `after` is the key of the last line that was counted before, so what is delivered again is not counted again.
    `keys`, `times` (seconds since the epoch, UTC) and `lines` go together. A line counts in the second it begins
    in: under `LINES`, under its event, under the bucket of its number if it has one, and under `CUT` if its reader cut
    it. Only the newest `rows_limit` lines become rows.
    """
    keys, times, lines = _unseen(after, keys, times, lines)
    seconds = list(map(int, times))
    named = classifier.named(lines)
    matches = named.matches
    tally = _Tally(track)
    tally.add(named, seconds)
    counts, labels = tally.cells()
    for second, number in Counter(seconds).items():
        counts[Cell(second, track, LINES)] = number
    counts |= Counter(Cell(second, track, CUT) for second, line in zip(seconds, lines, strict=True) if is_cut(line))
    shown_from = max(0, len(lines) - max(0, rows_limit))
    shown_name = visible(name)
    return LinesCounted(
        at=at,
        source=source,
        origin=origin,
        stream=stream,
        name=name,
        track=track,
        after=after,
        upto=keys[-1] if keys else after,
        lines=len(lines),
        unclassified=len(lines) - len(matches),
        counts=counts,
        labels=labels,
        rows=tuple(
            Row(
                at=times[index],
                source=source,
                name=shown_name,
                track=track,
                event=matches[index].event if index in matches else "",
                kind=matches[index].kind if index in matches else "",
                text=_drawn(lines[index]),
            )
            for index in range(shown_from, len(lines))
        ),
        rows_dropped=shown_from,
        newest=max(times, default=0.0),
    )


def count_texts(classifier: Classifier, texts: Iterable[bytes]) -> Iterator[LinesCounted]:
    """Yield the counts of texts that follow each other, of whole lines without a time: all in second 0, on no track.

    Many texts give one sum, unless their lines mean so much that it would take much memory.
    """
    tally = _Tally("")
    lines = unclassified = cut = 0
    for text in texts:
        named = classifier.named_in(text)
        lines += named.lines
        cut += cut_lines_in(text)
        unclassified += named.lines - len(named.matches)
        tally.add(named)
        if tally.meanings > _MEANINGS:
            yield _of_texts(tally, lines, unclassified, cut)
            tally, lines, unclassified, cut = _Tally(""), 0, 0, 0
    yield _of_texts(tally, lines, unclassified, cut)


def _drawn(line: bytes) -> str:
    return (CUT_MARK if is_cut(line) else "") + visible(decode(line[:_ENOUGH_BYTES]))


def _of_texts(tally: "_Tally", lines: int, unclassified: int, cut: int) -> LinesCounted:
    counts, labels = tally.cells()
    if lines:
        counts[Cell(0, "", LINES)] = lines
    if cut:
        counts[Cell(0, "", CUT)] = cut
    return LinesCounted(
        at=0.0,
        source="",
        origin="",
        stream="",
        name="",
        track="",
        after=-1,
        upto=lines,
        lines=lines,
        unclassified=unclassified,
        counts=counts,
        labels=labels,
    )


class _Tally:
    """Counts of events per second, of the buckets of their numbers, and of their labels.

    Equal meanings are mostly one object (`Classifier`), so that a few sums of objects stand for many lines. Labels come
    in the order of the lines, because those that arrive first are kept apart (`Rollup.add_labels`).
    """

    def __init__(self, track: str) -> None:
        self._track = track
        self._meant: dict[int, Match] = {}
        self._sums: Counter[tuple[int, int] | int] = Counter()
        self._given_up: Counter[Cell] = Counter()

    @property
    def meanings(self) -> int:
        """How many objects stand for the lines."""
        return len(self._meant)

    def add(self, named: Named, seconds: Sequence[int] | None = None) -> None:
        """Add the lines of a block, each in its second, or all in second 0."""
        places = sorted(named.matches)
        matches = [named.matches[place] for place in places]
        self._meant.update(zip(map(id, matches), matches, strict=True))
        if seconds is None:
            self._sums.update(map(id, matches))
        else:
            self._sums.update(zip(map(id, matches), map(seconds.__getitem__, places), strict=True))
        for place, event in named.given_up:
            self._given_up[Cell(0 if seconds is None else seconds[place], self._track, GIVEN_UP + event)] += 1

    def cells(self) -> tuple[dict[Cell, int], dict[LabelCell, int]]:
        """Return what was counted."""
        counts: Counter[tuple[int, str, int]] = Counter()
        labels: Counter[tuple[str, str, str]] = Counter()
        for key, number in self._sums.items():
            meaning, second = (key, 0) if isinstance(key, int) else key
            match = self._meant[meaning]
            counts[second, match.event, 0] += number
            if match.number is not None:
                counts[second, match.event, bin_of(match.number)] += number
            for label, value in match.labels:
                labels[match.event, label, value] += number
        cells = {Cell(second, self._track, event, bucket): sum_ for (second, event, bucket), sum_ in counts.items()}
        return cells | self._given_up, {LabelCell(self._track, *key): sum_ for key, sum_ in labels.items()}


def _unseen(
    after: int, keys: Sequence[int], times: Sequence[float], lines: Sequence[bytes]
) -> tuple[Sequence[int], Sequence[float], Sequence[bytes]]:
    """Leave out the lines whose key is not greater than `after` and than every key before it."""
    if not len(keys) == len(times) == len(lines):
        raise ValueError(f"expected a key and a time per line, found {len(keys)}, {len(times)} and {len(lines)}")
    if not keys or (keys[0] > after and not any(map(ge, keys, islice(keys, 1, None)))):
        return keys, times, lines
    kept = []
    for index, key in enumerate(keys):
        if key > after:
            after = key
            kept.append(index)
    return [keys[i] for i in kept], [times[i] for i in kept], [lines[i] for i in kept]
