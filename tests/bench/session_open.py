"""How soon a session of ten million counted lines over seven days is on the screen again."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from console.effects.sessions import this_actor
from console.opening import open_session
from console.spec.load import load
from tests.bench.measure import Run, cpu_s, run_whole, take_turns, wall_s
from tests.bench.session_scene import DAYS, TOTAL, write_session
from tests.bench.table import ASKED, Table
from tests.bench.watched import cpu_of, rss_of, until_painted
from tests.terminal import PROGRAM, Terminal
from widgets.words import short_count

ROUNDS = 5
SCREEN = "from the command to the first picture with its counts"
LOAD = "of this, opening the session: load, compact, restore, first frame"


def run() -> list[Table]:
    """Write the session once, open copies of it in turn with and without the screen, and return the times."""
    with tempfile.TemporaryDirectory(prefix="rcb") as name:
        folder = Path(name)
        file, totals = asyncio.run(write_session(folder, folder / "written", time.time()))
        size_mb = sum(path.stat().st_size for path in folder.rglob("session.db*")) / 1e6
        shown = short_count(max(totals.values())).encode()
        runs: dict[str, Callable[[], Run]] = {
            SCREEN: partial(_on_screen, file, folder, shown),
            LOAD: partial(_loaded, file, folder),
        }
        taken = take_turns(runs, ROUNDS)
    rows = [
        (
            name,
            f"{wall_s(them):.2f} s",
            f"{cpu_s(them):.2f} s",
            f"{max(run.rss_bytes for run in them) / 1e6:.0f} MB",
            "under 1 s" if name == SCREEN else "",
        )
        for name, them in taken.items()
    ]
    return [
        Table(
            f"resuming a session of {TOTAL:,} counted lines over {DAYS} days ({size_mb:.0f} MB)",
            ("", "time", "CPU", "most resident", ASKED),
            tuple(rows),
            (f"medians of {ROUNDS} rounds, each on a fresh copy of the session's file",),
        )
    ]


def _copy(folder: Path) -> Path:
    """Return a state folder with the session as it was written."""
    state = folder / "opened"
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(folder / "written", state)
    return state


def _on_screen(file: Path, folder: Path, shown: bytes) -> Run:
    """Resume the session with the whole program and return what it took until a count of it was painted."""
    env = {"ROLLOUT_CONSOLE_STATE": str(_copy(folder))}
    began = time.perf_counter()
    with Terminal([*PROGRAM, "watch", str(file)], env=env, draws=False) as terminal:
        until_painted(terminal, shown)
        return Run(time.perf_counter() - began, cpu_of(terminal.pid), rss_bytes=rss_of(terminal.pid, is_peak=True))


def _loaded(file: Path, folder: Path) -> Run:
    """Open the session in a process without a screen, which says how long that took without its imports."""
    command = [sys.executable, "-m", "tests.bench.session_open", str(file), str(_copy(folder))]
    run = run_whole(command)
    said = json.loads(run.output)
    return Run(said["wall_s"], said["cpu_s"], rss_bytes=said["rss_bytes"])


def main() -> None:
    """Open a session, print what it took, and end without waiting for anything."""
    file, state = sys.argv[1:]
    loaded = load(file, {})
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    opened = asyncio.new_event_loop().run_until_complete(open_session(loaded, Path(state), this_actor()))
    assert opened.engine is not None
    assert opened.engine.frame.flow.lines == TOTAL
    cost = {"wall_s": time.perf_counter() - began_s, "cpu_s": time.process_time() - began_cpu_s}
    print(json.dumps(cost | {"rss_bytes": rss_of(os.getpid(), is_peak=True)}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
