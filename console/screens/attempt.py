"""The dialog of an action under way or over: steps, output, outcome, and the keys that steer a ladder."""

from typing import ClassVar

from textual.binding import BindingType

from console.actions import LADDER_KEYS, bindings
from console.core.desk import Desk, Order
from console.core.frame import AttemptView, Frame
from console.core.words import Outcome
from console.screens.base import ConsoleDialog
from console.screens.key_caps import ladder_keys
from widgets.attempt import AttemptBody, AttemptPart
from widgets.key_bar import KeyCap


class AttemptScreen(ConsoleDialog[None]):
    """Follows one attempt; closing it does not stop the action."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(LADDER_KEYS))

    def __init__(self, desk: Desk, attempt: str, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self.attempt = attempt
        self.title_text = "the action is being started"
        self._body = AttemptBody(id="body")

    @property
    def body(self) -> AttemptBody:
        """The attempt in full."""
        return self._body

    @property
    def view(self) -> AttemptView | None:
        """The attempt in the present frame; `None` until the engine has taken it up."""
        return next((view for view in self.desk.frame.attempts if view.attempt == self.attempt), None)

    def show_frame(self, frame: Frame) -> None:
        """Draw the attempt; a body that shows its end goes on showing it."""
        view = self.view
        if view is None:
            return
        body = self._body
        was_at_end = body.top + body.page >= len(body.lines)
        keys = ladder_keys() if self.may_act else ()
        body.show(AttemptPart(view, self.desk.output(self.attempt), int(frame.at), keys))
        if was_at_end:
            body.scroll_rows(len(body.lines))
        if view.title != self.title_text:
            self.title_text = view.title
            self.renew()
        self.hints.show(self.key_hints())

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys that work, and that leaving is harmless."""
        view = self.view
        is_over = view is not None and view.outcome not in (Outcome.RUNNING, Outcome.HOLDING)
        caps = [KeyCap("Esc", "close" if is_over else "close; the action goes on", 0)]
        if self._is_held():
            caps += [KeyCap(key, label, 1) for key, label in ladder_keys()]
        return tuple(caps)

    def _is_held(self) -> bool:
        view = self.view
        return self.may_act and view is not None and view.outcome is Outcome.HOLDING

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the keys of a ladder work only while it is held."""
        return self._is_held() if any(key.id == action for key in LADDER_KEYS) else True

    def _steer(self, order: Order) -> None:
        view = self.view
        if view is not None:
            self.steer(view, order)

    def action_next_rung(self) -> None:
        """Take the next rung now."""
        self._steer("continue")

    def action_to_zero(self) -> None:
        """Jump to zero."""
        self._steer("zero")

    def action_stay(self) -> None:
        """Leave the share as it is."""
        self._steer("stop")
