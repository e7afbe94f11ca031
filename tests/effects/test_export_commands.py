"""`report` and `snapshot`: a session is found, read without being held, and told."""

import sys
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from console.commands import report, snapshot
from console.core.actors import Actor
from console.core.export import Export
from console.effects.lock import SESSION_LOCK, Lock
from console.effects.session_schema import SessionUnreadable
from console.effects.sessions import STATE_VARIABLE, Session, create_session
from tests import exports


class Reading:
    """Stands in for the reading of session files: it records what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Path, str, str]] = []
        self.problem: Exception | None = None

    def read_export(self, folder: Path, session_id: str, holder: str) -> Export:
        self.asked.append((folder, session_id, holder))
        if self.problem is not None:
            raise self.problem
        return replace(exports.export(), session_folder=str(folder))


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    stand_in = Reading()
    monkeypatch.setitem(sys.modules, "console.reading", SimpleNamespace(read_export=stand_in.read_export))
    return stand_in


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    file = tmp_path / "rollout.yaml"
    file.write_text("rollout: stateless-orchestration\n")
    return create_session(tmp_path / "state", "stateless-orchestration", title="T", file=file, at=exports.BEGAN)


def run(command: ModuleType, *words: str) -> int:
    """Run a command as its words are typed."""
    parser = ArgumentParser()
    command.add_arguments(parser)
    return int(command.run(parser.parse_args(words)))


def test_a_report_is_markdown_unless_a_page_is_asked_for(
    session: Session, reading: Reading, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(report, session.id) == 0
    assert capsys.readouterr().out.startswith("# Stateless orchestration")

    assert run(report, session.id, "--html") == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert reading.asked == [(session.folder, session.id, "")] * 2


def test_a_session_is_found_by_its_rollout_and_by_its_folder_too(session: Session, reading: Reading) -> None:
    (session.folder / "session.db").touch()

    assert run(report, session.rollout) == 0
    assert run(report, str(session.folder)) == 0

    assert [folder for folder, _, _ in reading.asked] == [session.folder] * 2


def test_a_snapshot_lies_with_its_session_and_its_folder_is_printed(
    session: Session, reading: Reading, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(snapshot, session.id) == 0

    folder = Path(capsys.readouterr().out.strip())
    assert folder.parent == session.folder / "snapshots"
    assert (folder / "report.html").is_file()
    assert reading.asked == [(session.folder, session.id, "")]


def test_a_snapshot_goes_where_it_is_told(
    session: Session, reading: Reading, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(snapshot, session.id, "--to", str(tmp_path / "elsewhere")) == 0

    assert Path(capsys.readouterr().out.strip()).parent == tmp_path / "elsewhere"
    assert not (session.folder / "snapshots").exists()


def test_a_session_that_is_being_watched_is_read_all_the_same(session: Session, reading: Reading) -> None:
    lock = Lock.take(session.folder / SESSION_LOCK, Actor("anna", "ops1"), exports.BEGAN)
    try:
        assert run(snapshot, session.id) == 0
    finally:
        lock.release()

    assert "anna@ops1" in reading.asked[0][2]


@pytest.mark.parametrize("command", [report, snapshot])
def test_a_session_that_is_not_there_is_a_usage_error(
    session: Session, reading: Reading, capsys: pytest.CaptureFixture[str], command: ModuleType
) -> None:
    assert run(command, "no-such-session") == 4

    said = capsys.readouterr()
    assert said.out == ""
    assert "no session no-such-session" in said.err
    assert reading.asked == []


@pytest.mark.parametrize("problem", [SessionUnreadable("it is damaged"), KeyError("rollout"), ValueError("no JSON")])
def test_a_session_that_cannot_be_read_is_explained(
    session: Session, reading: Reading, capsys: pytest.CaptureFixture[str], problem: Exception
) -> None:
    reading.problem = problem

    assert run(report, session.id) == 4

    said = capsys.readouterr()
    assert said.out == ""
    assert f"session {session.id}" in said.err


def test_a_folder_that_cannot_be_written_is_explained(
    session: Session, reading: Reading, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    assert run(snapshot, session.id, "--to", str(tmp_path / "file")) == 4

    assert "cannot be written" in capsys.readouterr().err
