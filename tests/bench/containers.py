"""A Docker engine of the bench's own, with containers that write a log."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.models.containers import Container

from tests.faults.program import wait_for
from tests.servers import PrivateEngine

WRITES_WITHIN_S = 120.0
LABEL = {"track": "canary"}
TRACKS = "tracks:\n  canary: {label: track=canary}"


@dataclass(frozen=True, slots=True)
class Writers:
    """An engine, and a client of it."""

    engine: PrivateEngine
    client: docker.DockerClient

    def write(self, log: Path) -> Container:
        """Start a container that writes a log and stays."""
        container = self.create(log)
        container.start()
        return container

    def create(self, log: Path, *, times: int = 1) -> Container:
        """Make a container that, once started, writes a log, perhaps several times over, and stays."""
        script = f"i=0; while [ $i -lt {times} ]; do cat /log; i=$((i+1)); done; exec sleep 1000000"
        return self.client.containers.create(
            self.engine.image,
            ["sh", "-c", script],
            labels=LABEL,
            network_mode="none",
            volumes={str(log): {"bind": "/log", "mode": "ro"}},
        )

    def source(self, container: Container) -> str:
        """Return the source of a rollout file that reads a container."""
        return f'{{docker: {{name: "{container.name}"}}, host: "{self.engine.url}"}}'


@contextlib.contextmanager
def writers() -> Iterator[Writers]:
    """Give an engine that is gone, with everything of it, at the end."""
    dockerd = shutil.which("dockerd")
    assert dockerd is not None, "engine_obstacle says whether there is one"
    engine = PrivateEngine(Path(tempfile.mkdtemp(prefix="rce")), dockerd)
    try:
        engine.start()
        engine.load_image()
        with contextlib.closing(docker.DockerClient(base_url=engine.url)) as client:
            yield Writers(engine, client)
    finally:
        engine.remove()


def wait_until_written(container: Container, last_line: bytes) -> None:
    """Wait until the engine's log of a container ends in a line; raises `TimeoutError`."""
    wait_for(lambda: container.logs(tail=1) == last_line, WRITES_WITHIN_S, "the container writing its log to its end")
