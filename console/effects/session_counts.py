"""The counters in a session's file: added as they come, and folded into packs once a minute.

What is added since is one row per commit, in the transaction of the lines' positions. Folding changes nothing that can
be asked; it makes the file small, and quick to read.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from console.core.counts import Cell, LinesCounted
from console.core.grains import (
    BIN_MINUTES_BYTES,
    BIN_SECONDS_BYTES,
    HOUR_S,
    MINUTE_S,
    PACK_OVERHEAD_BYTES,
    Edges,
    Grain,
    Packed,
    ahead_of,
    edge_within,
)
from console.core.packing import pack, unpack
from console.core.series import BinSeries, CountSeries

TABLES = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY, track TEXT NOT NULL, event TEXT NOT NULL, UNIQUE (track, event)
);
CREATE TABLE added (id INTEGER PRIMARY KEY AUTOINCREMENT, cells BLOB NOT NULL);
CREATE TABLE packs (
    grain INTEGER NOT NULL, unit INTEGER NOT NULL, series INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (grain, unit, series)
) WITHOUT ROWID;
CREATE TABLE totals (
    track TEXT NOT NULL, event TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (track, event)
) WITHOUT ROWID;
CREATE TABLE counting (
    one INTEGER PRIMARY KEY CHECK (one = 1), folded INTEGER NOT NULL, dropped INTEGER NOT NULL, edges TEXT NOT NULL
);
INSERT INTO counting VALUES (1, 0, 0, '[]');
"""

FOLD_EVERY_S = 60.0
FOLD_CELLS = 20_000
"""Counts are folded early when so many were added."""

Row = tuple[int, int, int, int]
"""Second, number of the series, bucket, count."""
PackRow = tuple[int, int, int, bytes]
"""Grain, unit, number of the series, packed counts."""


class Counters:
    """Writes the counters; every call belongs into a transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[tuple[str, str], int] = {}
        self._waiting = 0
        self._folded_at: float | None = None

    def add(self, stretches: Iterable[LinesCounted]) -> None:
        """Add what stretches of lines counted, and the totals of their events.

        As in memory, a count too far ahead of the time at which it was read is in the totals only.
        """
        rows: list[Row] = []
        totals: dict[tuple[str, str], int] = {}
        for stretch in stretches:
            end = ahead_of(stretch.at)
            for cell, count in stretch.counts.items():
                name = (cell.track, cell.event)
                if cell.second < end:
                    rows.append((cell.second, self._numbers.get(name) or self._number(name), cell.bin, count))
                if cell.bin == 0:
                    totals[name] = totals.get(name, 0) + count
        if rows:
            self._waiting += len(rows)
            self._connection.execute("INSERT INTO added (cells) VALUES (?)", (pack(*zip(*rows, strict=True)),))
        self._connection.executemany(
            "INSERT INTO totals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            ((*name, count) for name, count in totals.items()),
        )

    def undone(self) -> None:
        """Forget what may have been undone with the caller's transaction."""
        self._numbers.clear()

    def is_due(self, at: float) -> bool:
        """Whether it is time to fold."""
        if self._folded_at is None:
            self._folded_at = at
        return at - self._folded_at >= FOLD_EVERY_S or self._waiting >= FOLD_CELLS

    def fold(self, at: float) -> None:
        """Put what was added into packs, and drop what is too old at `at`; totals stay."""
        self._folded_at, self._waiting = at, 0
        folded, edges = _standing(self._connection)
        edges = edges.at(at)
        last, rows = _added(self._connection, folded)
        for number, some in groupby(sorted(rows, key=lambda row: row[1]), key=lambda row: row[1]):
            self._fold(number, list(some), edges)
        edges = self._drop(edges)
        # Those folded last stay for a while, for consoles that look on and read them one by one.
        self._connection.execute("DELETE FROM added WHERE id <= ?", (folded,))
        self._connection.execute(
            "UPDATE counting SET folded = ?, dropped = ?, edges = ?", (last, folded, _edges_text(edges))
        )

    def _number(self, name: tuple[str, str]) -> int:
        self._connection.execute("INSERT INTO series (track, event) VALUES (?, ?) ON CONFLICT DO NOTHING", name)
        found = self._connection.execute("SELECT id FROM series WHERE track = ? AND event = ?", name).fetchone()
        number = self._numbers[name] = int(found[0])
        return number

    def _fold(self, number: int, rows: list[Row], edges: Edges) -> None:
        """Add the rows of one series to its packs."""
        counts, bins = CountSeries(), BinSeries()
        for grain, unit in _touched(rows, edges):
            found = self._connection.execute(
                "SELECT data FROM packs WHERE grain = ? AND unit = ? AND series = ?", (grain, unit, number)
            ).fetchone()
            if found is not None:
                (counts if grain in (Grain.SECONDS, Grain.MINUTES) else bins).take(grain, unit, found[0])
        _fill(counts, bins, rows, edges)
        self._connection.executemany("INSERT OR REPLACE INTO packs VALUES (?, ?, ?, ?)", _packs(number, counts, bins))

    def _drop(self, edges: Edges) -> Edges:
        """Drop the packs that are too old, or take too much; return from when on counts are known now."""
        edges = edges.trimmed(self._over(Grain.BIN_SECONDS, BIN_SECONDS_BYTES, edges), None)
        minute = self._over(Grain.BIN_MINUTES, BIN_MINUTES_BYTES, edges)
        edges = edges.trimmed(None, None if minute is None else -(-minute // 60))
        for grain in Grain:
            self._connection.execute("DELETE FROM packs WHERE grain = ? AND unit < ?", (grain, edges.first_unit(grain)))
        return edges

    def _over(self, grain: Grain, limit_bytes: int, edges: Edges) -> int | None:
        sizes = self._connection.execute(
            "SELECT unit, length(data) + ? FROM packs WHERE grain = ? AND unit >= ? ORDER BY unit DESC",
            (PACK_OVERHEAD_BYTES, grain, edges.first_unit(grain)),
        )
        return edge_within(sizes, limit_bytes)


def read_counts(connection: sqlite3.Connection) -> tuple[int, Packed]:
    """Return the number of the newest counts added, and all that is known."""
    folded, edges = _standing(connection)
    series = _series(connection)
    last, rows = _added(connection, folded)
    packs = connection.execute("SELECT grain, unit, series, data FROM packs ORDER BY grain, unit").fetchall()
    return last, Packed(series, packs, _cells(series, rows), edges)


def read_added(connection: sqlite3.Connection, after: int) -> tuple[int, list[tuple[Cell, int]]] | None:
    """Return the counts added after those numbered `after`, or `None` where some of them are not there any more."""
    dropped = connection.execute("SELECT dropped FROM counting").fetchone()[0]
    if after < dropped:
        return None
    last, rows = _added(connection, after)
    return last, _cells(_series(connection), rows)


def packs_of(rows: Iterable[Row], edges: Edges) -> Iterator[PackRow]:
    """Yield the packs of counts that come in the order of their hours."""
    for _, hour in groupby(rows, key=lambda row: row[0] // HOUR_S):
        for number, some in groupby(sorted(hour, key=lambda row: row[1]), key=lambda row: row[1]):
            counts, bins = CountSeries(), BinSeries()
            _fill(counts, bins, some, edges)
            yield from _packs(number, counts, bins)


def start_with(connection: sqlite3.Connection, packs: Iterable[PackRow], edges: Edges) -> None:
    """Put packs into tables that are empty."""
    connection.executemany("INSERT INTO packs VALUES (?, ?, ?, ?)", packs)
    connection.execute("UPDATE counting SET edges = ?", (_edges_text(edges),))


def _touched(rows: Iterable[Row], edges: Edges) -> set[tuple[Grain, int]]:
    """Return the packs that counts belong to."""
    found: set[tuple[Grain, int]] = set()
    for second, is_bin in {(row[0], row[2] != 0) for row in rows}:
        if is_bin:
            found.add((Grain.BIN_HOURS, second // HOUR_S))
            found.add((Grain.BIN_MINUTES, second // MINUTE_S))
            found.add((Grain.BIN_SECONDS, second // MINUTE_S))
        else:
            found.add((Grain.MINUTES, second // HOUR_S))
            found.add((Grain.SECONDS, second // MINUTE_S))
    return {(grain, unit) for grain, unit in found if unit >= edges.first_unit(grain)}


def _fill(counts: CountSeries, bins: BinSeries, rows: Iterable[Row], edges: Edges) -> None:
    for second, _, number, count in rows:
        if second < edges.kept:
            continue
        if number:
            bins.add(second, number, count, edges)
        else:
            counts.add(second, count, edges)


def _packs(number: int, counts: CountSeries, bins: BinSeries) -> Iterator[PackRow]:
    for series in (counts, bins):
        for grain, unit, data in series.packs():
            yield int(grain), unit, number, data


def _added(connection: sqlite3.Connection, after: int) -> tuple[int, list[Row]]:
    """Return the number of the newest counts and what was added after those numbered `after`."""
    found = connection.execute("SELECT id, cells FROM added WHERE id > ? ORDER BY id", (after,)).fetchall()
    rows = [row for _, cells in found for row in zip(*unpack(cells), strict=True)]
    return (found[-1][0] if found else after), rows


def _series(connection: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    return {
        number: (track, event) for number, track, event in connection.execute("SELECT id, track, event FROM series")
    }


def _cells(series: Mapping[int, tuple[str, str]], rows: Iterable[Row]) -> list[tuple[Cell, int]]:
    return [(Cell(second, *series[number], bin_), count) for second, number, bin_, count in rows]


def _standing(connection: sqlite3.Connection) -> tuple[int, Edges]:
    folded, said = connection.execute("SELECT folded, edges FROM counting").fetchone()
    return int(folded), Edges(*json.loads(said))


def _edges_text(edges: Edges) -> str:
    return json.dumps([edges.seconds, edges.bin_seconds, edges.bin_minutes, edges.kept])
