"""The dialog of the goals of the whole rollout: how they stand, and the figures that a person enters."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from console.core.dashboard_frame import KpiOutcome, KpiView
from console.core.desk import Desk
from console.core.frame import Frame
from console.screens.base import ConsoleDialog
from widgets.entry import Entry
from widgets.key_bar import KeyCap
from widgets.kpi_list import KpiList, KpisPart, kpi_rows


class KpiScreen(ConsoleDialog[None]):
    """The goals of the rollout; what the console cannot know is entered here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "close", "Back", show=False),
        Binding("enter", "enter", "Enter a figure", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
    ]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = KpiList(id="body")
        self._said = Entry(id="said")
        self._said.display = False
        self._cursor = 0
        self._asked = ""
        """The goal that the field is about: it stays the same while somebody types."""

    @property
    def body(self) -> KpiList:
        """The goals."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return the field for a figure."""
        return (self._said,)

    def show_frame(self, frame: Frame) -> None:
        """Draw the goals of the frame."""
        self._body.show(KpisPart(frame.kpis, self._cursor))
        met = sum(kpi.outcome is KpiOutcome.MET for kpi in frame.kpis)
        missed = sum(kpi.outcome is KpiOutcome.MISSED for kpi in frame.kpis)
        so_far = "" if frame.phase.is_complete else " so far"
        title = f"Goals of the rollout{so_far}: {met} of {len(frame.kpis)} met, {missed} missed"
        if title != self.title_text:
            self.title_text = title
            self.renew()

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        caps = (KeyCap("Esc", "close", 0), KeyCap("↑ ↓", "choose", 2))
        return (*caps, KeyCap("Enter", "enter a figure", 1)) if self.may_act else caps

    def action_move(self, steps: int) -> None:
        """Move the cursor."""
        kpis = self.desk.frame.kpis
        self._cursor = max(0, min(len(kpis) - 1, self._cursor + steps))
        self.show_frame(self.desk.frame)
        rows = kpi_rows(KpisPart(kpis, self._cursor), max(20, self._body.size.width - 1))
        self._body.reveal(sum(map(len, rows[: self._cursor])), len(rows[self._cursor]))

    def _chosen(self) -> KpiView | None:
        kpis = self.desk.frame.kpis
        return kpis[self._cursor] if self._cursor < len(kpis) else None

    def action_enter(self) -> None:
        """Open the field for the figure of the goal under the cursor."""
        chosen = self._chosen()
        if chosen is None or not self.may_act:
            return
        if not chosen.is_entered:
            self.app.notify(f"{chosen.title}: the console judges this by itself", markup=False)
            return
        self._asked = chosen.kpi
        self._said.placeholder = "the figure, and where it is from, such as: 4 support desk, week 2; Esc takes it away"
        self._said.display = True
        self.fit_body()
        self.set_focus(self._said)  # at once: what is typed next is meant for the field

    def action_close(self) -> None:
        """Take the field away, or close the dialog."""
        if not self._said.display:
            self.dismiss(None)
            return
        self._put_away()

    def _put_away(self) -> None:
        self._said.display = False
        self._said.value = ""
        self.fit_body()
        self._body.focus()

    @on(Input.Submitted, "#said")
    def _on_said(self, event: Input.Submitted) -> None:
        event.stop()
        figure, _, note = event.value.strip().partition(" ")
        self._put_away()
        self.order(lambda: self.desk.enter_kpi(self._asked, figure, note=note.strip()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key works now: while the field is open, what is typed decides nothing."""
        return action == "close" or not self._said.display
