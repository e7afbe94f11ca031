"""The soak screen as plain lines: for pipes, logs, screen readers, and a picture where there is no screen."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from console.core.action_frame import AttemptView, AutomaticView
from console.core.durations import format_duration
from console.core.export import clock
from console.core.frame import AlertView, EventView, Frame, Panel, SourceView, worst_first
from console.core.gaps import Short, gaps_text, short_note, skew_text
from console.core.lines import cut_text
from console.core.outlook import progress_notes, soak_notes, with_time
from console.core.report import soak_text
from console.core.report_cells import track_name
from console.core.report_incidents import incident_line
from console.core.text import visible
from console.core.words import SHORT_MARK, Outcome, SourceState

_NARROWEST = 20
_ATTEMPTS = 3
_RECORDS = 6


def plain_screen(frame: Frame, width: int) -> list[str]:
    """Return the frame as lines of at most `width` terminal cells (at least 20), worst first, without any colour.

    No line holds a character that a terminal would interpret.
    """
    width = max(width, _NARROWEST)
    lines = [*_head(frame, width), ""]
    for title, body in (
        ("INCIDENTS", [incident_line(found) for found in frame.incidents if not found.is_settled]),
        ("ALERTS", [_alert(alert) for alert in frame.alerts]),
        ("THRESHOLDS", list(_panels(frame, width))),
        ("EVENTS", _events(frame)),
        ("TO FINISH" if frame.phase.is_last else "TO ADVANCE", list(_advance(frame))),
        ("ACTIONS", [line for attempt in frame.attempts[:_ATTEMPTS] for line in _attempt(attempt)]),
        ("JOURNAL", [f"{clock(record.at)}  {record.kind}  {record.text}" for record in frame.journal[:_RECORDS]]),
    ):
        if body:
            lines += [title, *(f"  {line}" for line in body), ""]
    return [fitted(line, width) for line in lines[:-1]]


def _alert(alert: AlertView) -> str:
    said = f"{alert.severity}  {alert.text}"
    more = "; ".join(part for part in (alert.told, alert.why) if part)
    return f"{said}  ({more})" if more else said


def fitted(line: str, width: int) -> str:
    """Return a line made safe and no wider than `width` terminal cells; what is cut off ends in `…`."""
    safe = visible(line).rstrip()
    if cell_width(safe) <= width:
        return safe
    taken, kept = 0, ""
    for character in safe:
        taken += cell_width(character)
        if taken > width - 1:
            break
        kept += character
    return kept.rstrip().rstrip("…") + "…"


def cell_width(text: str) -> int:
    """Return how many terminal cells a text takes: two for a wide character, none for one that combines."""
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(character) in "WF" else 0 if unicodedata.combining(character) else 1
        for character in text
    )


def automatic_text(automatic: AutomaticView) -> str:
    """Return how it stands with the rollback that begins by itself."""
    if automatic.metric:
        return f"{automatic.title} BY ITSELF in {format_duration(ceil(automatic.left_s))}: {automatic.reason}"
    why = automatic.disarmed or automatic.waits_for
    return f"automatic rollback off: {why}" if why else "automatic rollback armed"


def _head(frame: Frame, width: int) -> Iterator[str]:
    phase = frame.phase
    yield from _flowed(
        (
            f"{frame.verdict.glyph} {frame.verdict}",
            frame.rollout,
            f"{phase.name} ({phase.index + 1} of {phase.count})",
            f"traffic {phase.traffic:g} %",
            f"soak {soak_text(phase)}",
            f"{clock(frame.at)} UTC",
        ),
        width,
    )
    if frame.reason:
        yield frame.reason
    if frame.automatic is not None:
        yield automatic_text(frame.automatic)
    flow = frame.flow
    share = f"{flow.unclassified / flow.lines:.1%}" if flow.lines else "–"
    yield from _flowed(
        (
            *map(_source, frame.sources),
            lag_text(flow.lag_s, is_least=flow.is_lag_least),
            f"{flow.lines:,} lines",
            f"unclassified {share}",
            *([cut_text(flow.lines_cut)] if flow.lines_cut else []),
        ),
        width,
    )
    if frame.session.is_read_only:
        yield "read-only" + (f", held by {frame.session.held_by}" if frame.session.held_by else "")


def _flowed(parts: Iterable[str], width: int) -> Iterator[str]:
    """Yield the parts side by side, on as many lines as they need."""
    line = ""
    for part in map(visible, parts):
        if line and cell_width(line) + 3 + cell_width(part) > width:
            yield line
            line = ""
        line = f"{line}   {part}" if line else part
    yield line


def _source(source: SourceView) -> str:
    glyph = {SourceState.LIVE: "●", SourceState.QUIET: "●", SourceState.UNREADABLE: "⊘"}.get(source.state, "◌")
    said = [glyph, source.name, source.state.value]
    if source.retry_in_s is not None:
        said.append(f"in {format_duration(source.retry_in_s)}")
    elif source.age_s is not None:
        said.append(format_duration(source.age_s))
    said += [f"{track_name(track)} {count}" for track, count in source.parts]
    if source.skew_s is not None:
        said.append(skew_text(source.skew_s))
    if source.gaps:
        said.append(gaps_text(source.gaps, source.newest_gaps))
    said += [f"{name} cannot be read ({reason})" for name, reason in source.unread]
    return " ".join(said) + (f" ({source.reason})" if source.reason and glyph != "●" else "")


def lag_text(lag_s: float | None, *, is_least: bool) -> str:
    """Return how far the reading is behind: `lag 0.1s`, `lag at least 18s`, `lag unknown`."""
    if lag_s is None:
        return "lag unknown"
    return f"lag {'at least ' if is_least else ''}{format_duration(lag_s)}"


def _panels(frame: Frame, width: int) -> Iterator[str]:
    panels = worst_first(frame.panels)
    named = [(f"{panel.verdict.glyph} {panel.verdict}", panel.metric, _judged(panel)) for panel in panels]
    heads = _columns(named, numbers_from=3)
    for panel, head in zip(panels, heads, strict=True):
        others = [f"{track_name(value.track)} {value.text}" for value in panel.values if value.track != panel.judged]
        keys = [f"[{key.key}] {key.label}" for key in panel.keys if key.is_lit]
        rest = "  ".join(filter(None, [*others, panel.reason, _pending(panel), *keys]))
        if cell_width(head) + 2 + cell_width(rest) <= width - 2:
            yield f"{head}  {rest}"
        else:
            yield head
            yield f"    {rest}"


def _judged(panel: Panel) -> str:
    return next((value.text for value in panel.values if value.track == panel.judged), "no data")


def _pending(panel: Panel) -> str:
    if panel.pending is None:
        return ""
    return f"{panel.pending} for {format_duration(panel.held_s)} of {format_duration(panel.needed_s)}"


def _events(frame: Frame) -> list[str]:
    if not frame.events:
        return []
    heads = [head for track in frame.tracks for head in (track_name(track), "1m", "1h")]
    rows = [("event", *heads), *(_event(view, frame) for view in frame.events)]
    note = short_note(frame.short, frame.sources)
    return [*_columns(rows, numbers_from=1), *([f"{SHORT_MARK} {note}"] if note else [])]


def _event(view: EventView, frame: Frame) -> tuple[str, ...]:
    found = {counts.track: counts for counts in view.tracks}
    short = {each.track: each for each in frame.short}
    cells = [view.event]
    for track in frame.tracks:
        counts, may = found.get(track), short.get(track, Short(track))
        numbers = (counts.total, counts.last_minute, counts.last_hour) if counts else (0, 0, 0)
        marked = zip(numbers, (may.total, may.last_minute, may.last_hour), strict=True)
        cells += [f"{SHORT_MARK if is_short else ''}{number:,}" for number, is_short in marked]
    return tuple(cells)


def _columns(rows: Sequence[tuple[str, ...]], *, numbers_from: int) -> list[str]:
    """Return rows with their cells below each other; from column `numbers_from` on they stand to the right."""
    safe = [tuple(map(visible, row)) for row in rows]
    widths = [max(map(cell_width, column)) for column in zip(*safe, strict=True)]
    lines = []
    for row in safe:
        rooms = [" " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = zip(row, rooms, strict=True)
        lines.append(
            "  ".join(room + cell if i >= numbers_from else cell + room for i, (cell, room) in enumerate(cells))
        )
    return lines


def _advance(frame: Frame) -> Iterator[str]:
    phase = frame.phase
    if phase.outlook:
        yield phase.outlook
    yield from (f"{'✓' if clause.is_met else '✗'} {with_time(clause, frame.at)}" for clause in phase.clauses)
    yield from (f"the soak clock stands still: {hold}" for hold in phase.holds)
    yield from soak_notes(phase, frame.at)
    yield from progress_notes(frame)


def _attempt(attempt: AttemptView) -> Iterator[str]:
    yield "  ".join(
        filter(None, (clock(attempt.started), attempt.title, attempt.outcome.value, attempt.actor, attempt.detail))
    )
    if attempt.override:
        yield f"  WITHOUT {attempt.override}: {attempt.reason}"
    if attempt.outcome is not Outcome.DONE:
        yield from (f"  {step.state}  {step.label}  {step.detail}" for step in attempt.steps)
