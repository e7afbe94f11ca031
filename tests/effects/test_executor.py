"""The steps of an attempt: run in order, ended in time, verified, and an outcome that is never better than known."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from console.core.redact import Redactor
from console.core.words import Outcome
from console.effects import executor
from console.effects.claims import Busy, CannotStart
from console.effects.executor import Stage
from console.effects.stopping import stop
from tests.effects.acting import ACTOR, Acting, followed, sh, states
from tests.waiting import wait_until


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


async def test_a_folder_without_intent_is_not_adopted(tmp_path: Path) -> None:
    assert executor.adopt(tmp_path, time.time()) is None
    assert executor.output(tmp_path, Redactor()) == ()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
