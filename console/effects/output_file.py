"""What commands print, kept in a file that stays small and holds no secret."""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from console.core.patterns import BoundedPattern, GaveUp
from console.core.redact import LineRedactor, Redactor

LIMIT_BYTES = 4 * 1024 * 1024
"""How much of all output is kept."""

_LONGEST_LINE = 64 * 1024
_CUT_BACK = 4 * 1024
"""A longer line is cut at a space where there is one near, because a secret has none."""
_CHUNK = 64 * 1024


class OutputFile:
    """Keeps the beginning and the end of what each command prints; the middle of a flood is counted, not kept."""

    def __init__(self, path: Path, redactor: Redactor, *, commands: int, limit_bytes: int = LIMIT_BYTES) -> None:
        self._handle = _opened(path)
        self._redactor = redactor
        self._lines = LineRedactor(redactor)
        share = limit_bytes // max(1, commands)
        self._tail_bytes = share // 16
        self._head_bytes = share - 2 * self._tail_bytes
        self._lock = threading.Lock()
        self._left = self._head_bytes
        self._rest = b""
        """A line that has not ended yet."""
        self._tail = b""
        self._skipped = 0
        self._is_closed = False
        self._wanted: dict[str, BoundedPattern] = {}

    def begin(self, title: str, wanted: Sequence[str] = ()) -> None:
        """Write a line of the runner's own; what follows belongs to the command it names.

        `wanted` are regular expressions that are looked for in the lines that are kept of it.
        """
        with self._lock:
            self._flush()
            self._wanted = {pattern: BoundedPattern(pattern) for pattern in wanted}
            self._left = self._head_bytes
            self._write(f"$ {self._redactor.redact(title)}\n")

    def feed(self, chunk: bytes) -> None:
        """Take what a command printed."""
        with self._lock:
            if self._is_closed:
                return
            if self._left <= 0:
                self._skip(self._rest + chunk)
                self._rest = b""
                return
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            for line in whole:
                self._keep(line)
            if len(self._rest) > _LONGEST_LINE:
                cut = self._rest.rfind(b" ", len(self._rest) - _CUT_BACK) + 1 or len(self._rest)
                self._keep(self._rest[:cut])
                self._rest = self._rest[cut:]

    def end(self) -> None:
        """Write what was held back: a last line without an end, and the end of a flood."""
        with self._lock:
            self._flush()

    def missing(self) -> tuple[str, ...]:
        """Return what was wanted of the command and is in no line of it that was kept."""
        with self._lock:
            return tuple(self._wanted)

    def close(self) -> None:
        """Write everything and let the file go; what comes after that is not kept."""
        with self._lock:
            self._flush()
            self._is_closed = True
            os.close(self._handle)

    def pump(self, pipe: int) -> None:
        """Take everything that comes through a pipe until it ends; for a thread of its own."""
        try:
            while chunk := os.read(pipe, _CHUNK):
                self.feed(chunk)
        finally:
            os.close(pipe)

    def _flush(self) -> None:
        if self._rest:
            self._keep(self._rest)
            self._rest = b""
        if self._skipped:
            # The first line of what is left may begin inside a secret, so it goes too.
            kept = self._tail if self._skipped == len(self._tail) else self._tail.partition(b"\n")[2]
            self._write(f"[{self._skipped - len(kept):,} bytes left out]\n")
            for line in kept.splitlines():
                self._write_line(line)
            self._skipped, self._tail = 0, b""

    def _keep(self, line: bytes) -> None:
        """Write a line, or only count it once the beginning is full."""
        if self._left > 0:
            self._left -= len(line) + 1
            self._write_line(line)
        else:
            self._skip(line + b"\n")

    def _skip(self, flood: bytes) -> None:
        self._skipped += len(flood)
        self._tail = (self._tail + flood)[-self._tail_bytes :]

    def _write_line(self, line: bytes) -> None:
        kept = self._lines.redact(line.decode("utf-8", "replace"))
        if kept is not None:
            self._look_at(kept)
            self._write(kept + "\n")

    def _look_at(self, line: str) -> None:
        for pattern, bounded in list(self._wanted.items()):
            with suppress(GaveUp):
                if bounded.search(line) is not None:
                    del self._wanted[pattern]

    def _write(self, text: str) -> None:
        try:
            os.write(self._handle, text.encode("utf-8", "replace"))
        except OSError:
            self._left = 0  # a full disk must not stop what the command does


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:  # nor must a disk that has no room for a file
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
