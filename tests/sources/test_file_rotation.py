"""Files that somebody rotates, truncates, overwrites and removes: each line counts once."""

import contextlib
import os
import threading
import time
from pathlib import Path

import pytest

from console.core.words import SourceState
from console.sources import file_logs
from tests.sources.file_following import append, following, read_first
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("short_waits")


async def test_a_file_renamed_while_nobody_read_is_read_to_its_end(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = await read_first(tmp_path, sink, mail)
    append(log, "two\nlast without end")
    log.rename(tmp_path / "agent.log.1")
    append(log, "three\n")

    async with following(tmp_path, sink, mail):
        await until(lambda: len(sink.lines) == 4)

    assert sorted(sink.lines) == [b"last without end", b"one", b"three", b"two"]
    assert not mail.gaps


async def test_a_file_removed_while_nobody_read_is_reported_once(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()
    log = await read_first(tmp_path, sink, mail)
    log.unlink()
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
