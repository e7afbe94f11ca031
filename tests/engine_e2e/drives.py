"""An operator at the keyboard: runs tasks, ticks, signs off and advances, by what the screen shows."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.terminal import Terminal

PATIENCE_S = 240.0
"""How long a phase may take to be finished: a machine with others on it draws a screen in seconds."""
LOOK_S = 2.0
"""How long it may take that a phase may end, before its checklists are looked at again."""
ANSWER_S = 30.0
"""How long what a key certainly does may take to be seen."""
QUIET_S = 3.0
"""After so long without an answer there is none, or it may come later."""
ALONE_S = 0.3
"""A terminal takes an Esc for itself if nothing follows it so long."""
CURSOR, OPEN, AGAIN = "▌", ("[ ]", "[✗]"), "again signs"
VERIFYING = "verifying …"
REASON = "why, for the journal"
_PHASE = re.compile(r"phase (\d+) of (\d+)")
_NAME = re.compile(r"Type +(\S+) +to confirm")
_STAGE = re.compile(r"── .*\b(now|to come|over|validation, \w+)\b")
_ROW = re.compile(r"^ +\[.\] ")
_CHOSEN = re.compile(r"── (\S+) ─+$")
_KIND = re.compile(r"^ *(before it begins|before the next phase|before it passes|sign-off)\b")


def _is_checklists(text: str) -> bool:
    return "Tab next phase" in text


@dataclass(frozen=True)
class Row:
    """The row of the checklists that has the cursor."""

    name: str
    """The item or role, as the pane beside the list has it: the text of a row changes when it is verified."""
    is_open: bool
    is_mine: bool
    """Whether it may be ticked in this phase."""
    is_role: bool
    """Whether it is signed off, which takes a second Space."""
    has_more: bool
    """Whether rows are seen below it."""


class Operator:
    """Somebody who drives a rollout that goes well."""

    def __init__(self, terminal: Terminal) -> None:
        """Sit down at a console, once it shows the state of its sources and knows its keys."""
        self._terminal = terminal
        terminal.wait(lambda text: " live" in text and "A Advance" in text, timeout_s=60.0)

    @property
    def phase(self) -> tuple[int, int]:
        """Which phase it is, of how many."""
        found = _PHASE.search(self._terminal.wait(lambda text: _PHASE.search(text) is not None))
        assert found is not None
        return int(found[1]), int(found[2])

    def press(self, key: str, holds: Callable[[str], bool], within_s: float = 30.0) -> None:
        """Press a key, once: a screen that shows it takes it."""
        self._terminal.send(key)
        if not self._comes(holds, within_s):
            raise AssertionError(f"{key!r} has no effect:\n{self._terminal.text}")

    def _comes(self, holds: Callable[[str], bool], within_s: float) -> bool:
        until = time.monotonic() + within_s
        while not holds(self._terminal.text):
            if time.monotonic() > until:
                return False
            self._terminal.read(0.2)
        return True

    def finish_phase(self) -> None:
        """Tick and sign off until the console says that the phase may end."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self._tick_all()
            if self._comes(lambda text: "✓ may advance" in text or "✓ complete" in text, within_s=LOOK_S):
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
            self.press(key, lambda text: "Enter take it" in text)
            # The hint in the field goes when it takes what is typed.
            self.press(value, lambda text: "type some of it" not in text)
        assert self._act("\r" if value else key, done=("DONE",)), self._terminal.text

    def _act(self, key: str, *, done: tuple[str, ...]) -> bool:
        """Ask for an action, confirm it as the dialog wants it, wait until it is done, and close it.

        False: something is not met, and it was left alone.
        """
        self.press(key, lambda text: "y begin" in text or "to confirm" in text or "Not met" in text)
        if "Not met" in self._terminal.text:
            self._escape(lambda text: "Not met" not in text)
            return False
        confirm = "y"
        asked = _NAME.search(self._terminal.text)
        if asked is not None:
            self.press(asked[1], lambda text: f"to confirm: {asked[1]}" in " ".join(text.split()))
            self._comes(lambda text: "Enter begin" in text or REASON in text, within_s=30.0)
            confirm = "\r"
        if REASON in self._terminal.text:
            # What was looked at before did not answer in time, on a machine with others on it.
            self._terminal.send("\r")
            self._pause()
            self.press("it was looked at in the checklist", lambda text: "Enter begin" in text)
        self.press(confirm, lambda text: "Esc close" in text)
        self._escape(lambda text: "Esc close" not in text)
        # It goes on without its dialog, in which what it prints may leave no room for its outcome.
        self._terminal.wait(lambda text: "RUNNING" not in text and all(words in text for words in done), PATIENCE_S)
        return True

    def _escape(self, holds: Callable[[str], bool]) -> None:
        """Close what is open, and let the key stand alone: with the next one right behind it, it would be another."""
        self.press("\x1b", holds)
        self._pause()

    def _pause(self) -> None:
        self._comes(lambda _: False, within_s=ALONE_S)

    def _tick_all(self) -> None:
        """Go down the checklists from the first row that waits to the last that may be ticked now."""
        self.press("c", lambda text: _is_checklists(text) and self._row() is not None)
        while (row := self._row()) is not None and row.is_mine:
            if row.is_open:
                self._tick(row)
            self._terminal.send("j")
            if not self._is_below(row):
                break
        self.press("c", lambda text: not _is_checklists(text))

    def _is_below(self, old: Row) -> bool:
        """Whether the cursor goes on from a row, which it does from all but the last."""

        def is_elsewhere(_: str) -> bool:
            row = self._row()
            return row is not None and row.name != old.name

        return self._comes(is_elsewhere, ANSWER_S if old.has_more else QUIET_S)

    def _row(self) -> Row | None:
        """Return the row under the cursor; none while the screen is being drawn."""
        lines = self._terminal.text.splitlines()
        place = next((place for place, line in enumerate(lines) if line.startswith(CURSOR)), None)
        if place is None:
            return None
        above = lines[:place][::-1]
        stage = next((found[1] for line in above if (found := _STAGE.search(line))), "now")
        kind = next((found[1] for line in above if (found := _KIND.search(line))), "before the next phase")
        is_waiting = stage in ("over", "to come", "validation, waiting")
        is_mine = not is_waiting or (stage == "to come" and kind == "before it begins")
        mark = lines[place].partition("[")[2][:1]
        named = next((found[1] for line in lines if (found := _CHOSEN.search(line))), "")
        has_more = any(_ROW.match(line) for line in lines[place + 1 :])
        return Row(named, f"[{mark}]" in OPEN, is_mine, kind == "sign-off", has_more)

    def _tick(self, row: Row) -> None:
        self._terminal.send(" ")
        # The next key would take back what a role has begun; an item is verified without being watched.
        within_s = ANSWER_S if row.is_role else QUIET_S
        self._comes(lambda text: not self._is_open() or AGAIN in text or VERIFYING in text, within_s)
        self._comes(lambda text: VERIFYING not in text, within_s=15.0)
        if AGAIN in self._terminal.text:
            self._terminal.send(" ")
            self._comes(lambda _: not self._is_open(), within_s=15.0)

    def _is_open(self) -> bool:
        row = self._row()
        return row is not None and row.is_open
