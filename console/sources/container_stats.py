"""Figures of containers through the Docker SDK: memory, processor, restarts, how many run."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import docker
import docker.errors

from console.core.conditions import unit_scale
from console.core.inputs import Reading
from console.core.probes import Metric
from console.core.rollout import DockerSelector, TrackMatch
from console.sources.base import Answer, Lost, ProbeFailed, Unreadable, in_daemon
from console.sources.docker_engine import Engine
from console.sources.docker_find import Container, list_containers
from queries.loader import Query


class ContainerAsker:
    """Measures the containers of a Docker source; a track's figure is that of its worst container."""

    def __init__(self, engine: Engine, selector: DockerSelector, tracks: Mapping[str, TrackMatch]) -> None:
        self._engine = engine
        self._selector = selector
        self._tracks = tracks

    async def ask(self, metric: Metric, query: Query | None = None) -> Answer:
        """Return one figure per track: the highest, or for `running` how many; raises `ProbeFailed`."""
        try:
            return await in_daemon(lambda _: self._measure(metric), "container-stats")
        except (Lost, Unreadable) as obstacle:
            raise ProbeFailed(str(obstacle)) from None
        except docker.errors.NotFound as gone:
            raise ProbeFailed(f"a container vanished while it was measured: {gone.explanation or gone}") from None

    async def settled(self, for_s: float) -> tuple[bool, str]:
        """Return whether every container has been running without a restart for at least `for_s`, and what is not."""
        try:
            return await in_daemon(lambda _: self._settled(for_s), "container-check")
        except (Lost, Unreadable) as obstacle:
            raise ProbeFailed(str(obstacle)) from None

    async def run(self) -> None:
        """Nothing is kept open between questions."""

    async def close(self) -> None:
        """The engine belongs to whoever made it."""

    def _measure(self, metric: Metric) -> Answer:
        with self._engine.client(metric.timeout_s) as client:
            found = list_containers(client, self._selector, self._tracks)
            if not found:
                raise ProbeFailed("no container matches")
            figures: dict[str, list[float]] = {}
            for container in found:
                figures.setdefault(container.track, [])
                figure = _figure(client, container, metric)
                if figure is not None:
                    figures[container.track].append(figure)
        combine = sum if metric.container == "running" else max
        return Answer(
            tuple(
                Reading(track, float(combine(values)) if values else None, samples=len(values))
                for track, values in figures.items()
            )
        )

    def _settled(self, for_s: float) -> tuple[bool, str]:
        with self._engine.client() as client:
            found = list_containers(client, self._selector, self._tracks)
            if not found:
                return False, "no container matches"
            for container in found:
                state = client.api.inspect_container(container.id)["State"]
                if not state.get("Running") or state.get("Restarting"):
                    return False, f"{container.name} is {state.get('Status', 'not running')}"
                up_s = time.time() - _epoch(str(state["StartedAt"]))
                if up_s < for_s:
                    return False, f"{container.name} runs for {up_s:.0f}s of {for_s:g}s"
        return True, f"{len(found)} running"


def _figure(client: docker.DockerClient, container: Container, metric: Metric) -> float | None:
    if metric.container == "running":
        return float(container.is_running)
    if metric.container == "restarts":
        return float(client.api.inspect_container(container.id).get("RestartCount", 0))
    if not container.is_running:
        return None
    stats: dict[str, Any] = client.api.stats(container.id, stream=False)
    return _memory(stats, metric.unit) if metric.container == "memory" else _processor(stats)


def _memory(stats: Mapping[str, Any], unit: str) -> float | None:
    """Return the memory in use without the page cache, as `docker stats` counts it."""
    memory = stats.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    detail = memory.get("stats") or {}
    used = memory["usage"] - detail.get("inactive_file", detail.get("total_inactive_file", 0))
    if unit == "%":
        return 100.0 * used / memory["limit"] if memory.get("limit") else None
    dimension, scale = unit_scale(unit)
    return used / scale if dimension == "size" else float(used)


def _processor(stats: Mapping[str, Any]) -> float | None:
    """Return percent of one processor between the two samples that the engine took a second apart."""
    now, before = stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}
    if "system_cpu_usage" not in now or "system_cpu_usage" not in before:
        return None
    passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    return 100.0 * used / passed * now.get("online_cpus", 1) if passed > 0 else None


def _epoch(stamp: str) -> float:
    """Return the seconds of an engine's RFC 3339 time, which has nine digits after the second."""
    whole, _, rest = stamp.partition(".")
    fraction = rest.rstrip("Z")[:6] or "0"
    return datetime.fromisoformat(f"{whole.rstrip('Z')}+00:00").timestamp() + float(f"0.{fraction}")
