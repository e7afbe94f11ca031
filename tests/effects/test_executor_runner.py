"""Consoles that die and runners that are killed: the action goes on, or nobody claims to know its outcome."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from console.core.words import Outcome
from console.effects import attempt_files, executor
from console.effects.claims import Busy, CannotStart
from console.effects.executor import Stage
from console.effects.lock import command_lock, holder_of, service_lock
from console.effects.stopping import stop
from tests.effects.acting import ACTOR, RUNNER, Acting, followed, sh, states
from tests.waiting import wait_until

CONSOLE = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from tests.effects.acting import Acting, followed

    async def main():
        acting = Acting(Path(sys.argv[2]), {"steps": [
            {"run": ["touch begun; until test -e go; do sleep 0.05; done; echo went on"], "shell": True},
            {"run": ["touch", "finished"]},
        ]})
        attempt = await acting.start()
        print(attempt, flush=True)
        await followed(attempt)

    asyncio.run(main())
    """
)


def begun_console(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CONSOLE, str(Path(__file__).parents[2]), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGHUP])
async def test_an_action_goes_on_when_the_console_dies(tmp_path: Path, way: signal.Signals) -> None:
    console = begun_console(tmp_path)
    assert console.stdout is not None
    attempt = Path(console.stdout.readline().strip())
    wait_until((tmp_path / "begun").exists)

    os.killpg(console.pid, way)
    console.wait()
    console.stdout.close()

    found = executor.adopt(attempt, time.time())
    assert found is not None
    assert found.stage is Stage.RUNNING
    assert states(list(found.progress)) == [(0, "running")]
    (tmp_path / "go").touch()
    progress, ended = await followed(attempt, seen=len(found.progress))
    assert ended.outcome is Outcome.DONE
    assert states(progress) == [(0, "done"), (1, "running"), (1, "done")]
    assert (tmp_path / "finished").exists()


async def without_runner(acting: Acting) -> Path:
    """Leave an attempt whose runner was killed in its second step, which writes its number and goes on."""
    attempt = await acting.start()
    wait_until((acting.folder / "shell").exists)
    os.kill(json.loads((attempt / "started.json").read_text())["pid"], signal.SIGKILL)
    wait_until(lambda: holder_of(attempt / "running.lock") is None)
    return attempt


async def test_a_runner_that_was_killed_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("true"), sh("echo $$ >shell; exec sleep 300")]})
    attempt = await without_runner(acting)

    os.kill(int((tmp_path / "shell").read_text()), signal.SIGKILL)
    _, ended = await followed(attempt)

    assert not (attempt / "reserve").exists()
    assert ended.outcome is Outcome.UNKNOWN
    assert "the runner is gone and did not say how it ended; it was at: sh -c" in ended.detail
    assert "done: 1 of 2" in ended.detail
    found = executor.adopt(attempt, time.time())
    assert found is not None
    assert found.stage is Stage.VANISHED
    wait_until(lambda: not service_is_locked(acting), "the end of the lock")


async def test_a_command_whose_runner_was_killed_keeps_everybody_else_out_until_it_ends(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("true"), sh("echo $$ >shell; until test -e go; do sleep 0.05; done")]})
    attempt = await without_runner(acting)

    found = executor.adopt(attempt, time.time())
    with pytest.raises(Busy, match=r"Act \(act-.*\) is running") as caught:
        await acting.start()

    assert found is not None
    assert found.stage is Stage.RUNNING
    assert caught.value.holder.pid == int((tmp_path / "shell").read_text())
    (tmp_path / "go").touch()
    _, ended = await followed(attempt)
    assert ended.outcome is Outcome.UNKNOWN
    _, ended = await followed(await acting.start())
    assert ended.outcome is Outcome.DONE


async def test_a_command_whose_runner_was_killed_can_be_ended_with_a_reason(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("true"), sh("echo $$ >shell; sleep 300")]})
    attempt = await without_runner(acting)

    has_ended = stop(attempt, ACTOR, "it hangs", time.time())
    _, ended = await followed(attempt)

    assert has_ended
    assert ended.outcome is Outcome.UNKNOWN
    assert ended.detail.endswith("; ended by ana@laptop (pts/3): it hangs; verify before anything is repeated")


async def test_what_an_earlier_command_left_behind_holds_up_nobody_when_the_runner_is_killed(tmp_path: Path) -> None:
    left = "sleep 300 >/dev/null 2>&1 & echo $! >left"
    acting = Acting(tmp_path, {"steps": [sh(left), sh("echo $$ >shell; exec sleep 300")]})
    attempt = await without_runner(acting)
    os.kill(int((tmp_path / "shell").read_text()), signal.SIGKILL)

    _, ended = await followed(attempt)

    assert ended.outcome is Outcome.UNKNOWN
    assert holder_of(command_lock(service_lock(acting.state, "app"))) is None
    os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)


async def test_the_next_action_may_be_begun_as_soon_as_the_last_has_told_its_end(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("true")]})

    for _ in range(3):
        _, _, ended = await acting.carry_out()

        assert ended.outcome is Outcome.DONE


def test_a_disk_that_is_slow_to_keep_a_name_holds_nobody_up_once_the_end_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []
    monkeypatch.setattr(attempt_files, "synchronise_folder", lambda folder: happened.append(f"{folder.name} is kept"))

    def let_go() -> None:
        ended = attempt_files.read_ended(tmp_path)
        happened.append(ended.detail if ended is not None else "not told yet")

    attempt_files.Diary(tmp_path).ended(Outcome.DONE, "told", shown=let_go)

    assert happened == ["told", f"{tmp_path.name} is kept"]


def test_a_console_that_dies_before_the_order_is_handed_over_did_nothing(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("touch never")]})
    attempt = acting.fresh()

    runner = subprocess.run(
        [*RUNNER, str(attempt)],
        input=b'{"attempt": "cut sho',
        check=True,
    )

    assert runner.returncode == 0
    wait_until((attempt / "ended.json").exists)
    assert json.loads((attempt / "ended.json").read_text())["outcome"] == "failed"
    assert not (acting.folder / "never").exists()


async def test_a_runner_that_cannot_be_started_is_said_so(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("true")]})
    attempt = acting.fresh()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.effects.acting.RUNNER", ("/nonexistent/python",))
        with pytest.raises(CannotStart, match="nothing was done"):
            await acting.start(attempt)

    found = executor.adopt(attempt, time.time())
    assert found is not None
    assert found.ended is not None
    assert found.ended.outcome is Outcome.FAILED


DIES_AFTER_FORK = """
import os, runpy, signal, sys
fork = os.fork
def forked():
    if pid := fork():
        os.kill(os.getpid(), signal.SIGKILL)
    return pid
os.fork = forked
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


async def test_a_runner_that_lives_although_its_parent_was_killed_is_not_said_to_have_done_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.effects.acting.RUNNER", (RUNNER[0], "-c", DIES_AFTER_FORK, RUNNER[1]))

    _, _, ended = await Acting(tmp_path, {"steps": [sh("touch done")]}).carry_out()

    assert ended.outcome is Outcome.DONE
    assert (tmp_path / "done").exists()


def service_is_locked(acting: Acting) -> bool:
    return holder_of(service_lock(acting.state, "app")) is not None
