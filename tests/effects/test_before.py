"""What is looked at before an action, what it is expected to take, and that neither stands in the way out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.effects import attempt_files as files
from console.effects import earlier
from tests.effects.acting import write_rollout
from tests.effects.test_act import Shell, standing_at


def shell_with(folder: Path, *before: dict[str, Any], **more: Any) -> Shell:
    """A rollback and a task with the same looks before them."""
    shell = Shell(folder)
    steps = [{"run": ["echo ran >> ran"], "shell": True}]
    actions = {
        "back": {"title": "Roll back", "kind": "rollback", "before": list(before), "steps": steps},
        "task": {"title": "Migrate", "before": list(before), "steps": steps},
    }
    shell.file = write_rollout(folder, {"steps": [{"run": ["true"]}]}, actions=actions, **more)
    return shell


def ran(shell: Shell) -> int:
    path = shell.folder / "ran"
    return len(path.read_text().splitlines()) if path.exists() else 0


def intent_of(shell: Shell, action: str) -> dict[str, Any]:
    (kept,) = (shell.state / "attempts" / "stateless").glob(f"{action}-*")
    said: dict[str, Any] = json.loads((kept / files.INTENT).read_text())
    return said


FULL = {"command": ["sh", "-c", "echo 2 of 6 containers have room; exit 1"], "within": "5s"}
ROOMY = {"command": ["sh", "-c", "echo 6 of 6 containers have room"], "within": "5s"}
HANGS = {"command": ["sleep", "600"], "within": "600s"}


def test_what_is_looked_at_before_is_shown_with_what_was_found(tmp_path: Path) -> None:
    shell = shell_with(tmp_path, ROOMY)

    done = shell.act("task", "--dry-run")

    assert done.returncode == 0, done.stderr
    assert "before   sh -c 'echo 6 of 6 containers have room' exits 0" in done.stdout
    assert "✓ 6 of 6 containers have room" in done.stdout
    assert ran(shell) == 0


def test_a_rollback_goes_on_without_room_and_the_journal_says_without_what(tmp_path: Path) -> None:
    shell = shell_with(tmp_path, FULL)

    done = shell.act("back", "--yes")

    assert done.returncode == 0, done.stderr
    assert "✗ 2 of 6 containers have room" in done.stdout
    assert "2 of 6 containers have room" in intent_of(shell, "back")["override"]
    assert ran(shell) == 1


def test_what_is_no_way_out_needs_a_reason_where_a_look_did_not_pass(tmp_path: Path) -> None:
    shell = shell_with(tmp_path, FULL)

    refused = shell.act("task", "--yes")
    done = shell.act("task", "--yes", "--reason", "the others are coming up")

    assert refused.returncode == 4
    assert "say why with --reason" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert ran(shell) == 1


def test_a_task_that_could_not_look_needs_a_reason_and_the_journal_says_without_what(tmp_path: Path) -> None:
    shell = shell_with(tmp_path, {**HANGS, "within": "1s"})

    refused = shell.act("task", "--yes")
    done = shell.act("task", "--yes", "--reason", "looked by hand")

    assert refused.returncode == 4
    assert "say why with --reason" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert "sleep 600 exits 0, within 1s: no answer in time" in intent_of(shell, "task")["override"]
    assert ran(shell) == 1


def test_a_task_whose_look_cannot_be_made_is_not_begun(tmp_path: Path) -> None:
    shell = shell_with(tmp_path, {"query": "room.sql", "source": "nowhere"})

    refused = shell.act("task", "--yes", "--reason", "all the same")

    assert refused.returncode == 4
    assert "actions.task.before" in refused.stderr
    assert ran(shell) == 0


PLACED = {"title": "Migrate", "phases": ["Move"], "steps": [{"run": ["echo ran >> ran"], "shell": True}]}
PHASES = [{"name": "Canary", "traffic": "10%"}, {"name": "Move", "traffic": "100%"}]


def placed(folder: Path, phase: int | None) -> Shell:
    """A task of the phase Move, and a session that stands in a phase; `None` for no session."""
    shell = Shell(folder)
    back = {"title": "Roll back", "kind": "rollback", "steps": PLACED["steps"]}
    actions = {"task": PLACED, "back": back}
    shell.file = write_rollout(folder, {"steps": [{"run": ["true"]}]}, phases=PHASES, actions=actions)
    if phase is not None:
        standing_at(shell, shell.session(), 100, phase=phase)
    return shell


@pytest.mark.parametrize(
    ("phase", "why"),
    [
        (0, "this belongs to Move, and this is Canary"),
        (None, "this belongs to Move, and the present phase is not known"),
    ],
)
def test_a_task_outside_its_phases_needs_a_reason_that_is_written_down(
    tmp_path: Path, phase: int | None, why: str
) -> None:
    shell = placed(tmp_path, phase)

    refused = shell.act("task", "--yes")
    left = ran(shell)
    done = shell.act("task", "--yes", "--reason", "the canary is the only one left", "--json")

    assert (refused.returncode, left) == (4, 0)
    assert f"not met  {why}" in refused.stdout
    assert done.returncode == 0, done.stderr
    assert why in json.loads((Path(json.loads(done.stdout)["folder"]) / files.INTENT).read_text())["override"]


def test_a_task_in_its_phase_and_a_rollback_in_any_need_no_reason(tmp_path: Path) -> None:
    shell = placed(tmp_path, 1)

    assert shell.act("task", "--yes").returncode == 0
    assert shell.act("back", "--yes").returncode == 0
    assert ran(shell) == 2


def test_a_look_that_hangs_delays_the_way_out_only_for_a_moment(tmp_path: Path) -> None:
    shell = shell_with(tmp_path, HANGS)

    done = shell.act("back", "--yes")

    assert done.returncode == 0, done.stderr
    assert "? no answer in time" in done.stdout
    assert intent_of(shell, "back")["override"] == ""


SLOW_NAMES = """
import socket, threading
def hang(*given, **named):
    threading.Event().wait()
socket.getaddrinfo = hang
"""


@pytest.mark.parametrize("words", [("back",), ("one", "--set", "tenant=acme")], ids=["look", "list"])
def test_a_name_server_that_hangs_delays_the_way_out_only_for_a_moment(tmp_path: Path, words: tuple[str, ...]) -> None:
    url = "http://balancer.example/room"
    shell = shell_with(tmp_path, {"http": {"url": url}, "within": "600s"})
    said = yaml.safe_load(shell.file.read_text())
    said["sources"] = {"db": {"postgres": "postgresql://app@db.example/app"}}
    (tmp_path / "tenants.sql").write_text("select 'acme'\n")
    tenant = {"title": "tenant", "from": {"query": "tenants.sql", "source": "db"}}
    steps = [{"run": ["echo ran >> ran"], "shell": True}]
    said["actions"]["one"] = {"title": "One", "parameters": {"tenant": tenant}, "steps": steps}
    shell.file.write_text(yaml.safe_dump(said))
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "sitecustomize.py").write_text(SLOW_NAMES)
    shell.env["PYTHONPATH"] = str(tmp_path / "names")

    done = shell.act(*words, "--yes", "--reason", "slow")

    assert done.returncode == 0, done.stderr
    assert ran(shell) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"query": "room.sql", "source": "db"},
        {"http": {"url": "${BALANCER_URL}/room"}},
        {"htp": "http://balancer/room"},
        {"query": "room.sql", "source": "nowhere"},
    ],
    ids=["source", "variable", "key", "no source"],
)
def test_a_look_that_cannot_be_made_does_not_stand_in_the_way_out(tmp_path: Path, broken: dict[str, Any]) -> None:
    shell = shell_with(tmp_path, broken, sources={"db": {"postgres": "${DATABASE_URL}"}})

    done = shell.act("back", "--yes")

    assert done.returncode == 0, done.stderr
    assert "not needed for this, and wrong:" in done.stderr
    assert "actions.back.before" in done.stderr or "sources.db" in done.stderr
    assert ran(shell) == 1


def test_a_dry_run_says_everything_as_json_too(tmp_path: Path) -> None:
    shell = shell_with(tmp_path, FULL)

    done = shell.act("back", "--dry-run", "--json")

    said = json.loads(done.stdout)
    assert done.returncode == 5
    assert said["before"][0]["passed"] is False
    assert said["steps"][0]["label"] == "sh -c 'echo ran >> ran'"
    assert (said["kind"], said["traffic"], said["took_s"]) == ("rollback", 0, [])
    assert ran(shell) == 0


def test_how_long_earlier_runs_took_is_expected_of_the_next(tmp_path: Path) -> None:
    shell = shell_with(tmp_path)
    for _ in range(2):
        assert shell.act("back", "--yes").returncode == 0

    said = shell.act("back", "--dry-run").stdout

    assert re.search(r"takes    the last time \d+s; \d+s to \d+s in 2 runs", said)
    assert len(earlier.took(shell.state, "stateless", "back")) == 2
    assert earlier.took(shell.state, "stateless", "task") == ()
    assert earlier.took(shell.state / "nowhere", "stateless", "back") == ()


def test_a_run_that_failed_says_nothing_about_the_next(tmp_path: Path) -> None:
    shell = shell_with(tmp_path)
    step = {"run": ["false"]}
    actions = {"back": {"title": "Roll back", "kind": "rollback", "steps": [step]}}
    shell.file = write_rollout(tmp_path, {"steps": [{"run": ["true"]}]}, actions=actions)
    assert shell.act("back", "--yes").returncode == 5

    assert earlier.took(shell.state, "stateless", "back") == ()
