"""The dialog of the pairs of events: from where to where, and what was refused."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.core.desk import Desk
from console.core.frame import Frame
from console.core.matrix import MatrixView
from console.screens.base import ConsoleDialog
from widgets.key_bar import KeyCap
from widgets.matrix import matrix_lines
from widgets.records import Page


class MatrixScreen(ConsoleDialog[None]):
    """Shows the counts since the session began, of all tracks or of one, as they grow."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "close", "Back", show=False),
        Binding("t", "next_track", "Track", show=False),
        Binding("e", "next_event", "Event", show=False),
    ]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = Page(id="body")
        self._event = 0
        self._track: str | None = None
        self.title_text = self._title(desk.frame)

    @property
    def body(self) -> Page:
        """The table."""
        return self._body

    def show_frame(self, frame: Frame) -> None:
        """Draw the counts of now."""
        if not frame.matrices:
            return
        title = self._title(frame)
        if title != self.title_text:
            self.title_text = title
            self.renew()
        view = self._view(frame)
        side = next((side for side in view.sides if side.track == self._track), view.sides[0])
        width = (self.query_one("#dialog").size.width or self.size.width) - 2
        self._body.show(tuple(matrix_lines(view, side, width)))

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        hints = [KeyCap("Esc", "close", 0)]
        if len(self._view(self.desk.frame).sides) > 1:
            hints.append(KeyCap("t", "track", 1))
        if len(self.desk.frame.matrices) > 1:
            hints.append(KeyCap("e", "next event", 2))
        return (*hints, KeyCap("↑ ↓", "read", 3))

    def action_next_track(self) -> None:
        """Show the next track: all of them, then each alone."""
        tracks = [side.track for side in self._view(self.desk.frame).sides]
        at = tracks.index(self._track) if self._track in tracks else 0
        self._track = tracks[(at + 1) % len(tracks)]
        self.show_frame(self.desk.frame)

    def action_next_event(self) -> None:
        """Show the pairs of the next event that has any."""
        self._event += 1
        self.show_frame(self.desk.frame)

    def _view(self, frame: Frame) -> MatrixView:
        return frame.matrices[self._event % len(frame.matrices)]

    def _title(self, frame: Frame) -> str:
        which = "all tracks" if self._track is None else self._track
        return f"{self._view(frame).event}, from → to, since the session began: {which}"
