"""An action that hangs can be ended, and one that nobody knows the outcome of can be verified, resumed or abandoned."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.core.desk import Refused
from console.core.planning import plan
from console.core.words import Outcome
from console.effects import attempt_files as files
from console.effects import executor
from console.effects.begin import Intent, Places, begin
from console.effects.claims import CannotStart
from console.effects.lock import command_lock, holder_of
from tests.effects.acting import ACTOR, Acting, followed, write_rollout
from tests.effects.test_act import Shell
from tests.effects.test_automatic import soaking
from tests.waiting import wait_until

TWO_STEPS = {
    "title": "Roll back",
    "kind": "rollback",
    "steps": [
        {"run": ["echo first >> done"], "shell": True},
        {"run": ["echo second >> done; touch begun; until test -e go; do sleep 0.05; done"], "shell": True},
        {"run": ["echo third >> done"], "shell": True},
    ],
    "verify": [{"command": ["test", "-e", "go"], "within": "5s"}],
}

TRUE = {"command": ["true"], "within": "20s"}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    (tmp_path / "run").mkdir(mode=0o700)
    shell.env["XDG_RUNTIME_DIR"] = str(tmp_path / "run")
    shell.file = write_rollout(tmp_path, {"steps": [{"run": ["true"]}]}, actions={"rollback": TWO_STEPS})
    yield shell
    (tmp_path / "go").touch()  # a step whose runner was killed runs on


def begun(shell: Shell) -> Path:
    """Begin a rollback that hangs in its second step, end the command, and return the attempt's folder."""
    command = subprocess.Popen(
        [sys.executable, "-m", "console", "act", str(shell.file), "rollback", "--yes"],
        env=shell.env,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until((shell.folder / "begun").exists, "the second step")
    command.kill()
    command.wait()
    (kept,) = (shell.state / "attempts" / "stateless").iterdir()
    return kept


def vanished(shell: Shell) -> Path:
    """Leave an attempt whose runner was killed in its second step."""
    kept = begun(shell)
    said = files.read_started(kept)
    assert said is not None
    os.kill(said["pid"], signal.SIGKILL)
    command = holder_of(command_lock(kept / files.RUNNING_LOCK))
    assert command is not None
    os.killpg(command.pid, signal.SIGKILL)
    wait_until(lambda: told(shell)[-1]["outcome"] == "unknown", "the end of the runner")
    return kept


def told(shell: Shell) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shell.give("attempts", str(shell.file), "--json").stdout)
    return found


def settle(shell: Shell, attempt: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return shell.give("attempts", str(shell.file), attempt.name, *words)


def test_an_action_that_hangs_is_ended_with_a_reason(shell: Shell) -> None:
    kept = begun(shell)
    assert told(shell)[0]["choices"] == ["stop"], told(shell)

    refused = settle(shell, kept, "--stop")
    ended = settle(shell, kept, "--stop", "--reason", "it hangs")

    assert refused.returncode == 4
    assert "say why with --reason" in refused.stderr
    assert ended.returncode == 0, ended.stderr
    wait_until(lambda: told(shell)[0]["outcome"] == "unknown", "the end of the action")
    detail = told(shell)[0]["detail"]
    assert "step 2 of 3 not known: stopped by an operator" in detail
    assert detail.endswith(": it hangs")
    assert (shell.folder / "done").read_text() == "first\nsecond\n"


def test_an_outcome_that_is_not_known_can_be_verified_and_nothing_is_repeated(shell: Shell) -> None:
    kept = vanished(shell)
    assert told(shell)[0]["choices"] == ["verify", "resume", "abandon"]
    assert shell.give("attempts", str(shell.file)).returncode == 3

    not_yet = settle(shell, kept, "--verify")
    after = told(shell)[-1]

    assert not_yet.returncode == 5
    assert "Verify: Roll back: unverified" in not_yet.stdout
    assert (after["outcome"], after["choices"]) == ("unverified", ["verify", "resume", "abandon"])
    assert (shell.folder / "done").read_text() == "first\nsecond\n"


def test_what_was_never_begun_is_not_done_whatever_passes_until_it_is_resumed(shell: Shell) -> None:
    kept = vanished(shell)
    (shell.folder / "go").touch()

    verified = settle(shell, kept, "--verify")
    after = told(shell)[-1]
    resumed = shell.give("attempts", str(shell.file), after["attempt"], "--resume")

    assert verified.returncode == 5
    assert after["outcome"] == "unverified"
    assert after["detail"] == (
        "every verification passed, but step 3 was never begun, and no verification stands for it: resume it"
    )
    assert resumed.returncode == 0, resumed.stderr
    assert (shell.folder / "done").read_text() == "first\nsecond\nsecond\nthird\n"
    assert [one["choices"] for one in told(shell)] == [[], [], []]


def ending_with(shell: Shell, last: dict[str, Any], **more: Any) -> Path:
    """Carry out a rollback of an edit and one more step that does not go well, and return its attempt."""
    (shell.folder / "app.env").write_text("SHARE=10\n")
    edit = {"env_file": {"path": "app.env", "set": {"SHARE": "0"}}}
    action = {"title": "Roll back", "kind": "rollback", "steps": [edit, last], **more}
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, actions={"rollback": action})
    assert shell.act("rollback", "--yes").returncode == 5
    (kept,) = (shell.state / "attempts" / "stateless").iterdir()
    return kept


@pytest.mark.parametrize("verify", [[], [TRUE]])
def test_a_step_that_failed_is_not_done_because_something_else_passes(shell: Shell, verify: list[Any]) -> None:
    kept = ending_with(shell, {"run": ["test", "-e", "go"]}, verify=verify)

    verified = settle(shell, kept, "--verify")
    after = told(shell)[-1]
    (shell.folder / "go").touch()
    resumed = shell.give("attempts", str(shell.file), after["attempt"], "--resume")

    assert verified.returncode == 5
    assert after["outcome"] == "unverified"
    assert "every verification passed, but step 2 failed" in after["detail"]
    assert resumed.returncode == 0, resumed.stderr


@pytest.mark.parametrize(("verify", "outcome"), [([], "unverified"), ([TRUE], "done")])
def test_a_step_in_doubt_is_done_only_if_the_file_says_what_stands_for_it(
    shell: Shell, verify: list[Any], outcome: str
) -> None:
    kept = ending_with(shell, {"run": ["kill -9 $$"], "shell": True}, verify=verify)

    settle(shell, kept, "--verify")

    assert told(shell)[-1]["outcome"] == outcome


def test_what_was_begun_is_resumed_at_the_first_step_that_is_not_known_to_be_done(shell: Shell) -> None:
    kept = vanished(shell)
    (shell.folder / "go").touch()

    resumed = settle(shell, kept, "--resume", "--reason", "the machine was lost")

    assert resumed.returncode == 0, resumed.stderr
    assert "Roll back, from step 2: done" in resumed.stdout
    assert (shell.folder / "done").read_text() == "first\nsecond\nsecond\nthird\n"


def test_an_attempt_that_was_resumed_is_not_resumed_again(shell: Shell) -> None:
    kept = vanished(shell)
    (shell.folder / "go").touch()
    settle(shell, kept, "--resume")

    again = settle(shell, kept, "--resume")

    assert again.returncode == 4
    assert "a later one was begun" in again.stderr
    assert (shell.folder / "done").read_text() == "first\nsecond\nsecond\nthird\n"


def test_an_attempt_can_be_left_as_it_is(shell: Shell) -> None:
    kept = vanished(shell)

    left = settle(shell, kept, "--abandon", "--reason", "rolled back by hand")

    assert left.returncode == 0, left.stderr
    said = told(shell)[0]
    assert (said["outcome"], said["choices"]) == ("abandoned", [])
    assert "rolled back by hand" in said["detail"]


def test_a_file_that_changed_since_is_not_resumed(shell: Shell) -> None:
    kept = vanished(shell)
    changed = {**TWO_STEPS, "steps": [{"run": ["touch", "other"]}, *TWO_STEPS["steps"][1:]]}
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, actions={"rollback": changed})

    refused = settle(shell, kept, "--resume")

    assert refused.returncode == 4
    assert "the rollout file has changed since this was begun" in refused.stderr


def test_a_step_that_is_given_more_time_is_resumed(shell: Shell) -> None:
    kept = vanished(shell)
    steps = [{**step, "timeout": "50s"} for step in TWO_STEPS["steps"]]
    longer = {**TWO_STEPS, "steps": steps}
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, actions={"rollback": longer})
    (shell.folder / "go").touch()

    resumed = settle(shell, kept, "--resume")

    assert resumed.returncode == 0, resumed.stderr


@pytest.mark.parametrize("long", [{"run": ["test -e go # " + "x" * 600], "shell": True}, {"run": ["test", "-e", "go"]}])
def test_a_change_that_a_label_does_not_show_is_a_change_too(shell: Shell, long: dict[str, Any]) -> None:
    last = {**long, "env": {"API_TOKEN": "one"}}
    kept = ending_with(shell, last)
    changed = {**last, "run": [f"{last['run'][0]}y"]} if "shell" in last else {**last, "env": {"API_TOKEN": "two"}}
    edit = {"env_file": {"path": "app.env", "set": {"SHARE": "0"}}}
    action = {"title": "Roll back", "kind": "rollback", "steps": [edit, changed]}
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, actions={"rollback": action})

    refused = settle(shell, kept, "--resume")

    assert refused.returncode == 4, refused.stdout
    assert "the rollout file has changed since this was begun" in refused.stderr


def test_without_attempts_there_is_nothing_to_settle(shell: Shell) -> None:
    assert "no action was begun" in shell.give("attempts", str(shell.file)).stdout
    assert settle(shell, Path("rollback-1"), "--resume").returncode == 4


async def test_of_two_who_go_on_from_the_same_attempt_at_once_only_one_does(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [{"run": ["echo x >> done; false"], "shell": True}]})
    failed, _, _ = await acting.carry_out()
    where = Places((acting.state / "attempts",), (acting.state,))
    rest = plan(acting.loaded.rollout, "act", phase_index=None, traffic=None)
    intent = Intent(time.time(), ACTOR, "resume", continues=failed.name)
    folder, _ = await begin(rest, acting.loaded, intent, where)
    await followed(folder)

    with pytest.raises(CannotStart, match=f"ana@laptop .* went on from {failed.name} meanwhile, with {folder.name}"):
        await begin(rest, acting.loaded, intent, where)

    assert (tmp_path / "done").read_text() == "x\nx\n"
    assert len(list((acting.state / "attempts").iterdir())) == 2


async def test_nobody_goes_on_from_an_attempt_that_was_abandoned_meanwhile(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [{"run": ["echo x >> done; false"], "shell": True}]})
    failed, _, _ = await acting.carry_out()
    executor.abandon(failed, ACTOR, "by hand", time.time())
    rest = plan(acting.loaded.rollout, "act", phase_index=None, traffic=None)

    with pytest.raises(
        CannotStart, match=r"was abandoned meanwhile by ana@laptop \(pts/3\): by hand; nothing was done"
    ):
        await begin(
            rest,
            acting.loaded,
            Intent(time.time(), ACTOR, "resume", continues=failed.name),
            Places((acting.state / "attempts",), (acting.state,)),
        )

    assert (tmp_path / "done").read_text() == "x\n"


async def test_an_attempt_whose_runner_could_not_be_started_is_in_the_journal_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_rollout(tmp_path, {"steps": [{"run": ["true"]}]})
    monkeypatch.setattr(executor, "_launch", lambda *_: "no more processes")
    async with soaking(file) as soak:
        with pytest.raises(Refused, match="the runner could not be started: no more processes; nothing was done"):
            await soak.desk.start(await soak.desk.preview("act"), reason="", typed="app")

        assert await soak.until_over() is Outcome.FAILED
        said = [record.text for record in soak.engine.journal() if record.kind == "outcome"]

    assert said == ["Act: failed: the runner could not be started: no more processes; nothing was done"]


async def test_what_could_not_be_started_stands_before_what_is_begun_at_once_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_rollout(tmp_path, {"steps": [{"run": ["true"]}]})
    async with soaking(file) as soak:
        asked = await soak.desk.preview("act")
        with monkeypatch.context() as broken:
            broken.setattr(executor, "_launch", lambda *_: "no more processes")
            with pytest.raises(Refused, match="could not be started"):
                await soak.desk.start(asked, reason="", typed="app")

        again = await soak.desk.start(asked, reason="", typed="app")

        assert await soak.until_over() is Outcome.DONE
        began = list(soak.engine.state.attempts)

    assert [began.index(again), len(began)] == [1, 2]
