"""`rollout-console journal`: printing, filtering and checking, with its exit codes."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from console.cli import main
from console.core.record import GENESIS, JournalRow, Record, chain, check_chain
from console.core.redact import Redactor
from console.effects.session_file import SessionFile
from console.effects.sessions import STATE_VARIABLE, Session, create_session

AT = 1_795_219_200.0  # 2026-11-21 00:00:00 UTC
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    file = tmp_path / "rollout.yaml"
    file.write_text("rollout: shop\n")
    made = create_session(tmp_path / "state", "shop", title="Shop", file=file, at=AT)
    with closing(SessionFile.create(made.folder, Redactor())) as kept:
        kept.commit(
            records=[
                Record(AT, "session", "begun by anna@ops1 (pts/3)", {"actor": "anna@ops1 (pts/3)", "last_seen": None}),
                Record(
                    AT + 60, "verdict", "error_rate: CRITICAL, was OK: > 5%", {"metric": "error_rate", "value": 5.4}
                ),
                Record(AT + 7200, "note", "evil \x1b[31m text\nsecond line", {"actor": "ben@ops2"}),
            ]
        )
    return made


def journal(*words: str) -> int:
    return main(["journal", *words])


def test_the_journal_is_printed_oldest_first_and_safe_for_the_terminal(session: Session, capsys: Capture) -> None:
    assert journal("shop") == 0

    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0] == "     1  2026-11-21 00:00:00  session     begun by anna@ops1 (pts/3)"
    assert lines[2] == r"     3  2026-11-21 02:00:00  note        evil \x1b[31m text\x0asecond line — ben@ops2"
    assert "3 of 3 records; the last is 3:" in shown.err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--kind", "note"], [3]),
        (["--metric", "error_rate"], [2]),
        (["--actor", "ANNA"], [1]),
        (["--grep", "critical"], [2]),
        (["--since", "2026-11-21 00:01"], [2, 3]),
        (["--since", "1h"], [3]),
        (["--since", "1h", "--kind", "verdict"], []),
    ],
    ids=str,
)
def test_filters_choose_records(session: Session, capsys: Capture, words: list[str], found: list[int]) -> None:
    assert journal(session.id, "--json", *words) == 0

    assert [json.loads(line)["seq"] for line in capsys.readouterr().out.splitlines()] == found


def test_where_nothing_passes_the_kinds_that_there_are_are_said(session: Session, capsys: Capture) -> None:
    assert journal("shop", "--kind", "verdcit") == 0

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "none of 3 records passes; kinds there are: note, session, verdict" in shown.err


def test_json_has_all_that_is_needed_to_check_the_chain_elsewhere(session: Session, capsys: Capture) -> None:
    journal("shop", "--json")

    read = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    rows = [JournalRow(r["seq"], Record(r["at"], r["kind"], r["text"], r["body"]), r["hash"]) for r in read]
    assert check_chain(rows) is None
    assert read[0]["hash"] == chain(GENESIS, 1, rows[0].record)
    assert read[2]["actor"] == {"user": "ben", "host": "ops2", "tty": "", "acts_as": "", "came_from": "", "says": ""}


def test_a_whole_journal_is_0_and_names_its_anchor(session: Session, capsys: Capture) -> None:
    assert journal("shop", "--check") == 0

    shown = capsys.readouterr()
    anchor = shown.out.split()[-1]
    assert shown.out.startswith(f"whole  {session.id}: 3 records; the last is 3:")
    assert "written anew as a whole passes too" in shown.err
    assert journal("shop", "--check", "--anchor", anchor) == 0
    assert journal("shop", "--check", "--anchor", anchor.partition(":")[2], "--anchor", anchor) == 0
    assert "has 2 of 2 anchors" in capsys.readouterr().out


def test_a_journal_that_somebody_changed_is_2_and_names_the_record(session: Session, capsys: Capture) -> None:
    with closing(sqlite3.connect(session.folder / "session.db")) as other:
        other.execute("UPDATE journal SET text = 'error_rate: OK' WHERE seq = 2")
        other.commit()

    assert journal("shop", "--check") == 2
    assert f"NOT AS WRITTEN  {session.id}: record 2 was changed" in capsys.readouterr().out
    assert journal("shop", "--check", "--json") == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["is_whole"], said["broken_at"], said["reason"]) == (False, 2, "record 2 was changed")


def test_a_journal_without_its_anchor_is_2(session: Session, capsys: Capture) -> None:
    assert journal("shop", "--check", "--anchor", "2:" + "a" * 64) == 2
    assert "record 2 is not the one of the anchor" in capsys.readouterr().out
    assert journal("shop", "--check", "--anchor", "b" * 64) == 2
    assert "no record has the hash of the anchor" in capsys.readouterr().out
    assert journal("shop", "--check", "--anchor", "9:" + "a" * 64) == 2
    assert "records after 3 were removed: the anchor is record 9" in capsys.readouterr().out


def test_a_tampered_journal_can_still_be_read(session: Session, capsys: Capture) -> None:
    with closing(sqlite3.connect(session.folder / "session.db")) as other:
        other.execute("UPDATE journal SET body = '{broken' WHERE seq = 2")
        other.commit()

    assert journal("shop", "--json") == 0

    assert json.loads(capsys.readouterr().out.splitlines()[1])["body"] == {"unreadable": "{broken"}


def test_a_file_that_cannot_be_read_is_3(session: Session, tmp_path: Path, capsys: Capture) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(session.folder, copy)
    raw = bytearray((copy / "session.db").read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    (copy / "session.db").write_bytes(raw)

    assert journal(str(copy), "--check") == 3
    assert "cannot be read" in capsys.readouterr().err
    (copy / "session.db").write_text("no session")
    assert journal(str(copy)) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing-there"], "no session nothing-there"),
        (["shop", "--check", "--kind", "note"], "--check looks at every record; leave --kind out"),
        (["shop", "--anchor", "a" * 64], "--anchor goes with --check"),
        (["shop", "--since", "yesterday"], "--since: 'yesterday' is no time"),
    ],
)
def test_wrong_usage_is_4(session: Session, capsys: Capture, words: list[str], said: str) -> None:
    assert journal(*words) == 4

    assert said in capsys.readouterr().err


def test_an_anchor_that_is_none_is_4(session: Session, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        journal("shop", "--check", "--anchor", "9f2c")

    assert left.value.code == 4
    assert "an anchor is the 64 hexadecimal digits of a hash" in capsys.readouterr().err
