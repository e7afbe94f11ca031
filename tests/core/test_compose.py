import json
import shlex
from typing import Any

import pytest

from console.core.compose import all_ended, engine_time, implied, judged_by, seen, wrong_with
from console.core.compose_calls import compose_up, engine_command, made_by
from console.core.probes import Check, ComposeUp
from console.core.rollout import Step

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("said", "command", "services", "engine"),
    [
        ("docker compose up -d --no-deps app", "docker compose", ["app"], "docker"),
        ("docker compose -p shop -f a.yml up --detach", "docker compose -p shop -f a.yml", [], "docker"),
        (
            "docker -H tcp://n2 compose up -d app web",
            "docker -H tcp://n2 compose",
            ["app", "web"],
            "docker -H tcp://n2",
        ),
        (
            "docker --context=eu compose up --wait app",
            "docker --context=eu compose",
            ["app"],
            "docker --context=eu",
        ),
        (
            "/bin/docker-compose -f a.yml up -d --scale app=2 app",
            "/bin/docker-compose -f a.yml",
            ["app"],
            "docker",
        ),
        ("docker-compose -H tcp://n2:2375 up -d", "docker-compose -H tcp://n2:2375", [], "docker -H tcp://n2:2375"),
        ("podman compose up -d app", "podman compose", ["app"], "podman"),
        ("sudo -u docker docker compose up -d app", "sudo -u docker docker compose", ["app"], "sudo -u docker docker"),
        ("env A=1 docker compose up --detach=true", "env A=1 docker compose", [], "env A=1 docker"),
        ("timeout 60 docker-compose up -Vd app", "timeout 60 docker-compose", ["app"], "timeout 60 docker"),
    ],
)
def test_what_compose_makes_anew_is_read_from_its_command(
    said: str, command: str, services: list[str], engine: str
) -> None:
    found = compose_up(shlex.split(said))

    assert found is not None
    assert shlex.join(found.command) == command
    assert list(found.services) == services
    assert shlex.join(engine_command(found)) == engine


@pytest.mark.parametrize(
    "said",
    [
        *("docker compose restart app", "docker compose up app", "docker run -d app", "docker", "make up -d"),
        *(
            "docker compose -p up ps -d",
            "python -m compose up -d",
            "docker compose up --detach=false",
            "echo docker up",
        ),
    ],
)
def test_other_commands_make_no_containers(said: str) -> None:
    assert compose_up(shlex.split(said)) is None


@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("docker compose pull && docker compose up -d app >/dev/null 2>&1 # again", [("docker compose", ["app"])]),
        ("set -e\nSHARE=0 docker-compose up -d", [("env SHARE=0 docker-compose", [])]),
        (
            "cd /srv && cd docker; docker compose up -d app",
            [('sh -c \'cd "$0" && exec "$@"\' /srv/docker docker compose', ["app"])],
        ),
        ('docker compose -p "$PROJECT" up -d app', []),
        ("cd ~/shop && docker compose up -d app", []),
        ("echo 'docker compose up -d", []),
        ("docker compose up -d a; docker compose up -d b", [("docker compose", ["a"]), ("docker compose", ["b"])]),
    ],
)
def test_a_shell_line_that_is_plain_is_understood_too(script: str, made: list[tuple[str, list[str]]]) -> None:
    found = made_by(Step.model_validate({"run": [script], "shell": True}))

    assert [(shlex.join(one.command), list(one.services)) for one in found] == made
    assert all(engine_command(one)[-1] == "docker" for one in found)


def test_what_a_step_says_of_the_project_and_the_engine_is_said_when_it_is_verified() -> None:
    env = {"DOCKER_HOST": "tcp://n2", "COMPOSE_PROJECT_NAME": "shop", "TOKEN": "x"}

    (made,) = made_by(Step.model_validate({"run": ["docker", "compose", "up", "-d"], "env": env}))

    assert shlex.join(made.command) == "env DOCKER_HOST=tcp://n2 COMPOSE_PROJECT_NAME=shop docker compose"


def test_a_service_that_is_scaled_to_nothing_must_not_run() -> None:
    for said in ("docker compose up -d --scale app=2 --scale canary=0 canary", "docker compose up --scale=canary=0 -d"):
        made = compose_up(shlex.split(said))

        assert made is not None
        assert made.gone == ("canary",)
        assert wrong_with(seen(inspected(service="canary")), made, 10.0, NOW) == "shop-app-1 still runs"
        ended = seen(inspected(service="canary", State={"Running": False, "ExitCode": 137}))
        assert wrong_with(ended, made, 10.0, NOW) == ""


def test_without_an_edit_containers_of_before_will_do() -> None:
    up = Step.model_validate({"run": ["docker", "compose", "up", "-d", "app"]})
    edit = Step.model_validate({"env_file": {"path": ".env", "set": {"SHARE": "0"}}})
    (alone,), (_, after) = judged_by((up,), ()), judged_by((edit, up), ())

    assert alone.compose is not None
    assert after.compose is not None
    assert (alone.compose.may_be_old, after.compose.may_be_old) == (True, False)


def test_one_that_shows_what_was_declared_must_run_on() -> None:
    everything = ASKED.model_copy(update={"services": ()})
    once = seen(inspected(State={"Running": False}, policy="no"))
    other = seen(inspected(Env=[]))

    assert wrong_with(once, everything, 10.0, NOW) == ""
    assert all_ended([once, other], everything) == "shop-app-1 has ended"
    assert all_ended([seen(inspected()), once], everything) == ""


def test_the_clock_of_an_engine_is_understood() -> None:
    assert engine_time("2023-11-14T23:13:20.000000001+01:00\n") == NOW
    assert engine_time("Template parsing error") is None


def test_after_an_edit_and_compose_the_file_and_the_containers_are_verified() -> None:
    edit = Step.model_validate({"env_file": {"path": ".env", "set": {"SHARE": "0"}}})
    up = Step.model_validate({"run": ["docker", "compose", "up", "-d", "app"]})

    declared, made = implied((edit, up), ())

    assert declared.env_file == edit.env_file
    assert made.compose is not None
    assert (made.compose.env, made.for_) == ({"SHARE": "0"}, 10.0)


def test_what_the_file_verifies_of_compose_itself_stands_alone() -> None:
    up = Step.model_validate({"run": ["docker", "compose", "up", "-d", "app"]})
    own = Check.model_validate({"compose": {"command": ["docker", "compose"]}, "for": "1m", "within": "2m"})

    assert implied((up,), (own,)) == ()


def inspected(**more: Any) -> str:
    state = {"Running": True, "StartedAt": "2023-11-14T22:13:00.123456789Z", **more.pop("State", {})}
    said = {"Name": "/shop-app-1", "Created": "2023-11-14T22:12:59.5Z", "RestartCount": 0, "Env": ["SHARE=0"], **more}
    labels = {f"com.docker.compose.{name}": said.get(name.replace("-", "_"), "") for name in ("service", "config-hash")}
    parts = (said["Name"], state, said["Created"], said["RestartCount"], said["Env"], said.get("policy", ""), labels)
    return "\t".join(json.dumps(part) for part in parts)


ASKED = ComposeUp(command=("docker", "compose"), env={"SHARE": "0"})
NEW = ASKED.model_copy(update={"since": NOW})
OLD = "shop-app-1 is the container of before: it was not made again"
MORE = NEW.model_copy(update={"env": {"SHARE": "0", "CANARY": "0"}})
SERVICE = {"services": ("app",)}


@pytest.mark.parametrize(
    ("line", "asked", "wrong"),
    [
        (inspected(), ASKED, ""),
        (
            inspected(State={"Running": False, "ExitCode": 7}),
            ASKED,
            "shop-app-1 does not run: it ended with exit code 7",
        ),
        (
            inspected(State={"Restarting": True}, policy="always"),
            ASKED,
            "shop-app-1 does not run: it ended with exit code 0",
        ),
        (inspected(RestartCount=2), ASKED, "shop-app-1 was restarted 2 times"),
        (inspected(State={"Health": {"Status": "unhealthy"}}), ASKED, "shop-app-1 is unhealthy"),
        (inspected(Env=["SHARE=10"]), ASKED, "shop-app-1 has another SHARE than was declared"),
        (inspected(Env=None), ASKED, ""),
        (inspected(Env=[]), NEW, f"{OLD}, and does not show SHARE"),
        (inspected(), MORE, f"{OLD}, and does not show CANARY"),
        (inspected(config_hash="abc"), MORE, ""),
        (inspected(), NEW.model_copy(update={"env": {}}), OLD),
        (inspected(), NEW.model_copy(update={"env": {}, "may_be_old": True}), ""),
        (inspected(RestartCount=3), NEW, ""),
        (inspected(RestartCount=3), NEW.model_copy(update={"since": NOW - 60}), "shop-app-1 was restarted 3 times"),
        (inspected(State={"Running": False}, policy="no"), NEW, ""),
        (
            inspected(State={"Running": False}, policy="no"),
            NEW.model_copy(update=SERVICE),
            "shop-app-1 does not run: it ended with exit code 0",
        ),
        (inspected(), NEW, ""),
        (inspected(State={"StartedAt": "2023-11-14T22:13:18Z"}), ASKED, "shop-app-1 has run for 2s, of 10s"),
    ],
)
def test_a_container_is_judged_by_what_it_is_itself(line: str, asked: ComposeUp, wrong: str) -> None:
    assert wrong_with(seen(line), asked, 10.0, NOW, "abc") == wrong
