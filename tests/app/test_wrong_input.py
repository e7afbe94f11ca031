"""Wrong input: one clear message, the right exit code, and what can still work works."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.terminal import PROGRAM, Terminal

GOOD = {
    "rollout": "shop",
    "title": "The new shop",
    "service": "shop",
    "sources": {
        "app": {"file": "shop.log", "track": "canary"},
        "db": {"postgres": "postgresql://nobody:s3cret-pass@127.0.0.1:1/none"},
    },
    "events": {"failed": {"match": "failed"}, "served": {"match": "served"}},
    "metrics": {
        "failures": {"events": {"of": "failed", "over": ["failed", "served"]}, "target": "< 1"},
        "rows": {"query": "rows.sql", "source": "db", "every": "2s", "target": "> 0"},
    },
    "phases": [{"name": "Canary", "traffic": "10%"}],
}


def rollout_file(folder: Path, **changes: object) -> Path:
    (folder / "rows.sql").write_text("SELECT 1 AS value")
    (folder / "shop.log").write_text("served\n" * 5)
    file = folder / "shop.yaml"
    file.write_text(json.dumps({**GOOD, **changes}, indent=1))
    return file


def run(*arguments: str | Path, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        env={**os.environ, "ROLLOUT_CONSOLE_STATE": str(folder / "state"), **env},
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"events": {"failed": {"match": "failed ("}}}, "match"),
        ({"metrics": {"failures": {"events": {"of": "failed"}, "target": "about 5"}}}, "about 5"),
        ({"metrics": {"rows": {"query": "gone.sql", "source": "db"}}}, "gone.sql"),
        ({"phases": [{"name": "Canary", "traffic": "110%"}]}, "110%"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "check", "watch"])
def test_a_file_that_is_wrong_is_refused_with_the_place(
    tmp_path: Path, changes: dict[str, object], said: str, command: str
) -> None:
    options = ["--headless"] if command == "watch" else []

    done = run(command, rollout_file(tmp_path, **changes), *options, folder=tmp_path)

    assert done.returncode == 4
    assert "shop.yaml:" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_query_that_writes_is_refused_at_load(tmp_path: Path) -> None:
    file = rollout_file(tmp_path)
    (tmp_path / "rows.sql").write_text("DELETE FROM users")

    done = run("validate", file, folder=tmp_path)

    assert done.returncode == 4
    assert "rows.sql" in done.stderr


def test_an_unreachable_database_is_broken_and_the_logs_are_judged_all_the_same(tmp_path: Path) -> None:
    done = run("check", rollout_file(tmp_path), "--json", folder=tmp_path)

    said = json.loads(done.stdout)
    verdicts = {metric["name"]: metric["verdict"] for metric in said["metrics"]}
    assert done.returncode == 3
    assert verdicts == {"failures": "OK", "rows": "BROKEN"}
    assert "s3cret-pass" not in done.stdout + done.stderr


def test_no_docker_socket_says_so_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    sources = {"app": {"docker": {"service": "shop"}}}
    metrics = {"failures": {"events": {"of": "failed", "over": ["failed", "served"]}, "target": "< 1"}}
    file = rollout_file(tmp_path, sources=sources, metrics=metrics)

    done = run("check", file, "--within", "3s", folder=tmp_path, DOCKER_HOST=f"unix://{tmp_path}/gone.sock")

    assert done.returncode == 3
    assert "no Docker socket at" in done.stdout


def test_no_terminal_is_one_message(tmp_path: Path) -> None:
    done = run("watch", rollout_file(tmp_path), folder=tmp_path)

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.strip() == "rollout-console watch: no terminal here; --headless needs none"


def test_a_wrong_file_on_a_terminal_is_one_message_after_it(tmp_path: Path) -> None:
    file = rollout_file(tmp_path, colour="red")

    with Terminal([*PROGRAM, "watch", str(file)], env={"ROLLOUT_CONSOLE_STATE": str(tmp_path / "state")}) as terminal:
        code = terminal.wait_end()

    assert code == 4
    assert "colour" in terminal.text


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["check"], ["watch", "a", "b"], ["act", "nofile.yaml", "x"]])
def test_wrong_usage_is_exit_code_4(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, folder=tmp_path)

    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_a_state_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")

    done = run("watch", rollout_file(tmp_path), "--headless", "--for", "1s", folder=tmp_path)

    assert done.returncode == 3
    assert "ROLLOUT_CONSOLE_STATE" in done.stderr


def test_a_session_whose_phase_is_gone_from_the_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = rollout_file(tmp_path)
    run("watch", file, "--headless", "--for", "1s", folder=tmp_path)
    rollout_file(tmp_path, phases=[{"name": "Another", "traffic": "10%"}])

    done = run("watch", file, "--headless", "--for", "1s", folder=tmp_path)

    assert done.returncode == 3
    assert "in the phase Canary" in done.stderr
    assert "--new" in done.stderr


def test_looking_only_takes_no_session_from_whoever_may_have_to_act(tmp_path: Path) -> None:
    run("watch", rollout_file(tmp_path), "--headless", "--for", "1s", "--read-only", folder=tmp_path)

    done = run("sessions", "--json", folder=tmp_path)

    assert json.loads(done.stdout) in ([], {"sessions": []})
