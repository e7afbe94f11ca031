"""Figures of real containers."""

import pytest

from console.core.rollout import DockerSelector, Metric, TrackMatch
from console.sources.base import ProbeFailed
from console.sources.container_stats import ContainerAsker, memory_of
from console.sources.docker_engine import Engine
from tests.servers import PrivateEngine
from tests.sources.containers import TRACKS, Containers

MIB = 2**20


def metric(stat: str, **more: object) -> Metric:
    return Metric.model_validate({"container": stat, "source": "app", "timeout": "10s", **more})


def asker(engine: PrivateEngine, tracks: dict[str, TrackMatch] | None = None) -> ContainerAsker:
    return ContainerAsker(Engine(engine.url), DockerSelector(service="app"), TRACKS if tracks is None else tracks)


@pytest.mark.engine
async def test_figures_are_of_the_worst_container_of_each_track(engine: PrivateEngine, containers: Containers) -> None:
    containers.run("app-1", "while :; do :; done")
    containers.run("app-2", "sleep 60")
    containers.run("app-3", "sleep 60", track="baseline")
    asked = asker(engine)

    cpu = {reading.track: reading for reading in (await asked.ask(metric("cpu"), None)).readings}
    memory = {reading.track: reading for reading in (await asked.ask(metric("memory", unit="MB"), None)).readings}
    running = {reading.track: reading.value for reading in (await asked.ask(metric("running"), None)).readings}
    restarts = {reading.track: reading.value for reading in (await asked.ask(metric("restarts"), None)).readings}

    assert cpu["canary"].value is not None
    assert cpu["canary"].value > 20
    assert cpu["baseline"].value is not None
    assert cpu["baseline"].value < 20
    assert cpu["canary"].samples == 2
    assert memory["canary"].value is not None
    assert 0 < memory["canary"].value < 50
    assert running == {"canary": 2.0, "baseline": 1.0}
    assert restarts == {"canary": 0.0, "baseline": 0.0}


@pytest.mark.engine
async def test_a_track_without_containers_runs_none_and_has_no_memory(
    engine: PrivateEngine, containers: Containers
) -> None:
    containers.run("app-1", "exit 1", track="baseline").wait()
    asked = asker(engine)

    running = {reading.track: reading.value for reading in (await asked.ask(metric("running"), None)).readings}
    memory = await asked.ask(metric("memory"), None)

    assert running == {"baseline": 0.0, "canary": 0.0}
    assert {(reading.track, reading.value, reading.samples) for reading in memory.readings} == {
        ("baseline", None, 0),
        ("canary", None, 0),
    }
    assert memory.table is not None
    assert memory.table.rows[0][:2] == ("app-1", "baseline")


@pytest.mark.engine
async def test_containers_are_settled_when_all_have_been_running_long_enough(
    engine: PrivateEngine, containers: Containers
) -> None:
    containers.run("app-1", "sleep 60")
    asked = asker(engine)

    assert await asked.settled(0) == (True, "1 running: app-1")
    is_settled, said = await asked.settled(3600)
    assert not is_settled
    assert said.startswith("app-1 has been running for ")
    containers.run("app-2", "exit 3").wait()
    assert await asked.settled(0) == (False, "app-2 is exited")
    containers.clear()
    assert await asked.settled(0) == (False, "no container matches service=app")


async def test_an_engine_that_is_not_there_fails_the_probe() -> None:
    asked = ContainerAsker(Engine("unix:///nonexistent/d.sock"), DockerSelector(service="app"), TRACKS)

    with pytest.raises(ProbeFailed, match="there is no Docker socket"):
        await asked.ask(metric("memory"), None)
    with pytest.raises(ProbeFailed, match="there is no Docker socket"):
        await asked.settled(0)


@pytest.mark.parametrize(
    ("unit", "value"), [("", 30 * MIB), ("B", 30 * MIB), ("MiB", 30), ("MB", 31.45728), ("%", 30), ("GiB", 30 / 1024)]
)
def test_memory_is_without_the_page_cache_and_in_the_unit(unit: str, value: float) -> None:
    stats = {"memory_stats": {"usage": 50 * MIB, "limit": 100 * MIB, "stats": {"inactive_file": 20 * MIB}}}

    assert memory_of(stats, unit) == pytest.approx(value)
    assert memory_of({"memory_stats": {}}, unit) is None
