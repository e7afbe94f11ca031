"""The demo with containers: a real engine, real compose, and nothing of it left afterwards."""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

import asyncpg
import docker
import pytest

from console.demo import compose, launch
from console.demo.restart import ask_service
from tests.servers import missing


def left_over(client: docker.DockerClient) -> list[str]:
    names = [str(container.name) for container in client.containers.list(all=True)]
    names += [str(network.name) for network in client.networks.list()]
    return [name for name in names if "rollout-demo" in name]


@pytest.mark.engine
async def test_containers_take_the_traffic_and_a_new_share_means_new_containers(
    image: str, at_engine: docker.DockerClient
) -> None:
    options = ("--rollout=stateless-orchestration", "--docker", f"--image={image}")
    with contextlib.ExitStack() as stack:
        demo = await asyncio.to_thread(stack.enter_context, launch.running(*options))
        connection = await asyncpg.connect(demo.env["DATABASE_URL"])
        deadline = time.monotonic() + 20
        while (await connection.fetchval("SELECT count(DISTINCT metadata) FROM agent_sessions")) < 2:
            assert time.monotonic() < deadline, "no rows come from the containers"
            await asyncio.sleep(0.2)
        await connection.close()
        before = {c.labels["rollout.track"]: c for c in at_engine.containers.list()}
        lines = before["canary"].logs().decode()

        env_file = demo.folder / ".env"
        env_file.write_text(env_file.read_text().replace("CANARY_PERCENTAGE=10", "CANARY_PERCENTAGE=0"))
        recreate = [*demo.env["COMPOSE"].split(), "up", "-d", "--no-deps", "canary", "baseline"]
        ran = await asyncio.create_subprocess_exec(*recreate, cwd=demo.folder, stderr=asyncio.subprocess.DEVNULL)
        assert await ran.wait() == 0
        port = int(demo.env["HEALTH_URL"].split(":")[2].split("/")[0])
        while (health := await asyncio.to_thread(ask_service, port)) is None:
            assert time.monotonic() < deadline + 20, "the new canary does not answer"
        after = {c.labels["rollout.track"]: c.id for c in at_engine.containers.list()}

    assert health["share"] == 0
    assert set(before) == set(after) == {"canary", "baseline"}
    assert after["canary"] != before["canary"].id
    assert "Request completed in" in lines
    assert left_over(at_engine) == []
    assert not demo.folder.exists()


@pytest.mark.engine
async def test_containers_go_even_when_the_platform_is_killed(image: str, at_engine: docker.DockerClient) -> None:
    options = ("--rollout=fsm-checkpoint", "--docker", f"--image={image}")
    with contextlib.ExitStack() as stack:
        demo = await asyncio.to_thread(stack.enter_context, launch.running(*options))
        assert left_over(at_engine)

        os.kill(demo.pid, signal.SIGKILL)
        await asyncio.to_thread(stack.close)

    assert left_over(at_engine) == []
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
