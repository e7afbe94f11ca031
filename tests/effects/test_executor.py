import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from console.core.inputs import ActionProgressed
from console.core.redact import REDACTED, Redactor
from console.core.words import Outcome
from console.effects import attempt_files as files
from console.effects import executor
from console.effects.executor import Busy, CannotStart, CannotWrite, Stage
from console.effects.lock import command_lock, holder_of, service_lock
from console.effects.stopping import stop
from tests.effects.acting import ACTOR, RUNNER, Acting, followed, states, wait_until


def sh(text: str, timeout: str = "20s") -> dict[str, object]:
    return {"run": [text], "shell": True, "timeout": timeout}


async def test_steps_run_in_order_and_are_written_down(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHARE=10\n")
    acting = Acting(
        tmp_path,
        {
            "kind": "rollback",
            "steps": [
                {"env_file": {"path": ".env", "set": {"SHARE": "${traffic}"}}},
                {"run": ["sh", "-c", "cat .env; echo $GREETING; pwd"], "env": {"GREETING": "hello"}},
            ],
            "verify": [{"command": ["grep", "-q", "SHARE=0", ".env"]}],
        },
    )

    attempt, progress, ended = await acting.carry_out(reason="error rate")

    assert (ended.outcome, ended.detail) == (Outcome.DONE, "")
    assert states(progress)[:4] == [(0, "running"), (0, "done"), (1, "running"), (1, "done")]
    assert sorted(states(progress)[4:]) == [(2, "passed"), (2, "running"), (3, "passed"), (3, "running")]
    assert executor.output(attempt, Redactor()) == (
        "$ .env: SHARE=0",
        "$ GREETING=hello sh -c 'cat .env; echo $GREETING; pwd'",
        "SHARE=0",
        "hello",
        str(tmp_path),
    )
    found = executor.adopt(attempt, time.time())
    assert found is not None
    assert (found.stage, found.ended) == (Stage.ENDED, ended)
    assert (found.started.reason, found.started.actor, found.started.traffic) == ("error rate", ACTOR, 0)
    assert found.started.steps == tuple(dict.fromkeys(step.label for step in progress))
    assert (tmp_path / f".env.before-{attempt.name}").read_text() == "SHARE=10\n"


async def test_a_step_that_fails_ends_the_attempt_and_says_what_was_done(tmp_path: Path) -> None:
    acting = Acting(
        tmp_path,
        {
            "steps": [sh("true"), sh("echo broken; exit 3"), sh("touch never"), sh("touch never")],
            "verify": [{"command": ["touch", "never"]}],
        },
    )

    _, progress, ended = await acting.carry_out()

    assert ended.outcome is Outcome.FAILED
    assert ended.detail == "step 2 of 4 failed: exit code 3; done before it: step 1; not begun: steps 3 to 4"
    assert states(progress)[-1] == (1, "failed")
    assert not (tmp_path / "never").exists()


async def test_a_command_that_does_not_exist_fails_by_name(tmp_path: Path) -> None:
    _, progress, ended = await Acting(tmp_path, {"steps": [{"run": ["no-such-program"]}]}).carry_out()

    assert ended.outcome is Outcome.FAILED
    assert (progress[-1].state, progress[-1].detail) == ("not begun", "no-such-program: command not found")


async def test_an_env_file_that_is_gone_fails_the_step_by_name(tmp_path: Path) -> None:
    steps = [{"env_file": {"path": ".env", "set": {"A": "1"}}}, sh("touch never")]

    _, progress, ended = await Acting(tmp_path, {"steps": steps}).carry_out()

    assert ended.outcome is Outcome.FAILED
    assert progress[-1].detail == f"{tmp_path}/.env does not exist"
    assert not (tmp_path / "never").exists()


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


async def test_of_a_command_that_a_signal_ended_nobody_knows_what_took_effect_so_it_is_verified(tmp_path: Path) -> None:
    steps = [sh("touch applied; kill -9 $$")]
    acting = Acting(tmp_path, {"steps": steps, "verify": [{"command": ["test", "-e", "applied"]}]})

    _, progress, ended = await acting.carry_out()

    assert ended.outcome is Outcome.UNKNOWN
    assert ended.detail == "step 1 of 1 not known: ended by SIGKILL; every verification passed"
    assert states(progress)[-1] == (1, "passed")


async def test_a_shell_whose_command_a_signal_ended_says_so_by_its_exit_code(tmp_path: Path) -> None:
    _, progress, ended = await Acting(tmp_path, {"steps": [sh("sh -c 'kill -9 $$'; exit $?")]}).carry_out()

    assert ended.outcome is Outcome.UNKNOWN
    assert progress[-1].detail == "exit code 137, as of a shell whose command was ended by SIGKILL"


async def test_a_time_out_leaves_the_outcome_unknown_and_is_verified_but_never_repeated(tmp_path: Path) -> None:
    acting = Acting(
        tmp_path,
        {"steps": [sh("echo x >>tries; sleep 60", "300ms"), sh("touch never")], "verify": [{"command": ["true"]}]},
    )

    _, progress, ended = await acting.carry_out()

    assert ended.outcome is Outcome.UNKNOWN
    assert ended.detail == ("step 1 of 2 timed out: no end within 0.3s; not begun: step 2; every verification passed")
    assert states(progress) == [(0, "running"), (0, "timed out"), (2, "running"), (2, "passed")]
    assert (tmp_path / "tries").read_text() == "x\n"
    assert not (tmp_path / "never").exists()


async def test_a_time_out_ends_everything_the_command_started(tmp_path: Path) -> None:
    script = "trap '' TERM; (trap '' TERM; echo $BASHPID >child; exec sleep 300) & wait; sleep 300"
    acting = Acting(tmp_path, {"steps": [{"run": ["bash", "-c", script], "timeout": "1s"}]})

    _, _, ended = await acting.carry_out(grace_s=0.3)

    assert ended.outcome is Outcome.UNKNOWN
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not is_alive(child), "the end of the grandchild")


async def test_a_command_gets_time_to_end_well(tmp_path: Path) -> None:
    script = "trap 'sleep 0.3; touch tidy; exit 0' TERM; touch ready; while :; do sleep 0.05; done"
    acting = Acting(tmp_path, {"steps": [{"run": ["bash", "-c", script], "timeout": "500ms"}]})

    await acting.carry_out(grace_s=10)

    assert (tmp_path / "tidy").exists()


async def test_what_a_command_leaves_behind_does_not_hold_the_action(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("sleep 30 & echo $! >left; echo started"), sh("echo next")]})

    attempt, _, ended = await acting.carry_out()

    os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)
    assert ended.outcome is Outcome.DONE
    assert executor.output(attempt, Redactor())[-1] == "next"


async def test_a_verification_is_tried_again_until_its_time_is_up(tmp_path: Path) -> None:
    count = "echo x >>tries; test $(wc -l <tries) -ge 2"
    acting = Acting(tmp_path, {"steps": [sh("true")], "verify": [{"command": ["sh", "-c", count], "within": "20s"}]})

    _, progress, ended = await acting.carry_out()

    assert ended.outcome is Outcome.DONE
    assert progress[-1].state == "passed"
    assert (tmp_path / "tries").read_text() == "x\nx\n"


async def test_steps_that_ran_without_passing_verification_are_unverified(tmp_path: Path) -> None:
    acting = Acting(
        tmp_path,
        {"steps": [sh("true")], "verify": [{"command": ["false"], "within": "500ms"}, {"command": ["true"]}]},
    )

    _, progress, ended = await acting.carry_out()

    assert ended.outcome is Outcome.UNVERIFIED
    assert ended.detail == "not verified: false exits 0, within 0.5s: exit code 1"
    assert {(1, "not passed"), (2, "passed")} <= set(states(progress))


async def test_commands_get_a_small_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_PERCENTAGE", "100")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")

    attempt, _, _ = await Acting(tmp_path, {"steps": [{"run": ["env"], "env": {"EXTRA": "1"}}]}).carry_out()

    names = {line.partition("=")[0] for line in executor.output(attempt, Redactor())[1:]}
    assert {"PATH", "DOCKER_HOST", "EXTRA"} <= names
    assert "CANARY_PERCENTAGE" not in names


async def test_a_flood_of_output_is_bounded_and_its_end_is_kept(tmp_path: Path) -> None:
    flood = "echo first; yes flood | head -c 49999998; echo last words; exit 1"
    acting = Acting(tmp_path, {"steps": [sh(flood)]})

    attempt, _, ended = await acting.carry_out()

    size = (attempt / "output.log").stat().st_size
    assert 3_000_000 < size <= 4 * 1024 * 1024 + 200
    assert ended.outcome is Outcome.FAILED
    lines = (attempt / "output.log").read_text().splitlines()
    assert lines[1] == "first"
    assert lines[-1] == "last words"
    assert any(line.endswith("bytes left out]") for line in lines)


async def test_hostile_output_is_inert_and_secrets_are_gone(tmp_path: Path) -> None:
    hostile = r"printf '\033]0;owned\007\033[2J\302\233 \342\200\256evil \377\n'; echo $DSN; printf 'no end'"
    acting = Acting(
        tmp_path,
        {"steps": [{"run": ["sh", "-c", hostile], "env": {"DSN": "${DSN}", "APP_TOKEN": "${TOKEN}"}}]},
        {"sources": {"db": {"postgres": "${DSN}"}}},
        {"DSN": "postgres://u:hunter2@h/d", "TOKEN": "t0ken-t0ken"},
    )

    attempt, progress, _ = await acting.carry_out(reason="it leaks hunter2")

    lines = executor.output(attempt, Redactor())
    assert all(line.isprintable() for line in lines)
    assert "\\x1b]0;owned\\x07" in lines[1]
    assert lines[-1] == "no end"
    assert all(step.label.isprintable() for step in progress)
    for path in attempt.iterdir():
        kept = path.read_bytes()
        assert b"hunter2" not in kept, path
        assert b"t0ken-t0ken" not in kept, path
    assert REDACTED in (attempt / "intent.json").read_text()


async def test_everything_an_attempt_writes_is_for_its_owner(tmp_path: Path) -> None:
    attempt, _, _ = await Acting(tmp_path, {"steps": [sh("echo x")]}).carry_out()

    assert stat.S_IMODE(attempt.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in attempt.iterdir() if path.name != "runner.log"} == {0}


async def test_an_attempt_is_begun_once(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("echo x >>tries")]})
    attempt, _, _ = await acting.carry_out()
    wait_until(lambda: not executor.is_running(attempt))

    with pytest.raises(CannotStart, match="is not begun again"):
        await acting.start(attempt)

    assert (tmp_path / "tries").read_text() == "x\n"


async def test_one_action_at_a_time_runs_for_a_service(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("until test -e go; do sleep 0.05; done")]})
    first = await acting.start()

    with pytest.raises(Busy, match=r"Act \(act-.*\) is running, begun by ana@laptop \(pts/3\)") as caught:
        await acting.start()

    said = json.loads((first / "started.json").read_text())
    assert caught.value.holder.pid == said["pid"]
    (tmp_path / "go").touch()
    _, ended = await followed(first)
    assert ended.outcome is Outcome.DONE
    wait_until(lambda: not executor.is_running(first))
    _, ended = await followed(await acting.start())
    assert ended.outcome is Outcome.DONE


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


async def test_a_stop_between_two_steps_begins_no_other(tmp_path: Path) -> None:
    steps = [{"run": ["sh", "-c", "exec kill -TERM $PPID"]}, sh("touch never"), sh("touch never")]

    _, progress, ended = await Acting(tmp_path, {"steps": steps}).carry_out()

    assert states(progress) == [(0, "running"), (0, "done")]
    assert ended.outcome is Outcome.FAILED
    said = "step 2 of 3 not begun: stopped by an operator; done before it: step 1; not begun: step 3"
    assert ended.detail == said
    assert not (tmp_path / "never").exists()


async def test_an_action_can_be_asked_to_stop(tmp_path: Path) -> None:
    acting = Acting(
        tmp_path,
        {"steps": [sh("touch begun; sleep 300", "600s"), sh("touch never")], "verify": [{"command": ["true"]}]},
    )
    attempt = await acting.start()
    wait_until((tmp_path / "begun").exists)

    assert stop(attempt, ACTOR, "it hangs", time.time())
    progress, ended = await followed(attempt)

    assert ended.outcome is Outcome.UNKNOWN
    assert (
        ended.detail
        == "step 1 of 2 not known: stopped by an operator; not begun: step 2; ended by ana@laptop (pts/3): it hangs"
    )
    assert states(progress)[-1] == (0, "not known")
    wait_until(lambda: not executor.is_running(attempt))
    assert not stop(attempt, ACTOR, "it hangs", time.time())


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


async def test_a_folder_without_intent_is_not_adopted(tmp_path: Path) -> None:
    assert executor.adopt(tmp_path, time.time()) is None
    assert executor.output(tmp_path, Redactor()) == ()


async def test_the_newest_lines_of_a_long_output_are_shown(tmp_path: Path) -> None:
    attempt, _, _ = await Acting(tmp_path, {"steps": [{"run": ["seq", "100000"]}]}).carry_out()

    assert executor.output(attempt, Redactor(), limit=3) == ("99998", "99999", "100000")


async def test_progress_is_told_while_it_happens(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("until test -e go; do sleep 0.05; done")]})
    attempt = await acting.start()

    told = executor.follow(attempt, poll_s=0.02)
    first = await anext(told)

    assert isinstance(first, ActionProgressed)
    assert first.state == "running"
    (tmp_path / "go").touch()
    assert [getattr(rest, "state", "end") async for rest in told] == ["done", "end"]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def service_is_locked(acting: Acting) -> bool:
    return holder_of(service_lock(acting.state, "app")) is not None
