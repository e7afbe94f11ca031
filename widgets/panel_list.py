"""The list of threshold panels: worst first, but never moving under a hand that is on its way to a key."""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from console.core.frame import Panel, worst_first
from console.core.verdict import Verdict
from widgets.drawing import Drawing
from widgets.ink import VERDICT
from widgets.lines import Line, Span, heading
from widgets.panels import columns_for, key_cells, list_lines


@dataclass(frozen=True, slots=True)
class PanelsPart:
    """The panels in the order in which they are drawn."""

    panels: tuple[Panel, ...]
    selected: str = ""
    has_keys: bool = True
    rows_each: int = 2


def ordered(panels: tuple[Panel, ...], order: tuple[str, ...], *, may_move: bool) -> tuple[Panel, ...]:
    """Return the panels worst first, or, if they may not move now, in the given order with new ones at the end."""
    if may_move:
        return worst_first(panels)
    place = {metric: index for index, metric in enumerate(order)}
    return tuple(sorted(panels, key=lambda panel: place.get(panel.metric, len(place))))


def panels_heading(panels: tuple[Panel, ...], width: int, *, is_focused: bool) -> Line:
    """Return the rule above the panels, with the count of each verdict that stands."""
    tally: list[Span] = []
    for verdict in reversed(Verdict):
        count = sum(panel.verdict is verdict for panel in panels)
        if count:
            tally.append(Span(f" {verdict.glyph} {count}", VERDICT[verdict]))
    return heading("thresholds", width, right=tally, is_focused=is_focused)


class PanelList(Drawing[PanelsPart], can_focus=True):
    """Threshold panels, of which one may be selected."""

    head = 1
    HELP = "Thresholds, worst first. The key at the right edge is the way out; it lights up when the verdict stands."

    class KeyClicked(Message):
        """The key of a panel was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._order: tuple[str, ...] = ()
        self._selected = ""

    @property
    def selected(self) -> Panel | None:
        """The panel under the cursor, if the cursor was ever moved."""
        panels = self._part.panels if self._part else ()
        return next((panel for panel in panels if panel.metric == self._selected), None)

    @property
    def order(self) -> tuple[str, ...]:
        """The metrics from top to bottom."""
        return self._order

    def update(self, panels: tuple[Panel, ...], *, may_move: bool, has_keys: bool, rows_each: int = 2) -> None:
        """Show the panels of a new frame; only if they may move does the order follow the verdicts."""
        before = self._order
        drawn = ordered(panels, before, may_move=may_move or not before)
        self._order = tuple(panel.metric for panel in drawn)
        if self._selected and self._selected in before and before != self._order:
            self._keep_place(before)
        self.show(PanelsPart(drawn, self._selected, has_keys, rows_each))

    def _keep_place(self, before: tuple[str, ...]) -> None:
        """Scroll with the selected panel, so that it stays on the same line of the screen if it can."""
        if self._selected not in self._order:
            return
        each = self._part.rows_each if self._part else 2
        moved = self._order.index(self._selected) - before.index(self._selected)
        self._top = max(0, self._top + moved * each)

    def move(self, steps: int) -> None:
        """Move the cursor by a number of panels; the first move puts it on the worst."""
        if not self._order or self._part is None:
            return
        place = self._order.index(self._selected) + steps if self._selected in self._order else 0
        self.select(self._order[max(0, min(len(self._order) - 1, place))])

    def select(self, metric: str) -> None:
        """Put the cursor on a panel; an empty name takes it away."""
        if self._part is None:
            return
        self._selected = metric
        part = self._part
        self.show(PanelsPart(part.panels, metric, part.has_keys, part.rows_each))
        if metric in self._order:
            self.reveal(self._order.index(metric) * part.rows_each, 2)

    def draw(self, part: PanelsPart, width: int, height: int) -> list[Line]:
        """Return the heading and the panels."""
        panels = list_lines(
            part.panels, width - 1, selected=part.selected, rows_each=part.rows_each, has_keys=part.has_keys
        )
        return [panels_heading(part.panels, width, is_focused=self.has_focus), *panels]

    def on_click(self, event: events.Click) -> None:
        """Select the panel that was clicked; a click on its key offers the action."""
        if self._part is None or event.y < self.head:
            return
        place, row = divmod(event.y - self.head + self._top, self._part.rows_each)
        if place >= len(self._part.panels):
            return
        panel = self._part.panels[place]
        self.select(panel.metric)
        if self._part.has_keys and row < len(panel.keys):
            width = self.size.width - 1
            start = width - columns_for(self._part.panels, width).keys
            if start <= event.x < start + key_cells(panel.keys[row]):
                self.post_message(self.KeyClicked(panel.keys[row].action))
