"""The strip of sources: who answers, who does not, and how far behind the reading is."""

from dataclasses import dataclass, replace

from console.core.frame import AlertView, Flow, Frame, SourceView
from console.core.gaps import bounds_text, gaps_text, skew_text, total_text
from console.core.lines import LINE_LIMIT_BYTES
from console.core.words import SourceState
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import Line, Span, cells, clip, spread
from widgets.words import SOURCE_LOOKS, clock, short_count, whole

_HEALTHY = (SourceState.LIVE, SourceState.QUIET, SourceState.STARTING)
CUT = -1
"""The least detail: sources in trouble have to share the room."""
REASON_CUT = 28
"""Cells for a reason then."""


@dataclass(frozen=True, slots=True)
class StripPart:
    """The sources and the flow of lines."""

    sources: tuple[SourceView, ...]
    flow: Flow
    blind: tuple[AlertView, ...] = ()
    """Alerts about the monitoring itself that no source in the strip already tells, and those not delivered."""


def strip_part(frame: Frame) -> StripPart:
    """Return what the strip shows of a frame."""
    told = {source.name for source in frame.sources}
    metrics = {panel.metric for panel in frame.panels}
    blind = [alert for alert in frame.alerts if alert.severity == "blind" and alert.name not in told]
    blind += [replace(alert, text=f"{alert.name}: {alert.told}") for alert in frame.alerts if alert.is_failing]
    blind.sort(key=lambda alert: alert.name in metrics)
    return StripPart(frame.sources, frame.flow, tuple(replace(alert, since=float(int(alert.since))) for alert in blind))


def alert_line(blind: tuple[AlertView, ...], width: int) -> Line:
    """Return what the monitoring itself suffers from, the session first, and how many more there are."""
    first, *more = blind
    right = [Span(f"+{len(more)} more ", Role.DIM)] if more else []
    left = [Span(" ! ", Role.WARNING), Span(first.text, Role.WARNING), Span(f"  since {clock(first.since)}", Role.DIM)]
    return spread(left, right, width, Ground.WARNING)


def is_troubled(source: SourceView) -> bool:
    """Return whether a source, or a container or file of it, is not read."""
    return source.state not in _HEALTHY or bool(source.unread)


def source_spans(source: SourceView, *, detail: int) -> list[Span]:
    """Return one source, with what is wrong before its figures.

    `detail` 2 says everything, 1 leaves out what it follows and the bounds of gaps, 0 leaves out the notices of a
    source that works as well, `CUT` shortens the reasons of those that do not. None leaves a reason out.
    """
    glyph, role = SOURCE_LOOKS[source.state]
    is_well = source.state in _HEALTHY
    spans = [Span(f"{glyph} ", role), Span(source.name, Role.TEXT if is_well else role)]
    if detail > 0 or not is_well:
        spans.append(Span(f" {source.state}", Role.DIM if is_well else role))
    if source.age_s is not None and not is_well:
        spans.append(Span(f" for {whole(source.age_s)}", role))
    elif source.age_s is not None and source.age_s >= 5:
        spans.append(Span(f" {whole(source.age_s)}", Role.DIM))
    if source.retry_in_s is not None and not is_well:
        spans.append(Span(f", again in {whole(source.retry_in_s)}", role))
    if source.unread:
        spans += _unread_spans(source, detail)
    if source.reason and (detail > 0 or not is_well):
        spans.append(Span(("; " if source.unread else ": ") + _reason(source.reason, detail), Role.DIM))
    if source.gaps:
        spans.append(Span(f" {_gaps(source, detail)}", Role.WARNING))
    if source.skew_s is not None:
        said = skew_text(source.skew_s) if detail == 2 else f"clock {source.skew_s:+.1f} s"
        spans.append(Span(f" {said}", Role.WARNING))
    if detail == 2 and source.parts:
        spans.append(Span(" " + ", ".join(_part(track, count) for track, count in source.parts), Role.DIM))
    return spans


def _reason(reason: str, detail: int) -> str:
    return clip(reason, REASON_CUT) if detail == CUT else reason


def _unread_spans(source: SourceView, detail: int) -> list[Span]:
    """Return which containers or files cannot be read, and of how many: `1 of 3 containers unreadable: app-3: why`."""
    word, beside = ("files", len(source.unread)) if source.kind == "file" else ("containers", 0)
    total = max(sum(count for _, count in source.parts) + beside, len(source.unread))
    name, reason = source.unread[0]
    others = f" and {', '.join(name for name, _ in source.unread[1:])}" if len(source.unread) > 1 else ""
    said = f", {len(source.unread)} of {total} {word} unreadable: {name}{others}"
    return [Span(said, Role.BROKEN), Span(f": {_reason(reason, detail)}", Role.DIM)]


def _gaps(source: SourceView, detail: int) -> str:
    """Return how much may be missing: the total, and with room for it the bounds of the newest gap."""
    if detail == CUT:
        return gaps_text(source.gaps, ())
    said = total_text(source.gaps, source.gap_lines, source.unsized_gaps)
    if detail < 2 or not source.newest_gaps:
        return said
    newest = source.newest_gaps[0]
    return f"{said}, {'newest ' if source.gaps > 1 else ''}{bounds_text(newest.since, newest.until)}"


def _part(track: str, count: int) -> str:
    return f"{track} {count}" if track else str(count)


def flow_spans(flow: Flow) -> list[Span]:
    """Return the lag, what no rule named, and the text that was cut or dropped."""
    is_behind = flow.lag_s is None or flow.lag_s >= 5 or flow.is_lag_least
    spans = [Span("lag ", Role.DIM), Span(_lag(flow), Role.WARNING if is_behind else Role.TEXT)]
    if flow.lines:
        percent = 100 * flow.unclassified / flow.lines
        spans += [Span("  unclassified ", Role.DIM), Span(f"{percent:.1f} %", Role.TEXT)]
    if flow.lines_cut:
        spans.append(Span(f"  {short_count(flow.lines_cut)} cut at {LINE_LIMIT_BYTES // 1024} KiB", Role.WARNING))
    if flow.rows_dropped:
        spans.append(Span(f"  {short_count(flow.rows_dropped)} rows not shown, all counted", Role.WARNING))
    return spans


def _lag(flow: Flow) -> str:
    if flow.lag_s is None:
        return "unknown"
    if flow.is_lag_least:
        return f"at least {whole(flow.lag_s)}"
    return whole(flow.lag_s) if flow.lag_s >= 1 else "under 1s"


def source_lines(part: StripPart, width: int, height: int) -> list[Line]:
    """Return the strip in one line, or in up to `height` lines if one does not hold what matters.

    Where there is not room for everything, the figures of the flow go first but for the lag, then what sources that
    work say of themselves; those in trouble come first then, with the reason. An alert about the monitoring itself
    takes the last line, if there is more than one.
    """
    if part.blind and height > 1:
        told = source_lines(replace(part, blind=()), width, height - 1)
        return [*told, alert_line(part.blind, width)]
    flow = flow_spans(part.flow)
    troubled_first = tuple(sorted(part.sources, key=lambda source: not is_troubled(source)))
    lines: list[Line] = []
    for sources, detail, shown in (
        (part.sources, 2, flow),
        (part.sources, 2, flow[:4]),
        (troubled_first, 2, flow[:2]),
        (troubled_first, 1, flow[:2]),
        (troubled_first, 0, flow[:2]),
    ):
        lines, is_whole = _laid_out(sources, detail, shown, width, height)
        if is_whole:
            return lines
    troubled = tuple(source for source in part.sources if is_troubled(source))
    _, has_reasons = _laid_out(troubled, 0, flow[:2], width, height)
    return lines if has_reasons and troubled else _laid_out(troubled_first, CUT, flow[:2], width, height)[0]


def _laid_out(
    sources: tuple[SourceView, ...], detail: int, flow: list[Span], width: int, height: int
) -> tuple[list[Line], bool]:
    """Break the sources over at most `height` lines, the flow at the end of the last; return whether all went in."""
    rows: list[list[Span]] = [[]]
    beside = cells(flow) + 5
    pieces = [piece for source in sources for piece in _pieces(source, detail)]
    for number, (gap, spans) in enumerate(pieces):
        needed = cells(rows[-1]) + (len(gap) if rows[-1] else 0) + cells(spans)
        is_last = len(rows) == height
        if needed > width - 2 - (beside if is_last else 0):
            if is_last:
                rest = [span for gap, spans in pieces[number:] for span in (Span(gap), *spans)]
                return [*map(_row, rows[:-1]), spread([Span(" "), *rows[-1], *rest], [*flow, Span(" ")], width)], False
            rows.append([])
        rows[-1] += [Span(gap), *spans] if rows[-1] else spans
    if cells(rows[-1]) + 2 + beside > width + 2:
        rows.append([])
    return [*map(_row, rows[:-1]), spread([Span(" "), *rows[-1]], [*flow, Span(" ")], width)], True


def _row(spans: list[Span]) -> Line:
    return Line((Span(" "), *spans))


def _pieces(source: SourceView, detail: int) -> list[tuple[str, list[Span]]]:
    """Return a source in pieces that may stand on lines of their own, each with the blanks before it."""
    glyph, name, *more = source_spans(source, detail=detail)
    pieces = [("   ", [glyph, name])]
    for span in more:
        is_joined = not span.text.startswith(" ")
        for number, word in enumerate(span.text.split(" ")):
            if number == 0:
                if is_joined:
                    pieces[-1][1].append(Span(word, span.role))
                continue
            pieces.append((" ", [Span(word, span.role)]))
    return pieces


class SourceStrip(Drawing[StripPart]):
    """The state of every source, and the lag."""

    def draw(self, part: StripPart, width: int, height: int) -> list[Line]:
        """Return the strip for the lines it was given."""
        return source_lines(part, width, height)
