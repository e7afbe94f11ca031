import os
from pathlib import Path
from typing import Any

import pytest

from console.core.plan import FileChange, Preview
from console.core.planning import plan
from console.core.redact import REDACTED
from console.effects.preview import build_preview, command_env, preview
from tests.effects.acting import Acting


def shown(tmp_path: Path, action: dict[str, Any], *, env: dict[str, str] | None = None, **how: Any) -> Preview:
    acting = Acting(tmp_path, action, env=env or {})
    loaded = acting.loaded
    return preview(plan(loaded.rollout, "act", phase_index=None, traffic=50), loaded, now="50 % canary", **how)


def test_a_rollback_is_shown_with_its_commands_and_what_changes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CANARY_PERCENTAGE=10\n")
    found = shown(
        tmp_path,
        {
            "kind": "rollback",
            "steps": [
                {"env_file": {"path": ".env", "set": {"CANARY_PERCENTAGE": "${traffic}"}}},
                {"run": ["sh", "-c", "exit 0"], "timeout": "120s"},
            ],
            "verify": [{"http": {"url": "http://127.0.0.1:8080/health"}, "within": "60s"}],
        },
        why="error_rate CRITICAL",
        took_s=(14.0,),
    )

    assert (found.now, found.after, found.why) == ("50 % canary", "0 % canary", "error_rate CRITICAL")
    assert [step.label for step in found.steps] == [".env: CANARY_PERCENTAGE=0", "sh -c 'exit 0'"]
    assert found.steps[0].changes == (FileChange(".env", "CANARY_PERCENTAGE", "10", "0"),)
    assert [step.timeout_s for step in found.steps] == [60, 120]
    assert [check.label for check in found.verify] == [
        "GET http://127.0.0.1:8080/health is 200, within 1m",
        ".env says CANARY_PERCENTAGE=0, within 1s",
    ]
    assert (found.type_to_confirm, found.needs_reason, found.took_s) == ("app", False, (14.0,))
    assert found.problems == ()
    assert (tmp_path / ".env").read_text() == "CANARY_PERCENTAGE=10\n"


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"run": ["no-such-program", "x"]}, "no-such-program: command not found"),
        ({"run": ["./script.sh"]}, "./script.sh: cannot be executed"),
        ({"run": ["./missing.sh"]}, "./missing.sh: not found"),
        ({"env_file": {"path": ".env", "set": {"A": "1"}}}, "/.env does not exist"),
    ],
)
def test_what_stands_in_the_way_is_said_before_anything_is_done(
    tmp_path: Path, step: dict[str, Any], problem: str
) -> None:
    (tmp_path / "script.sh").write_text("")

    found = shown(tmp_path, {"steps": [step]})

    assert [step.problem.removeprefix(str(tmp_path)) for step in found.steps] == [problem]


def test_a_command_is_looked_for_where_it_will_be_run(tmp_path: Path) -> None:
    action = {"steps": [{"run": ["sh"]}]}
    acting = Acting(tmp_path, action)
    planned = plan(acting.loaded.rollout, "act", phase_index=None, traffic=None)

    found = preview(planned, acting.loaded, now="", env={"PATH": str(tmp_path)})

    assert found.problems == ("sh: command not found",)


def test_secrets_are_masked_and_nothing_hostile_is_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_KEY=old-secret\n")
    found = shown(
        tmp_path,
        {
            "steps": [
                {"env_file": {"path": ".env", "set": {"API_KEY": "new-secret"}}},
                {"run": ["echo", "\x1b[2Jhi", "${DSN}"], "env": {"DB_PASSWORD": "pw-of-db"}},
            ]
        },
        env={"DSN": "postgres://u:hunter2@h/d"},
    )

    assert found.steps[0].label == f".env: API_KEY={REDACTED}"
    assert found.steps[0].changes == (FileChange(".env", "API_KEY", REDACTED, REDACTED),)
    everything = repr([(step.label, step.changes) for step in found.steps])
    assert not any(secret in everything for secret in ("old-secret", "new-secret", "hunter2", "pw-of-db"))
    assert all(step.label.isprintable() for step in found.steps)


@pytest.mark.parametrize(
    ("action", "unmet", "word"),
    [
        ({"kind": "rollback"}, (), "app"),
        ({"kind": "task"}, (), "app"),
        ({"kind": "step_down", "ladder": [25, 0]}, (), ""),
    ],
)
def test_what_has_to_be_typed_depends_on_what_it_does(
    tmp_path: Path, action: dict[str, Any], unmet: tuple[str, ...], word: str
) -> None:
    assert shown(tmp_path, {**action, "steps": [{"run": ["true"]}]}, unmet=unmet).type_to_confirm == word


@pytest.mark.parametrize(("unmet", "word"), [((), ""), (("30h of soak left",), "app")])
async def test_an_advance_with_clauses_unmet_needs_a_reason_and_the_word(
    tmp_path: Path, unmet: tuple[str, ...], word: str
) -> None:
    phases = [{"name": "Canary", "traffic": "10%"}, {"name": "Half", "traffic": "50%"}]
    loaded = Acting(tmp_path, {"kind": "advance"}, {"phases": phases}).loaded
    planned = plan(loaded.rollout, "act", phase_index=0, traffic=10)

    found = await build_preview(planned, loaded, now="10 % canary", unmet=unmet)

    assert (found.type_to_confirm, found.needs_reason, found.unmet) == (word, bool(unmet), unmet)
    assert found.after == "50 % canary, phase Half"


def test_commands_get_what_they_need_and_nothing_else() -> None:
    env = {"PATH": "/bin", "HOME": "/root", "DOCKER_HOST": "x", "CANARY_PERCENTAGE": "100", "COMPOSE_FILE": "y"}

    assert command_env(env) == {"PATH": "/bin", "HOME": "/root", "DOCKER_HOST": "x"}
    assert "PATH" in command_env(os.environ)


def test_the_body_of_a_request_is_shown_without_what_stands_under_the_name_of_a_secret(tmp_path: Path) -> None:
    request = {"url": "http://127.0.0.1:1/flags", "method": "PUT", "json": {"share": "0", "api_key": "hunter-two"}}
    found = shown(tmp_path, {"kind": "rollback", "steps": [{"http": request}], "verify": [{"http": request}]})

    for label in (found.steps[0].label, found.verify[0].label):
        assert label.startswith('PUT http://127.0.0.1:1/flags {"share": "0", ')
        assert REDACTED in label
        assert "hunter-two" not in label
