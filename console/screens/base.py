"""What all screens share: frames come in, orders go out, and the keys of the rollout's actions work."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from console.actions import KEYS, Key, key_of
from console.core.action_frame import ActionView, AttemptView
from console.core.desk import Desk, Order, Refused
from console.core.frame import Frame
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.key_bar import KeyBar, KeyCap
from widgets.lines import Line, Span, clean
from widgets.records import Page

Result = TypeVar("Result")
HALT = key_of("halt")
"""It works on every screen on which the keys of actions do."""


class ConsoleScreen(Screen[Result]):
    """A screen that draws frames and gives orders to the desk."""

    has_action_keys = True
    """Whether the keys of the rollout's actions work here."""
    keys: ClassVar[tuple[Key, ...]] = KEYS
    """What the command palette offers here."""

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__()
        self.desk = desk
        self.is_read_only = is_read_only
        self._steered: set[tuple[str, float | None, Order]] = set()
        """Orders given to a ladder at a rung: a key that is hit twice gives one."""

    @abstractmethod
    def show_frame(self, frame: Frame) -> None:
        """Draw a new frame; called five times a second."""

    def take_late(self, event: events.Key) -> None:
        """Take a key that was pressed for this screen and arrived at the one before; it is dropped."""

    @property
    def may_act(self) -> bool:
        """Whether this console may change anything."""
        return not (self.is_read_only or self.desk.frame.session.is_read_only)

    def order(self, doing: Callable[[], Awaitable[None]]) -> None:
        """Carry an order out beside the screen: a refusal is shown, and closing the screen does not stop it."""

        async def carry_out() -> None:
            try:
                await doing()
            except Refused as refused:
                self.app.notify(str(refused), title="Not done", severity="warning", markup=False, timeout=10)

        self.app.run_worker(carry_out(), group="orders", exit_on_error=False, description="an order to the desk")

    def steer(self, held: AttemptView, order: Order) -> None:
        """Give an order to a held ladder, once at each rung unless it was refused."""
        given = (held.attempt, held.next_rung, order)
        if given in self._steered:
            return
        self._steered.add(given)

        async def carry_out() -> None:
            try:
                await self.desk.steer(held.attempt, order)
            except BaseException:
                self._steered.discard(given)
                raise

        self.order(carry_out)

    def action_for(self, key: str) -> ActionView | None:
        """Return the rollout's action that a key stands for, if this console may act."""
        if not self.may_act:
            return None
        return next((action for action in self.desk.frame.actions if action.key == key), None)

    def offer(self, action: ActionView) -> None:
        """Show what an action would do, so that it can be confirmed."""
        if not action.is_available:
            said = action.why_not or "not possible now"
            self.app.notify(said, title=f"{action.key} {action.title}", severity="warning", markup=False)
            return
        if action.parameters:
            from console.screens.choosing import ChoosingScreen  # noqa: PLC0415 - only when it is needed

            self.app.push_screen(ChoosingScreen(self.desk, action, {}, is_read_only=self.is_read_only))
            return
        from console.screens.action import ActionScreen  # noqa: PLC0415 - only when it is needed: a quick start

        self.app.push_screen(ActionScreen(self.desk, action, is_read_only=self.is_read_only))

    def offer_next_rung(self, held: AttemptView) -> None:
        """Show what the next rung of a ladder would do, so that it can be confirmed."""
        action = next((action for action in self.desk.frame.actions if action.action == held.action), None)
        if action is not None:
            self.offer(action)

    def action_halt(self) -> None:
        """Halt the rollback that is counted down, ask for a reason to arm it again, or say that there is none."""
        automatic = self.desk.frame.automatic
        if automatic is None or not self.may_act:
            return
        if automatic.metric:
            self.order(self.desk.halt)
        elif automatic.disarmed:
            from console.screens.arming import ArmingScreen  # noqa: PLC0415 - only when it is needed: a quick start

            self.app.push_screen(ArmingScreen(self.desk, is_read_only=self.is_read_only))
        else:  # it may have been there when the key was pressed
            said = "nothing is counted down now, so nothing was halted; the rollback by itself stays armed"
            self.app.notify(said, title="Not done", severity="warning", markup=False)

    def on_key(self, event: events.Key) -> None:
        """Offer the action whose key was pressed; this comes before the console's own keys.

        A key that was pressed before another screen came up, and arrives after it, does nothing here.
        """
        if not self.is_active:
            event.stop()
            event.prevent_default()
            following = self.app.screen
            if isinstance(following, ConsoleScreen):
                following.take_late(event)
            return
        if not self.has_action_keys or not event.character:
            return
        if event.character == HALT.keys:
            event.stop()
            event.prevent_default()
            self.action_halt()
            return
        action = self.action_for(event.character)
        if action is not None:
            event.stop()
            event.prevent_default()
            self.offer(action)
        elif not self._bindings.key_to_bindings.get(event.key):
            self.miss(event.character)

    def miss(self, character: str) -> None:
        """Say what a key that does nothing here would do elsewhere, if anything."""


class ConsoleDialog(ConsoleScreen[Result], ModalScreen[Result]):
    """A dialog over the soak screen: a title, a body that the keys scroll, fields, and a line of keys."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Back", show=False),
        Binding("up,k", "scroll_body(-1)", "Up", show=False),
        Binding("down,j", "scroll_body(1)", "Down", show=False),
        Binding("pageup", "scroll_page(-1)", "Page up", show=False),
        Binding("pagedown", "scroll_page(1)", "Page down", show=False),
        Binding("home", "scroll_body(-1000000)", "Top", show=False),
        Binding("end", "scroll_body(1000000)", "End", show=False),
    ]

    title_text = ""

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self.heading = Page(id="title")
        self.hints = KeyBar(id="hints")
        self._frames: tuple[Widget, ...] = ()

    @property
    @abstractmethod
    def body(self) -> Drawing[Any]:
        """The part that scrolls."""

    def fields(self) -> Iterable[Widget]:
        """Return what stands between the body and the line of keys."""
        return ()

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the last line."""
        return (KeyCap("Esc", "close", 0),)

    def compose(self) -> ComposeResult:
        """Lay the dialog out."""
        box = Vertical(self.heading, self.body, *self.fields(), self.hints, id="dialog")
        self._frames = (box, *self.fields())
        yield box

    def on_mount(self) -> None:
        """Draw at once."""
        self.show_frame(self.desk.frame)
        self.renew()

    def on_resize(self, event: events.Resize) -> None:
        """Give the body what the terminal leaves."""
        self.fit_body()

    def on_unmount(self) -> None:
        """Let go of what was drawn, as `Drawing` does: a dialog may be opened a thousand times in a long soak."""
        for widget in (self, *self._frames):
            widget._styles_cache.clear()

    def miss(self, character: str) -> None:
        """Say that the key of another place works once the dialog is closed."""
        place = next((key for key in KEYS if key.shown == character and key.group == "places"), None)
        if place is not None:
            self.app.notify(f"Esc closes this; then {place.shown} is {place.label}", markup=False, timeout=4)

    def renew(self) -> None:
        """Draw title and keys again, because what they say changed."""
        self.heading.show((Line((Span(f" {clean(self.title_text)}", Role.STRONG),), Ground.RAISED),))
        self.hints.show(self.key_hints())
        self.fit_body()

    def fit_body(self) -> None:
        """Let the body be as high as its lines, as far as the terminal allows."""
        taken = 4 + sum(_lines_of(field) for field in self.fields() if field.display)
        self.body.styles.max_height = max(2, self.size.height - taken)

    def action_close(self) -> None:
        """Close the dialog; nothing that runs is stopped by it."""
        self.dismiss(None)

    def action_scroll_body(self, rows: int) -> None:
        """Scroll the body."""
        self.body.scroll_rows(rows)

    def action_scroll_page(self, pages: int) -> None:
        """Scroll the body by pages."""
        self.body.scroll_rows(pages * max(1, self.body.page - 1))


def _lines_of(field: Widget) -> int:
    height = field.styles.height
    return int(height.value) if height is not None and height.is_cells else 1
