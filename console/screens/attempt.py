"""The dialog of an action under way or over: steps, output, outcome, and the keys that steer a ladder."""

from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from console.actions import ATTEMPT_KEYS, LADDER_KEYS, LADDER_ORDERS, bindings
from console.core.action_frame import AttemptView
from console.core.desk import Choice, Desk, Order
from console.core.frame import Frame
from console.core.words import Outcome
from console.screens.base import ConsoleDialog
from console.screens.key_caps import ladder_keys
from widgets.attempt import AttemptBody, AttemptPart
from widgets.entry import Entry
from widgets.key_bar import KeyCap


class AttemptScreen(ConsoleDialog[None]):
    """Follows one attempt; closing it does not stop the action."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings((*LADDER_KEYS, *ATTEMPT_KEYS)))

    def __init__(self, desk: Desk, attempt: str, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self.attempt = attempt
        self.title_text = "the action is being started"
        self._body = AttemptBody(id="body")
        self._reason = Entry(id="reason")
        self._reason.display = False
        self._choice: Choice | None = None
        """What is decided once the reason is given."""
        self._is_end_shown = False
        """Whether the body went up to how the attempt ended, which stands above its output."""

    def fields(self) -> Iterable[Widget]:
        """Return the field for a reason."""
        return (self._reason,)

    @property
    def body(self) -> AttemptBody:
        """The attempt in full."""
        return self._body

    @property
    def view(self) -> AttemptView | None:
        """The attempt in the present frame; `None` until the engine has taken it up."""
        return next((view for view in self.desk.frame.attempts if view.attempt == self.attempt), None)

    def show_frame(self, frame: Frame) -> None:
        """Draw the attempt; a body that shows its end goes on showing it, until it is known how the attempt ended."""
        view = self.view
        if view is None:
            return
        body = self._body
        was_at_end = body.top + body.page >= len(body.lines)
        keys = ladder_keys(view) if self.may_act else ()
        body.show(AttemptPart(view, self.desk.output(self.attempt), int(frame.at), keys))
        if _is_over(view) and not self._is_end_shown:
            self._is_end_shown = True
            body.scroll_rows(-len(body.lines))
        elif was_at_end:
            body.scroll_rows(len(body.lines))
        if view.title != self.title_text:
            self.title_text = view.title
            self.renew()
        self.hints.show(self.key_hints())

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys that work, and that leaving is harmless."""
        view = self.view
        caps = [KeyCap("Esc", "close" if view is not None and _is_over(view) else "close; the action goes on", 0)]
        if view is not None and self.may_act:
            caps += [KeyCap(key, label, 1) for key, label in ladder_keys(view)]
        caps += [KeyCap(key.shown, key.label, 1) for key in ATTEMPT_KEYS if self._may(key.id)]
        return tuple(caps)

    def _may(self, choice: str) -> bool:
        view = self.view
        return self.may_act and view is not None and choice in view.choices

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the keys of a ladder work only while it is held, and those of an attempt while there is a choice."""
        if any(key.id == action for key in ATTEMPT_KEYS):
            return self._may(action)
        if action not in LADDER_ORDERS:
            return True
        view = self.view
        return self.may_act and view is not None and LADDER_ORDERS[action] in view.orders

    def on_key(self, event: events.Key) -> None:
        """Let the keys of this dialog come before those of the rollout's actions while there is a choice."""
        if any(key.shown == event.character and self._may(key.id) for key in ATTEMPT_KEYS):
            event.prevent_default()

    def _steer(self, order: Order) -> None:
        view = self.view
        if view is not None:
            self.steer(view, order)

    def action_next_rung(self) -> None:
        """Show what the next rung would do."""
        view = self.view
        if view is not None:
            self.offer_next_rung(view)

    def action_to_zero(self) -> None:
        """Jump to zero."""
        self._steer("zero")

    def action_stay(self) -> None:
        """Leave the share as it is."""
        self._steer("stop")

    def action_verify(self) -> None:
        """Verify what it was to do; nothing is changed by that."""
        self._settle("verify", "")

    def action_resume(self) -> None:
        """Carry on where it stopped, once a reason is given."""
        view = self.view
        if view is not None:
            self._ask("resume", f"why; Enter carries on with step {view.next_step + 1}, Esc does not")

    def action_abandon(self) -> None:
        """Leave it as it is, once a reason is given."""
        self._ask("abandon", "why; Enter leaves everything as it is now, Esc decides nothing")

    def action_stop(self) -> None:
        """End it, once a reason is given."""
        self._ask("stop", "why; Enter ends it, and its outcome is then not known; Esc lets it go on")

    def _ask(self, choice: Choice, placeholder: str) -> None:
        self._choice = choice
        self._reason.placeholder = placeholder
        self._reason.value = ""
        self._reason.display = True
        self.fit_body()
        self._reason.focus()

    def _put_away(self) -> None:
        self._choice = None
        self._reason.display = False
        self.fit_body()
        self._body.focus()

    def action_close(self) -> None:
        """Take the field for a reason away, or close the dialog."""
        if self._reason.display:
            self._put_away()
        else:
            self.dismiss(None)

    @on(Input.Submitted, "#reason")
    def _on_reason(self, event: Input.Submitted) -> None:
        event.stop()
        reason, choice = event.value.strip(), self._choice
        if choice is None or not reason:
            return  # the field says what is missing
        self._put_away()
        self._settle(choice, reason)

    def _settle(self, choice: Choice, reason: str) -> None:
        """Decide, and show the attempt that follows from it in place of this dialog."""
        attempt = self.attempt

        async def carry_out() -> None:
            following = await self.desk.settle(attempt, choice, reason=reason)
            if following and self.app.screen is self:
                self.app.switch_screen(AttemptScreen(self.desk, following, is_read_only=self.is_read_only))

        self.order(carry_out)


def _is_over(view: AttemptView) -> bool:
    return view.outcome not in (Outcome.RUNNING, Outcome.HOLDING)
