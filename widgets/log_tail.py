"""The tail of the log: rows by absolute number, so that nothing slides while it is being read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from console.core.ring import RowRing
from console.core.words import Row
from widgets.counters import kind_role
from widgets.drawing import Drawing
from widgets.ink import Role
from widgets.lines import Line, Span, clean, cut, fit, heading
from widgets.words import clock, stamp

UNNAMED = "unnamed"
"""Filter for lines that no rule named."""
_ROOMY = 110
_LEVEL = re.compile(r"\b(?:ERROR|CRITICAL|FATAL|PANIC|WARNING|WARN)\b")
_LEVEL_WITHIN = 120
"""Characters from the start of a line in which its severity is looked for."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows are shown; empty fields let everything pass."""

    needle: str = ""
    """Text the line or the name of its container contains, whatever its case."""
    kind: str = ""
    track: str = ""

    @property
    def is_open(self) -> bool:
        """Whether every row passes."""
        return not (self.needle or self.kind or self.track)

    def passes(self, row: Row) -> bool:
        """Whether a row is shown."""
        if self.kind and (row.kind if row.event else UNNAMED) != self.kind:
            return False
        if self.track and row.track != self.track:
            return False
        if not self.needle:
            return True
        needle = self.needle.casefold()
        return needle in row.text.casefold() or needle in row.name.casefold()


@dataclass(frozen=True, slots=True)
class LogPart:
    """What the pane needs besides the rows themselves."""

    kinds: tuple[str, ...]
    tracks: tuple[str, ...]
    lines_per_s: float


def row_line(row: Row, width: int, *, kinds: tuple[str, ...], needle: str = "", left: int = 0) -> Line:
    """Return a row: time, container, kind, and the line from character `left` on, with what was searched marked."""
    is_roomy = width >= _ROOMY
    role = kind_role(row.kind, kinds) if row.event else Role.DIM
    track = {"canary": Role.CANARY, "baseline": Role.BASELINE}.get(row.track, Role.DIM)
    spans = [Span(f" {stamp(row.at) if is_roomy else clock(row.at)} ", Role.DIM)]
    spans += [Span(fit(row.name, 16 if is_roomy else 10), track), Span(" ")]
    if is_roomy:
        spans += [Span(fit(row.kind if row.event else "", 10), role), Span(" ")]
    text = clean(row.text)[left:]
    said = Role.DIM if not row.event else Role.TEXT if is_roomy else role
    return Line(tuple(cut([*spans, *_marked(text, needle, said)], width)))


def _levelled(text: str, role: Role) -> list[Span]:
    """Return a line with the word that names its severity in the colour of that severity."""
    found = _LEVEL.search(text, 0, _LEVEL_WITHIN)
    if found is None:
        return [Span(text, role)]
    level = Role.WARNING if found.group().startswith("W") else Role.CRITICAL
    return [Span(text[: found.start()], role), Span(found.group(), level), Span(text[found.end() :], role)]


def _marked(text: str, needle: str, role: Role) -> list[Span]:
    if not needle:
        return _levelled(text, role)
    spans: list[Span] = []
    folded, sought = text.casefold(), needle.casefold()
    if len(folded) != len(text):
        return [Span(text, role)]
    at = 0
    while (found := folded.find(sought, at)) >= 0:
        spans += [Span(text[at:found], role), Span(text[found : found + len(sought)], Role.MATCH)]
        at = found + len(sought)
    return [*spans, Span(text[at:], role)]


class LogTail(Drawing[LogPart], can_focus=True):
    """The newest rows, following the end until somebody scrolls up or pauses."""

    head = 1
    HELP = "The log lines of all sources. Scrolling up stops the tail; End follows it again."

    def __init__(self, rows: RowRing, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._ring = rows
        self._filter = LogFilter()
        self._passed: RowRing | None = None
        """The rows that pass the filter; `None` while every row does."""
        self._read = 0
        """Rows of the ring before this number were looked at by the view."""
        self._at: int | None = None
        """Number of the first visible row of the view; `None` while following."""
        self._is_paused = False
        self._new = 0
        self._counted = 0
        self._left = 0

    @property
    def filter(self) -> LogFilter:
        """Which rows are shown."""
        return self._filter

    @property
    def is_following(self) -> bool:
        """Whether the newest row is kept in sight."""
        return self._at is None and not self._is_paused

    @property
    def new_lines(self) -> int:
        """How many rows that pass the filter came since the tail stopped."""
        return self._new

    def update(self, part: LogPart) -> None:
        """Show what came since; a tail that stopped only counts it."""
        self._part = part
        if self.is_following:
            self._catch_up()
        else:
            self._count_new()
        if self.display:
            self.redraw()

    def set_filter(self, wanted: LogFilter) -> None:
        """Show only some of the rows, from the newest back."""
        if wanted == self._filter:
            return
        self._filter = wanted
        upto = self._read
        self._passed = None if wanted.is_open else RowRing()
        if self._passed is not None:
            self._passed.extend(row for row in self._ring.slice(self._ring.first, upto) if wanted.passes(row))
        self._at = None if self._at is None else max(0, self._view_end - self.page)
        if self.is_following:
            self._catch_up()
        self.redraw()

    def cycle_kind(self) -> None:
        """Show the next kind of event alone; after the last one, lines without a name, then all."""
        kinds = ("", *(self._part.kinds if self._part else ()), UNNAMED)
        self.set_filter(replace(self._filter, kind=_next(kinds, self._filter.kind)))

    def cycle_track(self) -> None:
        """Show the next track alone; after the last one, all."""
        tracks = ("", *(track for track in (self._part.tracks if self._part else ()) if track))
        self.set_filter(replace(self._filter, track=_next(tracks, self._filter.track)))

    def pause(self) -> None:
        """Stop the tail where it is; a second time lets it run again."""
        if not self.is_following:
            self.follow()
            return
        self._is_paused = True
        self._counted = self._read
        self.redraw()

    def follow(self) -> None:
        """Go to the newest row and stay there."""
        self._is_paused = False
        self._at = None
        self._new = 0
        self._catch_up()
        self.redraw()

    def scroll_rows(self, rows: int) -> None:
        """Scroll by a number of rows; up stops the tail, down to the end follows it again unless it is paused."""
        last = max(self._view_first, self._view_end - self.page)
        start = last if self._at is None else max(self._at, self._view_first)
        wanted = max(self._view_first, min(last, start + rows))
        if self._at is None:
            self._counted = self._read
        if wanted >= last and rows > 0 and not self._is_paused:
            self.follow()
            return
        if wanted < last or self._is_paused:
            self._at = wanted
        self.redraw()

    def shift(self, characters: int) -> None:
        """Move the text sideways."""
        self._left = max(0, self._left + characters)
        self.redraw()

    @property
    def _view_first(self) -> int:
        return self._ring.first if self._passed is None else self._passed.first

    @property
    def _view_end(self) -> int:
        return max(self._read, self._ring.first) if self._passed is None else self._passed.end

    def _catch_up(self) -> None:
        if self._passed is not None:
            fresh = self._ring.slice(self._read, self._ring.end)
            self._passed.extend(row for row in fresh if self._filter.passes(row))
        self._read = self._counted = self._ring.end
        self._new = 0

    def _count_new(self) -> None:
        if self._filter.is_open:
            self._new += max(0, self._ring.end - self._counted)
        else:
            fresh = self._ring.slice(self._counted, self._ring.end)
            self._new += sum(self._filter.passes(row) for row in fresh)
        self._counted = self._ring.end

    def extent(self) -> tuple[int, int]:
        """Return how many rows of the view are above the first visible one, and how many there are."""
        first, end = self._view_first, self._view_end
        start = max(first, end - self.page) if self._at is None else max(first, self._at)
        return start - first, end - first

    def visible_rows(self) -> list[Row]:
        """Return the rows in sight, oldest first."""
        view = self._ring if self._passed is None else self._passed
        start = self._view_first + self.extent()[0]
        return view.slice(start, min(self._view_end, start + self.page))

    def draw(self, part: LogPart, width: int, height: int) -> Sequence[Line]:
        """Return the heading and the rows in sight."""
        rows = [
            row_line(row, width, kinds=part.kinds, needle=self._filter.needle, left=self._left)
            for row in self.visible_rows()
        ]
        if not rows:
            rows = [Line((Span(self._why_empty(), Role.DIM),))]
        return [self._heading(part, width), *rows]

    def _why_empty(self) -> str:
        if not self.is_following and self._new:
            return "  these lines were let go to bound memory; End shows the newest"
        if not self._filter.is_open:
            return "  no line passes the filter yet"
        return "  no lines yet"

    def _heading(self, part: LogPart, width: int) -> Line:
        chosen = self._filter
        notes = [Span(chosen.track or "all tracks", Role.ACCENT if chosen.track else Role.DIM), Span(" · ", Role.FAINT)]
        notes.append(Span(chosen.kind or "all kinds", Role.ACCENT if chosen.kind else Role.DIM))
        if chosen.needle:
            notes += [Span(" · ", Role.FAINT), Span(f"/{chosen.needle}", Role.MATCH)]
        if self._left:
            notes.append(Span(f" · from column {self._left + 1}", Role.DIM))
        right = [Span(f"{part.lines_per_s:,.0f} lines/s", Role.DIM)]
        if not self.is_following:
            stopped = "PAUSED" if self._is_paused else "STOPPED"
            said = f" {stopped}  {self._new:,} new line{'' if self._new == 1 else 's'} "
            right = [Span(said, Role.WARNING_BADGE), Span(" End follows ", Role.DIM), *right]
        return heading("log", width, notes=notes, right=right, is_focused=self.has_focus)


def _next(choices: tuple[str, ...], current: str) -> str:
    return choices[(choices.index(current) + 1) % len(choices)] if current in choices else choices[0]
