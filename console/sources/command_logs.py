"""Reads the lines that a command prints, and starts it again when it ends.

A command cannot be asked for what it said before, so this source does not resume: each start is an origin of its own,
and what is said between two runs, or twice, nobody can know. That is reported at each start after the first of a
session, also when the one before was another console's.
"""

import os
import select
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from console.core.lines import LINE_LIMIT_BYTES, LineSplitter
from console.core.text import visible
from console.sources import programs
from console.sources.base import (
    BLOCK_LINES,
    BLOCK_S,
    Block,
    LineSink,
    Lost,
    Standing,
    in_daemon,
    supervise,
)

IDLE_S = 0.5


class CommandLogs:
    """The log source of a command."""

    def __init__(
        self, argv: Sequence[str], base_dir: Path, sink: LineSink, standing: Standing, *, track: str | None = None
    ) -> None:
        self._argv = tuple(argv)
        self._base_dir = base_dir
        self._sink = sink
        self._standing = standing
        self._track = track or ""
        self._name = visible(Path(argv[0]).name, 200)
        self._runs = 0
        self._ended_at: float | None = None

    async def run(self) -> None:
        """Read for ever."""
        await supervise(lambda: in_daemon(self._read_run, f"command {self._standing.source}"), self._standing)

    def _read_run(self, stop: threading.Event) -> None:
        """Read one run of the command; raises with how it ended."""
        process = programs.start(self._argv, self._base_dir, are_errors_apart=False)
        self._runs += 1
        known = self._sink.known(self._standing.source)
        for origin in known:
            self._sink.ended(self._standing.source, origin)
        if self._runs > 1 or known:
            self._standing.gap(
                self._name,
                "the command was started again: lines in between may be missing, or counted twice",
                since=self._ended_at,
                until=time.time(),
                track=self._track,
            )
        self._standing.live("a command cannot be resumed: its lines are counted as they come", parts={self._track: 1})
        last_line = b""
        has_ended = False
        try:
            if process.stdout is not None:
                last_line = self._pump(process.stdout.fileno(), str(time.time_ns()), stop)
            deadline = time.monotonic() + 1.0  # it closed its output; most end right then
            while not (has_ended := programs.has_ended(process)) and time.monotonic() < deadline:
                stop.wait(0.02)
        finally:
            self._ended_at = time.time()
            programs.end(process, is_polite=True)
        if stop.is_set():
            return
        how = f"ended with exit code {process.returncode}" if has_ended else "closed its output"
        said = f": {visible(last_line.decode('utf-8', 'replace'), 200)}" if process.returncode and last_line else ""
        raise Lost(f"{self._name} {how}{said}")

    def _pump(self, pipe: int, origin: str, stop: threading.Event) -> bytes:
        """Read until the output ends; returns the last line."""
        splitter = LineSplitter(LINE_LIMIT_BYTES)
        waiting: list[bytes] = []
        last_line, number, due = b"", 0, 0.0
        while not stop.is_set():
            wait_s = max(0.0, due - time.monotonic()) if waiting else IDLE_S
            is_ready, _, _ = select.select([pipe], [], [], wait_s)
            self._standing.seen()
            chunk = os.read(pipe, 256 * 1024) if is_ready else None
            if chunk:
                if not waiting:
                    due = time.monotonic() + BLOCK_S
                waiting += splitter.feed(chunk)
            elif chunk == b"":
                rest = splitter.finish()
                waiting += [] if rest is None else [rest]
            if waiting and (chunk == b"" or len(waiting) >= BLOCK_LINES or time.monotonic() >= due):
                self._hand_over(origin, number, waiting)
                number += len(waiting)
                last_line, waiting = waiting[-1], []
            if chunk == b"":
                break
        return last_line

    def _hand_over(self, origin: str, number: int, lines: list[bytes]) -> None:
        now = time.time()
        self._sink.take(
            Block(
                source=self._standing.source,
                origin=origin,
                stream="",
                name=self._name,
                track=self._track,
                keys=range(number, number + len(lines)),
                times=[now] * len(lines),
                lines=lines,
            )
        )
