"""Session files of version 1: read as they are, or written anew in the present format."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress

from console.core.grains import HORIZON_S, HOUR_S, Edges, Packed, ahead_of
from console.effects import session_counts, session_samples
from console.effects.session_counts import PackRow

_TOTALS = "CREATE TABLE totals"


def from_version_1(connection: sqlite3.Connection, version: int) -> None:
    """Bring a file of version 1 to `version` in one transaction; nothing that can be asked is lost."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("ALTER TABLE samples RENAME TO old_samples")
        connection.execute("DROP INDEX samples_at")
        for statement in (session_counts.TABLES + session_samples.TABLES).split(";"):
            if _TOTALS not in statement:  # the one table that is the same in both
                connection.execute(statement)
        connection.execute("INSERT INTO series (track, event) SELECT DISTINCT track, event FROM cells")
        edges = _edges(connection)
        session_counts.start_with(connection, _packs(connection, edges), edges)
        connection.execute("DROP TABLE cells")
        connection.execute(
            "INSERT INTO samples (at, metric, track, value, samples, bad, took_s, error)"
            " SELECT at, metric, track, value, samples, bad, took_s, error FROM old_samples ORDER BY rowid"
        )
        connection.execute("DROP TABLE old_samples")
        session_samples.pack_samples(connection, _last_seen(connection))
        connection.execute(f"PRAGMA user_version={version}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    with suppress(sqlite3.Error):  # where there is no room for it, the room in the file is used again
        connection.execute("VACUUM")


def read_counts(connection: sqlite3.Connection) -> Packed:
    """Return the counters of a file of version 1."""
    edges = _edges(connection)
    series = dict(enumerate(connection.execute("SELECT DISTINCT track, event FROM cells").fetchall()))
    numbers = {name: number for number, name in series.items()}
    rows = (
        (second, numbers[track, event], bin_, n)
        for second, track, event, bin_, n in connection.execute(
            "SELECT * FROM cells WHERE second < ? ORDER BY second", (ahead_of(_last_seen(connection)),)
        )
    )
    return Packed(series, list(session_counts.packs_of(rows, edges)), (), edges)


def _packs(connection: sqlite3.Connection, edges: Edges) -> Iterator[PackRow]:
    rows = connection.execute(
        "SELECT second, id, bin, n FROM cells JOIN series USING (track, event) WHERE second < ? ORDER BY second",
        (ahead_of(_last_seen(connection)),),
    )
    return session_counts.packs_of(rows, edges)


def _edges(connection: sqlite3.Connection) -> Edges:
    """Return from when on a file of version 1 has seconds: it folded them into minutes after two hours."""
    at = _last_seen(connection)
    seconds = -int(-(at - HORIZON_S) // HOUR_S) * HOUR_S
    return Edges(seconds=seconds, bin_seconds=seconds).at(at)


def _last_seen(connection: sqlite3.Connection) -> float:
    found = connection.execute("SELECT value FROM meta WHERE key = 'last_seen'").fetchone()
    return 0.0 if found is None else float(found[0])
