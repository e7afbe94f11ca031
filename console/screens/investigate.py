"""The dialog of investigation queries: choose one, run it, read its rows."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.core.desk import Desk, Refused
from console.core.frame import Frame, Panel
from console.core.words import Table
from console.screens.base import ConsoleDialog
from widgets.ink import Ground, Role
from widgets.key_bar import KeyCap
from widgets.lines import BLANK, Line, Span, wrap
from widgets.records import Page
from widgets.table import whole_lines


class InvestigateScreen(ConsoleDialog[None]):
    """Runs the investigation queries of one panel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "run", "Run", show=False),
        Binding("tab,right", "choose(1)", "Next query", show=False),
        Binding("shift+tab,left", "choose(-1)", "Query before", show=False),
    ]

    def __init__(self, desk: Desk, panel: Panel, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self.title_text = f"Investigate {panel.metric}"
        self._queries = panel.investigate
        self._place = 0
        self._is_running = False
        self._rows: Table | None = None
        self._fault = ""
        self._body = Page(id="body")

    @property
    def body(self) -> Page:
        """The queries and the rows."""
        return self._body

    def on_mount(self) -> None:
        """Run the query at once if there is only one."""
        if len(self._queries) == 1:
            self.action_run()

    def show_frame(self, frame: Frame) -> None:
        """Draw the queries and the rows of the last one that was run."""
        width = (self.query_one("#dialog").size.width or self.size.width) - 2
        self._body.show(tuple(self._lines(width)))

    def _lines(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for place, query in enumerate(self._queries):
            is_chosen = place == self._place
            mark = Span("▌ " if is_chosen else "  ", Role.ACCENT)
            lines.append(Line((mark, Span(query)), Ground.SELECTED if is_chosen else Ground.PLAIN))
        lines.append(BLANK)
        if self._is_running:
            lines.append(Line((Span("  running …", Role.ACCENT),)))
        elif self._fault:
            lines += [Line((Span(f"  {text}", Role.BROKEN),)) for text in wrap(self._fault, max(10, width - 4))]
        elif self._rows is not None:
            lines += whole_lines(self._rows, width - 1, indent="  ")
        else:
            lines.append(Line((Span("  Enter runs the query", Role.DIM),)))
        return lines

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        more = (KeyCap("Tab", "next query", 2),) if len(self._queries) > 1 else ()
        return (KeyCap("Esc", "close", 0), KeyCap("Enter", "run", 1), *more, KeyCap("↑ ↓", "read", 3))

    def action_choose(self, steps: int) -> None:
        """Move the cursor to another query."""
        if not self._is_running:
            self._place = (self._place + steps) % len(self._queries)
            self._rows, self._fault = None, ""
            self.show_frame(self.desk.frame)

    def action_run(self) -> None:
        """Run the chosen query; one at a time."""
        if self._is_running:
            return
        self._is_running = True
        self.show_frame(self.desk.frame)
        self.run_worker(self._ask(self._queries[self._place]), group="investigate", exit_on_error=False)

    async def _ask(self, query: str) -> None:
        self._rows, self._fault = None, ""
        try:
            self._rows = await self.desk.investigate(query)
        except Refused as refused:
            self._fault = str(refused)
        except Exception as fault:
            self._fault = f"the query failed: {fault}"
            raise
        finally:
            self._is_running = False
            if self.is_attached:
                self.show_frame(self.desk.frame)
