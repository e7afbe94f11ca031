"""The strip of sources: who answers, who does not, and how far behind the reading is."""

from dataclasses import dataclass, replace

from console.core.frame import AlertView, Flow, Frame, SourceView
from console.core.gaps import gaps_text, skew_text
from console.core.lines import LINE_LIMIT_BYTES
from console.core.words import SourceState
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import Line, Span, cells, cut, spread
from widgets.words import SOURCE_LOOKS, clock, short_count, whole

_HEALTHY = (SourceState.LIVE, SourceState.QUIET, SourceState.STARTING)


@dataclass(frozen=True, slots=True)
class StripPart:
    """The sources and the flow of lines."""

    sources: tuple[SourceView, ...]
    flow: Flow
    blind: tuple[AlertView, ...] = ()
    """Alerts about the monitoring itself that no source in the strip already tells."""


def strip_part(frame: Frame) -> StripPart:
    """Return what the strip shows of a frame."""
    told = {source.name for source in frame.sources}
    metrics = {panel.metric for panel in frame.panels}
    blind = [alert for alert in frame.alerts if alert.severity == "blind" and alert.name not in told]
    blind.sort(key=lambda alert: alert.name in metrics)
    return StripPart(frame.sources, frame.flow, tuple(replace(alert, since=float(int(alert.since))) for alert in blind))


def alert_line(blind: tuple[AlertView, ...], width: int) -> Line:
    """Return what the monitoring itself suffers from, the session first, and how many more there are."""
    first, *more = blind
    right = [Span(f"+{len(more)} more ", Role.DIM)] if more else []
    left = [Span(" ! ", Role.WARNING), Span(first.text, Role.WARNING), Span(f"  since {clock(first.since)}", Role.DIM)]
    return spread(left, right, width, Ground.WARNING)


def source_spans(source: SourceView, *, detail: int) -> list[Span]:
    """Return one source; `detail` 2 says everything, 1 leaves the reason out, 0 keeps glyph, name and trouble."""
    glyph, role = SOURCE_LOOKS[source.state]
    is_well = source.state in _HEALTHY
    spans = [Span(f"{glyph} ", role), Span(source.name, Role.TEXT if is_well else role)]
    if detail and source.parts:
        spans.append(Span(" " + ", ".join(_part(track, count) for track, count in source.parts), Role.DIM))
    if detail or not is_well:
        spans.append(Span(f" {source.state}", Role.DIM if is_well else role))
    if source.retry_in_s is not None and not is_well:
        spans.append(Span(f" in {whole(source.retry_in_s)}", role))
    elif source.age_s is not None and (source.age_s >= 5 or not is_well):
        spans.append(Span(f" {whole(source.age_s)}", Role.DIM if is_well else role))
    if source.reason and detail == 2:
        spans.append(Span(f": {source.reason}", Role.DIM))
    if source.skew_s is not None:
        said = skew_text(source.skew_s) if detail else f"clock {source.skew_s:+.1f} s"
        spans.append(Span(f" {said}", Role.WARNING))
    if source.gaps:
        spans.append(Span(f" {gaps_text(source.gaps, source.newest_gaps[:1] if detail else ())}", Role.WARNING))
    return spans


def _part(track: str, count: int) -> str:
    return f"{track} {count}" if track else str(count)


def flow_spans(flow: Flow) -> list[Span]:
    """Return the lag, what no rule named, and the text that was cut or dropped."""
    is_behind = flow.lag_s >= 5
    lag = whole(flow.lag_s) if flow.lag_s >= 1 else "under 1s"
    spans = [Span("lag ", Role.DIM), Span(lag, Role.WARNING if is_behind else Role.TEXT)]
    if flow.lines:
        percent = 100 * flow.unclassified / flow.lines
        spans += [Span("  unclassified ", Role.DIM), Span(f"{percent:.1f} %", Role.TEXT)]
    if flow.lines_cut:
        spans.append(Span(f"  {short_count(flow.lines_cut)} cut at {LINE_LIMIT_BYTES // 1024} KiB", Role.WARNING))
    if flow.rows_dropped:
        spans.append(Span(f"  {short_count(flow.rows_dropped)} rows not shown, all counted", Role.WARNING))
    return spans


def source_lines(part: StripPart, width: int, height: int) -> list[Line]:
    """Return the strip in one line, or in up to `height` lines if one does not hold what matters.

    An alert about the monitoring itself takes the last line, if there is more than one.
    """
    if part.blind and height > 1:
        told = source_lines(replace(part, blind=()), width, height - 1)
        return [*told, alert_line(part.blind, width)]
    flow = flow_spans(part.flow)
    for detail in (2, 1) if height > 1 else (2, 1, 0):
        spans = _joined(part.sources, detail)
        if cells(spans) + cells(flow) + 4 <= width:
            return [spread([Span(" "), *spans], [*flow, Span(" ")], width)]
    if height < 2:
        return [
            spread([Span(" "), *_joined(_troubled_first(part.sources), 0)], [Span("  "), *flow[:2], Span(" ")], width)
        ]
    rows = _folded(part.sources, width - 2, height - 1)
    return [*rows, spread([Span(" "), *flow], [], width)]


def _joined(sources: tuple[SourceView, ...], detail: int) -> list[Span]:
    spans: list[Span] = []
    for source in sources:
        if spans:
            spans.append(Span("   "))
        spans.extend(source_spans(source, detail=detail))
    return spans


def _troubled_first(sources: tuple[SourceView, ...]) -> tuple[SourceView, ...]:
    return tuple(sorted(sources, key=lambda source: source.state in _HEALTHY))


def _folded(sources: tuple[SourceView, ...], width: int, rows: int) -> list[Line]:
    """Break the sources over lines; if they need more than there are, those in trouble come first."""
    for detail in (2, 1, 0):
        lines = _broken(sources, width, detail)
        if len(lines) <= rows:
            return lines
    return _broken(_troubled_first(sources), width, 0)[:rows]


def _broken(sources: tuple[SourceView, ...], width: int, detail: int) -> list[Line]:
    lines: list[list[Span]] = [[]]
    for source in sources:
        spans = cut(source_spans(source, detail=detail), width)
        if lines[-1] and cells(lines[-1]) + 3 + cells(spans) > width:
            lines.append([])
        if lines[-1]:
            lines[-1].append(Span("   "))
        lines[-1].extend(spans)
    return [Line((Span(" "), *spans)) for spans in lines]


class SourceStrip(Drawing[StripPart]):
    """The state of every source, and the lag."""

    def draw(self, part: StripPart, width: int, height: int) -> list[Line]:
        """Return the strip for the lines it was given."""
        return source_lines(part, width, height)
