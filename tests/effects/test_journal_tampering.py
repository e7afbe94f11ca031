"""A journal in a real session file is changed by somebody else than a console, and the check finds it each time."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.core.record import GENESIS, Anchor, Record, anchor_of, canonical, chain
from console.core.redact import Redactor
from console.effects.session_file import SessionFile
from console.effects.session_reader import SessionReader
from tests.effects.test_session_upgrade import VERSION_1

AT = 1_795_000_000.25
COUNT = 12
KINDS = ("verdict", "note", "action", "outcome")
many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def record(number: int) -> Record:
    """A record as the console writes it."""
    body = {"metric": "error_rate", "n": number, "é": [None, 1.5, {"deep": True}], "actor": "anna@ops1 (pts/3)"}
    return Record(AT + number, KINDS[number % 4], f"record {number}: ⊘ & <b>", body)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with a journal, closed, so that all of it is in the one file."""
    folder = tmp_path_factory.mktemp("kept")
    with closing(SessionFile.create(folder, Redactor())) as file:
        for number in range(1, COUNT + 1):
            file.commit(records=[record(number)], durable=True)
    return folder


def checked(folder: Path, *anchors: Anchor) -> str:
    """What the check says of a session's folder."""
    with closing(SessionReader.open_read_only(folder)) as reader:
        found = reader.check_journal(anchors)
    return "" if found is None else found.reason


def tampered(kept: Path, change: Callable[[sqlite3.Connection], None], *anchors: Anchor) -> str:
    """What the check says after somebody changed the file."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(kept / "session.db", folder)
        with closing(sqlite3.connect(Path(folder) / "session.db")) as other:
            change(other)
            other.commit()
        return checked(Path(folder), *anchors)


def end_of(kept: Path) -> Anchor:
    with closing(SessionReader.open_read_only(kept)) as reader:
        return reader.journal_end()


def chained_anew(other: sqlite3.Connection, *, note_end: bool = True) -> None:
    """What somebody does who knows how the journal is made: every hash after a change is right again."""
    head = GENESIS
    rows = other.execute("SELECT seq, at, kind, text, body FROM journal ORDER BY seq").fetchall()
    other.execute("DELETE FROM journal")
    for seq, (_, at, kind, text, body) in enumerate(rows, 1):
        head = chain(head, seq, Record(at, kind, text, json.loads(body)))
        other.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", (seq, at, kind, text, body, head))
    if note_end:
        other.execute("UPDATE meta SET value = ? WHERE key = 'journal_head'", (head,))
        other.execute("UPDATE meta SET value = ? WHERE key = 'journal_seq'", (str(len(rows)),))


def test_a_journal_that_nobody_changed_is_whole(kept: Path) -> None:
    assert checked(kept) == ""
    assert checked(kept, end_of(kept)) == ""
    assert tampered(kept, lambda other: None) == ""


VALUES = st.one_of(
    st.floats(allow_nan=False),
    st.integers(-(2**40), 2**40),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.binary(max_size=20),
    st.sampled_from(["{}", "[]", '{"n":1,"n":2}', '{"n": 1}', "NaN", '{"n":1e999}', "[" * 3000, "Infinity"]),
)


@many
@given(
    seq=st.integers(1, COUNT),
    column=st.sampled_from(["seq", "at", "kind", "text", "body", "hash"]),
    value=VALUES,
)
def test_any_field_of_any_record_that_is_changed_is_found(kept: Path, seq: int, column: str, value: object) -> None:
    is_same = False

    def change(other: sqlite3.Connection) -> None:
        nonlocal is_same
        before = other.execute(f"SELECT {column} FROM journal WHERE seq = ?", (seq,)).fetchone()
        try:
            other.execute(f"UPDATE journal SET {column} = ? WHERE seq = ?", (value, seq))
        except sqlite3.Error:
            is_same = True
            return
        after = other.execute(f"SELECT {column} FROM journal WHERE rowid = ?", (seq,)).fetchone()
        is_same = before == after and type(before[0]) is type((after or (None,))[0])

    assert (tampered(kept, change) == "") == is_same


@many
@given(
    seq=st.integers(1, COUNT),
    place=st.integers(0, 10_000),
    bit=st.integers(0, 7),
    column=st.sampled_from(["text", "body", "kind"]),
)
def test_one_bit_of_a_text_that_is_changed_is_found(kept: Path, seq: int, place: int, bit: int, column: str) -> None:
    def change(other: sqlite3.Connection) -> None:
        (text,) = other.execute(f"SELECT {column} FROM journal WHERE seq = ?", (seq,)).fetchone()
        raw = bytearray(text.encode())
        raw[place % len(raw)] ^= 1 << bit
        other.execute(f"UPDATE journal SET {column} = CAST(? AS TEXT) WHERE seq = ?", (bytes(raw), seq))

    assert tampered(kept, change) == f"record {seq} was changed"


@many
@given(gone=st.sets(st.integers(1, COUNT), min_size=1))
def test_any_records_that_are_removed_are_found(kept: Path, gone: set[int]) -> None:
    def change(other: sqlite3.Connection) -> None:
        other.executemany("DELETE FROM journal WHERE seq = ?", [(seq,) for seq in gone])

    left = set(range(1, COUNT + 1)) - gone
    first = min(gone)
    is_tail = first > max(left, default=0)
    assert tampered(kept, change) == (
        f"records after {first - 1} were removed" if is_tail else f"record {first} was removed"
    )


@many
@given(order=st.permutations(range(1, COUNT + 1)), keeps_hashes=st.booleans())
def test_any_other_order_is_found(kept: Path, order: list[int], keeps_hashes: bool) -> None:
    columns = "at, kind, text, body" if keeps_hashes else "at, kind, text, body, hash"

    def change(other: sqlite3.Connection) -> None:
        rows = other.execute(f"SELECT {columns} FROM journal ORDER BY seq").fetchall()
        sets = ", ".join(f"{column.strip()} = ?" for column in columns.split(","))
        for seq, taken in enumerate(order, 1):
            other.execute(f"UPDATE journal SET {sets} WHERE seq = ?", (*rows[taken - 1], seq))

    assert (tampered(kept, change) == "") == (order == sorted(order))


@many
@given(after=st.integers(0, COUNT), is_chained=st.booleans())
def test_a_record_that_is_put_in_between_is_found(kept: Path, after: int, is_chained: bool) -> None:
    made = Record(AT + after, "note", "I was always here", {"actor": "mallory@ops9"})

    def change(other: sqlite3.Connection) -> None:
        head = GENESIS
        if after:
            (head,) = other.execute("SELECT hash FROM journal WHERE seq = ?", (after,)).fetchone()
        for seq in range(COUNT, after, -1):
            other.execute("UPDATE journal SET seq = seq + 1 WHERE seq = ?", (seq,))
        hash_ = chain(head, after + 1, made) if is_chained else "f" * 64
        row = (after + 1, made.at, made.kind, made.text, canonical(made.body), hash_)
        other.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", row)

    found = tampered(kept, change)

    assert found != ""
    if is_chained and after == COUNT:
        assert found == f"records after {COUNT} were added by something else than a console"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("journal_seq", "7"),
        ("journal_seq", "many"),
        ("journal_seq", "99"),
        ("journal_head", "0" * 64),
        ("journal_head", ""),
    ],
)
def test_a_changed_note_of_where_the_journal_ends_is_found(kept: Path, key: str, value: str) -> None:
    def change(other: sqlite3.Connection) -> None:
        other.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))

    assert tampered(kept, change) != ""


@many
@given(changes=st.sampled_from(["cut", "first", "edit", "all"]), at=st.integers(2, COUNT - 1))
def test_a_journal_that_is_chained_anew_passes_alone_and_not_beside_an_anchor(
    kept: Path, changes: str, at: int
) -> None:
    statement = {
        "cut": f"DELETE FROM journal WHERE seq >= {at}",
        "first": f"DELETE FROM journal WHERE seq < {at}",
        "edit": f"UPDATE journal SET text = 'all was well' WHERE seq = {at}",
        "all": "DELETE FROM journal",
    }[changes]

    def change(other: sqlite3.Connection) -> None:
        other.execute(statement)
        chained_anew(other)

    noted = end_of(kept)
    assert tampered(kept, change) == ""  # what a chain cannot prove: the docs say so
    assert tampered(kept, change, noted) != ""
    assert tampered(kept, change, anchor_of(noted.hash)) != ""


def test_an_anchor_from_before_the_newest_record_stands_for_what_was_before_it(kept: Path) -> None:
    with closing(SessionReader.open_read_only(kept)) as reader:
        rows = reader.records()
    early = Anchor(rows[4].hash, 5)

    def edit_after(other: sqlite3.Connection) -> None:
        other.execute("UPDATE journal SET text = 'all was well' WHERE seq = 9")
        chained_anew(other)

    def edit_before(other: sqlite3.Connection) -> None:
        other.execute("UPDATE journal SET text = 'all was well' WHERE seq = 3")
        chained_anew(other)

    assert checked(kept, early) == ""
    assert tampered(kept, edit_after, early) == ""
    assert tampered(kept, edit_before, early).startswith("record 5 is not the one of the anchor")


@many
@given(cut=st.integers(0, 40_000), is_torn=st.booleans())
def test_a_last_write_that_was_torn_is_no_tampering(
    tmp_path_factory: pytest.TempPathFactory, cut: int, is_torn: bool
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    with closing(SessionFile.create(folder, Redactor())) as file:
        for number in range(1, COUNT + 1):
            file.commit(records=[record(number)], durable=True)
        crashed = tmp_path_factory.mktemp("crashed")  # as the disk is when the console is gone without a word
        shutil.copy(folder / "session.db", crashed)
        log = (folder / "session.db-wal").read_bytes()
    cut %= len(log) + 1
    torn = bytes(reversed(log[cut : cut + 700])) if is_torn else b""
    (crashed / "session.db-wal").write_bytes(log[:cut] + torn)
    if not (crashed / "session.db").stat().st_size:
        return  # nothing of it had reached the file: there is no session

    try:
        with closing(SessionFile.open(crashed, Redactor())) as again:
            assert again.check_journal() is None
            again.commit(records=[record(99)])
            assert again.check_journal() is None
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(crashed)


def test_a_console_that_is_killed_while_it_writes_leaves_a_whole_journal(tmp_path: Path) -> None:
    code = """
        import os, signal, sys, threading, time
        from pathlib import Path
        from console.core.record import Record
        from console.core.redact import Redactor
        from console.effects.session_file import SessionFile
        file = SessionFile.create(Path(sys.argv[1]), Redactor())
        for number in range(100_000):
            file.commit(records=[Record(1.0 + number, "note", "x" * (number % 5000), {"n": number})])
            if number == 50:
                print("writing", flush=True)
    """
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        command = [sys.executable, "-c", textwrap.dedent(code), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            process.kill()

        assert checked(folder) == ""
        with closing(SessionReader.open_read_only(folder)) as reader:
            assert reader.journal_end().seq > 50  # type: ignore[operator]


FIRST = "d4114940d745d59f0177fb884124b6c2a037091d9ed38c73a928c9ac74d40a52"
"""The hash that the first version gave the record below."""


def test_an_old_session_has_the_chain_that_it_was_written_with(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "session.db")) as old:
        old.executescript(VERSION_1)
        old.execute("PRAGMA application_id=0x524F4C43")
        old.execute("PRAGMA user_version=1")
        ends = [("journal_seq", "1"), ("journal_head", FIRST), ("last_seen", "1795000000.0")]
        old.executemany("INSERT INTO meta VALUES (?, ?)", ends)
        body = '{"a":"x","b":[null,1.5]}'
        old.execute("INSERT INTO journal VALUES (1, ?, 'note', 'é', ?, ?)", (1_795_000_000.0, body, FIRST))
        old.commit()

    assert checked(tmp_path, Anchor(FIRST, 1)) == ""
    with closing(SessionFile.open(tmp_path, Redactor())) as file:
        file.commit(records=[record(2)])
        assert file.check_journal([Anchor(FIRST)]) is None
