import json
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console.core.classify import LABEL_LIMIT, OTHER
from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.inputs import Reading, SampleFailed, SampleTaken
from console.core.record import Anchor, Record
from console.core.redact import REDACTED, Redactor
from console.core.rollup import Rollup
from console.effects.session_file import Committed, SessionFile
from console.effects.session_reader import SessionReader, Stored
from console.effects.session_schema import WAL_BYTES, SessionDamaged, SessionUnreadable, StoreFailed

AT = 1_795_000_000.0


def stretch(
    after: int, upto: int, *, second: int = int(AT), n: int | None = None, stream: str = "stdout"
) -> LinesCounted:
    lines = upto - max(after, 0) if n is None else n
    return LinesCounted(
        at=AT,
        source="app",
        origin="c1",
        stream=stream,
        name="app-1",
        track="canary",
        after=after,
        upto=upto,
        lines=lines,
        unclassified=1,
        counts={Cell(second, "canary", "fsm"): lines, Cell(second, "canary", "fsm", 7): 2},
        labels={LabelCell("canary", "fsm", "from", "A"): lines},
    )


@pytest.fixture
def session(tmp_path: Path) -> Iterator[SessionFile]:
    with closing(SessionFile.create(tmp_path / "s", Redactor(["hunter2"]))) as file:
        yield file


def cells_of(stored: Stored, at: float = AT) -> dict[Cell, int]:
    """What a console that takes the session up counts with."""
    rollup = Rollup()
    rollup.restore(stored.counts, stored.totals, at=at)
    return dict(rollup.cells(0))


def committed(answer: Committed | StoreFailed) -> Committed:
    assert isinstance(answer, Committed), answer
    return answer


def test_what_was_committed_is_loaded(session: SessionFile) -> None:
    committed(session.commit(counted=[stretch(-1, 10), stretch(10, 25)], docs={"phase": '{"index":1}'}))
    committed(session.commit(counted=[stretch(-1, 3, stream="stderr")]))

    stored = session.load()

    assert stored.positions == {("app", "c1", "stdout"): 25, ("app", "c1", "stderr"): 3}
    assert cells_of(stored) == {Cell(int(AT), "canary", "fsm"): 28, Cell(int(AT), "canary", "fsm", 7): 6}
    assert stored.totals == {("canary", "fsm"): 28}
    assert (stored.lines, stored.unclassified) == ({"app": 28}, {"app": 3})
    assert stored.labels == {LabelCell("canary", "fsm", "from", "A"): 28}
    assert stored.docs == {"phase": '{"index":1}'}
    assert stored.last_seen == AT


def test_lines_delivered_twice_are_counted_once(session: SessionFile) -> None:
    committed(session.commit(counted=[stretch(-1, 10)]))

    again = committed(session.commit(counted=[stretch(-1, 10), stretch(3, 8), stretch(10, 12)]))

    assert again.skipped == 2
    assert session.load().totals == {("canary", "fsm"): 12}


@pytest.mark.parametrize(("after", "upto", "how"), [(5, 15, "overlaps"), (12, 20, "leaves out"), (-1, 11, "overlaps")])
def test_lines_that_do_not_follow_are_refused_with_everything_beside_them(
    session: SessionFile, after: int, upto: int, how: str
) -> None:
    committed(session.commit(counted=[stretch(-1, 10)]))

    refused = session.commit(
        counted=[stretch(-1, 4, stream="stderr"), stretch(after, upto)], records=[Record(AT, "note", "n")]
    )

    assert isinstance(refused, StoreFailed)
    assert refused.kind == "refused"
    assert how in refused.reason
    assert session.load().positions == {("app", "c1", "stdout"): 10}
    assert session.records() == []


def test_records_form_a_chain_that_shows_tampering(session: SessionFile, tmp_path: Path) -> None:
    for number in range(5):
        last = committed(session.commit(records=[Record(AT + number, "note", f"note {number}", {"n": number})]))

    assert last.seq == 5
    assert session.journal_end() == Anchor(last.head, 5)
    assert [row.record.text for row in session.newest_records(2)] == ["note 3", "note 4"]
    assert [row.seq for row in session.records(after=1, limit=2)] == [2, 3]
    assert session.check_journal() is None
    with closing(sqlite3.connect(tmp_path / "s" / "session.db")) as other:
        other.execute("UPDATE journal SET text = 'nothing happened' WHERE seq = 3")
        other.commit()
    found = session.check_journal()
    assert found is not None
    assert found.seq == 3


def test_a_removed_tail_shows(session: SessionFile, tmp_path: Path) -> None:
    session.commit(records=[Record(AT, "note", "a"), Record(AT, "note", "b")])
    with closing(sqlite3.connect(tmp_path / "s" / "session.db")) as other:
        other.execute("DELETE FROM journal WHERE seq = 2")
        other.commit()

    found = session.check_journal()

    assert found is not None
    assert found.reason == "records after 1 were removed"


def test_the_chain_goes_on_after_opening_again(session: SessionFile, tmp_path: Path) -> None:
    session.commit(records=[Record(AT, "note", "a")])
    session.close()

    with closing(SessionFile.open(tmp_path / "s", Redactor())) as again:
        again.commit(records=[Record(AT, "note", "b")])

        assert [row.seq for row in again.records()] == [1, 2]
        assert again.check_journal() is None


def test_samples_come_back_as_they_were(session: SessionFile) -> None:
    taken = SampleTaken(AT, "rate", (Reading("canary", 2.5, 100, 3), Reading("baseline", None)), 0.1)
    failed = SampleFailed(AT + 1, "rate", "timed out", 5.0)
    empty = SampleTaken(AT + 2, "table", (), 0.2)

    session.commit(samples=[taken, failed, empty])

    assert session.samples() == [taken, failed, SampleTaken(AT + 2, "table", (Reading("", None),), 0.2)]
    assert session.samples(since=AT + 1)[0] == failed


def test_no_secret_reaches_the_file(session: SessionFile, tmp_path: Path) -> None:
    session.commit(
        records=[Record(AT, "note", "dsn postgres://u:hunter2@h/d", {"why": ["hunter2"]})],
        docs={"state": '{"reason":"got hunter2","n":1.5}'},
        samples=[SampleFailed(AT, "rate", "password authentication failed: hunter2", 1.0)],
        counted=[
            LinesCounted(AT, "app", "c", "o", "n", "", -1, 1, 1, 0, {}, {LabelCell("", "e", "token", "hunter2"): 1})
        ],
        durable=True,
    )
    session.close()

    everything = b"".join(path.read_bytes() for path in (tmp_path / "s").iterdir())
    assert b"hunter2" not in everything
    assert REDACTED.encode() in everything


def test_text_that_sqlite_cannot_store_is_escaped(session: SessionFile) -> None:
    committed(session.commit(records=[Record(AT, "note", "a\udce9b\0c", {"x": "\ud800"})]))

    assert session.newest_records(1)[0].record.text == "a\\udce9b\0c"
    assert session.check_journal() is None


def test_only_the_owner_may_read_the_session(tmp_path: Path) -> None:
    folder = tmp_path / "made"

    with closing(SessionFile.create(folder, Redactor())) as session:
        session.commit(records=[Record(AT, "note", "a")])

        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_session_is_made_once(session: SessionFile, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        SessionFile.create(tmp_path / "s", Redactor())


def test_a_reader_sees_what_is_committed_while_the_writer_goes_on(session: SessionFile, tmp_path: Path) -> None:
    session.commit(counted=[stretch(-1, 10)])

    with closing(SessionReader.open_read_only(tmp_path / "s")) as reader:
        assert reader.load().totals == {("canary", "fsm"): 10}
        committed(session.commit(counted=[stretch(10, 30)]))
        assert reader.load().totals == {("canary", "fsm"): 30}
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._connection.execute("DELETE FROM journal")


def test_a_damaged_file_is_moved_aside_and_never_used(session: SessionFile, tmp_path: Path) -> None:
    session.commit(counted=[stretch(-1, 10, second=int(AT) + n) for n in range(1)])
    session.close()
    path = tmp_path / "s" / "session.db"
    raw = bytearray(path.read_bytes())
    raw[4096 : 4096 * 6] = os.urandom(4096 * 5)
    path.write_bytes(raw)

    with pytest.raises(SessionDamaged, match="damaged") as caught:
        SessionFile.open(tmp_path / "s", Redactor())

    assert caught.value.kept.read_bytes() == bytes(raw)
    assert not path.exists()
    with closing(SessionFile.create(tmp_path / "s", Redactor())) as anew:
        assert anew.load().positions == {}


def test_a_file_that_is_no_database_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "session.db").write_bytes(b"not a database" * 1000)

    with pytest.raises(SessionDamaged, match=r"session\.db\.damaged-1"):
        SessionFile.open(tmp_path, Redactor())


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "session.db")) as other:
        other.execute("CREATE TABLE t (a)")

    with pytest.raises(SessionUnreadable, match="no session of rollout-console"):
        SessionFile.open(tmp_path, Redactor())

    assert (tmp_path / "session.db").exists()


def test_a_newer_format_is_left_alone(session: SessionFile, tmp_path: Path) -> None:
    session._connection.execute("PRAGMA user_version=99")
    session.close()

    with pytest.raises(SessionUnreadable, match="newer rollout-console"):
        SessionFile.open(tmp_path / "s", Redactor())


def test_a_crash_while_the_file_was_made_leaves_one_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "session.db").touch()

    with closing(SessionFile.open(tmp_path, Redactor())) as session:
        committed(session.commit(counted=[stretch(-1, 10)]))


def test_a_session_that_was_deleted_under_the_console_is_an_error_not_a_silence(
    session: SessionFile, tmp_path: Path
) -> None:
    (tmp_path / "s" / "session.db").unlink()

    failed = session.commit(counted=[stretch(-1, 10)])

    assert isinstance(failed, StoreFailed)
    assert failed.kind == "gone"


def test_what_is_old_is_kept_by_the_minute_and_forgotten_after_eight_days(session: SessionFile) -> None:
    start = int(AT) // 60 * 60
    days = 8 * 86400
    session.commit(counted=[stretch(-1, 1, second=start - days - 3600, n=5)])
    session.commit(counted=[stretch(1, 2, second=start - 20_000, n=3), stretch(2, 3, second=start - 19_999, n=4)])
    session.commit(counted=[stretch(3, 4, second=start - 61, n=2)])
    before = session.load()

    session.fold(AT)

    after = session.load()
    old = (start - 20_000) // 60 * 60
    assert {cell.second: n for cell, n in cells_of(after).items() if cell.bin == 0} == {old: 7, start - 61: 2}
    assert after.totals == before.totals == {("canary", "fsm"): 14}
    session.fold(AT)
    assert cells_of(session.load()) == cells_of(after)


def test_the_positions_of_what_never_comes_again_are_forgotten(session: SessionFile) -> None:
    session.commit(counted=[stretch(-1, 10), stretch(-1, 3, stream="stderr")])

    committed(session.commit(gone=[("app", "c1")]))

    assert session.load().positions == {}
    assert session.load().totals == {("canary", "fsm"): 13}


def test_values_of_a_label_over_the_limit_are_counted_as_other(session: SessionFile, tmp_path: Path) -> None:
    def labelled(after: int, values: Iterable[str]) -> LinesCounted:
        labels = {LabelCell("canary", "fsm", "tool", value): 2 for value in values}
        return LinesCounted(AT, "app", "c1", "o", "n", "", after, after + 1, 1, 0, {}, labels)

    committed(session.commit(counted=[labelled(-1, (f"v{n}" for n in range(LABEL_LIMIT + 20)))]))
    session.close()
    with closing(SessionFile.open(tmp_path / "s", Redactor())) as again:
        committed(again.commit(counted=[labelled(0, ("v3", "late", "later"))]))
        labels = {cell.value: n for cell, n in again.load().labels.items()}

    assert len(labels) == LABEL_LIMIT + 1
    assert (labels["v3"], labels[OTHER]) == (4, 44)
    assert sum(labels.values()) == 2 * (LABEL_LIMIT + 20 + 3)


def test_the_log_beside_the_file_stays_short(session: SessionFile, tmp_path: Path) -> None:
    with closing(SessionReader.open_read_only(tmp_path / "s")) as reader:
        for number in range(400):
            committed(session.commit(counted=[stretch(number - 1, number)], docs={"big": json.dumps("x" * 100_000)}))
            reader.load()

    assert (tmp_path / "s" / "session.db-wal").stat().st_size <= WAL_BYTES


def test_lines_after_refused_ones_are_taken_in_every_stream_of_the_commit(session: SessionFile) -> None:
    session.commit(counted=[stretch(-1, 10), stretch(-1, 10, stream="stderr")])

    answers = [
        session.commit(counted=given)
        for given in (
            [stretch(20, 30), stretch(10, 20, stream="stderr")],
            [stretch(30, 40), stretch(20, 30, stream="stderr")],
            [stretch(40, 50)],
        )
    ]

    assert [type(answer) for answer in answers] == [StoreFailed, Committed, Committed]
    assert sorted(session.load().positions.values()) == [30, 50]
