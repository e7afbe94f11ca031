"""Counters of events, by track: ever, in the last minute, in the last hour, and per second."""

from collections.abc import Callable
from dataclasses import dataclass

from console.core.frame import EventCounts, EventView, Frame
from console.core.gaps import Short, short_note
from console.core.words import SHORT_MARK, count_of
from widgets.drawing import Drawing
from widgets.ink import KINDS, Role
from widgets.lines import Line, Span, cells, cut, fit
from widgets.plots import spark
from widgets.words import per_second, short_count


@dataclass(frozen=True, slots=True)
class CountersPart:
    """The events and the tracks in use."""

    events: tuple[EventView, ...]
    tracks: tuple[str, ...]
    short: tuple[Short, ...] = ()
    """The tracks of which counts may be short."""
    note: str = ""
    """Why they may be."""


def counters_part(frame: Frame) -> CountersPart:
    """Return what the counters show of a frame."""
    notes = [short_note(frame.short, frame.sources)]
    for event in frame.events:
        if event.given_up:
            lines = count_of(event.given_up, "line")
            notes.append(f"may be short: the search of {event.event} was given up on {lines}")
    return CountersPart(frame.events, frame.tracks, frame.short, "; ".join(filter(None, notes)))


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    text: Callable[[EventCounts], str]
    may_be_short: Callable[[Short], bool]


_TOTAL = _Column("total", 10, lambda counts: short_count(counts.total), lambda short: short.total)
_MINUTE = _Column("1m", 7, lambda counts: short_count(counts.last_minute), lambda short: short.last_minute)
_HOUR = _Column("1h", 8, lambda counts: short_count(counts.last_hour), lambda short: short.last_hour)
_RATE = _Column("/s", 6, lambda counts: per_second(counts.per_second), lambda _: False)
_CHOICES = ((_TOTAL, _MINUTE, _HOUR, _RATE), (_TOTAL, _MINUTE, _RATE), (_TOTAL, _MINUTE), (_TOTAL,))
"""Sets of columns, the first that fits is taken."""
_LEAST_NAME = 19
_GAP = 2


def kind_role(kind: str, kinds: tuple[str, ...]) -> Role:
    """Return the colour of an event kind; kinds take the colours in their order in the rollout file."""
    return KINDS[kinds.index(kind) % len(KINDS)] if kind in kinds else Role.DIM


def kinds_of(events: tuple[EventView, ...]) -> tuple[str, ...]:
    """Return the kinds in use, in the order of the rollout file."""
    return tuple(dict.fromkeys(event.kind for event in events))


def used_tracks(part: CountersPart) -> tuple[str, ...]:
    """Return the tracks to draw, canary first; lines without a track have a column only if there are any."""
    seen = {counts.track for event in part.events for counts in event.tracks}
    return tuple(dict.fromkeys((*part.tracks, *sorted(seen)))) or ("",)


def _columns(tracks: int, width: int) -> tuple[_Column, ...]:
    room = width - _LEAST_NAME
    for columns in _CHOICES:
        if (sum(column.width for column in columns) + _GAP) * tracks <= room:
            return columns
    return _CHOICES[-1]


def counter_lines(part: CountersPart, width: int, *, is_focused: bool = False) -> list[Line]:
    """Return the heading with the names of the columns, and a line for each event."""
    tracks = used_tracks(part)
    columns = _columns(len(tracks), width)
    counted = (sum(column.width for column in columns) + _GAP) * len(tracks)
    kinds = kinds_of(part.events)
    named = max((cells([Span(f"{event.kind} {event.event}")]) for event in part.events), default=0) + 3
    name = max(6, min(named, width - counted, 40))
    plot = min(30, width - counted - name - 2)
    short = {each.track: each for each in part.short}
    lines = [_heading(tracks, columns, name, width, is_focused=is_focused)]
    if part.note:
        lines.append(Line(tuple(cut([Span(f" {SHORT_MARK} {part.note}", Role.WARNING)], width))))
    if not part.events:
        return [*lines, Line((Span("  no event rules, or nothing read yet", Role.DIM),))]
    for event in part.events:
        kind = kind_role(event.kind, kinds)
        lead = [Span(f" {event.kind}", kind), Span(f" {event.event}", Role.TEXT)]
        if named > name:  # what tells events apart comes before the kind, which keeps its colour
            lead = [Span(f" {event.event}", kind)]
        spans = cut(lead, name - 1)
        spans.append(Span(" " * (name - cells(spans))))
        by_track = {counts.track: counts for counts in event.tracks}
        for track in tracks:
            may_be_short = _short(event, track, short.get(track))
            spans.extend(_count_spans(by_track.get(track), track, columns, may_be_short))
        if plot >= 8:
            spans += [Span("  "), Span(spark(event.spark, plot), Role.PLOT)]
        lines.append(Line(tuple(spans)))
    return lines


def _short(event: EventView, track: str, short: Short | None) -> Short:
    """Return which counts of an event may be short, for lines that were lost or a rule that was given up."""
    short = short or Short(track)
    return Short(
        track,
        total=short.total or event.given_up > 0,
        last_hour=short.last_hour or event.given_up_last_hour > 0,
        last_minute=short.last_minute or event.given_up_last_minute > 0,
    )


def _count_spans(counts: EventCounts | None, track: str, columns: tuple[_Column, ...], short: Short) -> list[Span]:
    spans = [Span(" " * _GAP)]
    for column in columns:
        text = "–" if counts is None else column.text(counts)
        is_total = column is _TOTAL
        role = Role.DIM if text in ("0", "0.0", "–") else Role.STRONG if is_total and track == "canary" else Role.TEXT
        mark = SHORT_MARK if counts is not None and column.may_be_short(short) else ""
        room = max(0, column.width - len(text) - len(mark))
        spans += [Span(" " * room), Span(mark, Role.WARNING), Span(fit(text, min(len(text), column.width)), role)]
    return spans


def _heading(tracks: tuple[str, ...], columns: tuple[_Column, ...], name: int, width: int, *, is_focused: bool) -> Line:
    """Return the rule over the names, and the names of the columns over the numbers."""
    rule = Role.ACCENT if is_focused else Role.FAINT
    title = Role.HEAD_FOCUSED if is_focused else Role.HEAD
    spans = [Span("── ", rule), Span("events ", title), Span("─" * max(0, name - 10), rule)]
    for track in tracks:
        spans.append(Span(" " * _GAP))
        for column in columns:
            said = (track or "no track" if len(tracks) > 1 or track else "total") if column is _TOTAL else column.title
            role = Role.CANARY if track == "canary" and column is _TOTAL else Role.DIM
            spans.append(Span(fit(fit(said, min(len(said), column.width)), column.width, is_right=True), role))
    room = width - cells(spans) - 2
    if room > 0:
        spans += [Span("  "), Span("─" * room, rule)]
    return Line(tuple(cut(spans, width)))


class EventCounters(Drawing[CountersPart], can_focus=True):
    """How often each event happened, canary beside baseline."""

    head = 1
    HELP = "Events named by the rules of the rollout file: ever, in the last minute, in the last hour, per second."

    def draw(self, part: CountersPart, width: int, height: int) -> list[Line]:
        """Return the counters."""
        return counter_lines(part, width - 1, is_focused=self.has_focus)
