"""Measures with a program: the number that it prints last."""

import math
import threading
from collections.abc import Sequence
from pathlib import Path

from console.core.inputs import Reading
from console.core.probes import Metric
from console.core.text import decode, visible
from console.sources import programs
from console.sources.base import Answer, Lost, ProbeFailed, Unreadable, in_daemon
from queries.loader import Query


class CommandAsker:
    """Runs the programs of command metrics."""

    def __init__(self, base_dir: Path) -> None:
        self._base_dir = base_dir

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        """Return the first word of the last line that the program prints, as a number. Raises `ProbeFailed`."""
        if metric.command is None:
            raise ProbeFailed("this metric runs no command")
        ran = await self.run_program(metric.command, metric.timeout_s)
        if ran.exit_code is None:
            raise ProbeFailed(f"{metric.command[0]} did not end within {metric.timeout_s:g}s and was ended")
        if ran.exit_code != 0:
            said = f": {ran.last_words}" if ran.last_words else ""
            raise ProbeFailed(f"{metric.command[0]} failed with exit code {ran.exit_code}{said}")
        return Answer((Reading("", parse_number(ran.output)),))

    async def run_program(self, argv: Sequence[str], timeout_s: float) -> programs.Ran:
        """Run a program to its end or to the end of its time. Raises `ProbeFailed` if it cannot be started."""

        def work(stop: threading.Event) -> programs.Ran:
            return programs.run(argv, self._base_dir, timeout_s, stop)

        try:
            return await in_daemon(work, f"probe {argv[0]}")
        except (Lost, Unreadable) as failure:
            raise ProbeFailed(str(failure)) from None

    async def run(self) -> None:
        """Nothing to keep in touch with."""

    async def close(self) -> None:
        """Nothing to let go."""


def parse_number(output: bytes) -> float:
    """Return the first word of the last line with text, as a number; a `%` behind it is allowed.

    Raises `ProbeFailed` for anything else, also for NaN and infinity.
    """
    lines = [line for line in decode(output).splitlines() if line.strip()]
    if not lines:
        raise ProbeFailed("the program printed nothing; a number is expected on its last line")
    word = lines[-1].split()[0]
    try:
        number = float(word.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ProbeFailed(f"the program printed {visible(word, 60)!r}; a number is expected on its last line")
    return number
