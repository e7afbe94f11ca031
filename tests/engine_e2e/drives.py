"""An operator at the keyboard: ticks, signs off and advances, by what the screen shows."""

import re
import time
from collections.abc import Callable

from tests.terminal import Terminal

CURSOR, DONE = "▌", "✓"
_ROW = re.compile(r"\[([ ✓✗◐])\] (.*?)(?:   |$)")
"""The mark of an item or a sign-off, and what it says."""
ITEMS = 60
_PHASE = re.compile(r"phase (\d+) of (\d+)")
PATIENCE_S = 120.0


class Operator:
    """Somebody who drives a rollout that goes well."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    @property
    def phase(self) -> tuple[int, int]:
        """Which phase it is, of how many."""
        found = _PHASE.search(self._terminal.wait(lambda text: _PHASE.search(text) is not None))
        assert found is not None
        return int(found[1]), int(found[2])

    def press_until(self, key: str, holds: Callable[[str], bool]) -> None:
        """Press a key, again after two seconds if need be: a dialog that is just being made may not take it."""
        for _ in range(10):
            self._terminal.send(key)
            if self._comes(holds, within_s=2.0):
                return
        raise AssertionError(f"{key!r} has no effect:\n{self._terminal.text}")

    def _comes(self, holds: Callable[[str], bool], within_s: float) -> bool:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            self._terminal.read()
            if holds(self._terminal.text):
                return True
        return False

    def finish_phase(self) -> None:
        """Tick and sign off until the console says that the phase may end."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self._tick_all()
            if self._comes(lambda text: "✓ may advance" in text or "✓ complete" in text, within_s=5.0):
                return
        raise AssertionError(f"the phase may not end:\n{self._terminal.text}")

    def advance(self) -> None:
        """Go on to the next phase, and wait until it is there and all was verified."""
        number, count = self.phase
        self.press_until("A", lambda text: "y confirms" in text)
        done = (f"phase {number + 1} of {count}", "DONE", "Esc close")
        self.press_until("y", lambda text: all(words in text for words in done))
        self.press_until("\x1b", lambda text: "Esc close" not in text)

    def _tick_all(self) -> None:
        """Open the checklists again and again: they open at what waits for somebody, and at something done at last."""
        before = ""
        for _ in range(ITEMS):
            self.press_until("c", lambda text: "Tab next phase" in text and self._row()[1] != "")
            text, mark = self._row()
            if mark != DONE:
                self._tick()
            self.press_until("\x1b", lambda text: "Tab next phase" not in text)
            if mark == DONE or text == before:
                return
            before = text

    def _row(self) -> tuple[str, str]:
        """Return the text and the mark of the row under the cursor; empty ones while there is none in sight."""
        under = (line for line in self._terminal.text.splitlines() if CURSOR in line)
        found = next((row for line in under if (row := _ROW.search(line)) is not None), None)
        return ("", "") if found is None else (found[2], found[1])

    def _tick(self) -> None:
        self._terminal.send(" ")
        if self._comes(lambda text: self._row()[1] == DONE or "again signs" in text, within_s=5.0):
            if self._row()[1] != DONE:
                self._terminal.send(" ")
            self._comes(lambda _: self._row()[1] == DONE, within_s=5.0)
