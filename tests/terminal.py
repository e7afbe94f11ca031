"""A real terminal for the whole program: a pty, and what a screen on its other end would show."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

PROGRAM = (sys.executable, "-m", "console")
_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[@-Z\\-_])", re.DOTALL
)
_CAN_YOU_HOLD, _I_CAN = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""A program asks whether a terminal can hold back a screen until it is drawn as a whole, and most terminals can."""
_DRAWING, _DRAWN = b"\x1b[?2026h", b"\x1b[?2026l"


class Terminal:
    """A program on a pty of its own; everything it writes is kept, raw and as a screen."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        draws: bool = True,
    ) -> None:
        self.raw = bytearray()
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen) if draws else None
        self._text: str | None = None
        """The screen as text, until something is drawn."""
        self._held = b""
        """What belongs to a screen that is not drawn as a whole yet: nobody sees half a dialog."""
        self.code: int | None = None
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            # Given as a whole: COLUMNS and LINES would beat the terminal's own size, and the tests' workers hold them.
            given = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}
            given |= env or {}
            for name in ("COLUMNS", "LINES", "NO_COLOR"):
                given.pop(name, None)
            if cwd is not None:
                os.chdir(cwd)
            os.execvpe(command[0], list(command), given)
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, as a window manager would."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)
        self._text = None

    def read(self, timeout_s: float = 0.05) -> bytes:
        """Take what the program wrote, waiting at most `timeout_s` for the first byte."""
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        if not ready:
            return b""
        try:
            wrote = os.read(self._master, 1 << 20)
        except OSError:
            return b""
        self.raw += wrote
        if self._stream is not None:
            self._draw(self._stream, wrote)
        return wrote

    def _draw(self, stream: pyte.ByteStream, wrote: bytes) -> None:
        if _CAN_YOU_HOLD in wrote:
            os.write(self._master, _I_CAN)
        self._held += wrote
        drawing, last = self._held.rfind(_DRAWING), self._held.rfind(b"\x1b")
        if drawing > self._held.rfind(_DRAWN):
            whole = drawing
        else:  # where the bytes were cut, such a screen may be about to begin
            whole = last if last >= 0 and _DRAWING.startswith(self._held[last:]) else len(self._held)
        if whole:
            self._text = None
            stream.feed(self._held[:whole])
            self._held = self._held[whole:]

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    @property
    def text(self) -> str:
        """What the screen shows."""
        if self._text is None:
            # What pyte offers asks how wide each character is, thousands of them; behind a wide one a cell is empty.
            columns, rows = range(self.screen.columns), range(self.screen.lines)
            lines = (self.screen.buffer[row] for row in rows)
            self._text = "\n".join("".join(line[column].data for column in columns).rstrip() for line in lines)
        return self._text

    def wait(self, shown: str | Callable[[str], bool], timeout_s: float = 20.0) -> str:
        """Wait until the screen shows a text and return the screen; raises `AssertionError` with the screen in it."""
        holds = shown if callable(shown) else lambda text: shown in text
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if holds(self.text):
                return self.text
            self.read()
        raise AssertionError(f"waited {timeout_s:.0f} s for {shown!r}; the screen shows:\n{self.text}")

    def wait_end(self, timeout_s: float = 20.0) -> int:
        """Wait until the program has ended and return its exit code, negative for a signal."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.read(0.05)
            if self._reap(os.WNOHANG):
                while self.read(0.0):
                    pass
                return self.code if self.code is not None else 0
        raise AssertionError(f"it still runs after {timeout_s:.0f} s; the screen shows:\n{self.text}")

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self._master)
        self._master = -1

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        os.kill(self.pid, number)

    def close(self) -> None:
        """End the program, whatever it does."""
        if self.code is None and not self._reap(os.WNOHANG):
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def has_ended(self) -> bool:
        """Return whether the program has ended."""
        return self._reap(os.WNOHANG)

    def _reap(self, options: int) -> bool:
        if self.code is not None:
            return True
        pid, status = os.waitpid(self.pid, options)
        if pid == 0:
            return False
        self.code = os.waitstatus_to_exitcode(status)
        return True

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def printed(raw: bytes) -> bytes:
    """Return what was written without the control sequences that Textual writes."""
    return _SEQUENCE.sub(b"", raw)
