"""The question before leaving while an action is under way."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.core.desk import Desk
from console.core.frame import Frame
from console.core.words import Outcome
from console.screens.base import ConsoleDialog
from widgets.ink import Role
from widgets.key_bar import KeyCap
from widgets.lines import Line, Span
from widgets.records import Page


class QuitScreen(ConsoleDialog[bool]):
    """Asks whether to leave; anything but `y` stays."""

    title_text = "Quit?"
    has_action_keys = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Quit", show=False),
        Binding("n,enter", "close", "Stay", show=False),
    ]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = Page(id="body")

    @property
    def body(self) -> Page:
        """What leaving means."""
        return self._body

    def show_frame(self, frame: Frame) -> None:
        """Say what is under way."""
        titles = [view.title for view in frame.attempts if view.outcome in (Outcome.RUNNING, Outcome.HOLDING)]
        under_way = ", ".join(titles)
        self._body.show(
            (
                Line((Span(" The session is saved and reading stops."),)),
                Line((Span(f" Under way: {under_way}", Role.WARNING),)) if under_way else Line(()),
            )
        )

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        return (KeyCap("y", "quit", 0), KeyCap("Esc", "stay", 0))

    def action_yes(self) -> None:
        """Leave."""
        self.dismiss(True)

    def action_close(self) -> None:
        """Stay."""
        self.dismiss(False)
