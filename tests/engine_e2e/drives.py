"""An operator at the keyboard: runs tasks, ticks, signs off and advances, by what the screen shows."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.terminal import Terminal

PATIENCE_S = 240.0
"""How long a phase may take to be finished: a machine with others on it draws a screen in seconds."""
CURSOR, OPEN, AGAIN = "▌", ("[ ]", "[✗]"), "again signs"
_PHASE = re.compile(r"phase (\d+) of (\d+)")
_NAME = re.compile(r"Type +(\S+) +to confirm")
_STAGE = re.compile(r"── .*\b(now|to come|over|validation, \w+)\b")
_KIND = re.compile(r"^ *(before it begins|before the next phase|before it passes|sign-off)\b")


def _is_checklists(text: str) -> bool:
    return "Tab next phase" in text


@dataclass(frozen=True)
class Row:
    """The row of the checklists that has the cursor."""

    text: str
    is_open: bool
    is_mine: bool
    """Whether it may be ticked in this phase."""


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
        """Press a key, again after some seconds if need be: a dialog that is just being made may not take it."""
        for _ in range(8):
            self._terminal.send(key)
            if self._comes(holds, within_s=4.0):
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
        done = (f"phase {number + 1} of {count}", "DONE")
        until = time.monotonic() + PATIENCE_S
        while not self._act("A", done=done):
            # Between two looks a number went the wrong way for a moment.
            assert time.monotonic() < until, self._terminal.text
            self.finish_phase()

    def run_task(self, key: str, value: str = "") -> None:
        """Run a task by its key, for a value if it asks for one, and wait until it is done."""
        if value:
            self.press_until(key, lambda text: "Enter take it" in text)
            # The hint in the field goes when it takes what is typed.
            self.press_until("\x15" + value, lambda text: "type some of it" not in text)
        assert self._act("\r" if value else key, done=("DONE",)), self._terminal.text

    def _act(self, key: str, *, done: tuple[str, ...]) -> bool:
        """Ask for an action, confirm it as the dialog wants it, wait until it is done, and close it.

        False: something is not met, and it was left alone.
        """
        self.press_until(key, lambda text: "y confirms" in text or "to confirm" in text)
        if "Not met" in self._terminal.text:
            self.press_until("\x1b", lambda text: "Not met" not in text)
            return False
        confirm = "y"
        asked = _NAME.search(self._terminal.text)
        if asked is not None:
            # The key that asked for it may have been pressed twice, and then stands in the field.
            self._terminal.send("\x15" + asked[1])
            self._terminal.wait(lambda text: f"to confirm: {asked[1]}" in " ".join(text.split()))
            confirm = "\r"
        self.press_until(confirm, lambda text: "Esc close" in text)
        self.press_until("\x1b", lambda text: "Esc close" not in text)
        # It goes on without its dialog, in which what it prints may leave no room for its outcome.
        self._terminal.wait(lambda text: "RUNNING" not in text and all(words in text for words in done), PATIENCE_S)
        return True

    def _tick_all(self) -> None:
        """Go down the checklists from the first row that waits to the last that may be ticked now."""
        self.press_until("c", _is_checklists)
        # The list is drawn from its beginning before it goes to the row that waits.
        self._comes(lambda _: self._row() is not None, within_s=6.0)
        while (row := self._row()) is not None and row.is_mine:
            if row.is_open:
                self._tick()
            self._terminal.send("j")
            if not self._comes(lambda _, old=row.text: self._is_elsewhere(old), within_s=6.0):
                break
        self.press_until("\x1b", lambda text: not _is_checklists(text))

    def _is_elsewhere(self, old: str) -> bool:
        row = self._row()
        return row is not None and row.text != old

    def _row(self) -> Row | None:
        """Return the row under the cursor; none while the screen is being drawn."""
        lines = self._terminal.text.splitlines()
        place = next((place for place, line in enumerate(lines) if CURSOR in line and "[" in line), None)
        if place is None:
            return None
        above = lines[:place][::-1]
        stage = next((found[1] for line in above if (found := _STAGE.search(line))), "now")
        kind = next((found[1] for line in above if (found := _KIND.search(line))), "before the next phase")
        is_waiting = stage in ("over", "to come", "validation, waiting")
        is_mine = not is_waiting or (stage == "to come" and kind == "before it begins")
        mark, text = lines[place].partition("[")[2][:1], lines[place].partition("]")[2]
        return Row(text.partition("   ")[0], f"[{mark}]" in OPEN, is_mine)

    def _tick(self) -> None:
        self._terminal.send(" ")
        self._comes(lambda text: not self._is_open() or AGAIN in text, within_s=15.0)
        if self._is_open() and AGAIN in self._terminal.text:
            self._terminal.send(" ")
            self._comes(lambda _: not self._is_open(), within_s=15.0)

    def _is_open(self) -> bool:
        row = self._row()
        return row is not None and row.is_open
