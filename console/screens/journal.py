"""The dialog of the journal: what was written down, and a field to add a note."""

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
from widgets.records import JournalBody, JournalPart


class JournalScreen(ConsoleDialog[None]):
    """The journal, newest first."""

    title_text = "Journal"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "note", "Add a note", show=False)]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = JournalBody(id="body")
        self._note = Entry(id="note", placeholder="a note for the journal; Enter writes it, Esc takes it away")
        self._note.display = False
        self._newest = -1

    @property
    def body(self) -> JournalBody:
        """The records."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return the field for a note."""
        return (self._note,)

    def show_frame(self, frame: Frame) -> None:
        """Read the journal again when it has grown."""
        newest = frame.journal[0].seq if frame.journal else 0
        if newest != self._newest:
            self._newest = newest
            self._body.show(JournalPart(self.desk.journal()))

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        write = (KeyCap("n", "add a note", 1),) if self.may_act else ()
        return (KeyCap("Esc", "close", 0), *write, KeyCap("↑ ↓ PgUp PgDn", "read", 2))

    def action_note(self) -> None:
        """Open the field for a note."""
        if self.may_act:
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
        text = event.value.strip()
        self._put_away()
        if text:
            self.order(lambda: self.desk.note(text))
