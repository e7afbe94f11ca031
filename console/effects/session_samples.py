"""The measurements in a session's file: rows while they are new, one pack per metric and hour after that.

A week of ten metrics, measured every ten seconds on two tracks, is a million rows and 50 MB; packed it is a tenth.
"""

import json
import sqlite3
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from struct import Struct

from console.core.grains import HOUR_S
from console.core.inputs import Reading, SampleFailed, SampleTaken
from console.core.packing import pack, unpack
from console.core.points import Points

Sample = SampleTaken | SampleFailed
Row = tuple[float, str, float, str | None, str, float | None, int | None, int | None]
"""Time, metric, how long it took, why it failed, track, value, samples and how many of them were bad."""

TABLES = """
CREATE TABLE samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, metric TEXT NOT NULL, track TEXT NOT NULL, value REAL,
    samples INTEGER, bad INTEGER, took_s REAL NOT NULL, error TEXT
);
CREATE TABLE sample_packs (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, until REAL NOT NULL, data BLOB NOT NULL
);
CREATE INDEX sample_packs_until ON sample_packs (until);
"""

ROWS_KEPT_S = 2 * HOUR_S
"""Measurements older than this are packed, an hour at a time."""

_COLUMNS = "at, metric, took_s, error, track, value, samples, bad"
_SIZES = Struct("<II")


def add_samples(connection: sqlite3.Connection, samples: Iterable[Sample], safe: Callable[[str], str]) -> None:
    """Add measurements, with every text made `safe`."""
    for sample in samples:
        error = safe(sample.reason) if isinstance(sample, SampleFailed) else None
        readings = () if isinstance(sample, SampleFailed) else sample.readings
        connection.executemany(
            f"INSERT INTO samples ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
            (
                (sample.at, sample.metric, sample.took_s, error, r.track, r.value, r.samples, r.bad)
                for r in readings or (Reading("", None),)
            ),
        )


def pack_samples(connection: sqlite3.Connection, at: float) -> None:
    """Pack the measurements of the hours that were over `ROWS_KEPT_S` before `at`."""
    edge = (at - ROWS_KEPT_S) // HOUR_S * HOUR_S
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM samples WHERE at < ? ORDER BY metric, id",  # noqa: S608 - our own names
        (edge,),
    )
    packs = list(packs_of(found))
    if packs:
        connection.executemany("INSERT INTO sample_packs (metric, until, data) VALUES (?, ?, ?)", packs)
        connection.execute("DELETE FROM samples WHERE at < ?", (edge,))


def packs_of(rows: Iterable[Row]) -> Iterator[tuple[str, float, bytes]]:
    """Yield the metric, the newest time and the packed rows of each metric and hour; rows come by metric."""
    for (metric, _), some in groupby(rows, key=lambda row: (row[1], row[0] // HOUR_S)):
        kept = list(some)
        yield metric, max(row[0] for row in kept), _packed(kept)


def read_samples(
    connection: sqlite3.Connection, since: float, after: int = 0, *, has_packs: bool = True
) -> list[Sample]:
    """Return the measurements taken at or after a time; those of a metric in the order in which they were written.

    With `after` only the rows numbered above it.
    """
    found: list[Sample] = []
    if has_packs and not after:
        packs = connection.execute("SELECT metric, data FROM sample_packs WHERE until >= ? ORDER BY id", (since,))
        for metric, data in packs:
            found += _samples(row for row in _unpacked(metric, data) if row[0] >= since)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM samples WHERE rowid > ? AND at >= ? ORDER BY rowid",  # noqa: S608 - our own names
        (after, since),
    )
    return found + _samples(rows)


def newest_row(connection: sqlite3.Connection) -> int:
    """Return the number of the newest row, 0 for none."""
    return int(connection.execute("SELECT coalesce(max(rowid), 0) FROM samples").fetchone()[0])


@dataclass(slots=True)
class _History:
    """Every metric over time by metric and track; a failed measurement is a gap on each of its tracks."""

    found: dict[tuple[str, str], Points]
    tracks: dict[str, list[Points]]

    def add(self, row: Row) -> None:
        at, metric, _, error, track, value, _, _ = row
        if error is not None:
            for points in self.tracks.get(metric, ()):
                points.add(at, None)
            return
        if (metric, track) not in self.found:
            self.found[metric, track] = Points()
            self.tracks.setdefault(metric, []).append(self.found[metric, track])
        self.found[metric, track].add(at, value)


def read_history(connection: sqlite3.Connection, *, has_packs: bool = True) -> dict[tuple[str, str], Points]:
    """Return every metric since the session began by metric and track; a failed measurement is a gap on each track."""
    history = _History({}, {})
    if has_packs:
        for metric, data in connection.execute("SELECT metric, data FROM sample_packs ORDER BY id"):
            for row in _unpacked(metric, data):
                history.add(row)
    rows = connection.execute(f"SELECT {_COLUMNS} FROM samples ORDER BY rowid")  # noqa: S608 - our own names
    for row in rows:
        history.add(row)
    return history.found


def _samples(rows: Iterable[Row]) -> list[Sample]:
    return [_sample(head, list(some)) for head, some in groupby(rows, key=lambda row: row[:4])]


def _sample(head: tuple[float, str, float, str | None], rows: list[Row]) -> Sample:
    at, metric, took_s, error = head
    if error is not None:
        return SampleFailed(at, metric, error, took_s)
    return SampleTaken(at, metric, tuple(Reading(*row[4:]) for row in rows), took_s)


def _packed(rows: Sequence[Row]) -> bytes:
    """Return the rows of one metric as bytes: sizes, texts as JSON, floats, whole numbers; compressed."""
    texts: dict[str | None, int] = {}
    tracks = [texts.setdefault(row[4], len(texts)) for row in rows]
    errors = [texts.setdefault(row[3], len(texts)) for row in rows]
    numbers = [tracks, errors]
    for counts in ([row[6] for row in rows], [row[7] for row in rows]):
        numbers += [[int(count is not None) for count in counts], [count or 0 for count in counts]]
    said = json.dumps(list(texts)).encode("ascii")
    nan = float("nan")
    floats = (
        _doubles(row[0] for row in rows),
        _doubles(row[2] for row in rows),
        _doubles(nan if row[5] is None else row[5] for row in rows),
    )
    return zlib.compress(b"".join((_SIZES.pack(len(rows), len(said)), said, *floats, pack(*numbers))))


def _unpacked(metric: str, packed: bytes) -> Iterator[Row]:
    data = zlib.decompress(packed)
    rows, said = _SIZES.unpack_from(data)
    start = _SIZES.size + said
    texts = json.loads(data[_SIZES.size : start])
    at, took_s, value = (
        _read_doubles(data[start + 8 * rows * place : start + 8 * rows * (place + 1)]) for place in range(3)
    )
    track, error, has_samples, samples, has_bad, bad = unpack(data[start + 24 * rows :])
    for row in range(rows):
        yield (
            at[row],
            metric,
            took_s[row],
            texts[error[row]],
            texts[track[row]],
            None if value[row] != value[row] else value[row],
            samples[row] if has_samples[row] else None,
            bad[row] if has_bad[row] else None,
        )


def _doubles(values: Iterable[float]) -> bytes:
    column = array("d", values)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _read_doubles(data: bytes) -> "array[float]":
    column = array("d", data)
    if sys.byteorder == "big":
        column.byteswap()
    return column
