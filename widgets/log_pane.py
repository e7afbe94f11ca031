"""The log with the field to search it."""

from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from console.core.ring import RowRing
from widgets.entry import Entry
from widgets.log_tail import LogPart, LogTail


class LogPane(Vertical):
    """The tail of the log, and below it, while a search is open, the field to type into."""

    def __init__(self, rows: RowRing, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.tail = LogTail(rows, id="log")
        self._search = Entry(id="search", placeholder="text to search; Enter keeps it, Esc takes it away")
        self._search.display = False

    @property
    def is_searching(self) -> bool:
        """Whether the field is open."""
        return bool(self._search.display)

    def compose(self) -> ComposeResult:
        """Lay out the tail above the field."""
        yield self.tail
        yield self._search

    def update(self, part: LogPart) -> None:
        """Show what came since."""
        self.tail.update(part)

    def open_search(self) -> None:
        """Open the field with the text that is searched now."""
        self._search.value = self.tail.filter.needle
        self._search.display = True
        self._search.focus()

    def close_search(self, *, is_kept: bool) -> None:
        """Close the field; the filter stays only if it is kept."""
        self._search.display = False
        if not is_kept:
            self.tail.set_filter(replace(self.tail.filter, needle=""))
        self.tail.focus()

    @on(Input.Changed, "#search")
    def _on_typed(self, event: Input.Changed) -> None:
        """Filter while the text is typed."""
        event.stop()
        if self.is_searching:
            self.tail.set_filter(replace(self.tail.filter, needle=event.value.strip()))

    @on(Input.Submitted, "#search")
    def _on_entered(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the lines."""
        event.stop()
        self.close_search(is_kept=True)
