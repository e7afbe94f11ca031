"""From the command to the first painted screen, next to a bare Textual application with as many widgets."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.scene import write_rollout
from tests.bench.table import ASKED, Table
from tests.bench.watched import SOAK_SCREEN, until_painted
from tests.terminal import PROGRAM, Terminal

ROUNDS = 9
WIDGETS = 1
"""How many widgets the first screen has; the soak screen, with 14, follows when the session is open."""


def seconds_to(make: Callable[[], Terminal], shown: bytes) -> float:
    """Return the seconds from starting a program until it has painted a text."""
    began = time.perf_counter()
    with make() as terminal:
        until_painted(terminal, shown)
        return time.perf_counter() - began


def run() -> list[Table]:
    """Let both start in turn and return the medians and their ratio."""
    bare, console, full = [], [], []
    with tempfile.TemporaryDirectory(prefix="rcb") as folder:
        file = write_rollout(Path(folder))
        for number in range(ROUNDS + 1):
            bare_s = seconds_to(
                lambda: Terminal([sys.executable, "-m", "tests.bench.bare", str(WIDGETS)], draws=False), b"READY"
            )
            env = {"ROLLOUT_CONSOLE_STATE": f"{folder}/state-{number}"}

            def ours(env: dict[str, str] = env) -> Terminal:
                return Terminal([*PROGRAM, "watch", str(file)], env=env, draws=False)

            console_s = seconds_to(ours, b"opening ")
            full_s = seconds_to(ours, SOAK_SCREEN)
            if number:  # the first round warms the caches of the file system
                bare.append(bare_s)
                console.append(console_s)
                full.append(full_s)
    ratio = statistics.median(one / other for one, other in zip(console, bare, strict=True))
    return [
        Table(
            "from the command to a picture",
            ("", "time", "next to bare Textual", ASKED),
            (
                (f"a bare Textual application, {WIDGETS} widget", f"{statistics.median(bare):.3f} s", "1", ""),
                ("`watch`, its first picture", f"{statistics.median(console):.3f} s", f"{ratio:.2f}", "at most 1.5"),
                ("`watch`, the soak screen of a fresh session", f"{statistics.median(full):.2f} s", "", ""),
            ),
            (f"medians of {ROUNDS} rounds in which both take turns",),
        )
    ]
