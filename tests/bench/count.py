"""`count` of a million lines next to grep, ripgrep, mtail and lnav on the same nine classes."""

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.bench.counters import TOTAL, contenders, missing, our_counts
from tests.bench.measure import Run, cpu_s, ratio, run_whole, take_turns, wall_s, warm
from tests.bench.scene import write_log, write_rollout
from tests.bench.table import ASKED, Table
from tests.terminal import PROGRAM

LINES = 1_000_000
ROUNDS = 5
OURS = "rollout-console count"
SHIPPED = "count by the 14 rules of fsm-checkpoint"


class CountsDiffer(Exception):
    """Two programs do not count the same in the same log."""


def run() -> list[Table]:
    """Let everybody count in turn and compare; raises `CountsDiffer`."""
    with tempfile.TemporaryDirectory(prefix="rcb") as name:
        folder = Path(name)
        file, log = write_rollout(folder), folder / "million.log"
        said = write_log(log, LINES)
        warm(log)
        runs: dict[str, Callable[[], Run]] = {
            OURS: partial(run_whole, [*PROGRAM, "count", str(file), str(log), "--json"]),
            SHIPPED: partial(run_whole, [*PROGRAM, "count", "fsm-checkpoint", str(log), "--json"]),
        }
        others = contenders(log, folder)
        runs |= {one.name: partial(run_whole, one.command, one.env) for one in others}
        taken = take_turns(runs, ROUNDS)
        size_mb = log.stat().st_size / 1e6
    for taken_run in taken[OURS]:
        _must_agree(OURS, our_counts(taken_run.output), said)
    for one in others:
        for taken_run in taken[one.name]:
            _must_agree(one.name, one.counts(taken_run.output), said)
    gives = {OURS: "9 counts, labels, quantiles", SHIPPED: "14 counts, labels, quantiles"}
    gives |= {one.name: one.gives for one in others}
    asked = {one.name: f"at least {one.at_least:g}" for one in others if one.at_least is not None}
    rows = [
        (
            name,
            gives[name],
            f"{wall_s(them):.2f} s",
            f"{LINES / wall_s(them) / 1e6:.2f} M",
            f"{cpu_s(them):.2f} s",
            f"{ratio(them, taken[OURS]):.2f}",
            asked.get(name, ""),
        )
        for name, them in taken.items()
    ]
    return [
        Table(
            f"a log of {LINES:,} lines ({size_mb:.0f} MB, {sum(said.values()) / LINES:.0%} hits), counted from cold",
            ("", "gives", "time", "lines/s", "CPU", "time next to count", ASKED),
            tuple(rows),
            (
                f"whole processes, the file in the page cache, medians of {ROUNDS} rounds in which all take turns;"
                " all counts agree",
                *(f"{program} is not installed" for program in missing()),
            ),
        )
    ]


def _must_agree(name: str, counted: Mapping[str, int], said: Mapping[str, int]) -> None:
    expected = {TOTAL: sum(said.values())} if set(counted) == {TOTAL} else said
    if dict(counted) != dict(expected):
        raise CountsDiffer(f"{name} counted {dict(counted)}; the log has {dict(expected)}")
