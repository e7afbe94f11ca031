"""Files that may not be read for a time, or not any more."""

import os
from pathlib import Path

import pytest

from console.core.inputs import SourceSeen
from console.core.words import SourceState
from tests.sources.file_following import append, following, read_first
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of files that may not be read; the rights of a file do not hold for root."""
    names: set[str] = set()
    really_open = os.open

    def open_if_allowed(path: Path, *args: int) -> int:
        if Path(path).name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return really_open(path, *args)

    monkeypatch.setattr("console.sources.followed_file.os.open", open_if_allowed)
    return names


async def test_a_renamed_file_that_may_not_be_read_is_read_when_it_may(tmp_path: Path, denied: set[str]) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = await read_first(tmp_path, sink, mail)
    append(log, "unread\n")
    log.rename(tmp_path / "agent.log.1")
    append(log, "new\n")
    denied.add("agent.log.1")

    async with following(tmp_path, sink, mail):
        await until(lambda: mail.changes[-1:] and mail.changes[-1].unread)
        (unread,) = mail.changes[-1].unread
        assert (unread.name, mail.state) == ("agent.log.1", SourceState.LIVE)
        assert "Permission denied; give this account the right to read" in unread.reason
        assert sink.lines == [b"one", b"new"]
        denied.clear()
        await until(lambda: b"unread" in sink.lines and not mail.changes[-1].unread)

    assert sink.lines == [b"one", b"new", b"unread"]
    assert not mail.gaps


async def test_a_renamed_file_that_vanishes_before_it_may_be_read_is_one_gap(tmp_path: Path, denied: set[str]) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = await read_first(tmp_path, sink, mail)
    log.rename(tmp_path / "agent.log.1")
    append(log, "new\n")
    denied.add("agent.log.1")

    async with following(tmp_path, sink, mail):
        await until(lambda: mail.changes[-1:] and mail.changes[-1].unread)
        assert not mail.gaps
        (tmp_path / "agent.log.1").unlink()
        await until(lambda: mail.gaps and not mail.changes[-1].unread)

    (gap,) = mail.gaps
    assert "rotated away" in gap.reason
    assert len(sink.gone) == 1


async def test_what_may_not_be_read_gives_no_sign_of_life(tmp_path: Path, denied: set[str]) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "secret\n")
    denied.add("agent.log")

    async with following(tmp_path, sink, mail):
        await until(lambda: mail.state is SourceState.UNREADABLE)

    assert not any(isinstance(given, SourceSeen) for given in mail.inputs)


async def test_a_file_that_cannot_be_read_on_is_one_gap_and_shown_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "one\ntwo\n")
    really_pread, is_broken, tries = os.pread, True, 0

    def pread(fd: int, size: int, offset: int) -> bytes:
        nonlocal tries
        if is_broken and offset >= 8:
            tries += 1
            raise OSError(5, "Input/output error")
        return really_pread(fd, size, offset)

    monkeypatch.setattr("console.sources.followed_file.os.pread", pread)

    async with following(tmp_path, sink, mail):
        await until(lambda: tries > 3 and mail.state is SourceState.UNREADABLE)
        assert "agent.log: reading broke off: Input/output error" in mail.reason
        is_broken = False
        append(tmp_path / "agent.log", "three\n")
        await until(lambda: len(sink.lines) == 3 and mail.state is SourceState.LIVE)

    assert sink.lines == [b"one", b"two", b"three"]
    assert len(mail.gaps) == 1
