"""Tens of millions of lines from a container into a running console: does its memory stay where it was?"""

import shutil
import statistics
import tempfile
from pathlib import Path

from docker.models.containers import Container

from tests.bench.containers import TRACKS, Writers, writers
from tests.bench.flood import said_of
from tests.bench.scene import write_log, write_rollout
from tests.bench.table import ASKED, Table
from tests.bench.watched import Sampler, WatchedConsole
from tests.servers import engine_obstacle

MILLION = 1_000_000
DISK_BYTES_PER_LINE = 220
"""What a line takes in the engine's log."""
SAMPLED_EVERY_S = 1.0
PRESSES = 15
PAINTS_OVER_S = 10.0


def run(millions: int = 50) -> list[Table]:
    """Have a container write, press keys meanwhile, and return what came of it."""
    obstacle = engine_obstacle() or _disk_obstacle(millions)
    if obstacle:
        print(f"  no container to pour from: {obstacle}")
        return []
    with tempfile.TemporaryDirectory(prefix="rcb") as name, writers() as made:
        folder = Path(name)
        said = write_log(folder / "million.log", MILLION)
        expected = {event: count * millions for event, count in said.items()}
        container = made.create(folder / "million.log", times=millions)
        file = write_rollout(folder, made.source(container), TRACKS)
        with WatchedConsole(file, folder / "state") as console:
            return [_pour(console, made, container, millions, expected)]


def _disk_obstacle(millions: int) -> str:
    needed = millions * MILLION * DISK_BYTES_PER_LINE
    free = shutil.disk_usage(tempfile.gettempdir()).free
    return "" if free > needed else f"{needed / 1e9:.0f} GB of disk are needed, {free / 1e9:.0f} are free"


def _pour(
    console: WatchedConsole, made: Writers, container: Container, millions: int, expected: dict[str, int]
) -> Table:
    lines = millions * MILLION
    sampler = Sampler(console, SAMPLED_EVERY_S)
    before = console.cost()
    container.start()
    sampler.start()
    answers: list[float] = []
    paints: list[float] = []
    while sampler.when(lines) is None and not _is_stuck(sampler):
        answers += console.press_keys(PRESSES)
        paints.append(console.paints(PAINTS_OVER_S))
        if sampler.costs:
            now = sampler.costs[-1]
            print(f"  {now.lines / MILLION:.1f} M lines, {now.rss_bytes / 1e6:.0f} MB", flush=True)
    sampler.stop()
    counted, after = console.totals(), sampler.when(lines) or sampler.costs[-1]
    poured_s = after.at - before.at
    step = max(1, millions // 5)
    marks = [(mark, sampler.when(mark * MILLION)) for mark in range(step, millions + 1, step)]
    memory = ", ".join(f"{cost.rss_bytes / 1e6:.0f}" for _, cost in marks if cost is not None)
    at = ", ".join(str(mark) for mark, cost in marks if cost is not None)
    is_exact = "every count right" if counted == expected else f"counted {counted}, expected {expected}"
    return Table(
        f"{millions} million lines, poured by a container in {poured_s / 60:.0f} minutes",
        ("", "measured", ASKED),
        (
            ("lines counted", f"{after.lines:,}; {is_exact}", "0 lost, 0 double"),
            ("rate", f"{lines / poured_s / 1e3:.0f} k lines/s, the container's writing included", ""),
            (f"resident memory at {at} million lines", f"{memory} MB", "under 120 MB, no growth"),
            (
                "most resident memory",
                f"{max(cost.rss_bytes for cost in sampler.costs) / 1e6:.0f} MB",
                "under 120 MB",
            ),
            ("screen", f"median {statistics.median(paints):.1f}, least {min(paints):.1f} paints a second", "5"),
            (f"{len(answers)} keys pressed are answered", said_of(answers), "99th percentile under 100 ms"),
            (
                "CPU of the console, screen included",
                f"{(after.cpu_s - before.cpu_s) / lines * 1e6:.1f} µs a line",
                "5",
            ),
        ),
    )


def _is_stuck(sampler: Sampler) -> bool:
    """Whether nothing was counted for a minute or two."""
    costs = sampler.costs
    since = costs[-120:]
    return len(costs) > 180 and since[0].lines == since[-1].lines
