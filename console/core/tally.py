"""Classified lines as counts that add."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from operator import ge

from console.core.classify import Classifier, Named
from console.core.inputs import Cell, LabelCell, LinesCounted
from console.core.quantiles import bin_of
from console.core.text import DISPLAY_LIMIT, decode, visible
from console.core.words import Row

LINES = ""
"""The event under which every line is counted, classified or not."""
GIVEN_UP = "!"
"""Before the name of an event: the lines on which the search of its rule was given up."""
_ENOUGH_BYTES = 4 * (DISPLAY_LIMIT + 2)
"""However a line goes on after so many bytes, what is drawn of it is the same."""


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
    in: under `LINES`, under its event, and under the bucket of its number if it has one. Only the newest
    `rows_limit` lines become rows.
    """
    keys, times, lines = _unseen(after, keys, times, lines)
    seconds = list(map(int, times))
    named = classifier.named(lines)
    matches = named.matches
    counts, labels = _tallied(named, seconds.__getitem__, track)
    for second, number in Counter(seconds).items():
        counts[Cell(second, track, LINES)] = number
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
                text=visible(decode(lines[index][:_ENOUGH_BYTES])),
            )
            for index in range(shown_from, len(lines))
        ),
        rows_dropped=shown_from,
        newest=max(times, default=0.0),
    )


def count_text(classifier: Classifier, text: bytes) -> LinesCounted:
    """Return the counts of a text of lines that have no time: all of them in second 0, without a track."""
    named = classifier.named_in(text)
    counts, labels = _tallied(named, lambda _: 0, "")
    if named.lines:
        counts[Cell(0, "", LINES)] = named.lines
    return LinesCounted(
        at=0.0,
        source="",
        origin="",
        stream="",
        name="",
        track="",
        after=-1,
        upto=named.lines,
        lines=named.lines,
        unclassified=named.lines - len(named.matches),
        counts=counts,
        labels=labels,
    )


def _tallied(named: Named, second_of: Callable[[int], int], track: str) -> tuple[dict[Cell, int], dict[LabelCell, int]]:
    """Return the counts of events per second, of the buckets of their numbers, and of their labels.

    Labels come in the order of the lines, because those that arrive first are kept apart (`Rollup.add_labels`).
    """
    places = sorted(named.matches)
    matches = [named.matches[place] for place in places]
    # Equal meanings are mostly one object (`Classifier`), so that a few sums stand for many lines.
    meant = dict(zip(map(id, matches), matches, strict=True))
    counts: dict[Cell, int] = {}
    labels: dict[LabelCell, int] = {}
    for (second, meaning), number in Counter(zip(map(second_of, places), map(id, matches), strict=True)).items():
        match = meant[meaning]
        cell = Cell(second, track, match.event)
        counts[cell] = counts.get(cell, 0) + number
        if match.number is not None:
            cell = Cell(second, track, match.event, bin_of(match.number))
            counts[cell] = counts.get(cell, 0) + number
        for label, value in match.labels:
            labelled = LabelCell(track, match.event, label, value)
            labels[labelled] = labels.get(labelled, 0) + number
    for place, event in named.given_up:
        cell = Cell(second_of(place), track, GIVEN_UP + event)
        counts[cell] = counts.get(cell, 0) + 1
    return counts, labels


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
