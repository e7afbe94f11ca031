"""The dialog of the checklist: items to tick, roles to sign off in."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from console.core.desk import Desk
from console.core.frame import Frame
from console.screens.base import ConsoleDialog
from widgets.entry import Entry
from widgets.key_bar import KeyCap
from widgets.records import ChecklistBody, ChecklistPart


class ChecklistScreen(ConsoleDialog[None]):
    """Ticks and sign-offs of the present phase."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "choose", "Tick", show=False),
        Binding("n", "note", "With a note", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
    ]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = ChecklistBody(id="body")
        self._note = Entry(id="note", placeholder="a note; Enter ticks or signs with it, Esc takes it away")
        self._note.display = False
        self._chosen = ""
        """Item or role under the cursor: the row stays chosen although the list changes."""
        self._is_armed = False

    @property
    def body(self) -> ChecklistBody:
        """Items and roles."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return the field for a note."""
        return (self._note,)

    def _rows(self) -> tuple[str, ...]:
        phase = self.desk.frame.phase
        return (*(f"item {item.item}" for item in phase.checklist), *(f"role {one.role}" for one in phase.sign_off))

    def _cursor(self) -> int:
        rows = self._rows()
        return rows.index(self._chosen) if self._chosen in rows else 0

    def show_frame(self, frame: Frame) -> None:
        """Draw the checklist of the frame's phase."""
        phase = frame.phase
        self._body.show(ChecklistPart(phase.checklist, phase.sign_off, self._cursor(), self._is_armed))
        done = sum(item.is_done for item in phase.checklist)
        title = f"Checklist of {phase.name}: {done} of {len(phase.checklist)}"
        if title != self.title_text:
            self.title_text = title
            self.renew()

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        if not self.may_act:
            return (KeyCap("Esc", "close", 0),)
        return (KeyCap("Esc", "close", 0), KeyCap("Space", "tick, or sign off", 1), KeyCap("n", "with a note", 2))

    def action_move(self, steps: int) -> None:
        """Move the cursor."""
        rows = self._rows()
        if rows:
            place = max(0, min(len(rows) - 1, self._cursor() + steps))
            self._chosen = rows[place]
            self._is_armed = False
            self.show_frame(self.desk.frame)
            self._body.reveal(place)

    def action_choose(self) -> None:
        """Tick or untick the item, or sign off: that takes the key twice."""
        self._decide("")

    def action_note(self) -> None:
        """Open the field for a note."""
        if self.may_act and self._rows():
            self._note.display = True
            self.fit_body()
            self._note.focus()

    def action_close(self) -> None:
        """Take the field away, or close the dialog."""
        if not self._note.display:
            self.dismiss(None)
            return
        self._put_away()

    def _put_away(self) -> None:
        self._note.display = False
        self._note.value = ""
        self.fit_body()
        self._body.focus()

    @on(Input.Submitted, "#note")
    def _on_written(self, event: Input.Submitted) -> None:
        event.stop()
        note = event.value.strip()
        self._put_away()
        self._is_armed = True
        self._decide(note)

    def _decide(self, note: str) -> None:
        rows = self._rows()
        if not rows or not self.may_act:
            return
        phase = self.desk.frame.phase
        place = self._cursor()
        self._chosen = rows[place]
        if place < len(phase.checklist):
            item = phase.checklist[place]
            is_done = True if item.is_verified or note else not item.is_done
            self.order(lambda: self.desk.tick(item.item, is_done=is_done, note=note, stage=item.stage))
            self._is_armed = False
            return
        one = phase.sign_off[place - len(phase.checklist)]
        if one.by:
            return
        if not self._is_armed:
            self._is_armed = True
        else:
            self._is_armed = False
            self.order(lambda: self.desk.sign_off(one.role, note=note))
        self.show_frame(self.desk.frame)
