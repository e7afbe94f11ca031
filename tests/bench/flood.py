"""20,000 log lines a second into a running console: what is lost, what it costs, how fast it paints and answers."""

import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.scene import some_lines, write_rollout
from tests.bench.table import ASKED, Table
from tests.bench.watched import WatchedConsole

RATE = 20_000
PRESSES = 60
PAINTS_OVER_S = 10.0
CATCHES_UP_WITHIN_S = 30.0
_WRITES_PER_S = 20


class Pour(threading.Thread):
    """Appends lines to a log at the rate until stopped."""

    def __init__(self, log: Path) -> None:
        super().__init__(name="pour", daemon=True)
        self.wrote = 0
        self._log = log
        self._stopping = threading.Event()

    def run(self) -> None:
        """Write."""
        chunk = some_lines(RATE // _WRITES_PER_S)
        began, number = time.monotonic(), 0
        with self._log.open("ab", buffering=0) as stream:
            while not self._stopping.wait(max(0.0, began + number / _WRITES_PER_S - time.monotonic())):
                stream.write(chunk)
                number += 1
                self.wrote += RATE // _WRITES_PER_S

    def stop(self) -> None:
        """End after the last whole line."""
        self._stopping.set()
        self.join()


def run() -> list[Table]:
    """Pour, press keys, and return what came of it."""
    with tempfile.TemporaryDirectory(prefix="rcb") as name:
        folder = Path(name)
        file = write_rollout(folder)
        pour = Pour(folder / "agent.log")
        with WatchedConsole(file, folder / "state") as console:
            before = console.cost()
            began = time.monotonic()
            pour.start()
            answers = console.press_keys(PRESSES)
            paints = console.paints(PAINTS_OVER_S)
            pour.stop()
            poured_s = time.monotonic() - began
            console.wait_until_read(pour.wrote, CATCHES_UP_WITHIN_S)
            after = console.cost()
            console.leave()
            counted = console.lines()
    cpu_us = (after.cpu_s - before.cpu_s) / pour.wrote * 1e6
    return [
        Table(
            f"{RATE:,} lines a second for {poured_s:.0f} s into the console on its screen",
            ("", "measured", ASKED),
            (
                ("lines written, counted", f"{pour.wrote:,}, {counted:,}", "0 lost, 0 double"),
                ("screen", f"{paints:.1f} paints a second", "5"),
                ("a key pressed is answered", said_of(answers), "99th percentile under 100 ms"),
                ("CPU of the console, screen included", f"{cpu_us:.1f} µs a line", "5"),
                ("resident memory of the console", f"{after.rss_bytes / 1e6:.0f} MB", "under 120 MB"),
            ),
        )
    ]


def said_of(answers: Sequence[float]) -> str:
    """Return how fast keys were answered, in words."""
    in_order = sorted(answers)
    worst = in_order[min(len(in_order) - 1, int(len(in_order) * 0.99))]
    return f"median {statistics.median(in_order) * 1000:.0f} ms, 99th percentile {worst * 1000:.0f} ms"
