"""Commands as log sources and as probes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.core.rollout import Metric
from console.core.words import SourceState
from console.sources.base import ProbeFailed, Standing
from console.sources.command_logs import CommandLogs
from console.sources.command_probe import CommandAsker
from tests.sources.running import running
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until


@contextlib.asynccontextmanager
async def reading(folder: Path, sink: RecordingSink, mail: Mailbox, *argv: str) -> AsyncIterator[None]:
    async with running(CommandLogs(argv, folder, sink, Standing("pods", mail.post), track="canary").run()):
        yield


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_lines_of_both_outputs_count_as_they_come(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()

    async with reading(
        tmp_path, sink, mail, "sh", "-c", "echo one; echo two >&2; printf 'thr'; printf 'ee\\r\\n'; sleep 30"
    ):
        await until(lambda: len(sink.lines) == 3)

    assert sink.lines == [b"one", b"two", b"three"]
    assert [key for block in sink.blocks for key in block.keys] == [0, 1, 2]
    assert sink.blocks[0].name == "sh"
    assert sink.blocks[0].track == "canary"
    assert mail.changes[0].state is SourceState.LIVE
    assert "cannot be resumed" in mail.changes[0].reason


async def test_a_command_that_ends_is_started_again_and_the_seam_is_reported(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()

    async with reading(tmp_path, sink, mail, "sh", "-c", "echo run; echo broken pipe; exit 3"):
        await until(lambda: sink.lines.count(b"run") == 3)

    retries = [change for change in mail.changes if change.state is SourceState.RETRYING]
    assert retries[0].reason == "sh ended with exit code 3: broken pipe"
    assert retries[0].retry_at is not None
    assert "started again" in mail.gaps[0].reason
    assert mail.gaps[0].since is not None
    assert mail.gaps[0].until is not None
    assert mail.gaps[0].since < mail.gaps[0].until
    assert len({block.origin for block in sink.blocks}) == 3


async def test_a_command_ends_with_its_children_when_the_source_is_closed(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()

    async with reading(tmp_path, sink, mail, "sh", "-c", "trap '' TERM; sleep 300 & echo $! $$; wait"):
        await until(lambda: sink.lines)
    pids = [int(word) for word in sink.lines[0].split()]

    await until(lambda: not any(is_alive(pid) for pid in pids))


async def test_a_missing_command_is_unreadable_with_the_remedy(tmp_path: Path) -> None:
    sink, mail = RecordingSink(), Mailbox()

    async with reading(tmp_path, sink, mail, "no-such-program"):
        await until(lambda: mail.state is SourceState.UNREADABLE)

    assert mail.reason == "there is no no-such-program; install it, or correct the command"


def command(*argv: str, timeout: str = "5s") -> Metric:
    return Metric.model_validate({"command": argv, "timeout": timeout})


@pytest.mark.parametrize(
    ("script", "number"),
    [
        ("echo 42", 42.0),
        ("echo warming up; echo; echo '97.5% of all'; echo", 97.5),
        ("echo noise >&2; echo -3e2 x", -300.0),
    ],
)
async def test_the_first_word_of_the_last_line_is_the_number(tmp_path: Path, script: str, number: float) -> None:
    answer = await CommandAsker(tmp_path).ask(command("sh", "-c", script), None)

    assert answer.readings[0].value == number
    assert answer.readings[0].track == ""


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 7", "sh failed with exit code 7"),
        ("echo out; echo 'no \x1b[31mroute' >&2; exit 1", r"sh failed with exit code 1: no \x1b[31mroute"),
        ("true", "the program printed nothing; a number is expected on its last line"),
        ("echo ten", "the program printed 'ten'; a number is expected on its last line"),
        ("echo nan", "the program printed 'nan'; a number is expected on its last line"),
        ("kill -9 $$", "sh failed with exit code -9"),
    ],
)
async def test_what_is_no_number_fails_and_says_why(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(ProbeFailed) as failed:
        await CommandAsker(tmp_path).ask(command("sh", "-c", script), None)

    assert str(failed.value) == reason


async def test_a_probe_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    with pytest.raises(ProbeFailed, match=r"sh did not end within 3s and was ended"):
        await CommandAsker(tmp_path).ask(
            command("sh", "-c", f"sleep 300 & echo $! $$ > {pids}; wait", timeout="3s"), None
        )

    await until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))


async def test_a_child_that_keeps_the_output_open_does_not_hold_the_answer_up(tmp_path: Path) -> None:
    began = asyncio.get_running_loop().time()

    answer = await CommandAsker(tmp_path).ask(command("sh", "-c", "sleep 300 & echo 5"), None)

    assert answer.readings[0].value == 5
    assert asyncio.get_running_loop().time() - began < 60, "not the 300 s of the child"


async def test_a_probe_that_prints_without_end_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(ProbeFailed, match="did not end"):
        await CommandAsker(tmp_path).ask(command("yes", timeout="300ms"), None)


async def test_programs_run_in_the_folder_of_the_file(tmp_path: Path) -> None:
    script = tmp_path / "depth.sh"
    script.write_text("#!/bin/sh\npwd >&2\necho 1\n")
    script.chmod(0o755)

    answer = await CommandAsker(tmp_path).ask(command("./depth.sh"), None)
    script.chmod(0o644)

    assert answer.readings[0].value == 1
    with pytest.raises(ProbeFailed, match=r"depth.sh may not be executed"):
        await CommandAsker(tmp_path).ask(command("./depth.sh"), None)


async def test_a_command_started_by_the_next_console_has_a_gap_before_it(tmp_path: Path) -> None:
    sink, first, second = RecordingSink(), Mailbox(), Mailbox()
    async with reading(tmp_path, sink, first, "sh", "-c", "echo line; sleep 30"):
        await until(lambda: len(sink.lines) == 1)

    async with reading(tmp_path, sink, second, "sh", "-c", "echo line; sleep 30"):
        await until(lambda: len(sink.lines) == 2)

    assert not first.gaps
    assert ["started again" in gap.reason for gap in second.gaps] == [True]
    assert second.gaps[0].since is None
