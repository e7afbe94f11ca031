"""The demo with containers: a real engine, real compose, and nothing of it left afterwards."""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

import asyncpg
import docker
import pytest

from console.demo import compose, launch
from console.demo.restart import ask_service
from tests.engine_e2e.conftest import demo_containers
from tests.servers import missing
from tests.waiting import until, wait_until


def left_over(client: docker.DockerClient, demo: launch.Demo) -> list[str]:
    names = [str(container.name) for container in client.containers.list(all=True)]
    names += [str(network.name) for network in client.networks.list()]
    return [name for name in names if demo.folder.name.lower() in name]


@pytest.mark.engine
async def test_containers_take_the_traffic_and_a_new_share_means_new_containers(
    image: str, at_engine: docker.DockerClient
) -> None:
    options = ("--rollout=stateless-orchestration", "--docker", f"--image={image}")
    with contextlib.ExitStack() as stack:
        demo = await asyncio.to_thread(stack.enter_context, launch.running(*options))
        connection = await asyncpg.connect(demo.env["DATABASE_URL"])

        async def are_written() -> bool:
            return bool(await connection.fetchval("SELECT count(DISTINCT metadata) >= 2 FROM agent_sessions"))

        await until(are_written, "rows come from both containers")
        await connection.close()
        before = demo_containers(at_engine, demo)
        lines = before["canary"].logs().decode()

        env_file = demo.folder / ".env"
        env_file.write_text(env_file.read_text().replace("CANARY_PERCENTAGE=10", "CANARY_PERCENTAGE=0"))
        recreate = [*demo.env["COMPOSE"].split(), "up", "-d", "--no-deps", "canary", "baseline"]
        ran = await asyncio.create_subprocess_exec(*recreate, cwd=demo.folder, stderr=asyncio.subprocess.DEVNULL)
        assert await ran.wait() == 0
        port = int(demo.env["HEALTH_URL"].split(":")[2].split("/")[0])
        health = await asyncio.to_thread(wait_until, lambda: ask_service(port), "the new canary answers")
        after = demo_containers(at_engine, demo)

    assert health["share"] == 0
    assert set(before) == set(after) == {"canary", "baseline"}
    assert after["canary"].id != before["canary"].id
    assert "Request completed in" in lines
    assert left_over(at_engine, demo) == []
    assert not demo.folder.exists()


@pytest.mark.engine
async def test_containers_go_even_when_the_platform_is_killed(image: str, at_engine: docker.DockerClient) -> None:
    options = ("--rollout=fsm-checkpoint", "--docker", f"--image={image}")
    with contextlib.ExitStack() as stack:
        demo = await asyncio.to_thread(stack.enter_context, launch.running(*options))
        assert left_over(at_engine, demo)

        os.kill(demo.pid, signal.SIGKILL)
        await asyncio.to_thread(stack.close)

    assert left_over(at_engine, demo) == []
    assert not demo.folder.exists()


def test_without_an_engine_the_demo_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if shutil.which("docker-compose") is None:
        missing("there is no compose")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")

    with (
        pytest.raises(launch.DemoFailed, match="needs a container engine"),
        launch.running("--rollout=stateless-orchestration", "--docker"),
    ):
        pytest.fail("it started")


async def test_without_compose_the_demo_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(compose.ComposeFailed, match="docker compose"):
        await compose.find_compose()
