"""Phases and verdicts over the whole time of a session, as one picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from console.core.axes import time_ticks
from console.core.chronicle import Chronicle, Turn
from console.core.export import clock
from console.core.text import visible
from console.core.verdict import Verdict

ROWS = 24
"""Metrics that have a row at most: those that were worst, and of these those whose verdicts changed most often."""
BANDS = 400
"""Bands that a row has at most; a verdict that changes more often is drawn as its newest."""
_LEFT, _WIDTH, _ROW, _HEAD, _FOOT = 190.0, 1240.0, 18.0, 22.0, 34.0
_LETTER_W = 6.2
_TONES = {verdict.value: verdict.value.lower().split()[0] for verdict in Verdict}
_RANK = {verdict.value: verdict.rank for verdict in Verdict}

TIMELINE_CSS = """
.timeline{display:block;width:100%;height:auto;font:11px ui-sans-serif,system-ui,-apple-system,"Segoe UI",sans-serif}
.timeline text{fill:var(--soft)}.timeline .name{fill:var(--ink);text-anchor:end}.timeline .end{text-anchor:middle}
.timeline .in{fill:#fff;font-weight:600}.timeline rect{stroke:var(--page);stroke-width:.7}
.timeline .phase{fill:#2563eb}.timeline .ok{fill:#2da44e}.timeline .off{fill:#8c959f}
.timeline .not{fill:#d0d7de}.timeline .unknown{fill:#8250df}
.timeline .broken{fill:#6e40c9}.timeline .warning{fill:#bf8700}.timeline .critical{fill:#cf222e}
.timeline .grid{stroke:var(--line);stroke-width:.7}.timeline .entered{stroke:var(--ink);stroke-dasharray:2 2}
""".replace("\n", "")


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of a row."""

    since: float
    until: float
    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of bands under one name."""

    name: str
    bands: tuple[Band, ...]


def rows_of(found: Chronicle, until: float) -> tuple[Row, ...]:
    """Return the phases and then the metrics whose verdicts changed, the worst first; up to `until`."""
    if not found.spans:
        return ()
    began = found.spans[0].since
    phases = tuple(
        Band(span.since, until if span.until is None else span.until, span.name, "phase") for span in found.spans
    )
    by_metric: dict[str, list[Turn]] = {}
    for turn in found.turns:
        by_metric.setdefault(turn.metric, []).append(turn)
    ordered = sorted(by_metric.items(), key=lambda pair: (-_worst(pair[1]), -len(pair[1]), pair[0]))
    rows = (Row(name, tuple(_bands(turns, began, until))) for name, turns in ordered[:ROWS])
    return (Row("phase", phases), *rows)


def _worst(turns: Sequence[Turn]) -> int:
    return max(_RANK.get(turn.after, 0) for turn in turns)


def _bands(turns: Sequence[Turn], began: float, until: float) -> Iterator[Band]:
    """Yield how long each verdict stood; before the first change stood the one it changed from."""
    kept = turns[-BANDS:]
    starts = [(began, kept[0].before), *((turn.at, turn.after) for turn in kept)]
    for (since, verdict), (end, _) in zip(starts, [*starts[1:], (until, "")], strict=True):
        if end > since:
            yield Band(since, end, verdict, _TONES.get(verdict, "off"))


def timeline_svg(found: Chronicle, until: float) -> str:
    """Return the timeline as SVG that runs nothing and fetches nothing; empty where there is nothing to draw."""
    rows = rows_of(found, until)
    since = found.spans[0].since if found.spans else until
    if not rows or until <= since:
        return ""
    height = _HEAD + _ROW * len(rows) + _FOOT
    parts = [
        f'<svg class="timeline" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 24:.0f} {height:.0f}"'
        ' role="img" aria-label="phases and verdicts over time">'
    ]
    parts += _axis(since, until, height)
    for number, row in enumerate(rows):
        y = _HEAD + _ROW * number
        parts.append(f'<text class="name" x="{_LEFT - 8:.0f}" y="{y + 13:.1f}">{_text(row.name, 28)}</text>')
        parts += [_band(band, y, since, until) for band in row.bands]
    for span in found.spans[1:]:
        x = _x(span.since, since, until)
        parts.append(f'<path class="entered" d="M{x:.1f} {_HEAD:.0f}V{height - _FOOT:.1f}"/>')
    return "".join([*parts, "</svg>"])


def _x(at: float, since: float, until: float) -> float:
    return _LEFT + _WIDTH * min(1.0, max(0.0, (at - since) / (until - since)))


def _axis(since: float, until: float, height: float) -> Iterator[str]:
    for at, label, day in time_ticks(since, until, 10):
        x = _x(at, since, until)
        yield f'<path class="grid" d="M{x:.1f} {_HEAD - 4:.0f}V{height - _FOOT:.1f}"/>'
        yield f'<text class="end" x="{x:.1f}" y="{height - _FOOT + 14:.1f}">{label}</text>'
        if day:
            yield f'<text class="end" x="{x:.1f}" y="{height - _FOOT + 27:.1f}">{day}</text>'


def _band(band: Band, y: float, since: float, until: float) -> str:
    left, right = _x(band.since, since, until), _x(band.until, since, until)
    title = f"{band.text}, {clock(band.since)} to {clock(band.until)} UTC"
    room = int((right - left - 8) / _LETTER_W)
    said = f'<text class="in" x="{left + 4:.1f}" y="{y + 12.5:.1f}">{_text(band.text, room)}</text>' if room > 2 else ""
    shape = f'x="{left:.1f}" y="{y:.1f}" width="{max(0.8, right - left):.1f}" height="{_ROW - 3:.1f}"'
    return f'<g><title>{escape(visible(title))}</title><rect class="{band.tone}" {shape}/>{said}</g>'


def _text(text: str, room: int) -> str:
    return escape(visible(text, max(1, room)))
