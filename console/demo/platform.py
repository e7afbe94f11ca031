"""Everything of the demo that is not the console: `python -m console.demo.platform FOLDER …`.

Servers, services and recorder live in this process and its children. It says on standard output, as one JSON
object a line, what it is doing, and last where everything is. It ends when its standard input does, which happens
when the console goes, however it goes; then it stops its children and deletes the folder.
"""

import argparse
import asyncio
import json
import os
import secrets
import shlex
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg
from redis.exceptions import RedisError

from console.demo import compose, overlay
from console.demo.folder import SOCKET, DemoFolder
from console.demo.programs import Place
from console.demo.recorder import Recorder, RowsRefused, create_schema
from console.demo.restart import Running, ask_service, write_services
from console.demo.servers import EmbeddedPostgres, EmbeddedValkey, ServerFailed, free_port
from console.demo.world import TRACKS, Batch
from console.demo.worlds import ROLLOUTS, module_of, scenario_of, world_of

READER = "watcher"
"""The database role given to the console: it may read, and nothing else."""
HEALTHY_WITHIN_S = 30.0
CRASH_EVERY_S = 20.0
"""How often the database crashes in the scenario `flaky-db`, at speed 1."""
DOWN_S = 4.0


class PlatformFailed(Exception):
    """The demo cannot start; the text says why and what to do about it."""


_FAILURES = (
    PlatformFailed,
    ServerFailed,
    compose.ComposeFailed,
    RowsRefused,
    RedisError,
    asyncpg.PostgresError,
    OSError,
)


class Platform:
    """The parts of one demo, from the first start to the last file deleted."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Only remember what is asked for."""
        self._options = options
        self._folder = DemoFolder(options.folder)
        self._postgres = EmbeddedPostgres(self._folder.path / "postgres")
        self._valkey = EmbeddedValkey(self._folder.path / "valkey")
        self._password = secrets.token_hex(12)
        self._world = world_of(options.rollout)
        self._scenario = scenario_of(self._world, options.scenario)
        self._ports = {track: free_port() for track in TRACKS}
        self._services: list[Process] = []
        self._compose: tuple[str, ...] = ()
        self._has_containers = False
        self._background: list[asyncio.Task[None]] = []

    async def serve(self) -> None:
        """Start everything, say so, and go on until cancelled.

        Raises `PlatformFailed`, `ServerFailed`, `ComposeFailed`, `OSError` or `asyncpg.PostgresError`.
        """
        began = time.monotonic()
        await self._prepare()
        # Servers die with the thread that starts them, so they are started here and not in another one.
        _say(doing="starting Valkey")
        self._valkey.start()
        _say(doing="starting PostgreSQL")
        self._postgres.start()
        schema = f"{self._world.schema};{self._scenario.sql}"
        await create_schema(self._postgres.dsn, schema, reader=READER, password=self._password)
        self._place().write()
        recorder = Recorder(SOCKET, self._postgres.dsn, self._valkey.url, self._world.tables)
        stock = Batch()
        self._world.stock(stock, time.time())
        await recorder.stock(stock)
        self._background.append(asyncio.create_task(recorder.run()))
        _say(doing="starting the services")
        if self._compose:
            self._folder.add_to_env({"DEMO_BEGAN": f"{time.time():.3f}"})
            await compose.up(self._compose, self._folder.path)
            self._tell_services(dict.fromkeys(TRACKS))
        else:
            await self._start_processes()
        await self._wait_until_healthy()
        if self._options.scenario == "flaky-db":
            self._background.append(asyncio.create_task(self._crash_again_and_again()))
        _say(ready=True, took_s=round(time.monotonic() - began, 2), file=str(self._folder.rollout), env=self._env())
        await asyncio.gather(*self._background)

    async def _prepare(self) -> None:
        """Write the files, and have the containers made, which may take a while, before the scenario's clock starts."""
        self._folder.prepare()
        options = self._options
        overlay.write(
            self._folder,
            rollout=options.rollout,
            speed=options.speed,
            ports=self._ports,
            has_containers=options.docker,
            scenario=options.scenario,
            is_whole=options.whole,
        )
        if not options.docker:
            return
        self._compose = await compose.find_compose()
        self._folder.add_to_env(self._container_settings())
        compose.write_files(self._folder.path)
        await compose.check_engine(self._compose, self._folder.path)
        self._has_containers = True
        _say(doing="making the containers, which fetches their image the first time")
        await compose.make(self._compose, self._folder.path)

    async def _start_processes(self) -> None:
        began = time.time()
        for track in TRACKS:
            self._services.append(await self._start_service(track, began))
        self._tell_services(dict(zip(TRACKS, (process.pid for process in self._services), strict=True)))

    def _tell_services(self, pids: Mapping[str, int | None]) -> None:
        """Write down which services run."""
        rollout = self._options.rollout
        write_services(
            self._folder.path, tuple(Running(track, pid, self._ports[track], rollout) for track, pid in pids.items())
        )

    def _container_settings(self) -> Mapping[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": self._folder.project,
            "DEMO_IMAGE": self._options.image,
            "DEMO_ROLLOUT": self._options.rollout,
            "DEMO_SCENARIO": self._options.scenario,
            "DEMO_SPEED": f"{self._options.speed:g}",
            "DEMO_RATE": f"{self._rate():g}",
            "DEMO_BEGAN": "0",
        } | {f"DEMO_{track.upper()}_PORT": str(self._ports[track]) for track in TRACKS}

    async def _start_service(self, track: str, began: float) -> Process:
        settings = {
            "rollout": self._options.rollout,
            "scenario": self._options.scenario,
            "speed": f"{self._options.speed:g}",
            "rate": f"{self._rate():g}",
            "began": f"{began:.3f}",
            "track": track,
            "env-file": ".env",
            "log": f"logs/{track}.log",
            "port": str(self._ports[track]),
            "recorder": str(SOCKET),
            "parent": str(os.getpid()),
        }
        command = [sys.executable, "-m", "console.demo.service", *(f"--{k}={v}" for k, v in settings.items())]
        with (self._folder.path / "services.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *command, cwd=self._folder.path, stdin=DEVNULL, stdout=output, stderr=STDOUT
            )

    async def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        for track, port in self._ports.items():
            while await asyncio.to_thread(ask_service, port) is None:
                if any(process.returncode is not None for process in self._services):
                    raise PlatformFailed(f"a service ended at once: {self._folder.tail('services.log')}")
                if time.monotonic() > deadline:
                    raise PlatformFailed(f"the service of the {track} does not answer on 127.0.0.1:{port}")
                await asyncio.sleep(0.05)

    def _rate(self) -> float:
        return self._options.rate or self._world.requests_per_s

    def _place(self) -> Place:
        options = self._options
        return Place(
            folder=str(self._folder.path),
            rollout=options.rollout,
            scenario=options.scenario,
            speed=options.speed,
            owner_url=self._postgres.dsn,
            redis_url=self._valkey.url,
            service_urls={track: f"http://127.0.0.1:{port}" for track, port in self._ports.items()},
        )

    def _env(self) -> dict[str, str]:
        """Return the variables that the rollout file of the demo needs."""
        place = self._place()
        module = f"console.demo.programs.{module_of(place.rollout)}"
        filled = {
            "program": shlex.join([*self._around(), sys.executable, "-m", module, place.folder]),
            "folder": place.folder,
            "canary_url": place.service_urls["canary"],
            "baseline_url": place.service_urls["baseline"],
            "database_url": self._postgres.dsn_of("postgres", user=READER, password=self._password),
            "owner_url": place.owner_url,
            "redis_url": place.redis_url,
        }
        return {
            "DATABASE_URL": filled["database_url"],
            "REDIS_URL": filled["redis_url"],
            "HEALTH_URL": f"{filled['canary_url']}/health",
            "API_URL": filled["baseline_url"],
            "COMPOSE": " ".join(self._compose) or "docker compose",
            "ROLLOUT_CONSOLE_STATE": str(self._folder.state),
            "ROLLOUT_CONSOLE_LOCKS": str(self._folder.state),
        } | {name: value.format(**filled) for name, value in self._world.env.items()}

    def _around(self) -> Sequence[str]:
        """Return what a program must be started with to reach the containers: actions hand down nothing."""
        if not self._compose:
            return ()
        host = os.environ.get("DOCKER_HOST")
        return ("env", f"COMPOSE={shlex.join(self._compose)}", *((f"DOCKER_HOST={host}",) if host else ()))

    async def _crash_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(max(4.0, CRASH_EVERY_S / self._options.speed))
            self._postgres.kill()
            await asyncio.sleep(max(1.0, DOWN_S / self._options.speed))
            try:
                self._postgres.start()
            except ServerFailed as error:
                print(error, file=sys.stderr, flush=True)

    async def end(self) -> None:
        """Stop every child and delete the folder; what goes wrong is said and does not keep the rest from ending."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._folder.wait_for_actions()
        if self._has_containers:
            complaint = await compose.down(self._compose, self._folder.path)
            if complaint:
                print(f"containers of {self._folder.project}: {complaint}", file=sys.stderr, flush=True)
        for process in self._services:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self._services:
            await _ended(process)
        self._valkey.kill()
        self._postgres.kill()
        await self._folder.delete()


async def _ended(process: Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), 3)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _say(**facts: object) -> None:
    """Tell the console something; it may be gone already."""
    with suppress(BrokenPipeError):
        print(json.dumps(facts), flush=True)


async def _input_ended() -> None:
    """Return when the other end of standard input is closed."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(4096):
            pass
    finally:
        transport.close()


async def run(options: argparse.Namespace) -> int:
    """Run the platform until it is told to end; return the exit code."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    try:
        platform = Platform(options)
    except ValueError as error:
        _say(failed=str(error))
        return 1
    serving = asyncio.create_task(platform.serve())
    ends = {asyncio.create_task(told.wait()), asyncio.create_task(_input_ended())}
    try:
        await asyncio.wait({serving, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
    except _FAILURES as error:
        _say(failed=str(error))
        return 1
    finally:
        for task in (serving, *ends):
            task.cancel()
        await asyncio.gather(serving, *ends, return_exceptions=True)
        await platform.end()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the platform of one demo."""
    parser = argparse.ArgumentParser(prog="console.demo.platform", description=__doc__)
    parser.add_argument("folder", type=Path, help="deleted at the end")
    parser.add_argument("--rollout", choices=ROLLOUTS, required=True)
    parser.add_argument("--scenario", default="healthy")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--docker", action="store_true")
    parser.add_argument("--image", default=compose.DEFAULT_IMAGE)
    options = parser.parse_args(arguments)
    options.folder = options.folder.resolve()
    os.chdir(options.folder)
    # What the servers put elsewhere goes into the folder too, so that deleting it deletes everything.
    tempfile.tempdir = str(options.folder)
    return asyncio.run(run(options))


if __name__ == "__main__":
    sys.exit(main())
