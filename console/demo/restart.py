"""Restart the simulated services, so that they read their env file again: `python -m console.demo.restart FOLDER`.

It returns when every service says that it works with the share the env file gives it.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from console.demo.service import ABOUT, read_env_file, share_of
from console.demo.worlds import world_of

SERVICES_FILE = "services.json"
WAIT_S = 10.0
_direct = build_opener(ProxyHandler({}))


class RestartFailed(Exception):
    """A service does not do what it was told; the text says which and what it does instead."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service of a demo."""

    track: str
    pid: int | None
    """`None` for one in a container."""
    port: int
    rollout: str


def write_services(folder: Path, services: tuple[Running, ...]) -> None:
    """Write down which services run, for `read_services`."""
    (folder / SERVICES_FILE).write_text(json.dumps([asdict(service) for service in services]), encoding="utf-8")


def read_services(folder: Path) -> tuple[Running, ...]:
    """Return the services of a demo; raises `RestartFailed` when the demo is not running."""
    try:
        return tuple(Running(**entry) for entry in json.loads((folder / SERVICES_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise RestartFailed(f"no demo runs in {folder}: {error}") from error


def ask_service(port: int, timeout_s: float = 1.0) -> Mapping[str, Any] | None:
    """Return what the service on a loopback port says about itself; `None` when it does not answer."""
    try:
        with _direct.open(f"http://127.0.0.1:{port}{ABOUT}", timeout=timeout_s) as answer:
            said = json.load(answer)
    except (URLError, OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def restart(folder: Path, *, wait_s: float = WAIT_S) -> tuple[tuple[str, float], ...]:
    """Restart every service and return their shares in percent; containers are made anew where their environment is.

    Raises `RestartFailed` when one does not answer, or does not take the share of the env file within `wait_s`.
    """
    services = read_services(folder)
    env = read_env_file((folder / ".env").read_text(encoding="utf-8"))
    wanted = {service.track: share_of(world_of(service.rollout), service.track, env) for service in services}
    least = _signalled(services) if all(service.pid for service in services) else _made_anew(folder, services)
    deadline = time.monotonic() + wait_s
    for service in services:
        while True:
            said = ask_service(service.port) or {}
            if said.get("restarts", -1) >= least[service.track] and said["share"] == wanted[service.track]:
                break
            if time.monotonic() > deadline:
                share = said.get("share", "unknown")
                raise RestartFailed(f"{service.track} has share {share}, not {wanted[service.track]:g}%")
            time.sleep(0.05)
    return tuple(wanted.items())


def _signalled(services: Sequence[Running]) -> Mapping[str, int]:
    """Have processes read their env file again; return how many restarts each must tell of at least."""
    found: dict[str, int] = {}
    for service in services:
        said = ask_service(service.port)
        if service.pid is None or said is None or said.get("pid") != service.pid:
            raise RestartFailed(f"{service.track} does not answer on port {service.port}")
        found[service.track] = said["restarts"] + 1
    for service in services:
        os.kill(service.pid or os.getpid(), signal.SIGHUP)
    return found


def compose(folder: Path, *words: str) -> None:
    """Run a command of compose for the containers of a demo; raises `RestartFailed`."""
    command = [*shlex.split(os.environ.get("COMPOSE", "docker compose")), *words]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RestartFailed(f"{shlex.join(command)} failed: {ran.stderr.strip()}")


def _made_anew(folder: Path, services: Sequence[Running]) -> Mapping[str, int]:
    """Have compose make the containers anew whose environment changed; a new one has not restarted yet."""
    compose(folder, "up", "-d", "--no-deps", *(service.track for service in services))
    return {service.track: 0 for service in services}


def main(arguments: list[str]) -> int:
    """Restart the services of the demo in the folder named; 0 when all took their share."""
    if len(arguments) != 1:
        print("usage: python -m console.demo.restart FOLDER", file=sys.stderr)
        return 2
    try:
        shares = restart(Path(arguments[0]))
    except (RestartFailed, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for track, share in shares:
        print(f"{track} restarted with {share:g}% of the traffic")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
