"""Makes what reads and asks from what the rollout file says. Drivers are imported here, and only when one is needed."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from console.core.probes import Metric
from console.core.rollout import Rollout, SourceSpec
from console.sources.base import Asker, Attached, LineSink, LogSource, Post, Standing
from queries.loader import Query

if TYPE_CHECKING:
    from console.sources.command_probe import CommandAsker
    from console.sources.container_stats import ContainerAsker
    from console.sources.docker_engine import Engine
    from console.sources.http_probe import HttpAsker

A = TypeVar("A", bound=Asker)


class Connections:
    """Everything a rollout reads from and asks, each made when it is first needed."""

    def __init__(self, rollout: Rollout, base_dir: Path, queries: Mapping[str, Query], post: Post) -> None:
        self.queries = queries
        self.rollout = rollout
        self.base_dir = base_dir
        self._post = post
        self._askers: dict[str, Asker] = {}
        self._engines: dict[str | None, Engine] = {}

    def log_source(self, name: str, sink: LineSink, since_s: float, attached: Attached | None = None) -> LogSource:
        """Return the reader of a log source; containers seen for the first time are read from `since_s` on.

        What files hold is read as `attached` says, without it from their beginning.
        """
        spec = self.rollout.sources[name]
        standing = Standing(name, self._post)
        if spec.file is not None:
            from console.sources.file_logs import FileLogs  # noqa: PLC0415

            return FileLogs(spec.file, self.base_dir, sink, standing, track=spec.track, attached=attached)
        if spec.command is not None:
            from console.sources.command_logs import CommandLogs  # noqa: PLC0415

            return CommandLogs(spec.command, self.base_dir, sink, standing, track=spec.track)
        if spec.docker is None:
            raise ValueError(f"{name} gives no lines")
        from console.sources.docker_logs import DockerLogs  # noqa: PLC0415

        engine = self._engine(spec)
        return DockerLogs(engine, spec.docker, self.rollout.tracks, sink, standing, since_s=since_s)

    def asker_for(self, metric: Metric) -> Asker:
        """Return who answers a metric."""
        if metric.http is not None:
            return self.http()
        if metric.command is not None:
            return self.commands()
        if metric.container is not None:
            return self.containers(metric.source or "")
        return self.asker(metric.source or "")

    def asker(self, source: str) -> Asker:
        """Return who answers for a database or Redis source."""
        spec = self.rollout.sources[source]

        def make() -> Asker:
            standing = Standing(source, self._post)
            if spec.postgres is not None:
                from console.sources.postgres import PostgresAsker  # noqa: PLC0415

                return PostgresAsker(spec.postgres, standing)
            from console.sources.redis_probe import RedisAsker  # noqa: PLC0415

            return RedisAsker(spec.redis or "", standing)

        return self._made(source, make)

    def http(self) -> "HttpAsker":
        """Return who asks HTTP addresses."""
        from console.sources.http_probe import HttpAsker  # noqa: PLC0415

        return self._made("http:", HttpAsker)

    def commands(self) -> "CommandAsker":
        """Return who runs commands that measure."""
        from console.sources.command_probe import CommandAsker  # noqa: PLC0415

        return self._made("command:", lambda: CommandAsker(self.base_dir))

    def containers(self, source: str) -> "ContainerAsker":
        """Return who measures the containers of a Docker source."""
        from console.sources.container_stats import ContainerAsker  # noqa: PLC0415

        spec = self.rollout.sources[source]
        if spec.docker is None:
            raise ValueError(f"{source} is no docker source")
        selector = spec.docker
        return self._made(
            f"container:{source}", lambda: ContainerAsker(self._engine(spec), selector, self.rollout.tracks)
        )

    def _engine(self, spec: SourceSpec) -> "Engine":
        from console.sources.docker_engine import Engine  # noqa: PLC0415

        return self._engines.setdefault(spec.host, Engine(spec.host))

    def _made(self, key: str, make: Callable[[], A]) -> A:
        if key not in self._askers:
            self._askers[key] = make()
        return self._askers[key]  # type: ignore[return-value] # a key is made by one maker only

    async def run(self, sink: LineSink, since_s: float, attached: Attached | None = None) -> None:
        """Read every log source and keep in touch with the others, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, spec in self.rollout.sources.items():
                if spec.gives_lines:
                    group.create_task(self.log_source(name, sink, since_s, attached).run(), name=f"read {name}")
                else:
                    group.create_task(self.asker(name).run(), name=f"keep {name}")

    async def close(self) -> None:
        """Let every connection go."""
        await asyncio.gather(*(asker.close() for asker in self._askers.values()), return_exceptions=True)
        for engine in self._engines.values():
            engine.close()
