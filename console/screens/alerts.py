"""The dialog of the alerts: what stands, who was told; to acknowledge with a reason, or to silence for a time."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from console.core.desk import Desk
from console.core.frame import AlertView, Frame, SilenceView
from console.screens.base import ConsoleDialog
from widgets.alert_list import AlertList, AlertsPart, alert_rows
from widgets.entry import Entry
from widgets.ink import Ground, Role
from widgets.key_bar import KeyCap
from widgets.lines import Line, Span, clean
from widgets.records import Page

_ASKS = {
    "acknowledge": "why, or what you do about it; Enter acknowledges, Esc takes it away",
    "silence": "such as: 30m the fix is on its way; Enter silences, Esc takes it away",
}


class AlertsScreen(ConsoleDialog[None]):
    """Alerts that stand, and silences that last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask('acknowledge')", "Acknowledge", show=False),
        Binding("s", "ask('silence')", "Silence", show=False),
        Binding("u", "end_silence", "End a silence", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
    ]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = AlertList(id="body")
        self._said, self._named = Entry(id="said"), Page(id="named")
        self._said.display = self._named.display = False
        self._asked = ""
        """What is being asked: an entry of `_ASKS`."""
        rows = self._rows()
        self._chosen = _name(rows[0]) if rows else ""
        """Key of the alert or id of the silence under the cursor: it stays chosen although the list changes, and when
        it is gone none is, because no other is meant by a key that was on its way."""
        self._place = 0
        """Where the cursor was moved to the last time."""
        self._about: AlertView | None = None
        """The alert that the field is about: it stays the same while somebody types."""

    @property
    def body(self) -> AlertList:
        """Alerts and silences."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return the name of the alert that is spoken of, and the field for a reason."""
        return (self._named, self._said)

    def _rows(self) -> list[AlertView | SilenceView]:
        return [*self.desk.frame.alerts, *self.desk.frame.silences]

    def _cursor(self) -> int | None:
        names = [_name(row) for row in self._rows()]
        return names.index(self._chosen) if self._chosen in names else None

    def _selected(self) -> AlertView | SilenceView | None:
        """Return what a key is about; where nothing is chosen, say so."""
        cursor = self._cursor()
        if cursor is None:
            self.app.notify("choose one first, by ↑ and ↓: the one that was chosen is over", markup=False)
            return None
        return self._rows()[cursor]

    def show_frame(self, frame: Frame) -> None:
        """Draw the alerts of the frame."""
        self._body.show(AlertsPart(frame.alerts, frame.silences, self._cursor(), int(frame.at)))
        open_ones = sum(alert.status == "firing" for alert in frame.alerts)
        number = len(frame.alerts)
        title = f"Alerts: {number} {'stands' if number == 1 else 'stand'}, {open_ones} that nobody takes care of"
        if title != self.title_text:
            self.title_text = title
            self.renew()

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        if not self.may_act:
            return (KeyCap("Esc", "close", 0),)
        return (
            KeyCap("Esc", "close", 0),
            KeyCap("a", "acknowledge", 1),
            KeyCap("s", "silence", 2),
            KeyCap("u", "end a silence", 3),
        )

    def action_move(self, steps: int) -> None:
        """Move the cursor."""
        rows = self._rows()
        if rows:
            cursor = self._cursor()
            place = max(0, min(len(rows) - 1, self._place if cursor is None else cursor + steps))
            self._chosen, self._place = _name(rows[place]), place
            self.show_frame(self.desk.frame)
            part = AlertsPart(self.desk.frame.alerts, self.desk.frame.silences, place, 0)
            above = alert_rows(part, max(20, self._body.size.width - 1))[:place]
            self._body.reveal(sum(map(len, above)))

    def action_ask(self, what: str) -> None:
        """Open the field for a reason."""
        alert = self._selected() if self.may_act else None
        if not isinstance(alert, AlertView):
            return
        if not alert.key:
            self.app.notify("nobody is told of this: it is shown only", markup=False)
            return
        self._asked, self._about = what, alert
        said = (Span(f" {what} ", Role.ACCENT), Span(clean(alert.text)))
        self._named.show((Line(said, Ground.RAISED),))
        self._said.placeholder = _ASKS[what]
        self._said.display = self._named.display = True
        self.fit_body()
        self.set_focus(self._said)  # at once: what is typed next is meant for the field

    def action_end_silence(self) -> None:
        """End the silence under the cursor."""
        chosen = self._selected() if self.may_act else None
        if isinstance(chosen, SilenceView):
            self.order(lambda: self.desk.end_silence(chosen.silence))

    def action_close(self) -> None:
        """Take the field away, or close the dialog."""
        if not self._said.display:
            self.dismiss(None)
            return
        self._put_away()

    def _put_away(self) -> None:
        self._said.display = self._named.display = False
        self._said.value = ""
        self.fit_body()
        self._body.focus()

    @on(Input.Submitted, "#said")
    def _on_said(self, event: Input.Submitted) -> None:
        event.stop()
        said, about = event.value.strip(), self._about
        self._put_away()
        if about is None:
            return
        if self._asked == "acknowledge":
            self.order(lambda: self.desk.acknowledge(about.key, said))
        else:
            duration, _, reason = said.partition(" ")
            self.order(lambda: self.desk.silence(about.name, about.severity, duration, reason.strip()))


def _name(row: AlertView | SilenceView) -> str:
    return row.silence if isinstance(row, SilenceView) else row.key or row.text
