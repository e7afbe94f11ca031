"""The journal as a list: one line a record, oldest first, of which only those in sight are read."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from console.core.journal import RecordFilter, body_lines, said_of
from console.core.record import JournalRow, Record
from console.core.verdict import Verdict
from widgets.drawing import Drawing
from widgets.ink import VERDICT, Ground, Role
from widgets.lines import BLANK, Line, Span, cut, fit, heading, wrap
from widgets.words import moment

_ROOMY = 100
_AHEAD = 150
"""Records read above and below those in sight, so that paging finds them there."""
_KEPT = 3_000
"""Records kept for drawing; what was not in sight for long is read again."""
_NAME = 22
_PEOPLE = frozenset({"action", "override", "note", "sign-off", "session", "snapshot", "silence", "acknowledge"})


@dataclass(frozen=True, slots=True)
class JournalPart:
    """What the heading says besides the records themselves."""

    wanted: RecordFilter
    newest: int
    """Number of the newest record there is."""
    looked_at: int
    """How many records were looked through."""
    trouble: str = ""
    """Why the journal cannot be read; empty while it can."""


def record_line(row: JournalRow, width: int, *, is_chosen: bool = False) -> Line:
    """Return a record in one line: when, what kind, and what it says."""
    record, is_roomy = row.record, width >= _ROOMY
    at = moment(record.at) if is_roomy else moment(record.at)[5:]
    spans = [Span("▌" if is_chosen else " ", Role.ACCENT), Span(f"{at} ", Role.DIM)]
    spans += [Span(fit(record.kind, 12 if is_roomy else 10), _role_of(record)), Span(" "), Span(said_of(record))]
    return Line(tuple(cut(spans, width)), Ground.SELECTED if is_chosen else Ground.PLAIN)


def _role_of(record: Record) -> Role:
    if record.kind == "verdict" and record.body.get("to") in set(Verdict):
        return VERDICT[Verdict(record.body["to"])]
    if record.kind in _PEOPLE:
        return Role.HEAD
    return Role.ACCENT


def record_lines(row: JournalRow, width: int) -> tuple[Line, ...]:
    """Return everything a record says: its line, then its body, entry by entry, then what chains it."""
    record = row.record
    lines = [
        *_told("record", f"{row.seq:,}", width),
        *_told("at", f"{moment(record.at)} UTC", width),
        *_told("kind", record.kind, width),
        *_told("says", said_of(record), width, Role.STRONG),
        BLANK,
    ]
    for name, text in body_lines(record):
        lines += _told(name, text, width)
    said = row.hash or "not yet in the session's file, or a replay: it has no hash"
    return (*lines, BLANK, *_told("hash", said, width, Role.DIM))


def _told(name: str, text: str, width: int, role: Role = Role.TEXT) -> list[Line]:
    room = max(10, width - _NAME - 2)
    pieces = [piece for line in text.split("\n") for piece in wrap(line, room)]
    names = [fit(name, _NAME), *[" " * _NAME] * (len(pieces) - 1)]
    return [Line((Span(f" {lead} ", Role.DIM), Span(piece, role))) for lead, piece in zip(names, pieces, strict=True)]


class JournalList(Drawing[JournalPart], can_focus=True):
    """Records by their numbers, so that nothing moves under the eye; following the newest until somebody scrolls up."""

    head = 1
    HELP = "What was written down, newest last. Scrolling up stops at the record; End follows the newest again."

    class Missing(Message):
        """Records are in sight, or will soon be, that were not read yet."""

        def __init__(self, numbers: tuple[int, ...]) -> None:
            super().__init__()
            self.numbers = numbers

    class Opened(Message):
        """The chosen record was clicked a second time."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._numbers: list[int] = []
        """Of all records that pass, in order."""
        self._rows: dict[int, JournalRow] = {}
        self._asked: set[int] = set()
        self._chosen: int | None = None
        """Number of the record under the cursor; `None` while following the newest."""
        self._first = 0
        """Number of the first record in sight; of no account while following."""
        self._new = 0

    # -- what there is ------------------------------------------------------------------------------------------

    @property
    def is_following(self) -> bool:
        """Whether the newest record is kept in sight."""
        return self._chosen is None

    @property
    def count(self) -> int:
        """How many records pass, of those looked at."""
        return len(self._numbers)

    @property
    def chosen(self) -> JournalRow | None:
        """The record under the cursor, if it was read; while following, the newest."""
        number = self._chosen if self._chosen is not None else (self._numbers[-1] if self._numbers else 0)
        return self._rows.get(number)

    def begin(self, numbers: Sequence[int]) -> None:
        """Show other records, those of a new filter; the cursor stays on its record if that passes."""
        self._numbers = list(numbers)
        self._new = 0

    def add_newer(self, numbers: Sequence[int]) -> None:
        """Add records at the end; whoever reads is told how many came."""
        self._numbers += numbers
        if not self.is_following:
            self._new += len(numbers)
        self.redraw()

    def add_older(self, numbers: Sequence[int]) -> None:
        """Add records in front; nothing moves."""
        self._numbers[:0] = numbers
        self.redraw()

    def let_go_after(self, newest: int) -> None:
        """Forget records after one: a replay went back."""
        del self._numbers[bisect_right(self._numbers, newest) :]
        if self._chosen is not None and self._chosen > newest:
            self._chosen = None

    def take(self, rows: Iterable[JournalRow]) -> None:
        """Keep records that were read; they are drawn where they are in sight."""
        if len(self._rows) > _KEPT:
            self._rows.clear()
        self._rows |= {row.seq: row for row in rows}
        self._asked.clear()
        self.redraw()

    def forget_unwritten(self) -> None:
        """Read those records again that had no hash yet."""
        self._rows = {seq: row for seq, row in self._rows.items() if row.hash}

    # -- moving -------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Go to the newest record and stay there."""
        self._chosen = None
        self._new = 0
        self.redraw()

    def scroll_rows(self, rows: int) -> None:
        """Move the cursor by a number of records; past the last one the newest is followed again."""
        if not self._numbers:
            return
        place = self._place() + rows
        if place >= len(self._numbers) - 1 and rows > 0:
            self.follow()
            return
        top = self.extent()[0]
        place = max(0, min(len(self._numbers) - 1, place))
        self._choose(place, top)

    def choose_at(self, y: int) -> None:
        """Put the cursor on the record in a line of the widget; a second time opens it."""
        place = self.extent()[0] + y - self.head
        if y < self.head or not 0 <= place < len(self._numbers):
            return
        if self._numbers[place] == self._chosen:
            self.post_message(self.Opened())
        self._choose(place, self.extent()[0])

    def _choose(self, place: int, top: int) -> None:
        top = max(min(top, place), place - max(1, self.page) + 1)
        self._chosen, self._first = self._numbers[place], self._numbers[max(0, top)]
        self.redraw()

    def _place(self) -> int:
        """Return where the cursor is; where its record does not pass, where it would be."""
        if self._chosen is None:
            return len(self._numbers) - 1
        return min(len(self._numbers) - 1, bisect_left(self._numbers, self._chosen))

    def extent(self) -> tuple[int, int]:
        """Return how many records are above the first one in sight, and how many there are."""
        total = len(self._numbers)
        last = max(0, total - self.page)
        if self._chosen is None:
            return last, total
        top = min(last, bisect_left(self._numbers, self._first))
        place = self._place()
        return max(0, min(place, max(top, place - self.page + 1))), total

    def on_click(self, event: events.Click) -> None:
        """Choose the record that was clicked."""
        self.choose_at(event.y)

    # -- drawing ------------------------------------------------------------------------------------------------

    def draw(self, part: JournalPart, width: int, height: int) -> Sequence[Line]:
        """Return the heading and the records in sight, and ask for those that were not read yet."""
        top, total = self.extent()
        shown = self._numbers[top : top + self.page]
        self._ask(top)
        place = self._place()
        lines = [self._heading(part, width)]
        for offset, number in enumerate(shown):
            row = self._rows.get(number)
            is_chosen = top + offset == place
            lines.append(
                Line((Span("  …", Role.DIM),)) if row is None else record_line(row, width - 1, is_chosen=is_chosen)
            )
        if not total:
            lines.append(Line((Span(f"  {_why_empty(part)}", Role.DIM),)))
        return lines

    def _ask(self, top: int) -> None:
        in_sight = [number for number in self._numbers[top : top + self.page] if number not in self._rows]
        if not in_sight or self._asked.issuperset(in_sight):
            return
        around = self._numbers[max(0, top - _AHEAD) : top + self.page + _AHEAD]
        missing = tuple(number for number in around if number not in self._rows)
        self._asked = set(missing)
        self.post_message(self.Missing(missing))

    def _heading(self, part: JournalPart, width: int) -> Line:
        wanted = part.wanted
        notes: list[Span] = []
        for said in (wanted.kind, wanted.metric, wanted.actor):
            notes += [Span(said, Role.ACCENT), Span(" · ", Role.FAINT)] if said else []
        notes += [Span(f"/{wanted.text}", Role.MATCH), Span(" · ", Role.FAINT)] if wanted.text else []
        of = "" if wanted.is_open else f"{self.count:,} of "
        notes.append(Span(f"{of}{part.newest:,} records", Role.DIM))
        if part.looked_at < part.newest and not part.trouble:
            notes.append(Span(f" · reading, {part.looked_at:,} so far", Role.DIM))
        if part.trouble:
            notes.append(Span(f" · {part.trouble}", Role.BROKEN))
        right: list[Span] = []
        if not self.is_following:
            said = f" STOPPED  {self._new:,} new " if self._new else " STOPPED "
            right = [Span(said, Role.WARNING_BADGE), Span(" End follows", Role.DIM)]
        return heading("journal", width, notes=notes, right=right, is_focused=self.has_focus)


def _why_empty(part: JournalPart) -> str:
    if part.trouble:
        return "nothing can be shown"
    if part.looked_at < part.newest:
        return "reading …"
    return "nothing is written down yet" if part.wanted.is_open else "no record passes the filter; Esc takes it away"
