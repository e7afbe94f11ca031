"""After Compose was content, the new container itself is looked at, in a real engine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers import PrivateEngine, missing
from tests.sources.containers import Containers

COMPOSE = shutil.which("docker-compose")

pytestmark = pytest.mark.engine


class Shop:
    """A service in Compose, and a rollout file that rolls it back."""

    def __init__(self, folder: Path, engine: PrivateEngine) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "DOCKER_HOST": engine.url,
            "ROLLOUT_CONSOLE_STATE": str(folder / "state"),
        }
        self._image = engine.image
        self._compose = [COMPOSE or "", "-p", f"p{os.getpid()}-{folder.name.lower()}"]
        self.serve("sleep 1000")
        (folder / ".env").write_text("SHARE=10\n")
        self.act_by("up", "-d", "--no-deps", "app")

    def act_by(self, *words: str) -> None:
        """Write the rollout file, whose rollback gives Compose these words."""
        steps: list[dict[str, Any]] = [
            {"env_file": {"path": ".env", "set": {"SHARE": "0"}}},
            {"run": [*self._compose, *words]},
        ]
        said = {
            "rollout": "shop",
            "title": "Shop",
            "service": "app",
            "actions": {"rollback": {"title": "Roll back", "kind": "rollback", "steps": steps}},
        }
        (self.folder / "shop.yaml").write_text(yaml.safe_dump(said))

    def serve(self, command: str, share: str = "${SHARE}", *, name: str = "SHARE", **others: str) -> None:
        """Write the compose file of a service that runs a command, and of others that know nothing of the share."""
        services = {"app": {**self._service(command), "environment": {name: share}}}
        services |= {other: self._service(run) for other, run in others.items()}
        (self.folder / "docker-compose.yml").write_text(yaml.safe_dump({"version": "3.7", "services": services}))

    def _service(self, command: str) -> dict[str, Any]:
        return {
            "image": self._image,
            "network_mode": "none",
            "init": False,
            "stop_grace_period": "1s",
            "command": ["sh", "-c", command],
        }

    def compose(self, *words: str) -> None:
        """Give Compose these words."""
        subprocess.run(
            [*self._compose, *words], cwd=self.folder, env=self.env, check=True, capture_output=True, timeout=60
        )

    def roll_back(self) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "console", "act", str(self.folder / "shop.yaml"), "rollback", "--yes", "--json"],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.stdout, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said


@pytest.fixture
def shop(tmp_path: Path, engine: PrivateEngine) -> Iterator[Shop]:
    if COMPOSE is None:
        missing("no docker-compose")
    engine.start()
    yield Shop(tmp_path, engine)
    made = Containers(engine)
    made.clear()
    made.client.close()


def test_a_new_container_that_runs_on_with_what_was_declared_is_a_rollback_that_is_done(shop: Shop) -> None:
    said = shop.roll_back()

    assert said["outcome"] == "done", said
    assert [step["state"] for step in said["steps"]] == ["done", "done", "passed", "passed"]
    assert "runs" in said["steps"][3]["detail"]


def test_a_container_that_dies_at_once_is_noticed_although_compose_was_content(shop: Shop) -> None:
    shop.serve("exit 7")

    said = shop.roll_back()

    assert said["outcome"] == "unverified"
    assert "does not run: it ended with exit code 7" in said["detail"]


def test_a_container_with_another_value_than_the_file_is_noticed(shop: Shop) -> None:
    shop.serve("sleep 1000", share="10")

    said = shop.roll_back()

    assert said["outcome"] == "unverified"
    assert "has another SHARE than was declared" in said["detail"]


def test_a_container_of_before_is_noticed_although_compose_was_content(shop: Shop) -> None:
    shop.serve("sleep 1000", name="CANARY")
    shop.compose("up", "-d", "app")
    shop.act_by("up", "-d", "--no-recreate", "app")

    said = shop.roll_back()

    assert said["outcome"] == "unverified"
    assert "is the container of before: it was not made again, and does not show SHARE" in said["detail"]


def test_a_rollback_that_has_nothing_left_to_change_is_done_under_any_name_of_the_key(shop: Shop) -> None:
    shop.serve("sleep 1000", name="CANARY")
    assert shop.roll_back()["outcome"] == "done"

    again = shop.roll_back()

    assert again["outcome"] == "done", again


def test_what_stays_as_it_was_and_what_ends_well_by_itself_do_not_stand_in_the_way(shop: Shop) -> None:
    shop.serve("sleep 1000", db="sleep 1000", migrate="exit 0")
    shop.compose("up", "-d")
    shop.act_by("up", "-d")

    said = shop.roll_back()

    assert said["outcome"] == "done", said


def test_a_service_that_is_scaled_to_nothing_is_a_rollback_that_is_done(shop: Shop) -> None:
    shop.compose("up", "-d")
    shop.act_by("up", "-d", "--scale", "app=0", "app")

    said = shop.roll_back()

    assert said["outcome"] == "done", said
    assert "no container of app runs" in said["steps"][3]["label"]
