"""Figures of containers through the Docker SDK: memory, processor time, restarts, how many run."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import docker
import docker.errors

from console.core.conditions import in_unit
from console.core.inputs import Reading
from console.core.probes import Metric
from console.core.rollout import DockerSelector, TrackMatch
from console.core.words import Table
from console.sources.base import Answer, Lost, ProbeFailed, Unreadable, in_daemon
from console.sources.docker_engine import Engine
from console.sources.docker_find import Container, describe, list_containers
from queries.loader import Query

AT_ONCE = 8
"""Containers asked at the same time; an old engine takes a second for each."""
CPU_GAP_S = 1.0
"""Shortest time between the two samples that a share of processor time is taken from."""


@dataclass(frozen=True, slots=True)
class _CpuSample:
    """Processor time that a container had used at a moment."""

    at_s: float
    used_ns: int


class ContainerAsker:
    """Measures the containers of a Docker source; a track's figure is that of its worst container."""

    def __init__(self, engine: Engine, selector: DockerSelector, tracks: Mapping[str, TrackMatch]) -> None:
        self._engine = engine
        self._selector = selector
        self._tracks = tracks
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._cpu: dict[str, _CpuSample] = {}

    async def ask(self, metric: Metric, query: Query | None = None) -> Answer:
        """Return one figure per track: the highest, or for `running` how many run. Raises `ProbeFailed`.

        `memory` is in the metric's unit (`MB`, `MiB`, `%` of the limit …; without one, bytes) and leaves out the
        page cache, as `docker stats` does; `cpu` is percent of one processor since the time before.
        """
        try:
            async with asyncio.timeout(metric.timeout_s):
                return await self._measure(metric)
        except TimeoutError:
            raise ProbeFailed(f"{self._engine} did not answer within {metric.timeout_s:g}s") from None
        except (Lost, Unreadable) as obstacle:
            raise ProbeFailed(str(obstacle)) from None

    async def settled(self, for_s: float) -> tuple[bool, str]:
        """Return whether every container has been running without a restart for `for_s`, and what was seen.

        Raises `ProbeFailed` if that cannot be known.
        """
        try:
            return await in_daemon(lambda _: self._settled(for_s), "container check")
        except (Lost, Unreadable) as obstacle:
            raise ProbeFailed(str(obstacle)) from None
        except docker.errors.NotFound:
            return False, "a container was removed while it was looked at"

    async def run(self) -> None:
        """Nothing is kept open between questions."""

    async def close(self) -> None:
        """The engine belongs to whoever made it."""

    async def _measure(self, metric: Metric) -> Answer:
        found = await in_daemon(lambda _: self._list(), "container list")
        if metric.container == "running":
            figures: list[float | None] = [float(container.is_running) for container in found]
        else:
            figures = await asyncio.gather(*(self._figure(container, metric) for container in found))
        self._cpu = {container.id: self._cpu[container.id] for container in found if container.id in self._cpu}
        by_track: dict[str, list[float]] = {container.track: [] for container in found}
        by_track |= {track: [] for track in self._tracks} if self._tracks or found else {"": []}
        for container, figure in zip(found, figures, strict=True):
            if figure is not None:
                by_track[container.track].append(figure)
        if metric.container == "running":
            readings = tuple(Reading(track, sum(each), samples=len(each)) for track, each in by_track.items())
        else:
            readings = tuple(
                Reading(track, max(each, default=None), samples=len(each)) for track, each in by_track.items()
            )
        rows = tuple(
            (container.name, container.track, container.state, "" if figure is None else f"{figure:.6g}")
            for container, figure in zip(found, figures, strict=True)
        )
        return Answer(readings, Table(("container", "track", "state", str(metric.container)), rows))

    def _list(self) -> list[Container]:
        with self._engine.client() as client:
            return list_containers(client, self._selector, self._tracks)

    async def _figure(self, container: Container, metric: Metric) -> float | None:
        async with self._slots:
            try:
                return await in_daemon(lambda _: self._ask_engine(container, metric), f"figure {container.name}")
            except docker.errors.NotFound:
                return None  # removed since it was listed

    def _ask_engine(self, container: Container, metric: Metric) -> float | None:
        with self._engine.client(metric.timeout_s) as client:
            if metric.container == "restarts":
                return float(client.api.inspect_container(container.id).get("RestartCount", 0))
            if not container.is_running:
                return None
            if metric.container == "memory":
                return memory_of(_stats(client, container), metric.unit)
            before = self._cpu.get(container.id)
            if before is None:
                before = _cpu_sample(_stats(client, container))
                time.sleep(CPU_GAP_S)
            now = _cpu_sample(_stats(client, container))
        if now is None or before is None:
            return None
        self._cpu[container.id] = now
        passed_s = now.at_s - before.at_s
        return 100.0 * (now.used_ns - before.used_ns) / 1e9 / passed_s if passed_s > 0 else None

    def _settled(self, for_s: float) -> tuple[bool, str]:
        with self._engine.client() as client:
            found = list_containers(client, self._selector, self._tracks)
            if not found:
                return False, f"no container matches {describe(self._selector)}"
            now_s = _epoch(str(client.info()["SystemTime"]))  # the engine's clock, which set the start times too
            for container in found:
                state = client.api.inspect_container(container.id)["State"]
                if not state.get("Running") or state.get("Restarting"):
                    return False, f"{container.name} is {state.get('Status', 'not running')}"
                up_s = now_s - _epoch(str(state["StartedAt"]))
                if up_s < for_s:
                    return False, f"{container.name} has been running for {max(0.0, up_s):.0f}s of {for_s:g}s"
        return True, f"{len(found)} running: {', '.join(container.name for container in found)}"


def memory_of(stats: Mapping[str, Any], unit: str) -> float | None:
    """Return the memory in use without the page cache, in a unit; `%` is of the container's limit."""
    memory = stats.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    detail = memory.get("stats") or {}
    # cgroup v2 names it one way, v1 the other; a value over the usage is left alone, as the docker command does.
    cached = detail.get("inactive_file", detail.get("total_inactive_file", 0))
    used = memory["usage"] - cached if cached < memory["usage"] else memory["usage"]
    if unit == "%":
        return float(100.0 * used / memory["limit"]) if memory.get("limit") else None
    return in_unit(float(used), "size", unit)


def _stats(client: docker.DockerClient, container: Container) -> Mapping[str, Any]:
    can_be_quick = tuple(int(part) for part in client.api.api_version.split(".")) >= (1, 41)
    given = client.api.stats(container.id, stream=False, one_shot=True if can_be_quick else None)
    return dict(given)


def _cpu_sample(stats: Mapping[str, Any]) -> _CpuSample | None:
    used = (stats.get("cpu_stats") or {}).get("cpu_usage") or {}
    if "total_usage" not in used or not stats.get("read"):
        return None
    return _CpuSample(_epoch(str(stats["read"])), int(used["total_usage"]))


def _epoch(stamp: str) -> float:
    """Return the seconds of an engine's RFC 3339 time; what is finer than a microsecond is cut."""
    return datetime.fromisoformat(stamp).timestamp()
