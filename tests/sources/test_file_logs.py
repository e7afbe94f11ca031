"""Following files: from where they are read, which are found, and what is said of those that cannot be read."""

import contextlib
import os
import threading
import time
from math import inf
from pathlib import Path

import pytest

from console.core.words import SourceState
from console.sources.base import Attached
from tests.sources.file_following import append, following, read_first
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("short_waits")


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
    now = time.time()
    log = await read_first(tmp_path, sink, mail)
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
