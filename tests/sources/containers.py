"""Containers of one service on the suite's own engine, and numbered lines that show what is lost or came twice."""

import contextlib
import http

import docker
import docker.errors
import pytest
from docker.models.containers import Container

from console.core.rollout import TrackMatch
from tests.servers import PrivateEngine

TRACKS = {"canary": TrackMatch(label="track=canary"), "baseline": TrackMatch(label="track=baseline")}
WAIT = "until [ -e /go ]; do sleep 0.02; done"
"""Holds a script up until the test touches the file."""
both_drivers = pytest.mark.parametrize("driver", ["json-file", "local"])


def logged(driver: str, **options: str) -> docker.types.LogConfig:
    """The log of a container in the hands of a driver."""
    return docker.types.LogConfig(type=driver, config=options)


def count(last: int, first: int = 1) -> str:
    """A line of shell that writes numbered lines."""
    return f"seq {first} {last} | sed 's/^/line /'"


def numbers(count: int, first: int = 1) -> list[bytes]:
    """The lines that `count` writes, as they are read."""
    return [b"line %d" % number for number in range(first, first + count)]


class Containers:
    """Makes containers of one service and removes them at the end."""

    def __init__(self, engine: PrivateEngine) -> None:
        self.client = docker.DockerClient(base_url=engine.url)
        self.image = engine.image

    def run(self, name: str, script: str, *, track: str = "canary", **more: object) -> Container:
        labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "app", "track": track}
        return self.client.containers.run(
            self.image, ["sh", "-c", script], name=name, labels=labels, detach=True, network_mode="none", **more
        )

    def clear(self) -> None:
        for container in self.client.containers.list(all=True):
            try:
                container.remove(force=True)
            except docker.errors.NotFound:
                continue
            except docker.errors.APIError as refused:
                if refused.status_code != http.HTTPStatus.CONFLICT:
                    raise
                with contextlib.suppress(docker.errors.NotFound):  # the engine is removing it by itself
                    container.wait(condition="removed")
