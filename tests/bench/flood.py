"""20,000 log lines a second into a running console: what is dropped, how often it paints, how fast it answers."""

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

from console.effects.session_reader import SessionReader
from tests.bench.scene import some_lines, write_rollout
from tests.terminal import PROGRAM, Terminal, printed

RATE = 20_000
SECONDS = 30.0
PRESSES = 60


def pour(log: Path, stop: threading.Event, wrote: list[int]) -> None:
    """Append lines at the rate until told to stop."""
    chunk = some_lines(RATE // 20)
    began, number = time.monotonic(), 0
    with log.open("ab", buffering=0) as stream:
        while not stop.is_set():
            stream.write(chunk)
            number += 1
            wrote[0] += RATE // 20
            time.sleep(max(0.0, began + number / 20 - time.monotonic()))


def answer_s(terminal: Terminal) -> float:
    """Press the key that pauses the log and return how long the screen took to say so; then let the log run."""
    start = len(terminal.raw)
    began = time.perf_counter()
    terminal.send(" ")
    while b"PAUSED" not in printed(bytes(terminal.raw[start:])):
        terminal.read(1.0)
        if time.perf_counter() - began > 10:
            raise RuntimeError(f"no answer to a key within 10 s; the screen wrote {len(terminal.raw) - start} bytes")
    took_s = time.perf_counter() - began
    terminal.send(" ")
    return took_s


def run() -> None:
    """Pour, press keys, and print what came of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_rollout(folder)
        stop, wrote = threading.Event(), [0]
        env = {"ROLLOUT_CONSOLE_STATE": str(folder / "state")}
        with Terminal([*PROGRAM, "watch", str(file)], env=env, draws=False) as terminal:
            while b"Bench rollout" not in printed(bytes(terminal.raw)):
                terminal.read(1.0)
            writer = threading.Thread(target=pour, args=(folder / "agent.log", stop, wrote), daemon=True)
            writer.start()
            answers = press_keys(terminal)
            paints, watched_s = paints_during(terminal, 10.0)
            stop.set()
            writer.join()
            wait_until_read(folder / "state", wrote[0], terminal)
            cpu_s = cpu_of(terminal.pid)
            terminal.send("q")
            terminal.wait_end()
        counted = lines_counted(folder / "state")
    answers.sort()
    print(f"  lines written, counted    {wrote[0]:,}, {counted:,}; lost {wrote[0] - counted}")
    print(f"  screen                    {paints / watched_s:.1f} paints a second")
    print(
        f"  key to answer             median {statistics.median(answers) * 1000:.0f} ms,"
        f" 99th percentile {answers[int(len(answers) * 0.99)] * 1000:.0f} ms (at most 100)"
    )
    print(f"  CPU of the console        {cpu_s / wrote[0] * 1e6:.1f} µs a line, screen included")


def press_keys(terminal: Terminal) -> list[float]:
    """Press a key again and again, at moments that have nothing to do with the screen's own rhythm."""
    answers = []
    for number in range(PRESSES):
        pause_until = time.monotonic() + 0.4 + 0.0137 * (number % 20)
        while time.monotonic() < pause_until:
            terminal.read(0.01)
        answers.append(answer_s(terminal))
    return answers


def paints_during(terminal: Terminal, seconds: float) -> tuple[int, float]:
    """Count the screen updates within a time: what is written after a silence of 30 ms begins another."""
    paints, began, was_silent = 0, time.monotonic(), True
    while time.monotonic() - began < seconds:
        wrote = terminal.read(0.03)
        paints += bool(wrote) and was_silent
        was_silent = not wrote
    return paints, time.monotonic() - began


def lines_counted(state: Path) -> int:
    """Return how many lines the session's file says were counted."""
    folder = next(path.parent for path in state.rglob("session.db"))
    reader = SessionReader.open_read_only(folder)
    try:
        return sum(reader.load().lines.values())
    finally:
        reader.close()


def wait_until_read(state: Path, wrote: int, terminal: Terminal) -> None:
    """Wait until the console has caught up."""
    deadline = time.monotonic() + 30
    while lines_counted(state) < wrote and time.monotonic() < deadline:
        terminal.read(0.2)


def cpu_of(pid: int) -> float:
    """Return the processor seconds a process has used (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
