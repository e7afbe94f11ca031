"""One simulated service, and the recorder that turns what it does into rows and keys."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis

from console.demo.recorder import Recorder, create_schema
from console.demo.restart import RestartFailed, Running, ask_service, restart, write_services
from console.demo.servers import EmbeddedPostgres, free_port
from console.demo.service import LogFile, RecorderLink, read_env_file, share_of
from console.demo.traffic import Traffic
from console.demo.worlds import world_of
from console.demo.worlds.fsm_checkpoint import CHECKPOINT, LEGACY
from tests.waiting import DEADLINE_S, until, wait_until


@contextmanager
def service(folder: Path, track: str, *, rate: float = 200.0) -> Iterator[Running]:
    port = free_port()
    settings = {
        "rollout": "stateless-orchestration",
        "track": track,
        "rate": f"{rate:g}",
        "env-file": ".env",
        "log": f"{track}.log",
        "port": str(port),
        "recorder": "recorder.sock",
        "parent": str(os.getpid()),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    process = subprocess.Popen([sys.executable, "-m", "console.demo.service", *options], cwd=folder)
    try:
        wait_until(lambda: ask_service(port) or process.poll() is not None, "the service answers")
        assert process.poll() is None
        yield Running(track, process.pid, port, "stateless-orchestration")
    finally:
        process.terminate()
        assert process.wait(DEADLINE_S) == 0


def test_an_env_file_is_read_as_compose_reads_it() -> None:
    text = "# a comment\nCANARY_PERCENTAGE=25\n\nENABLE_SAFE_JSON_PARSER='true'\nNOTHING\n"

    assert read_env_file(text) == {"CANARY_PERCENTAGE": "25", "ENABLE_SAFE_JSON_PARSER": "true"}


@pytest.mark.parametrize(
    ("env", "canary"),
    [
        ({"CANARY_PERCENTAGE": "10"}, 10.0),
        ({"CANARY_PERCENTAGE": "10", "ENABLE_STATELESS_ORCHESTRATION": "false"}, 0.0),
        ({"CANARY_PERCENTAGE": "100", "ENABLE_STATELESS_ORCHESTRATION": "true"}, 100.0),
        ({}, 0.0),
    ],
)
def test_the_tracks_share_all_of_the_traffic(env: dict[str, str], canary: float) -> None:
    assert share_of(world_of("stateless-orchestration"), "canary", env) == canary
    assert share_of(world_of("stateless-orchestration"), "baseline", env) == 100.0 - canary


def test_a_share_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 100"):
        share_of(world_of("stateless-orchestration"), "canary", {"CANARY_PERCENTAGE": "110"})


def test_a_log_file_is_rotated_without_losing_a_line(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "app.log", limit_bytes=60)

    for number in range(12):
        log.write([f"line {number:02d}"])
    log.close()

    kept = (tmp_path / "app.log.1").read_text() + (tmp_path / "app.log").read_text()
    assert kept.splitlines() == [f"line {number:02d}" for number in range(12)]


def test_a_service_never_waits_for_a_recorder_that_is_not_there(tmp_path: Path) -> None:
    link = RecorderLink(str(tmp_path / "nobody.sock"))

    for _ in range(50):
        link.send({"rows": [], "writes": []})

    assert link.batches_lost == 50


def test_a_service_takes_its_share_at_a_restart_and_not_before(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("CANARY_PERCENTAGE=10\n")
    with service(tmp_path, "canary") as canary, service(tmp_path, "baseline") as baseline:
        write_services(tmp_path, (canary, baseline))
        env_file.write_text("CANARY_PERCENTAGE=25\n")
        before = ask_service(canary.port)

        shares = restart(tmp_path)

        after = ask_service(canary.port)
    assert before is not None
    assert after is not None
    assert before["share"] == 10
    assert after["share"] == 25
    assert dict(shares) == {"canary": 25.0, "baseline": 75.0}
    assert "started with 25% of the traffic" in (tmp_path / "canary.log").read_text()


def test_a_restart_with_a_broken_env_file_says_so_and_signals_nobody(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CANARY_PERCENTAGE=10\n")
    with service(tmp_path, "canary") as canary:
        write_services(tmp_path, (canary,))
        (tmp_path / ".env").write_text("CANARY_PERCENTAGE=many\n")

        with pytest.raises(ValueError, match="many"):
            restart(tmp_path)

        health = ask_service(canary.port)
    assert health is not None
    assert health["restarts"] == 0


def test_a_restart_of_a_service_that_is_gone_fails_and_names_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CANARY_PERCENTAGE=10\n")
    write_services(tmp_path, (Running("canary", os.getpid(), free_port(), "stateless-orchestration"),))

    with pytest.raises(RestartFailed, match="canary does not answer"):
        restart(tmp_path)


def test_a_service_ends_when_its_parent_does(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CANARY_PERCENTAGE=10\n")
    port = free_port()
    options = f"--rollout=fsm-checkpoint --track=canary --env-file=.env --log=a.log --port={port} --recorder=none.sock"
    script = (
        "import os, signal, subprocess, sys\n"
        f"command = [sys.executable, '-m', 'console.demo.service', *{options.split()!r}]\n"
        "subprocess.Popen([*command, f'--parent={os.getpid()}'])\n"
        "signal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    health = wait_until(lambda: ask_service(port), "the service answers")

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    wait_until(lambda: not Path(f"/proc/{health['pid']}").exists(), "the service ends as its parent did")


async def send(path: Path, *batches: dict[str, object]) -> None:
    link = RecorderLink(str(path))
    for batch in batches:
        await asyncio.to_thread(link.send, batch)
    assert link.batches_lost == 0
    link.close()


async def test_what_the_tracks_do_becomes_rows_and_keys(
    tmp_path: Path, database: str, role: str, redis_url: str
) -> None:
    world = world_of("fsm-checkpoint")
    await create_schema(database, world.schema, reader=role, password="secret")
    recorder = asyncio.create_task(Recorder(tmp_path / "r.sock", database, redis_url, world.tables).run())
    connection = await asyncpg.connect(database)
    client = redis.Redis.from_url(redis_url)
    now = time.time()
    batches = {
        track: Traffic(world, track, "healthy").between(now - 10, now, began=now - 10, rate=100, share=share)
        for track, share in (("canary", 10), ("baseline", 90))
    }

    await until((tmp_path / "r.sock").exists)
    await send(tmp_path / "r.sock", *(batch.message() for batch in batches.values()))

    async def has_all() -> bool:
        written = await connection.fetch(
            "SELECT track, count(*) FROM agent_turns WHERE updated_at >= to_timestamp($1) GROUP BY 1", now - 10
        )
        return {row["track"]: row["count"] for row in written} == {
            track: len(batch.rows) for track, batch in batches.items()
        }

    await until(has_all)
    canary, baseline = (
        {str(row["conversation_id"]) for _, row in batches[track].rows} for track in ("canary", "baseline")
    )

    async def has_keys() -> bool:
        return await client.dbsize() == len(canary) + 2 * len(baseline)

    await until(has_keys)
    assert await client.hexists(CHECKPOINT + min(canary), "fsm_state")
    assert not await client.hexists(CHECKPOINT + min(baseline), "fsm_state")
    assert await client.exists(LEGACY + min(baseline))
    recorder.cancel()
    await asyncio.gather(recorder, return_exceptions=True)
    await client.aclose()
    await connection.close()


async def test_rows_wait_while_the_database_is_away(
    tmp_path: Path, database: str, role: str, redis_url: str, postgres: EmbeddedPostgres
) -> None:
    world = world_of("stateless-orchestration")
    await create_schema(database, world.schema, reader=role, password="secret")
    recorder = Recorder(tmp_path / "r.sock", database, redis_url, world.tables)
    running = asyncio.create_task(recorder.run())
    batch = Traffic(world, "canary", "healthy", seed=1).between(
        time.time() - 5, time.time(), began=0, rate=20, share=100
    )
    await until((tmp_path / "r.sock").exists)

    postgres.kill()
    await send(tmp_path / "r.sock", batch.message())
    postgres.start()

    await until(lambda: recorder.rows_written == len(batch.rows))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_reader_may_read_and_nothing_else(database: str, role: str, postgres: EmbeddedPostgres) -> None:
    await create_schema(database, world_of("stateless-orchestration").schema, reader=role, password="secret")
    name = database.rsplit("/", 1)[1]
    connection = await asyncpg.connect(postgres.dsn_of(name, user=role, password="secret"))

    assert await connection.fetchval("SELECT count(*) FROM agent_sessions") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM agent_sessions")
    assert not await connection.fetchval("SELECT usesuper FROM pg_user WHERE usename = current_user")

    await connection.close()
