"""Run the simulated services as containers, through whichever compose is installed."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

COMPOSE_FILE = "compose.yaml"
DEFAULT_IMAGE = "python:3.11-slim"
UP_TIMEOUT_S = 600.0
"""Making the containers may have to fetch their image first."""
_COMMANDS = (("docker", "compose"), ("docker-compose",))
_MODULES = ("__init__.py", "demo/__init__.py", "demo/service.py", "demo/traffic.py", "demo/world.py")


class ComposeFailed(Exception):
    """Containers cannot be run; the text says why and what to do about it."""


async def find_compose() -> tuple[str, ...]:
    """Return the compose command of this machine; raises `ComposeFailed` when there is none."""
    for command in _COMMANDS:
        if shutil.which(command[0]) and (await _run((*command, "version"), Path.cwd(), timeout_s=20))[0] == 0:
            return command
    raise ComposeFailed("--docker needs `docker compose` or `docker-compose`, and neither was found")


async def check_engine(compose: tuple[str, ...], folder: Path) -> None:
    """Raise `ComposeFailed` when no container engine answers."""
    code, said = await _run((*compose, "ps", "-q"), folder, timeout_s=30)
    if code:
        raise ComposeFailed(f"--docker needs a container engine, and none answers: {said}")


def write_files(folder: Path) -> None:
    """Put the compose file and the service's own modules into the folder of the demo."""
    package = files("console")
    (folder / COMPOSE_FILE).write_bytes(package.joinpath("demo", COMPOSE_FILE).read_bytes())
    worlds = (f"demo/worlds/{found.name}" for found in package.joinpath("demo", "worlds").iterdir())
    for name in (*_MODULES, *(name for name in worlds if name.endswith(".py"))):
        target = folder / "app" / "console" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(package.joinpath(name).read_bytes())
    for path in (folder / "app", *(folder / "app").rglob("*")):
        # Users inside a container need not be the ones outside.
        path.chmod(0o755 if path.is_dir() else 0o644)


async def make(compose: tuple[str, ...], folder: Path) -> None:
    """Make the containers without starting them, which fetches a missing image; raises `ComposeFailed`."""
    code, said = await _run((*compose, "up", "--no-start"), folder, timeout_s=UP_TIMEOUT_S)
    if code:
        raise ComposeFailed(f"the containers cannot be made: {said}")


async def up(compose: tuple[str, ...], folder: Path) -> None:
    """Start the containers; raises `ComposeFailed`."""
    code, said = await _run((*compose, "up", "-d"), folder, timeout_s=UP_TIMEOUT_S)
    if code:
        raise ComposeFailed(f"the containers did not start: {said}")


async def down(compose: tuple[str, ...], folder: Path) -> str:
    """Remove the containers and their network; return what went wrong, empty when nothing did."""
    code, said = await _run((*compose, "down", "-v", "--remove-orphans", "--timeout", "3"), folder, timeout_s=60)
    return said if code else ""


async def _run(command: tuple[str, ...], folder: Path, *, timeout_s: float) -> tuple[int, str]:
    """Run one compose command and return its exit code and its last word; cancelling ends the command too."""
    # The env file beside the compose file decides, not what happens to be exported around the demo.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "DEMO_"))}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=env, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    except TimeoutError:
        return 124, f"no answer within {timeout_s:g}s"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    return process.returncode or 0, lines[-1] if lines else "no reason given"
