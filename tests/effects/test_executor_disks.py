"""An attempt on a disk that hangs, is full or breaks."""

import os
import time
from pathlib import Path

import pytest

from console.core.words import Outcome
from console.effects import attempt_files as files
from console.effects import executor
from console.effects.claims import CannotStart, CannotWrite
from console.effects.stopping import stop
from tests.effects.acting import ACTOR, Acting, followed, sh, states
from tests.waiting import wait_until


async def test_an_env_file_on_a_disk_that_hangs_leaves_the_outcome_unknown_and_the_lock_free(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")  # whoever opens it waits for ever
    step = {"env_file": {"path": ".env", "set": {"SHARE": "0"}}, "timeout": "500ms"}
    acting = Acting(tmp_path, {"steps": [step], "verify": [{"command": ["true"]}]})

    attempt, progress, ended = await acting.carry_out()

    assert states(progress)[1] == (0, "timed out")
    assert ended.outcome is Outcome.UNKNOWN
    assert "no end within 0.5s" in ended.detail
    wait_until(lambda: not executor.is_running(attempt))


async def test_an_env_file_on_a_disk_that_hangs_can_be_stopped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    acting = Acting(tmp_path, {"steps": [{"env_file": {"path": ".env", "set": {"SHARE": "0"}}, "timeout": "10m"}]})
    attempt = await acting.start()
    wait_until(lambda: bool(files.read_progress(attempt)))

    assert stop(attempt, ACTOR, "the disk hangs", time.time())
    _, ended = await followed(attempt)

    assert ended.outcome is Outcome.UNKNOWN
    assert "stopped by an operator" in ended.detail


async def test_a_state_folder_that_cannot_be_written_is_said_so_and_nothing_is_done(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("touch never")]})

    with pytest.raises(CannotStart, match="nothing was done"):
        await acting.start(acting.file / "a file is no folder")

    assert not (tmp_path / "never").exists()


async def test_a_disk_that_fills_up_stops_nothing_and_the_end_is_still_told(tmp_path: Path, tiny_disk: Path) -> None:
    fill = f"dd if=/dev/zero of={tiny_disk}/filler bs=4k 2>/dev/null; seq 100000; true"
    acting = Acting(tmp_path, {"steps": [sh(fill), sh("touch finished")], "verify": [{"command": ["true"]}]})
    attempt = tiny_disk / "attempt"
    attempt.mkdir()

    await acting.start(attempt)
    progress, ended = await followed(attempt)

    assert ended.outcome is Outcome.DONE
    assert states(progress)[-1] == (2, "passed")
    assert (tmp_path / "finished").exists()
    wait_until(lambda: not executor.is_running(attempt))


async def test_a_disk_that_stays_full_or_breaks_does_not_hide_what_was_done(
    tmp_path: Path, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = tmp_path / "run"
    spare.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(spare))
    fill = f"dd if=/dev/zero of={tiny_disk}/filler oflag=append conv=notrunc bs=512 2>/dev/null; true"
    acting = Acting(tmp_path, {"steps": [sh("true"), sh(fill), sh(fill), sh("exit 3"), sh("touch never")]})
    attempt = tiny_disk / "attempt"
    attempt.mkdir()

    await acting.start(attempt)
    progress, ended = await followed(attempt)

    said = "step 4 of 5 failed: exit code 3; done before it: steps 1 to 3; not begun: step 5"
    assert (ended.outcome, ended.detail) == (Outcome.FAILED, said)
    assert states(progress)[-2:] == [(3, "running"), (3, "failed")]
    assert [state for _, state in states(progress)].count("done") == 3
    executor.abandon(attempt, ACTOR, "by hand", time.time())
    abandoned = files.read_abandoned(attempt)
    assert abandoned is not None
    assert abandoned.reason == "by hand"
    wait_until(lambda: not executor.is_running(attempt))


async def test_an_attempt_on_a_full_disk_is_not_begun(tmp_path: Path, tiny_disk: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("touch never")]})
    attempt = tiny_disk / "attempt"
    attempt.mkdir()
    with pytest.raises(OSError, match="No space"):
        (tiny_disk / "filler").write_bytes(b"x" * 2_000_000)

    with pytest.raises(CannotWrite, match="nothing was done"):
        await acting.start(attempt)

    assert executor.adopt(attempt, time.time()) is None
    assert not (tmp_path / "never").exists()
