"""Time, processor time and memory of whole processes, in rounds in which everybody takes a turn."""

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ENDS_WITHIN_S = 300.0
"""A program that takes longer is killed."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run cost."""

    wall_s: float
    cpu_s: float
    """User and system, with the processes that it waited for."""
    output: bytes = b""
    rss_bytes: int = 0
    """The most memory that was resident at once, where it was measured; `wait4` gives that of who started it."""


def run_whole(command: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
    """Run a program from its start to its end; raises `RuntimeError` with what it said if it fails or hangs.

    It writes to a file: grep stops at the first hit when it writes to /dev/null.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env={**os.environ, **(env or {})}
        )
        patience = threading.Timer(ENDS_WITHIN_S, process.kill)
        patience.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        patience.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode != 0:
            errors.seek(0)
            said = errors.read()[-1000:].decode(errors="replace")
            raise RuntimeError(f"{command[0]} left with {process.returncode}: {said}")
        return Run(wall_s, usage.ru_utime + usage.ru_stime, out.read())


def take_turns(runs: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """Run everything once per round, so that what else the machine does falls on all alike."""
    taken: dict[str, list[Run]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(run())
    return taken


def wall_s(runs: Sequence[Run]) -> float:
    """Return the median of the time taken."""
    return statistics.median(run.wall_s for run in runs)


def cpu_s(runs: Sequence[Run]) -> float:
    """Return the median of the processor time."""
    return statistics.median(run.cpu_s for run in runs)


def ratio(these: Sequence[Run], to_those: Sequence[Run]) -> float:
    """Return how many times as long these took as those: the median over the rounds."""
    return statistics.median(one.wall_s / other.wall_s for one, other in zip(these, to_those, strict=True))


def warm(path: Path) -> None:
    """Bring a file into the page cache."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass
