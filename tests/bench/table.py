"""What was measured as a table, for people and for the README."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ASKED = "asked"
"""Head of the column with what is promised."""
QUIET_LOAD = 0.5
"""Processes that run at once on a machine that does nothing much."""
_VERSIONS = {
    "grep": ("grep", "--version"),
    "ripgrep": ("rg", "--version"),
    "mtail": ("mtail", "--version"),
    "lnav": ("lnav", "-V"),
    "docker": ("docker", "--version"),
    "dockerd": ("dockerd", "--version"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under heads; the first column says what was measured."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    """What could not be measured, and under which conditions the rest was."""

    def as_text(self) -> str:
        """Return it in columns."""
        rows = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  " + "  ".join(cell.ljust(width) if not place else cell.rjust(width) for place, (cell, width) in cells)
            for cells in (enumerate(zip(row, widths, strict=True)) for row in rows)
        ]
        return "\n".join([self.title, *(line.rstrip() for line in lines), *(f"  ({note})" for note in self.notes)])

    def as_markdown(self) -> str:
        """Return it as Markdown."""
        lines = [
            f"| {self.title} | {' | '.join(self.head[1:])} |",
            "|---" + "|--:" * (len(self.head) - 1) + "|",
            *(f"| {' | '.join(row)} |" for row in self.rows),
        ]
        return "\n".join([*lines, "", *(f"{note[0].upper()}{note[1:]}." for note in self.notes)]).rstrip()


def machine() -> str:
    """Return what everything was measured on, and when."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores ({_processor()}), Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"


def versions() -> str:
    """Return the versions of the programs that are compared, of those that are installed."""
    found = {name: _version(command) for name, command in _VERSIONS.items() if shutil.which(command[0])}
    return ", ".join(f"{name} {version}" for name, version in found.items())


def other_work() -> str:
    """Return how much else the machine is doing, if it is enough to blur what is measured."""
    load = os.getloadavg()[0]
    return f"; other work ran beside it (load {load:.1f} at the start)" if load > QUIET_LOAD else ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return f"{platform.machine()}, {value.strip()}"
    return platform.machine()


def _version(command: Sequence[str]) -> str:
    """Return the first word of what a program says of itself that begins with a digit."""
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    words = (said.stdout or said.stderr).replace(",", " ").split()
    return next((word for word in words if word[0].isdigit()), "of unknown version")
