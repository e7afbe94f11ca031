"""The whole console on a terminal of its own: what it has counted, what it costs, how fast it paints and answers."""

import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from console.effects.session_reader import SessionReader
from tests.terminal import PROGRAM, Terminal, printed

SOAK_SCREEN = b"Bench rollout"
"""What is on the soak screen and not on the one before."""
PAINTS_WITHIN_S = 60.0
ANSWERS_WITHIN_S = 10.0
SILENCE_S = 0.03
"""What is written after such a silence belongs to another paint."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the console had counted and used at one moment."""

    at: float
    lines: int
    rss_bytes: int
    cpu_s: float


class WatchedConsole:
    """`watch` of a rollout file on a pty, from its first picture of the session on."""

    def __init__(self, file: Path, state: Path) -> None:
        self._state = state
        environment = {"ROLLOUT_CONSOLE_STATE": str(state)}
        self._terminal = Terminal([*PROGRAM, "watch", str(file), "--since", "1h"], env=environment, draws=False)

    def __enter__(self) -> Self:
        until_painted(self._terminal, SOAK_SCREEN)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._terminal.close()

    def leave(self) -> None:
        """Quit, and wait until everything is written down."""
        self._terminal.send("q")
        self._terminal.wait_end()

    def cost(self) -> Cost:
        """Return what was counted and used until now. May be called from any thread."""
        return Cost(time.monotonic(), self.lines(), rss_of(self._terminal.pid), cpu_of(self._terminal.pid))

    def lines(self) -> int:
        """Return how many lines the session's file says were counted."""
        file = next(self._state.rglob("session.db"))
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            return int(connection.execute("SELECT coalesce(sum(lines), 0) FROM lines").fetchone()[0])

    def totals(self) -> dict[str, int]:
        """Return how often each event happened, as the session's file says."""
        reader = SessionReader.open_read_only(next(self._state.rglob("session.db")).parent)
        try:
            return {event: count for (_, event), count in reader.load().totals.items() if event}
        finally:
            reader.close()

    def wait_until_read(self, lines: int, timeout_s: float) -> None:
        """Wait until so many lines are counted, or until it takes too long; the screen goes on."""
        deadline = time.monotonic() + timeout_s
        while self.lines() < lines and time.monotonic() < deadline:
            self._terminal.read(0.2)

    def press_keys(self, presses: int) -> list[float]:
        """Press a key again and again, at moments that have nothing to do with the screen's own rhythm.

        Returns how many seconds each answer took.
        """
        answers = []
        for number in range(presses):
            pause_until = time.monotonic() + 0.4 + 0.0137 * (number % 20)
            while time.monotonic() < pause_until:
                self._terminal.read(0.01)
            answers.append(self._answer_s())
        return answers

    def paints(self, seconds: float) -> float:
        """Return the screen updates per second over a time: what is written after a silence begins another."""
        paints, began, was_silent = 0, time.monotonic(), True
        while time.monotonic() - began < seconds:
            wrote = self._terminal.read(SILENCE_S)
            paints += bool(wrote) and was_silent
            was_silent = not wrote
        del self._terminal.raw[:]
        return paints / (time.monotonic() - began)

    def _answer_s(self) -> float:
        """Press the key that pauses the log and return how long the screen took to say so; then let the log run."""
        terminal = self._terminal
        start = len(terminal.raw)
        began = time.perf_counter()
        terminal.send(" ")
        while b"PAUSED" not in printed(bytes(terminal.raw[start:])):
            terminal.read(1.0)
            if time.perf_counter() - began > ANSWERS_WITHIN_S:
                raise RuntimeError(f"no answer to a key within {ANSWERS_WITHIN_S:.0f} s")
        took_s = time.perf_counter() - began
        terminal.send(" ")
        return took_s


def until_painted(terminal: Terminal, shown: bytes) -> None:
    """Wait until a program has painted a text; raises `RuntimeError` if it ends before, or takes too long."""
    began = time.monotonic()
    while shown not in printed(bytes(terminal.raw)):
        terminal.read(1.0)
        if terminal.has_ended() or time.monotonic() - began > PAINTS_WITHIN_S:
            said = b" ".join(printed(bytes(terminal.raw)).split())[-500:].decode(errors="replace")
            raise RuntimeError(f"{shown.decode()} was not painted, but: {said}")


class Sampler(threading.Thread):
    """Takes the console's cost every so often, until stopped."""

    def __init__(self, console: WatchedConsole, every_s: float) -> None:
        super().__init__(name="sampler", daemon=True)
        self.costs: list[Cost] = []
        self._console = console
        self._every_s = every_s
        self._stopping = threading.Event()

    def run(self) -> None:
        """Take costs."""
        while not self._stopping.wait(self._every_s):
            self.costs.append(self._console.cost())

    def stop(self) -> None:
        """End it, with a last cost."""
        self._stopping.set()
        self.join()
        self.costs.append(self._console.cost())

    def when(self, lines: int) -> Cost | None:
        """Return the first cost with at least so many lines."""
        return next((cost for cost in self.costs if cost.lines >= lines), None)


def rss_of(pid: int, *, is_peak: bool = False) -> int:
    """Return how many bytes of a process are resident, or were at most (proc(5), VmRSS and VmHWM of status)."""
    name = "VmHWM:" if is_peak else "VmRSS:"
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(name))) * 1024


def cpu_of(pid: int) -> float:
    """Return the processor seconds a process has used (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
