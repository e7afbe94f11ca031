import json
import shlex
from typing import Any

import pytest

from console.core.compose import compose_up, engine_command, implied, seen, wrong_with
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
        *("docker compose -p up ps -d", "python -m compose up -d"),
    ],
)
def test_other_commands_make_no_containers(said: str) -> None:
    assert compose_up(shlex.split(said)) is None


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
    parts = (said["Name"], state, said["Created"], said["RestartCount"], said["Env"])
    return "\t".join(json.dumps(part) for part in parts)


ASKED = ComposeUp(command=("docker", "compose"), env={"SHARE": "0"})
NEW = ASKED.model_copy(update={"since": NOW})
DEAD = "shop-app-1 does not run: it ended with exit code 7"
OLD = "shop-app-1 is the container of before: it was not made again"


@pytest.mark.parametrize(
    ("line", "asked", "wrong"),
    [
        (inspected(), ASKED, ""),
        (
            inspected(State={"Running": False, "ExitCode": 7}),
            ASKED,
            "shop-app-1 does not run: it ended with exit code 7",
        ),
        (inspected(State={"Restarting": True}), ASKED, "shop-app-1 does not run: it ended with exit code 0"),
        (inspected(RestartCount=2), ASKED, "shop-app-1 was restarted 2 times"),
        (inspected(State={"Health": {"Status": "unhealthy"}}), ASKED, "shop-app-1 is unhealthy"),
        (inspected(Env=["SHARE=10"]), ASKED, "shop-app-1 has another SHARE than was declared"),
        (inspected(Env=None), ASKED, ""),
        (inspected(Env=[]), NEW, OLD),
        (inspected(), NEW, ""),
        (inspected(State={"StartedAt": "2023-11-14T22:13:18Z"}), ASKED, "shop-app-1 has run for 2s, of 10s"),
    ],
)
def test_a_container_is_judged_by_what_it_is_itself(line: str, asked: ComposeUp, wrong: str) -> None:
    assert wrong_with(seen(line), asked, 10.0, NOW) == wrong
