"""The dialog before an action that is for one tenant or component: its values are typed or picked."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from console.core.action_frame import ActionView
from console.core.desk import Desk, Refused
from console.core.frame import Frame
from console.screens.action import ActionScreen
from console.screens.base import ConsoleDialog
from widgets.entry import Entry
from widgets.ink import Ground, Role
from widgets.key_bar import KeyCap
from widgets.lines import Line, Span, clean
from widgets.records import Page

SHOWN = 500
"""Values that are drawn; whoever looks for another one types some of it."""


class ChoosingScreen(ConsoleDialog[None]):
    """Asks for one parameter of an action; the next one, or the preview, comes in its place."""

    has_action_keys = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "pick(-1)", "Up", show=False, priority=True),
        Binding("down", "pick(1)", "Down", show=False, priority=True),
    ]

    def __init__(self, desk: Desk, action: ActionView, given: Mapping[str, str], *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._action = action
        self._given = dict(given)
        self._parameter, self._asked = next(one for one in action.parameters if one[0] not in given)
        self.title_text = f"{action.title}: which {self._asked}?"
        self._values: tuple[str, ...] = ()
        self._trouble = "asking for the list …"
        self._picked: int | None = None
        """Which of the values that fit is under the cursor; `None` while what is typed counts."""
        self._body = Page(id="body")
        self._entry = Entry(id="value", placeholder="type some of it, or pick with ↑ ↓")

    @property
    def body(self) -> Page:
        """The values that fit what is typed."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return the field to type into."""
        return (self._entry,)

    def on_mount(self) -> None:
        """Begin in the field, and ask for the list."""
        self._entry.focus()
        self.run_worker(self._fetch(), group="values", exclusive=True, exit_on_error=False)

    def show_frame(self, frame: Frame) -> None:
        """The list stays as it was asked for."""

    async def _fetch(self) -> None:
        try:
            self._values = await self.desk.values(self._action.action, self._parameter)
            self._trouble = "" if self._values else "there is no list: type it"
        except Refused as refused:
            self._trouble = f"the list cannot be had: {refused}; type it"
        self._draw()

    def _fitting(self) -> tuple[str, ...]:
        typed = self._entry.value.strip().lower()
        return tuple(value for value in self._values if typed in value.lower())[:SHOWN]

    def _draw(self) -> None:
        lines = [Line((Span(f" {clean(self._trouble)}", Role.DIM),))] if self._trouble else []
        for place, value in enumerate(self._fitting()):
            is_picked = place == self._picked
            span = Span(f" {'▸' if is_picked else ' '} {clean(value)}", Role.STRONG if is_picked else Role.TEXT)
            lines.append(Line((span,), Ground.SELECTED if is_picked else Ground.PLAIN))
        if self._values and not self._fitting():
            lines.append(Line((Span(" nothing fits", Role.WARNING),)))
        self._body.show(tuple(lines))
        self.fit_body()

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        return (KeyCap("Enter", "take it", 0), KeyCap("Esc", "cancel", 0), KeyCap("↑ ↓", "pick", 1))

    def action_pick(self, steps: int) -> None:
        """Move the cursor over the values that fit."""
        fitting = self._fitting()
        if not fitting:
            return
        first = 0 if steps > 0 else len(fitting) - 1
        self._picked = first if self._picked is None else (self._picked + steps) % len(fitting)
        self._draw()
        self._body.reveal(self._picked)

    @on(Input.Changed)
    def _on_typed(self) -> None:
        self._picked = None
        self._draw()

    @on(Input.Submitted)
    def _on_entered(self, event: Input.Submitted) -> None:
        """Take what is picked, what is typed in full, or the only value that fits; never one of several."""
        event.stop()
        typed, fitting = event.value.strip(), self._fitting()
        if self._picked is not None and self._picked < len(fitting):
            self._take(fitting[self._picked])
        elif typed and (typed in self._values or not self._values):
            self._take(typed)
        elif typed and len(fitting) == 1:
            self._take(fitting[0])
        elif typed:
            said = "several fit: pick one" if fitting else f"there is no such {self._asked}"
            self.app.notify(said, severity="warning", markup=False)

    def _take(self, value: str) -> None:
        given = {**self._given, self._parameter: value}
        is_whole = all(name in given for name, _ in self._action.parameters)
        following: ActionScreen | ChoosingScreen
        if is_whole:
            following = ActionScreen(self.desk, self._action, is_read_only=self.is_read_only, given=given)
        else:
            following = ChoosingScreen(self.desk, self._action, given, is_read_only=self.is_read_only)
        self.app.switch_screen(following)
