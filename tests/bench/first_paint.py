"""From the command to the first painted screen, next to a bare Textual application with as many widgets."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.scene import write_rollout
from tests.terminal import PROGRAM, Terminal, printed

ROUNDS = 9
WIDGETS = 1
"""How many widgets the first screen has; the soak screen, with 14, follows when the session is open."""


def seconds_to(make: Callable[[], Terminal], shown: bytes) -> float:
    """Return the seconds from starting a program until it has painted a text."""
    began = time.perf_counter()
    with make() as terminal:
        while shown not in printed(bytes(terminal.raw)):
            terminal.read(1.0)
            if terminal.has_ended():
                raise RuntimeError(f"it ended before it painted: {printed(bytes(terminal.raw))!r}")
        return time.perf_counter() - began


def run() -> None:
    """Alternate both and print the medians and their ratio."""
    bare, console, full = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        file = write_rollout(Path(folder))
        for number in range(ROUNDS + 1):
            bare_s = seconds_to(
                lambda: Terminal([sys.executable, "-m", "tests.bench.bare", str(WIDGETS)], draws=False), b"READY"
            )
            env = {"ROLLOUT_CONSOLE_STATE": f"{folder}/state-{number}"}

            def ours(env: dict[str, str] = env) -> Terminal:
                return Terminal([*PROGRAM, "watch", str(file)], env=env, draws=False)

            console_s = seconds_to(ours, b"opening ")
            full_s = seconds_to(ours, b"Bench rollout")
            if number:  # the first round warms the caches of the file system
                bare.append(bare_s)
                console.append(console_s)
                full.append(full_s)
    ratio = statistics.median(one / other for one, other in zip(console, bare, strict=True))
    print(f"  bare Textual, {WIDGETS} widget    {statistics.median(bare):.3f} s")
    print(f"  rollout-console watch     {statistics.median(console):.3f} s")
    print(f"  with the session open     {statistics.median(full):.3f} s")
    print(f"  ratio                     {ratio:.2f} (at most 1.5)")
