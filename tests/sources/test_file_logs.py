"""Following files while somebody writes, rotates, truncates and removes them."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path

import pytest

from console.core.inputs import SourceSeen
from console.core.words import SourceState
from console.sources import file_logs, followed_file
from console.sources.base import Attached, Standing
from console.sources.file_logs import FileLogs
from tests.sources.sinks import Mailbox, RecordingSink, until


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed_file, "POLL_S", 0.01)
    monkeypatch.setattr(file_logs, "LOOK_S", 0.03)
    monkeypatch.setattr(file_logs, "GRACE_S", 0.3)


@contextlib.asynccontextmanager
async def following(
    folder: Path,
    sink: RecordingSink,
    mail: Mailbox,
    pattern: str = "agent*.log",
    *,
    track: str | None = "canary",
    attached: Attached | None = None,
) -> AsyncIterator[None]:
    standing = Standing("legacy", mail.post)
    task = asyncio.create_task(FileLogs(pattern, folder, sink, standing, track=track, attached=attached).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def append(path: Path, text: str) -> None:
    with path.open("a", newline="") as file:
        file.write(text)


async def test_a_file_is_read_from_its_beginning_and_followed(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "one\ntwo\r\n\nunfinished")

    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 3)
        append(tmp_path / "agent.log", " line\n")
        await until(lambda: len(sink.lines) == 4)

    assert sink.lines == [b"one", b"two", b"", b"unfinished line"]
    assert sink.blocks[0].name == "agent.log"
    assert sink.blocks[0].track == "canary"
    assert list(sink.blocks[0].keys) == [4, 9, 10]
    assert mail.state is SourceState.LIVE
    assert mail.changes[-1].parts == {"canary": 1}


async def test_a_new_watch_begins_behind_what_a_file_held_and_stays_there_after_a_restart(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "failed 1\nfailed 2\nunfin")

    async with following(tmp_path, sink, mail, attached=Attached(time.time(), inf)):
        await until(lambda: sink.positions)
    append(tmp_path / "agent.log", "ished\nserved\n")
    append(tmp_path / "agent-2.log", "of a file that is new\n")
    async with following(tmp_path, sink, mail, attached=Attached(time.time())):
        await until(lambda: len(sink.lines) == 3)

    assert sorted(sink.lines) == [b"of a file that is new", b"served", b"unfinished"]
    assert not mail.gaps


async def test_a_file_that_comes_after_a_new_watch_began_is_read_from_its_beginning(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()

    async with following(tmp_path, sink, mail, attached=Attached(time.time(), inf)):
        await until(lambda: mail.state is SourceState.QUIET)
        append(tmp_path / "made", "one\ntwo\n")
        os.utime(tmp_path / "made", (time.time() + 1, time.time() + 1))  # file systems stamp by a clock that is late
        (tmp_path / "made").rename(tmp_path / "agent.log")
        await until(lambda: len(sink.lines) == 2)


async def test_what_came_while_nobody_read_is_spread_over_that_time_and_not_counted_as_of_now(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log, now = tmp_path / "agent.log", time.time()
    append(log, "one\n")
    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
    append(log, "".join(f"late {number}\n" for number in range(5)))
    os.utime(log, (now - 600, now - 600))

    async with following(tmp_path, sink, mail, attached=Attached(looked_at=now - 1000)):
        await until(lambda: len(sink.lines) == 6)
        append(log, "of now\n")
        await until(lambda: len(sink.lines) == 7)

    times = [moment - now for block in sink.blocks[1:] for moment in block.times]
    assert times[:5] == pytest.approx([-1000, -900, -800, -700, -600], abs=1)
    assert times[5] >= 0


async def test_of_an_old_file_nothing_is_counted_as_younger_than_its_last_change(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log, now = tmp_path / "agent.log", time.time()
    append(log, "one\ntwo\n")
    os.utime(log, (now - 600, now - 600))

    async with following(tmp_path, sink, mail, attached=Attached(looked_at=now - 60)):
        await until(lambda: len(sink.lines) == 2)

    assert sink.blocks[0].times == pytest.approx([now - 600, now - 600], abs=1)


async def test_new_files_of_the_pattern_are_found_and_packed_ones_are_not(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()

    async with following(tmp_path, sink, mail, "agent*"):
        await until(lambda: mail.state is SourceState.QUIET)
        assert "no file matches" in mail.reason
        append(tmp_path / "agent.log.1.gz", "packed\n")
        append(tmp_path / "agent-2.log", "two\n")
        await until(lambda: sink.lines == [b"two"] and mail.state is SourceState.LIVE)


async def test_a_console_that_comes_back_reads_on_where_it_was(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "one\ntwo\npart")
    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 2)
    append(tmp_path / "agent.log", "ly\nthree\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 4)

    assert sink.lines == [b"one", b"two", b"partly", b"three"]
    assert sink.repeated == 0
    assert not mail.gaps


async def test_a_file_renamed_while_nobody_read_is_read_to_its_end(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    append(log, "one\n")
    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
    append(log, "two\nlast without end")
    log.rename(tmp_path / "agent.log.1")
    append(log, "three\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 4)

    assert sorted(sink.lines) == [b"last without end", b"one", b"three", b"two"]
    assert not mail.gaps


async def test_a_file_removed_while_nobody_read_is_reported_once(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "one\n")
    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
    (tmp_path / "agent.log").unlink()
    append(tmp_path / "agent-new.log", "another\n")

    for _ in range(2):
        async with following(tmp_path, sink, mail):
            await until(lambda: sink.lines == [b"one", b"another"] and mail.gaps)

    assert len(mail.gaps) == 1
    assert mail.gaps[0].since is None
    assert mail.gaps[0].until is not None


async def test_truncation_begins_a_new_generation_even_when_the_first_line_is_the_same(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    began = time.time()
    append(log, "banner\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
        append(log, "one\ntwo\n")
        await until(lambda: len(sink.lines) == 3)
        os.truncate(log, 0)
        append(log, "banner\nthree\n")
        await until(lambda: len(sink.lines) == 5)
    append(log, "four\n")
    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 6)

    assert sink.lines == [b"banner", b"one", b"two", b"banner", b"three", b"four"]
    assert sink.repeated == 0
    (gap,) = mail.gaps
    assert "truncated in place" in gap.reason
    assert (gap.source, gap.name, gap.track) == ("legacy", "agent.log", "canary")
    assert gap.since is not None
    assert gap.until is not None
    assert began <= gap.since < gap.until <= time.time()
    assert gap.lines_at_most is not None
    assert gap.lines_at_most >= 0


async def test_a_file_overwritten_beyond_its_old_size_is_noticed_by_its_first_line(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    append(log, "one\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
        log.write_text("other\nand more\n")
        await until(lambda: len(sink.lines) == 3)

    assert sink.lines == [b"one", b"other", b"and more"]


@pytest.mark.parametrize("is_renamed", [True, False], ids=["rename", "copytruncate"])
async def test_under_a_numbered_writer_rotation_loses_and_repeats_nothing(tmp_path: Path, is_renamed: bool) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    done = threading.Event()
    total = 30_000

    def write() -> None:
        with contextlib.ExitStack() as files:
            out = files.enter_context(log.open("ab", buffering=0))
            for number in range(total):
                out.write(b"line %06d\n" % number)
                if number % 5000 == 4999 and number + 1 < total:
                    if is_renamed:
                        while len(sink.lines) < number - 3000:  # two rotations between two looks would hide a file
                            done.wait(0.005)
                        log.rename(tmp_path / f"agent.log.{number}")
                        out.write(b"late %06d\n" % number)  # a writer that has not yet reopened its log
                        out = files.enter_context(log.open("ab", buffering=0))
                    else:
                        # Only a truncation after everything was read is free of loss, whoever reads.
                        while len(sink.lines) < number + 1:
                            done.wait(0.005)
                        os.truncate(log, 0)
        done.set()

    async with following(tmp_path, sink, mail):
        writer = threading.Thread(target=write)
        writer.start()
        expected = total + (5 if is_renamed else 0)
        await until(lambda: done.is_set() and len(sink.lines) >= expected)
        writer.join()

    numbers = sorted(int(line.split()[1]) for line in sink.lines if line.startswith(b"line"))
    assert numbers == list(range(total))
    assert len(sink.lines) == expected
    assert len(mail.gaps) == (0 if is_renamed else 5)


async def test_an_unfinished_last_line_counts_when_the_file_is_rotated_away(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    append(log, "one\ntorn")

    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
        log.rename(tmp_path / "agent.log.1")
        append(log, "two\n")
        await until(lambda: len(sink.lines) == 3)

    assert sorted(sink.lines) == [b"one", b"torn", b"two"]


async def test_a_very_long_line_is_cut_with_a_mark_and_the_next_is_whole(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "x" * 900_000 + "\nnext\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 2)

    assert sink.lines[0].startswith(b"x" * 262_144)
    assert sink.lines[0].endswith(b"[truncated]")
    assert sink.lines[1] == b"next"
    assert list(sink.blocks[-1].keys)[-1] == 900_006


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_without_permission_is_unreadable_with_its_name(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "secret\n")
    (tmp_path / "agent.log").chmod(0)

    async with following(tmp_path, sink, mail):
        await until(lambda: mail.state is SourceState.UNREADABLE)

    assert "agent.log: Permission denied" in mail.reason


async def test_beside_a_file_that_is_read_one_that_cannot_be_is_named_and_the_source_is_live(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "one\n")
    os.mkfifo(tmp_path / "agent-2.log")

    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines == [b"one"] and mail.changes[-1:] and mail.changes[-1].parts)

    assert mail.state is SourceState.LIVE
    (unread,) = mail.changes[-1].unread
    assert (unread.name, unread.track) == ("agent-2.log", "canary")
    assert "is a pipe and no regular file" in unread.reason


async def test_a_pipe_is_named_as_one_and_never_opened(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    os.mkfifo(tmp_path / "agent.log")
    opened = threading.Event()

    def write() -> None:
        with contextlib.suppress(OSError), (tmp_path / "agent.log").open("wb"):
            opened.set()

    threading.Thread(target=write, daemon=True).start()

    async with following(tmp_path, sink, mail):
        await until(lambda: mail.state is SourceState.UNREADABLE)
        append(tmp_path / "agent-2.log", "one\n")
        await until(lambda: sink.lines == [b"one"])
        assert not opened.is_set()
        os.close(os.open(tmp_path / "agent.log", os.O_RDONLY | os.O_NONBLOCK))
        (tmp_path / "agent.log").unlink()
        append(tmp_path / "agent.log", "now\n")
        await until(lambda: sink.lines == [b"one", b"now"] and mail.state is SourceState.LIVE)

    assert "agent.log: is a pipe and no regular file" in mail.changes[0].reason
    assert "right to read" not in mail.changes[0].reason


async def test_what_is_still_written_to_a_renamed_file_counts_after_a_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_logs, "GRACE_S", 0.05)
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    append(log, "one\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
        log.rename(tmp_path / "agent.log.1")
        await until(lambda: mail.state is SourceState.UNREADABLE)
        append(tmp_path / "agent-2.log", "two\n")
        silent_since = time.monotonic()
        await until(lambda: sink.lines == [b"one", b"two"] and time.monotonic() > silent_since + 0.3)
        append(tmp_path / "agent.log.1", "late\n")
        await until(lambda: len(sink.lines) == 3)

    assert sink.lines == [b"one", b"two", b"late"]
    assert not sink.gone


async def test_a_deleted_file_is_let_go_after_a_moment(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    append(tmp_path / "agent.log", "one\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
        (tmp_path / "agent.log").unlink()
        await until(lambda: sink.gone)

    assert not mail.gaps


async def test_a_rotation_between_finding_and_opening_counts_every_line_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    append(log, "old\n")
    really_open = os.open
    raced: list[str] = []

    def rotate_first(path: Path, *args: int) -> int:
        if not raced and Path(path) == log:
            raced.append("now")
            log.rename(tmp_path / "agent-1.log")
            append(log, "new\n")
        return really_open(path, *args)

    monkeypatch.setattr("console.sources.followed_file.os.open", rotate_first)

    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 2)
        append(log, "newer\n")
        await until(lambda: b"newer" in sink.lines)
    async with following(tmp_path, sink, mail):
        append(log, "newest\n")
        await until(lambda: b"newest" in sink.lines)

    assert sorted(sink.lines) == [b"new", b"newer", b"newest", b"old"]
    assert not mail.gaps


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
    log = tmp_path / "agent.log"
    append(log, "one\n")
    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
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
    log = tmp_path / "agent.log"
    append(log, "one\n")
    async with following(tmp_path, sink, mail):
        await until(lambda: sink.lines)
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


async def test_a_file_that_grew_beyond_its_old_size_behind_the_same_first_line_is_noticed(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = tmp_path / "agent.log"
    append(log, "=== my service ===\nold 1\nold 2\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 3)
        with log.open("r+b", buffering=0) as again:
            again.write(b"=== my service ===\nnew 1\nnew 2\nnew 3\n")
        await until(lambda: len(sink.lines) == 7)

    assert sink.lines[3:] == [b"=== my service ===", b"new 1", b"new 2", b"new 3"]
    assert ["truncated in place" in gap.reason for gap in mail.gaps] == [True]


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
