"""A case whose action makes Compose replace a container, in a real engine."""

import shutil
import signal
import subprocess
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import docker
import yaml

from tests.faults.acts_plan import Case
from tests.faults.acts_servers import Servers
from tests.faults.acts_world import World, until
from tests.servers import PrivateEngine

COMPOSE = shutil.which("docker-compose") or ""
_LIVES = 'echo "$HOSTNAME" >>/traces/started; sleep 1000'
_DIES = 'echo "$HOSTNAME" >>/traces/started; exit 7'


class ComposeWorld(World):
    """A service that runs at 10 %, and an action that brings it to 0."""

    def __init__(self, folder: Path, case: Case, servers: Servers, engine: PrivateEngine) -> None:
        self._engine = engine
        self._first = 0
        engine.start()
        super().__init__(folder, case, servers)
        self.env["DOCKER_HOST"] = engine.url
        self._serve(_LIVES)
        subprocess.run(
            [COMPOSE, "-p", self.token, "up", "-d", "app"],
            cwd=folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "DOCKER_HOST": engine.url},
            check=True,
            capture_output=True,
            timeout=60,
        )
        until(lambda: self._started() == 1, "the first container")
        self._first = 1

    def step(self, number: int, kind: str) -> dict[str, Any]:
        """Return a step as the rollout file has it."""
        if kind == "compose":
            up = ["up", "-d", "--no-deps", "--force-recreate", "app"]
            return {"run": [COMPOSE, "-p", self.token, *up]}
        return super().step(number, kind)

    def verifications(self, every: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the verifications of the action."""
        compose = {"command": [COMPOSE, "-p", self.token], "services": ["app"], "env": {"SHARE": "0"}}
        return [*every, {"compose": compose, "for": "1s", "within": "10s"}]

    def count(self, number: int) -> int:
        """Return how often a step took effect; for Compose, how many containers have started."""
        return self._started() - self._first if self.case.order[number] == "compose" else super().count(number)

    def break_step(self, number: int, way: str) -> None:
        """Let Compose meet its fault, or the engine while Compose asks it."""
        if way == "dies":
            self._serve(_DIES)
        elif way == "fails":
            (self.folder / "docker-compose.yml").write_text("services: [")
        elif way in ("killed", "engine stopped", "engine killed"):
            threading.Thread(target=self._break_soon, args=(way,), daemon=True).start()

    def heal(self) -> None:
        """End every fault; what took effect stays."""
        self._serve(_LIVES)
        self._engine.start()
        super().heal()

    def running(self) -> list[str]:
        """Return the share that each running container of the service was made with."""
        with closing(docker.DockerClient(base_url=self._engine.url)) as client:
            return [
                value
                for container in client.containers.list(filters={"label": f"com.docker.compose.project={self.token}"})
                for name, _, value in (entry.partition("=") for entry in container.attrs["Config"]["Env"])
                if name == "SHARE"
            ]

    def end_all(self) -> None:
        """Kill what a case has left, and remove its containers."""
        super().end_all()
        self._engine.start()
        with closing(docker.DockerClient(base_url=self._engine.url)) as client:
            for container in client.containers.list(all=True):
                if container.labels.get("com.docker.compose.project") == self.token:
                    container.remove(force=True)

    def _started(self) -> int:
        trace = self.folder / "traces" / "started"
        return len(set(trace.read_text().split())) if trace.exists() else 0

    def _serve(self, command: str) -> None:
        app = {
            "image": self._engine.image,
            "network_mode": "none",
            "init": False,
            "stop_grace_period": "1s",
            "command": ["sh", "-c", command.replace("$", "$$")],
            "environment": {"SHARE": "${SHARE}"},
            "volumes": [f"{self.folder}/traces:/traces"],
        }
        (self.folder / "docker-compose.yml").write_text(yaml.safe_dump({"version": "3.7", "services": {"app": app}}))

    def _break_soon(self, way: str) -> None:
        """Wait until Compose is at work, let it go on for a moment that the seed chooses, and break it."""
        with suppress(TimeoutError, ProcessLookupError, OSError):
            until(lambda: bool(self._composers()), "Compose at work")
            time.sleep(0.2 + self.case.seed % 7 * 0.25)
            if way == "killed":
                for pid in self._composers():
                    subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)
            else:
                self._engine.stop(signal.SIGTERM if way == "engine stopped" else signal.SIGKILL)

    def _composers(self) -> list[int]:
        return [int(line.split()[0]) for line in self.processes() if f"{COMPOSE} -p {self.token}" in line]
