"""The journal, full screen: read, filter, open a record, add a note, copy and export."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input
from textual.worker import Worker

from console.actions import JOURNAL_KEYS, bindings
from console.core.desk import Desk, Refused
from console.core.frame import Frame
from console.core.journal import RecordFilter
from console.core.record import JournalRow
from console.screens.arrange import HEADER
from console.screens.base import ConsoleDialog, ConsoleScreen
from widgets.entry import Entry
from widgets.header import SoakHeader, header_part
from widgets.journal_list import JournalList, JournalPart, record_lines
from widgets.key_bar import KeyBar, KeyCap
from widgets.records import Page

PAGE = 2_000
"""Records looked through at once: the newest page is on the screen before the rest is."""


class JournalScreen(ConsoleScreen[None]):
    """What was written down, newest last."""

    AUTO_FOCUS = "#journal"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(JOURNAL_KEYS))
    keys = JOURNAL_KEYS

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._wanted = RecordFilter()
        self._low = self._high = 0
        """The records after the one and up to the other were looked through."""
        self._looker: Worker[None] | None = None
        """What looks through the journal now, or did last."""
        self._reader: Worker[None] | None = None
        """What reads records that are in sight."""
        self._trouble = ""
        self._kinds: set[str] = set()
        self._actors: set[str] = set()
        self._header = SoakHeader(id="header")
        self._list = JournalList(id="journal")
        self._search = Entry(id="search", placeholder="text to find; Enter keeps it, Esc takes it away")
        self._note = Entry(id="note", placeholder="a note for the journal; Enter writes it, Esc takes it away")
        self._hints = KeyBar(id="hints")

    def compose(self) -> ComposeResult:
        """Lay the header above the records, and fields and keys below them."""
        self._header.styles.height = HEADER
        self._search.display = self._note.display = False
        yield self._header
        yield self._list
        yield self._search
        yield self._note
        yield self._hints

    def on_mount(self) -> None:
        """Begin with the newest records."""
        self._begin(self._wanted)
        self.show_frame(self.desk.frame)

    def on_key(self, event: events.Key) -> None:
        """Open a field at once, and put into it what was pasted behind its key: that was sent to the list."""
        field = self.focused
        if isinstance(field, Entry):
            if event.key == "enter":
                self._written() if field is self._note else self._put_away()
            elif event.is_printable and event.character:
                field.insert_text_at_cursor(event.character)
            else:
                return
        elif event.key == "n":
            self.action_note()
        elif event.key == "slash":
            self.action_search()
        else:
            return
        event.stop()
        event.prevent_default()

    # -- reading ------------------------------------------------------------------------------------------------

    def show_frame(self, frame: Frame) -> None:
        """Draw how it stands, and look through what was written down since."""
        self._header.show(header_part(frame, is_read_only=self.is_read_only, frozen_s=0.0))
        self._hints.show(self._key_caps())
        if self._newest < self._high:
            self._high = self._newest
            self._low = min(self._low, self._high)
            self._list.let_go_after(self._high)
        self._tell()
        is_looking = self._looker is not None and not self._looker.is_finished
        if not is_looking and (self._newest > self._high or self._low > 0):
            self._list.forget_unwritten()
            self._look()

    @property
    def _newest(self) -> int:
        newest = self.desk.frame.journal
        return newest[0].seq if newest else 0

    def _tell(self) -> None:
        part = JournalPart(self._wanted, self._newest, self._high - self._low, self._trouble)
        self._list.show(part)

    def _begin(self, wanted: RecordFilter) -> None:
        """Look through the journal by another filter, the newest records first."""
        self._wanted = wanted
        self._high = self._low = max(0, self._newest - PAGE)
        self._list.begin(())
        self._look()

    def _look(self) -> None:
        looking = partial(self._looking, self._wanted)
        self._looker = self.run_worker(looking, group="journal", exclusive=True, exit_on_error=False)

    async def _looking(self, wanted: RecordFilter) -> None:
        """Look through what was not looked at, page after page: what is new, then what is older."""
        try:
            while await self._look_at_newer(wanted) or await self._look_at_older(wanted):
                self._tell()
            self._trouble = ""
        except Refused as refused:
            self._trouble = str(refused)
        self._tell()

    async def _look_at_newer(self, wanted: RecordFilter) -> bool:
        """Look through the next page after those looked at; return whether there was one."""
        if self._high >= self._newest:
            return False
        found = await self.desk.look_through(wanted, self._high + 1, min(self._newest, self._high + PAGE))
        if found.last <= self._high:
            return False  # it is on its way into the file: the next frame asks again
        self._high = found.last
        self._note_choices(found.kinds, found.actors)
        self._list.add_newer(found.passed)
        return True

    async def _look_at_older(self, wanted: RecordFilter) -> bool:
        """Look through the page before those looked at; return whether there was one."""
        if self._low == 0:
            return False
        first = max(1, self._low - PAGE + 1)
        found = await self.desk.look_through(wanted, first, self._low)
        self._low = first - 1
        self._note_choices(found.kinds, found.actors)
        self._list.add_older(found.passed)
        return True

    def _note_choices(self, kinds: Iterable[str], actors: Iterable[str]) -> None:
        self._kinds.update(kinds)
        self._actors.update(actors)

    @on(JournalList.Missing)
    def _on_missing(self, message: JournalList.Missing) -> None:
        """Read the records that are in sight."""
        message.stop()

        async def read() -> None:
            try:
                self._list.take(await self.desk.records(message.numbers))
            except Refused as refused:
                self._trouble = str(refused)
                self._tell()

        self._reader = self.run_worker(read, group="records", exclusive=True, exit_on_error=False)

    # -- moving -------------------------------------------------------------------------------------------------

    def action_up(self) -> None:
        """Choose the record before."""
        self._list.scroll_rows(-1)

    def action_down(self) -> None:
        """Choose the record after."""
        self._list.scroll_rows(1)

    def action_page_up(self) -> None:
        """Go back by a page."""
        self._list.scroll_rows(-max(1, self._list.page - 1))

    def action_page_down(self) -> None:
        """Go on by a page."""
        self._list.scroll_rows(max(1, self._list.page - 1))

    def action_oldest(self) -> None:
        """Go to the oldest record."""
        self._list.scroll_rows(-self._list.count)

    def action_newest(self) -> None:
        """Go to the newest record and stay there."""
        self._list.follow()

    def action_open(self) -> None:
        """Show everything the chosen record says."""
        row = self._list.chosen
        if row is not None:
            self.app.push_screen(RecordScreen(self.desk, row, is_read_only=self.is_read_only))

    @on(JournalList.Opened)
    def _on_opened(self, message: JournalList.Opened) -> None:
        message.stop()
        self.action_open()

    def action_back(self) -> None:
        """Take back the innermost thing: a field, the filter, then the screen itself."""
        if self._note.display or self._search.display:
            was_searching = self._search.display
            self._put_away()
            if was_searching:
                self._filter(replace(self._wanted, text=""))
        elif not self._wanted.is_open:
            self._filter(RecordFilter())
        else:
            self.dismiss(None)

    # -- filtering ----------------------------------------------------------------------------------------------

    def _filter(self, wanted: RecordFilter) -> None:
        if wanted != self._wanted:
            self._begin(wanted)
            self._tell()

    def action_kind(self) -> None:
        """Show the next kind alone; after the last one, all."""
        self._filter(replace(self._wanted, kind=_next(self._wanted.kind, sorted(self._kinds))))

    def action_metric(self) -> None:
        """Show what is of the next metric; after the last one, all."""
        metrics = [panel.metric for panel in self.desk.frame.panels]
        self._filter(replace(self._wanted, metric=_next(self._wanted.metric, metrics)))

    def action_actor(self) -> None:
        """Show what the next person did; after the last one, all."""
        self._filter(replace(self._wanted, actor=_next(self._wanted.actor, sorted(self._actors))))

    def action_search(self) -> None:
        """Open the field to search."""
        self._search.value = self._wanted.text
        self._open(self._search)

    @on(Input.Changed, "#search")
    def _on_typed(self, event: Input.Changed) -> None:
        """Filter while the text is typed."""
        event.stop()
        if self._search.display:
            self._filter(replace(self._wanted, text=event.value.strip()))

    @on(Input.Submitted, "#search")
    def _on_entered(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the records."""
        event.stop()
        self._put_away()

    # -- writing ------------------------------------------------------------------------------------------------

    def action_note(self) -> None:
        """Open the field for a note, or say why there is none."""
        if self.may_act:
            self._open(self._note)
        else:
            self.app.notify(self._why_no_note(), title="No note", severity="warning", markup=False)

    def _why_no_note(self) -> str:
        session = self.desk.frame.session
        if session.replayed:
            return "this is a replay: what was written down stays as it is"
        if session.held_by:
            return f"this console only looks; {session.held_by} holds the session"
        return "this console was begun to look only, with --read-only"

    @on(Input.Submitted, "#note")
    def _on_written(self, event: Input.Submitted) -> None:
        event.stop()
        self._written()

    def _written(self) -> None:
        text = self._note.value.strip()
        self._put_away()
        if text:
            self.order(lambda: self.desk.note(text))

    def action_copy(self) -> None:
        """Give the chosen record to the terminal's clipboard, as the record's own screen shows it."""
        row = self._list.chosen
        if row is not None:
            self.app.copy_to_clipboard("\n".join(line.text.strip() for line in record_lines(row, 10_000)))
            self.app.notify(f"record {row.seq:,} is in the clipboard, if the terminal lets it", markup=False)

    def action_export(self) -> None:
        """Write what passes the filter into a file."""
        wanted = self._wanted

        async def export() -> None:
            file = await self.desk.export_journal(wanted)
            self.app.notify(str(file), title="Journal written", markup=False, timeout=10)

        self.order(export)

    def _open(self, field: Entry) -> None:
        self._search.display = field is self._search
        self._note.display = field is self._note
        self.set_focus(field)  # at once: what is typed ahead belongs into it

    def _put_away(self) -> None:
        self._search.display = self._note.display = False
        self._note.value = ""
        self.set_focus(self._list)

    def _key_caps(self) -> tuple[KeyCap, ...]:
        dim = set() if self.may_act else {"note"}
        weighed = [key for key in JOURNAL_KEYS if key.weight is not None]
        return tuple(KeyCap(key.shown, key.label, key.weight or 0, is_dim=key.id in dim) for key in weighed)


def _next(current: str, choices: list[str]) -> str:
    """Return the choice after the current one, and nothing after the last."""
    around = ["", *choices]
    return around[(around.index(current) + 1) % len(around)] if current in around else ""


class RecordScreen(ConsoleDialog[None]):
    """Everything a record says."""

    title_text = "Record"

    def __init__(self, desk: Desk, row: JournalRow, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._row = row
        self._body = Page(id="body")

    @property
    def body(self) -> Page:
        """The record."""
        return self._body

    def show_frame(self, frame: Frame) -> None:
        """Draw the record; it never changes."""
        width = self.query_one("#dialog").size.width or self.size.width - 4
        self._body.show(record_lines(self._row, width - 1))

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys of the dialog."""
        return (KeyCap("Esc", "close", 0), KeyCap("↑ ↓ PgUp PgDn", "read", 1))
