"""The dialog that lets the rollback begin by itself again."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from console.core.desk import Desk
from console.core.frame import Frame
from console.screens.base import ConsoleDialog
from widgets.entry import Entry
from widgets.ink import Role
from widgets.key_bar import KeyCap
from widgets.lines import Line, Span, clean
from widgets.records import Page


class ArmingScreen(ConsoleDialog[None]):
    """Asks why it shall begin by itself again; nothing is armed without a reason."""

    title_text = "Arm the automatic rollback again?"
    has_action_keys = False

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = Page(id="body")
        self._reason = Entry(id="reason", placeholder="why; Enter arms it, Esc leaves it off")

    @property
    def body(self) -> Page:
        """Why it is off, and what arming means."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return the field for the reason."""
        return (self._reason,)

    def on_mount(self) -> None:
        """Begin in the field: Enter on an empty one does nothing."""
        self._reason.focus()

    def show_frame(self, frame: Frame) -> None:
        """Say why it is off."""
        why = "" if frame.automatic is None else frame.automatic.disarmed
        self._body.show(
            (
                Line((Span(" It is off: ", Role.DIM), Span(clean(why) or "it was armed meanwhile"))),
                Line((Span(" Armed, it counts down as soon as a metric is proven CRITICAL; h halts it.", Role.DIM),)),
            )
        )

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        return (KeyCap("Enter", "arm it", 0), KeyCap("Esc", "leave it off", 0))

    @on(Input.Submitted)
    def _on_reason(self, event: Input.Submitted) -> None:
        event.stop()
        reason = event.value.strip()
        if not reason:
            return

        async def arm() -> None:
            await self.desk.arm(reason)

        self.order(arm)
        self.action_close()
