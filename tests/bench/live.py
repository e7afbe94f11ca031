"""The console's reader of container logs next to `docker logs`, the SDK's stream, and only receiving the bytes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.bench import live_reader
from tests.bench.containers import TRACKS, Writers, wait_until_written, writers
from tests.bench.count import CountsDiffer
from tests.bench.measure import Run, cpu_s, ratio, run_whole, take_turns, wall_s
from tests.bench.scene import write_log, write_rollout
from tests.bench.table import ASKED, Table
from tests.bench.watched import cpu_of, rss_of
from tests.servers import engine_obstacle

LINES = 500_000
ROUNDS = 5
DISCARD = "received and thrown away"
OURS = "rollout-console: read, classified, counted"
WHOLE = "rollout-console watch --headless"
CLI = "docker logs --follow"
SDK = "docker SDK, logs(stream=True)"
WAYS = {
    DISCARD: live_reader.discard,
    OURS: live_reader.reader,
    WHOLE: live_reader.whole,
    SDK: live_reader.sdk,
}
READ_WITHIN_S = 300.0


def run() -> list[Table]:
    """Let all read the log of one running container in turn; raises `CountsDiffer`."""
    obstacle = engine_obstacle()
    if obstacle:
        print(f"  no container to read: {obstacle}")
        return []
    with tempfile.TemporaryDirectory(prefix="rcb") as name, writers() as made:
        folder = Path(name)
        log = folder / "written.log"
        said = write_log(log, LINES)
        runs = _runs(folder, log, made)
        taken = take_turns(runs, ROUNDS)
    for ours in (OURS, WHOLE):
        for one in taken[ours]:
            counted: Mapping[str, int] = json.loads(one.output)["counts"]
            if counted != said:
                raise CountsDiffer(f"{ours} counted {counted}; the container wrote {said}")
    return [_table(taken)]


def _runs(folder: Path, log: Path, made: Writers) -> dict[str, Callable[[], Run]]:
    """Have a container write a log, and return who reads it how."""
    container = made.write(log)
    with log.open("rb") as lines:
        lines.seek(-1000, os.SEEK_END)
        wait_until_written(container, lines.read().splitlines(keepends=True)[-1])
    file = write_rollout(folder, made.source(container), TRACKS)
    which = [made.engine.url, str(file), str(container.id), str(LINES), str(log.stat().st_size)]
    runs: dict[str, Callable[[], Run]] = {
        name: partial(_read_apart, [sys.executable, "-m", live_reader.__name__, way.__name__, *which])
        for name, way in WAYS.items()
    }
    if shutil.which("docker") is not None:
        command = ["docker", "-H", made.engine.url, "logs", "--follow", str(container.id)]
        runs[CLI] = partial(_run_until_written, command, folder / "read.log", log.stat().st_size)
    return runs


def _read_apart(command: list[str]) -> Run:
    """Read in another process; its own clock leaves out the start of Python and its imports."""
    run = run_whole(command)
    said = json.loads(run.output)
    return Run(said["wall_s"], said["cpu_s"], run.output, said["rss_bytes"])


def _run_until_written(command: list[str], out: Path, size_bytes: int) -> Run:
    """Run a program that follows for ever until it has written so much; raises `TimeoutError`."""
    with out.open("wb") as stream:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.DEVNULL)
        try:
            while out.stat().st_size < size_bytes:
                if time.perf_counter() - began > READ_WITHIN_S or process.poll() is not None:
                    raise TimeoutError(f"{command[0]} wrote {out.stat().st_size} of {size_bytes} bytes")
                time.sleep(0.005)
            return Run(time.perf_counter() - began, cpu_of(process.pid), rss_bytes=rss_of(process.pid, is_peak=True))
        finally:
            process.kill()
            process.wait()


def _table(taken: Mapping[str, list[Run]]) -> Table:
    ours = taken[OURS]
    asked = {DISCARD: "at most 1.11", CLI: "at most 1", SDK: "at most 0.33"}
    rows = [
        (
            name,
            f"{wall_s(runs):.2f} s",
            f"{LINES / wall_s(runs) / 1e3:.0f} k",
            f"{cpu_s(runs) / LINES * 1e6:.1f} µs" + (" (at most 5)" if name == OURS else ""),
            f"{max(run.rss_bytes for run in runs) / 1e6:.0f} MB" if name in (OURS, WHOLE, CLI) else "",
            "" if name == OURS else f"{ratio(ours, runs):.2f}",
            asked.get(name, ""),
        )
        for name, runs in taken.items()
    ]
    return Table(
        f"{LINES:,} lines of a running container",
        ("", "time", "lines/s", "CPU a line", "resident", "time of the console next to it", ASKED),
        tuple(rows),
        (
            f"each in a process of its own, medians of {ROUNDS} rounds in which all take turns; reader and engine share"
            " the cores",
        ),
    )
