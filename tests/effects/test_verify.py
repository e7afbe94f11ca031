"""`rollout-console verify`: prerequisites, checklists and validation windows from a shell."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.effects.acting import write_rollout
from tests.effects.test_act import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def items(*checks: dict[str, Any]) -> dict[str, Any]:
    listed = [{"id": f"i{number}", "text": f"Item {number}", "verify": check} for number, check in enumerate(checks)]
    return {"phases": [{"name": "Canary", "traffic": "10%", "checklist": [*listed, {"id": "hand", "text": "By hand"}]}]}


OK = {"command": ["true"], "within": "20s"}
BAD = {"command": ["sh", "-c", "echo no good; exit 1"], "within": "5s"}
"""It is asked until its time is over, which has to be enough for one answer."""
GONE = {"redis": {"llen": "queue"}, "source": "cache", "within": "1s"}


@pytest.mark.parametrize(
    ("checks", "code", "lines"),
    [
        ((OK,), 0, ["  ✓ Item 0 (i0): passed"]),
        ((OK, BAD), 2, ["  ✓ Item 0 (i0): passed", "  ✗ Item 1 (i1): not passed, no good"]),
        ((GONE,), 3, ["  ? Item 0 (i0): could not be asked"]),
        ((GONE, BAD), 2, ["  ? Item 0 (i0): could not be asked", "  ✗ Item 1 (i1): not passed"]),
        ((), 0, []),
    ],
)
def test_checklist_items_are_verified(shell: Shell, checks: tuple[Any, ...], code: int, lines: list[str]) -> None:
    more = {"sources": {"cache": {"redis": "redis://127.0.0.1:9/0"}}} if GONE in checks else {}
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, **items(*checks), **more)

    done = shell.give("verify", str(shell.file))

    assert done.returncode == code, done.stderr
    said = done.stdout.splitlines()[1:]
    assert len(said) == len(lines)
    assert all(found.startswith(line) for found, line in zip(said, lines, strict=True)), said


def test_verifying_tells_programs_too_and_one_phase_can_be_chosen(shell: Shell) -> None:
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, **items(OK))

    said = json.loads(shell.give("verify", str(shell.file), "--json", "--phase", "1").stdout)

    assert said == [{"phase": "Canary", "item": "i0", "text": "Item 0", "outcome": "passed", "detail": "exit code 0"}]
    assert json.loads(shell.give("verify", str(shell.file), "--json", "--phase", "Canary").stdout) == said
    wrong = shell.give("verify", str(shell.file), "--phase", "Half")
    assert wrong.returncode == 4
    assert "there are: Canary" in wrong.stderr


def test_the_prerequisites_of_a_phase_are_verified_before_its_checklist(shell: Shell) -> None:
    before = {"id": "ready", "text": "Ready", "verify": BAD}
    phases = [{**items(OK)["phases"][0], "prerequisites": [before]}, {"name": "All", "traffic": "100%"}]
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, phases=phases)

    done = shell.give("verify", str(shell.file), "--json", "--phase", "Canary")

    assert done.returncode == 2
    assert [(one["item"], one["outcome"]) for one in json.loads(done.stdout)] == [
        ("ready", "not passed"),
        ("i0", "passed"),
    ]


def test_the_items_of_validation_windows_are_verified_too(shell: Shell) -> None:
    check = {"id": "late", "text": "Still well", "verify": OK}
    windows = [{"name": "0-4 h", "until": "4h", "checklist": [check]}]
    shell.file = write_rollout(shell.folder, {"steps": [{"run": ["true"]}]}, validation=windows)

    said = json.loads(shell.give("verify", str(shell.file), "--json").stdout)

    assert [(one["phase"], one["item"], one["outcome"]) for one in said] == [("0-4 h", "late", "passed")]
