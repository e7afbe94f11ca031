"""The question before a ladder is told something from where it is not in full sight."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.core.action_frame import AttemptView
from console.core.desk import Desk, Order
from console.core.frame import Frame
from console.core.words import Outcome
from console.screens.base import ConsoleDialog
from widgets.ink import Role
from widgets.key_bar import KeyCap
from widgets.lines import Line, Span, clean
from widgets.records import Page
from widgets.words import share


class SteeringScreen(ConsoleDialog[None]):
    """Asks whether a ladder shall jump to zero, or end where it is; anything but `y` tells it nothing."""

    has_action_keys = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "Confirm", show=False)]

    def __init__(self, desk: Desk, held: AttemptView, order: Order, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._held = held
        self._order = order
        self.title_text = "Straight to 0 %?" if order == "zero" else "Stay here?"
        self._body = Page(id="body")

    @property
    def body(self) -> Page:
        """What it would do."""
        return self._body

    def show_frame(self, frame: Frame) -> None:
        """Say what becomes of the share, and of a rung that is being applied."""
        now = share(frame.phase.traffic)
        said = (
            f" The share goes from {now} to 0 %."
            if self._order == "zero"
            else f" The ladder ends; the share stays at {now}."
        )
        lines = [Line((Span(f" {clean(self._held.title)}", Role.DIM),)), Line((Span(said),))]
        held = next((view for view in frame.attempts if view.attempt == self._held.attempt), self._held)
        if held.outcome is Outcome.RUNNING:
            lines.append(Line((Span(" The rung that is being applied is ended first.", Role.WARNING),)))
        self._body.show(tuple(lines))

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        return (KeyCap("y", "to zero" if self._order == "zero" else "stay here", 0), KeyCap("Esc", "not now", 0))

    def action_yes(self) -> None:
        """Tell it."""
        self.steer(self._held, self._order)
        self.action_close()
