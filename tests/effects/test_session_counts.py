"""Counters in the file answer as those in memory do, however they were folded, and in a bounded room."""

import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.core import series
from console.core.counts import Cell, LinesCounted
from console.core.grains import HOUR_S, MINUTE_S, Grain
from console.core.redact import Redactor
from console.core.rollup import Rollup
from console.effects import session_counts
from console.effects.session_file import SessionFile
from console.effects.session_reader import SessionReader
from tests.effects.test_session_file import committed

NOW = 1_800_000_000
DAY_S = 24 * HOUR_S

seconds = st.one_of(
    st.integers(NOW - 300, NOW + 100),
    st.integers(NOW - 4 * HOUR_S, NOW),
    st.integers(NOW - 10 * DAY_S, NOW + 2 * DAY_S),
)
batches = st.dictionaries(
    st.builds(
        Cell,
        second=seconds,
        track=st.sampled_from(["canary", "baseline"]),
        event=st.sampled_from(["", "a"]),
        bin=st.sampled_from([0, 0, 0, 50_000, 50_001, -50_000]),
    ),
    st.integers(1, 1_000_000),
    max_size=20,
)
steps = st.lists(st.one_of(batches, st.sampled_from(["fold", "reopen", "wait"])), max_size=12)


def stretch(number: int, counts: Mapping[Cell, int], at: float) -> LinesCounted:
    return LinesCounted(at, "app", "c1", "", "app-1", "", number - 1, number, 1, 0, counts, {})


def restored(stored_by: SessionReader, at: float) -> Rollup:
    stored = stored_by.load()
    rollup = Rollup()
    rollup.restore(stored.counts, stored.totals, at=at)
    return rollup


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, edges=st.lists(seconds, min_size=2, max_size=6), pause=st.integers(60, 3 * HOUR_S))
def test_what_is_taken_up_again_answers_as_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[Cell, int] | str], edges: list[int], pause: int
) -> None:
    folder, at, number = tmp_path_factory.mktemp("s"), float(NOW), count()
    memory = Rollup()
    memory.prune(at)
    session = SessionFile.create(folder, Redactor())
    for step in steps:
        if step == "fold":
            session.fold(at)
        elif step == "reopen":
            session.close()
            session = SessionFile.open(folder, Redactor())
        elif step == "wait":
            at += pause
            memory.prune(at)
            session.fold(at)
        elif isinstance(step, dict):
            memory.add(step, at=at)
            committed(session.commit(counted=[stretch(next(number), step, at)]))

    with closing(session):
        after = restored(session, at)

    assert after.totals() == memory.totals()
    for since in edges:
        for until in edges:
            assert after.count(None, "a", since=since, until=until) == memory.count(None, "a", since=since, until=until)
            assert after.bins(None, "a", since=since, until=until) == memory.bins(None, "a", since=since, until=until)
    assert dict(after.cells(0)) == dict(memory.cells(0))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_who_reads_on_sees_what_a_new_reader_sees(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[Cell, int] | str]
) -> None:
    folder, number = tmp_path_factory.mktemp("s"), count()
    onlooker, known = Rollup(), None
    with (
        closing(SessionFile.create(folder, Redactor())) as session,
        closing(SessionReader.open_read_only(folder)) as reader,
    ):
        for step in steps:
            if isinstance(step, dict):
                committed(session.commit(counted=[stretch(next(number), step, NOW)]))
            elif step == "wait":
                stored = reader.load(known)
                known = stored.known
                onlooker = Rollup() if stored.is_whole else onlooker
                onlooker.restore(stored.counts, stored.totals, at=NOW)
            else:
                session.fold(NOW)
        stored = reader.load(known)
        onlooker = Rollup() if stored.is_whole else onlooker
        onlooker.restore(stored.counts, stored.totals, at=NOW)

        assert onlooker.totals() == restored(reader, NOW).totals()
        assert dict(onlooker.cells(0)) == dict(restored(reader, NOW).cells(0))


def test_a_line_too_far_ahead_when_it_was_read_is_in_the_totals_only_however_late_it_is_folded(tmp_path: Path) -> None:
    cell = Cell(NOW + DAY_S + HOUR_S, "canary", "a")
    with closing(SessionFile.create(tmp_path, Redactor())) as session:
        committed(session.commit(counted=[stretch(0, {cell: 1}, NOW)]))
        session.fold(NOW + 2 * HOUR_S)

        after = restored(session, NOW + 2 * HOUR_S)

    assert after.totals() == {("canary", "a"): 1}
    assert not dict(after.cells(0))


def test_who_looks_every_second_reads_everything_only_once(tmp_path: Path) -> None:
    with closing(SessionFile.create(tmp_path, Redactor())) as session:
        known, wholes = None, 0
        for second in range(300):
            counts = {Cell(NOW + second, "canary", "a"): 1}
            committed(session.commit(counted=[stretch(second, counts, NOW + second)]))
            stored = session.load(known)
            known, wholes = stored.known, wholes + stored.is_whole

        assert wholes == 1


def rows_of(session: SessionFile) -> dict[str, int]:
    tables = ("added", "packs", "samples", "journal", "labels")
    return {table: session._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def test_counts_of_weeks_take_no_more_room_than_those_of_eight_days(tmp_path: Path) -> None:
    rng = random.Random(1)
    rows = {}
    with closing(SessionFile.create(tmp_path, Redactor())) as session:
        for number, minute in enumerate(range(0, 20 * 24 * 60, 30)):
            at = NOW + minute * MINUTE_S
            counts = {Cell(at + rng.randrange(60), "canary", "a", rng.choice([0, 50_000])): 1 for _ in range(5)}
            committed(session.commit(counted=[stretch(number, counts, at + 60)]))
            if minute % DAY_S == 0:
                session.fold(at)
            rows[minute // (24 * 60)] = rows_of(session)

    assert rows[19]["packs"] <= rows[9]["packs"] * 1.1
    assert rows[19]["added"] <= 4


def test_numbers_spread_over_everything_are_kept_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "BUCKETS_KEPT", 200)
    monkeypatch.setattr(session_counts, "BIN_SECONDS_BYTES", 20_000)
    monkeypatch.setattr(session_counts, "BIN_MINUTES_BYTES", 50_000)
    rng, total, began = random.Random(1), 0, NOW - NOW % HOUR_S
    with closing(SessionFile.create(tmp_path, Redactor())) as session:
        for minute in range(4 * 60):
            at = began + minute * MINUTE_S
            counts = {Cell(at + rng.randrange(60), "", "a", rng.randrange(15_000, 85_000)): 1 for _ in range(300)}
            total += len(counts)
            committed(session.commit(counted=[stretch(minute, counts, at + 60)]))
        session.fold(at + 60)
        sizes = dict(session._connection.execute("SELECT grain, sum(length(data)) FROM packs GROUP BY grain"))
        after = restored(session, at + 60)

    assert sizes[Grain.BIN_SECONDS] < 20_000
    assert sizes[Grain.BIN_MINUTES] < 2 * 60 * 200 * 5
    assert sizes[Grain.BIN_HOURS] < 4 * 200 * 6
    assert sum(after.bins("", "a", since=NOW - DAY_S, until=NOW + DAY_S).values()) == total
    whole_hour = after.bins("", "a", since=began, until=began + HOUR_S)
    assert whole_hour == after.bins("", "a", since=began + 7, until=began + HOUR_S + 7), "rounded down, not lost"
    assert sum(after.bins("", "a", since=at, until=at + 60).values()) == len(counts)


def test_a_clock_that_was_far_ahead_for_a_moment_blinds_nothing(tmp_path: Path) -> None:
    with closing(SessionFile.create(tmp_path, Redactor())) as session:
        session.fold(NOW + 400 * DAY_S)
        counts = {Cell(NOW, "", "a"): 1, Cell(NOW, "", "a", 50_000): 1}
        committed(session.commit(counted=[stretch(0, counts, NOW)]))
        session.fold(NOW)

        after = restored(session, NOW)

    assert after.count("", "a", since=NOW, until=NOW + 1) == 1
    assert after.bins("", "a", since=NOW, until=NOW + 1) == {50_000: 1}


def test_a_fold_that_finds_no_room_is_made_later(tmp_path: Path) -> None:
    with closing(SessionFile.create(tmp_path, Redactor())) as session:
        committed(session.commit(counted=[stretch(0, {Cell(NOW, "", "a"): 3}, NOW)]))
        session._connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON packs BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        committed(session.commit(counted=[stretch(1, {Cell(NOW + 90, "", "b"): 4}, NOW + 90)]))
        with pytest.raises(sqlite3.Error, match="no room"):
            session.fold(NOW + 90)
        assert restored(session, NOW).totals() == {("", "a"): 3, ("", "b"): 4}
        session._connection.execute("DROP TRIGGER no")

        session.fold(NOW + 90)
        committed(session.commit(counted=[stretch(2, {Cell(NOW + 91, "", "c"): 5}, NOW + 91)]))

        after = restored(session, NOW + 91)
        assert after.totals() == {("", "a"): 3, ("", "b"): 4, ("", "c"): 5}
        assert [after.count("", event, since=NOW, until=NOW + 92) for event in "abc"] == [3, 4, 5]
