"""A session of version 1 is read as it is, and taken over whole when it is opened for writing."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from console.core.counts import Cell, LabelCell
from console.core.grains import HOUR_S, MINUTE_S
from console.core.inputs import Reading, SampleFailed, SampleTaken
from console.core.record import Record
from console.core.redact import Redactor
from console.core.rollup import Rollup
from console.effects import session_upgrade
from console.effects.session_file import SessionFile
from console.effects.session_reader import SessionReader, Stored
from tests.effects.test_session_file import committed, stretch

NOW = 1_795_000_000
VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, body TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TABLE positions (
    source TEXT NOT NULL, origin TEXT NOT NULL, stream TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (source, origin, stream)
) WITHOUT ROWID;
CREATE TABLE cells (
    second INTEGER NOT NULL, track TEXT NOT NULL, event TEXT NOT NULL, bin INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (second, track, event, bin)
) WITHOUT ROWID;
CREATE TABLE totals (
    track TEXT NOT NULL, event TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (track, event)
) WITHOUT ROWID;
CREATE TABLE lines (source TEXT PRIMARY KEY, lines INTEGER NOT NULL, unclassified INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE labels (
    track TEXT NOT NULL, event TEXT NOT NULL, label TEXT NOT NULL, value TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (track, event, label, value)
) WITHOUT ROWID;
CREATE TABLE samples (
    at REAL NOT NULL, metric TEXT NOT NULL, track TEXT NOT NULL, value REAL, samples INTEGER, bad INTEGER,
    took_s REAL NOT NULL, error TEXT
);
CREATE INDEX samples_at ON samples (at);
CREATE TABLE docs (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
"""


@pytest.fixture
def cells() -> dict[Cell, int]:
    """Three days of counts as version 1 kept them: by the second for two hours, by the minute before that."""
    rng, found = random.Random(1), {}
    edge = (NOW - 2 * HOUR_S) // MINUTE_S * MINUTE_S
    for _ in range(3000):
        second = NOW - int(rng.random() ** 3 * 3 * 24 * HOUR_S)
        second = second if second >= edge else second - second % MINUTE_S
        found[Cell(second, rng.choice(["canary", "baseline"]), "fsm", rng.choice([0, 0, 50_000, 50_001]))] = 3
    return found


@pytest.fixture
def folder(tmp_path: Path, cells: dict[Cell, int]) -> Path:
    """A session of version 1."""
    with closing(sqlite3.connect(tmp_path / "session.db", isolation_level=None)) as old:
        old.executescript(VERSION_1)
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("PRAGMA application_id=0x524F4C43")
        old.execute("PRAGMA user_version=1")
        old.execute("BEGIN")
        old.executemany("INSERT INTO meta VALUES (?, ?)", [("last_seen", repr(float(NOW))), ("journal_seq", "0")])
        old.executemany(
            "INSERT INTO cells VALUES (?, ?, ?, ?, ?)",
            [(cell.second, cell.track, cell.event, cell.bin, n) for cell, n in cells.items()],
        )
        old.execute("INSERT INTO totals VALUES ('canary', 'fsm', 70000)")
        old.execute("INSERT INTO lines VALUES ('app', 90000, 10000)")
        old.execute("INSERT INTO labels VALUES ('canary', 'fsm', 'from', 'A', 5)")
        old.execute("INSERT INTO positions VALUES ('app', 'c1', 'stdout', 10)")
        old.execute("INSERT INTO docs VALUES ('phase', '{}')")
        for minute in range(600):
            at = float(NOW - 60 * minute)
            old.execute("INSERT INTO samples VALUES (?, 'rate', 'canary', 2.5, 100, 3, 0.1, NULL)", (at,))
            old.execute("INSERT INTO samples VALUES (?, 'rate', 'baseline', NULL, NULL, NULL, 0.1, NULL)", (at,))
            old.execute("INSERT INTO samples VALUES (?, 'p95', '', NULL, NULL, NULL, 5.0, 'timed out')", (at,))
        old.execute("COMMIT")
    return tmp_path


def check(stored: Stored, cells: dict[Cell, int]) -> None:
    """Everything is there, and windows answer as they did."""
    rollup = Rollup()
    rollup.restore(stored.counts, stored.totals, at=NOW)
    hour = NOW - NOW % HOUR_S
    edges = [hour - 60 * HOUR_S, hour - 20 * HOUR_S, hour - 7 * HOUR_S, hour - 600, NOW - 301, NOW - 17, NOW + 1]
    for track in ("canary", "baseline"):
        for since in edges:
            for until in [edge for edge in edges if edge > since]:
                known = [(cell, n) for cell, n in cells.items() if cell.track == track and since <= cell.second < until]
                count = rollup.count(track, "fsm", since=since, until=until)
                assert count == sum(n for cell, n in known if cell.bin == 0)
                bins = rollup.bins(track, "fsm", since=since, until=until)
                assert sum(bins.values()) == sum(n for cell, n in known if cell.bin != 0)
    assert stored.totals == {("canary", "fsm"): 70_000}
    assert (stored.lines, stored.unclassified) == ({"app": 90_000}, {"app": 10_000})
    assert stored.labels == {LabelCell("canary", "fsm", "from", "A"): 5}
    assert stored.positions == {("app", "c1", "stdout"): 10}
    assert stored.docs == {"phase": "{}"}


def check_samples(file: SessionReader) -> None:
    both = (Reading("canary", 2.5, 100, 3), Reading("baseline", None))
    taken = [SampleTaken(float(NOW - 60 * minute), "rate", both, 0.1) for minute in range(600)]
    failed = [SampleFailed(float(NOW - 60 * minute), "p95", "timed out", 5.0) for minute in range(600)]
    found = file.samples()
    assert sorted((one for one in found if one.metric == "rate"), key=lambda one: -one.at) == taken
    assert sorted((one for one in found if one.metric == "p95"), key=lambda one: -one.at) == failed
    assert len(file.history()["rate", "canary"]) == 600


def test_a_session_of_version_1_is_read_as_it_is(folder: Path, cells: dict[Cell, int]) -> None:
    before = (folder / "session.db").read_bytes()

    with closing(SessionReader.open_read_only(folder)) as reader:
        check(reader.load(), cells)
        check_samples(reader)

    assert (folder / "session.db").read_bytes() == before


def test_a_session_of_version_1_is_taken_over_and_goes_on(folder: Path, cells: dict[Cell, int]) -> None:
    with closing(SessionFile.open(folder, Redactor())) as session:
        check(session.load(), cells)
        check_samples(session)
        committed(session.commit(counted=[stretch(10, 12, second=NOW)], records=[Record(NOW, "note", "a")]))
        assert session.load().totals == {("canary", "fsm"): 70_002}

    with closing(SessionFile.open(folder, Redactor())) as again:
        assert again.load().totals == {("canary", "fsm"): 70_002}
        assert again._connection.execute("PRAGMA user_version").fetchone() == (2,)
        tables = {row[0] for row in again._connection.execute("SELECT name FROM sqlite_schema")}
        assert not tables & {"cells", "old_samples", "samples_at"}


def test_who_looks_on_is_not_disturbed_when_a_session_is_taken_over(folder: Path, cells: dict[Cell, int]) -> None:
    with closing(SessionReader.open_read_only(folder)) as reader:
        known = reader.load().known
        with closing(SessionFile.open(folder, Redactor())):
            stored = reader.load(known)

        assert stored.is_whole
        check(stored, cells)


def test_a_takeover_that_broke_off_leaves_the_session_as_it_was(
    folder: Path, cells: dict[Cell, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(session_upgrade.session_samples, "pack_samples", fail)
        with pytest.raises(Exception, match="disk is full"):
            SessionFile.open(folder, Redactor())

    with closing(SessionReader.open_read_only(folder)) as reader:
        assert reader._is_old
        check(reader.load(), cells)
    with closing(SessionFile.open(folder, Redactor())) as session:
        check(session.load(), cells)
