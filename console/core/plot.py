"""Line plots as SVG: measurements of both tracks over time, with thresholds and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from console.core.axes import clamp, time_ticks, value_range, value_ticks
from console.core.export import Points, clock
from console.core.plot_style import PLOT_CSS
from console.core.text import visible
from console.core.thin import Point, runs, thinned
from console.core.values import format_value

_LEFT, _RIGHT, _BOTTOM = 50.0, 116.0, 38.0
_TITLE_H, _MARK_ROW_H = 46.0, 13.0
_MARK_ROWS = 2
_LETTER_W = 5.9
"""About how wide a letter of the small text is, in pixels."""
_LABEL_H = 12.0


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a metric on one track."""

    track: str
    points: Points


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold as a horizontal line."""

    name: str
    """`target`, `warning` or `critical`."""
    value: float
    text: str
    """The condition as the file says it."""
    bad_side: int = 0
    """1 when what lies above is worse, -1 when what lies below is, 0 when neither can be shaded."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment, as a vertical line."""

    at: float
    text: str
    kind: str
    """`action` or `phase`."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything a plot shows; texts may come from outside."""

    title: str
    unit: str
    series: Sequence[Series]
    limits: Sequence[Limit] = ()
    marks: Sequence[Mark] = ()
    since: float | None = None
    """Left end of the time axis; without it, the first point."""
    until: float | None = None
    """Right end of the time axis; without it, the last point."""
    width: int = 600
    height: int = 230


@dataclass(frozen=True, slots=True)
class _Area:
    """Where the data goes, and how numbers become pixels."""

    left: float
    top: float
    right: float
    bottom: float
    since: float
    until: float
    low: float
    high: float

    def x(self, at: float) -> float:
        return self.left + (at - self.since) / (self.until - self.since) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - (clamp(value) - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def holds(self, at: float) -> bool:
        return self.since <= at <= self.until


def plot_svg(plot: Plot, *, style: str = PLOT_CSS) -> str:
    """Return the plot as one SVG element that needs nothing from outside; light or dark as the reader's system is.

    A page that carries `PLOT_CSS` already passes an empty `style`. Missing values and silences are gaps in the
    line; a point between two gaps is a dot.
    """
    lines = [(series, _within(runs(series.points), plot)) for series in plot.series]
    body = [f"<title>{_text(plot.title)}</title>", f"<desc>{_text(_described(plot, lines))}</desc>"]
    if style:
        body.append(f"<style>{style}</style>")
    body.append(f'<text class="heading" x="8" y="18">{_text(_cut(plot.title, int(plot.width / 7.5)))}</text>')
    moments = [at for _, stretches in lines for stretch in stretches for at, _ in stretch]
    if moments:
        area = _area(plot, lines, moments)
        body += [*_grid(area), *_limits(plot, area), *_marks(plot, area)]
        for series, stretches in reversed(lines):
            body += _line(series, stretches, area)
        body += _legend(lines, plot.unit)
    else:
        body.append(f'<text class="empty" x="{plot.width / 2:g}" y="{plot.height / 2:g}">no measurement</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rc-plot" role="img"'
        f' viewBox="0 0 {plot.width} {plot.height}">' + "".join(body) + "</svg>"
    )


_Lines = list[tuple[Series, list[list[Point]]]]


def _within(stretches: list[list[Point]], plot: Plot) -> list[list[Point]]:
    """Return the stretches cut to the time that is shown."""
    low = float("-inf") if plot.since is None else plot.since
    high = float("inf") if plot.until is None else plot.until
    shown = ([point for point in stretch if low <= point[0] <= high] for stretch in stretches)
    return [stretch for stretch in shown if stretch]


def _area(plot: Plot, lines: _Lines, moments: list[float]) -> _Area:
    since = min(moments) if plot.since is None else plot.since
    until = max(moments) if plot.until is None else plot.until
    if until - since < 1:
        since, until = max(0.0, since - 30), until + 30
    values = (value for _, stretches in lines for stretch in stretches for _, value in stretch)
    low, high = value_range(values, [limit.value for limit in plot.limits])
    top = _TITLE_H + (_MARK_ROW_H * _MARK_ROWS if plot.marks else 0)
    return _Area(_LEFT, top, plot.width - _RIGHT, plot.height - _BOTTOM, since, until, low, high)


def _grid(area: _Area) -> list[str]:
    drawn = []
    for value, label in value_ticks(area.low, area.high):
        y = f"{area.y(value):.1f}"
        drawn.append(f'<path class="grid" d="M{area.left:g} {y}H{area.right:g}"/>')
        drawn.append(f'<text class="tick end" x="{area.left - 6:g}" y="{y}" dy=".35em">{_text(label)}</text>')
    drawn.append(f'<path class="axis" d="M{area.left:g} {area.bottom:g}H{area.right:g}"/>')
    for at, label, day in time_ticks(area.since, area.until):
        x = f"{area.x(at):.1f}"
        drawn.append(f'<path class="axis" d="M{x} {area.bottom:g}v4"/>')
        drawn.append(f'<text class="tick mid" x="{x}" y="{area.bottom + 16:g}">{label}</text>')
        if day:
            drawn.append(f'<text class="tick mid day" x="{x}" y="{area.bottom + 29:g}">{day}</text>')
    drawn.append(f'<text class="tick" x="{area.right + 8:g}" y="{area.bottom + 16:g}">UTC</text>')
    return drawn


def _limits(plot: Plot, area: _Area) -> list[str]:
    drawn: list[str] = []
    labels: list[tuple[float, Limit, str]] = []
    for limit in plot.limits:
        name = limit.name if limit.name in ("target", "warning", "critical") else "target"
        if not area.low <= clamp(limit.value) <= area.high:
            is_above = limit.value > area.high
            labels.append((area.top if is_above else area.bottom, limit, "↑ " if is_above else "↓ "))
            continue
        y = area.y(limit.value)
        if name == "critical" and limit.bad_side:
            edge = area.top if limit.bad_side > 0 else area.bottom
            drawn.append(
                f'<rect class="bad" x="{area.left:g}" y="{min(y, edge):.1f}"'
                f' width="{area.right - area.left:g}" height="{abs(y - edge):.1f}"/>'
            )
        drawn.append(f'<path class="limit {name}" d="M{area.left:g} {y:.1f}H{area.right:g}"/>')
        labels.append((y, limit, ""))
    for y, (_, limit, arrow) in zip(_apart([label[0] for label in labels], area), labels, strict=True):
        said = f"{arrow}{limit.name} {limit.text}"
        name = limit.name if limit.name in ("target", "warning", "critical") else "target"
        drawn.append(
            f'<text class="limit-name {name}" x="{area.right + 6:g}" y="{y:.1f}" dy=".35em">'
            f"<title>{_text(said)}</title>{_text(_cut(said, 19))}</text>"
        )
    return drawn


def _apart(wanted: list[float], area: _Area) -> list[float]:
    """Return the heights of labels, moved as little as keeps them from covering each other."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = list(wanted)
    floor = area.top - _LABEL_H
    for i in order:
        floor = placed[i] = max(wanted[i], floor + _LABEL_H)
    ceiling = area.bottom + _LABEL_H
    for i in reversed(order):
        ceiling = placed[i] = min(placed[i], ceiling - _LABEL_H)
    return placed


def _marks(plot: Plot, area: _Area) -> list[str]:
    drawn: list[str] = []
    ends = [0.0] * _MARK_ROWS
    for mark in sorted(plot.marks, key=lambda mark: mark.at):
        if not area.holds(mark.at):
            continue
        x = area.x(mark.at)
        said = visible(mark.text)
        label = _cut(said, 26)
        width = len(label) * _LETTER_W
        start = min(x + 3, area.right + _RIGHT - width - 4)
        row = next((row for row in range(_MARK_ROWS) if ends[row] <= start), None)
        kind = "phase" if mark.kind == "phase" else "action"
        top = area.top if row is None else _TITLE_H + row * _MARK_ROW_H
        drawn.append(f'<g class="mark {kind}"><title>{_text(f"{said}, {clock(mark.at)} UTC")}</title>')
        drawn.append(f'<path d="M{x:.1f} {top:.1f}V{area.bottom:g}"/>')
        if row is not None:
            ends[row] = start + width + 4
            drawn.append(f'<text x="{start:.1f}" y="{top + 9:.1f}">{_text(label)}</text>')
        drawn.append("</g>")
    return drawn


def _line(series: Series, stretches: list[list[Point]], area: _Area) -> list[str]:
    columns = int(area.right - area.left)
    path: list[str] = []
    dots: list[str] = []
    for stretch in stretches:
        if len(stretch) == 1:
            at, value = stretch[0]
            dots.append(
                f'<circle class="dot {_track(series)}" cx="{area.x(at):.1f}" cy="{area.y(value):.1f}" r="2.4"/>'
            )
            continue
        placed = (
            f"{area.x(at):.1f} {area.y(value):.1f}" for at, value in thinned(stretch, area.since, area.until, columns)
        )
        path.append("M" + "L".join(placed))
    drawn = [f'<path class="line {_track(series)}" d="{"".join(path)}"/>'] if path else []
    return drawn + dots


def _legend(lines: _Lines, unit: str) -> list[str]:
    drawn: list[str] = []
    left = 8.0
    for series, stretches in lines:
        last = format_value(stretches[-1][-1][1], unit) if stretches else "no measurement"
        said = _cut(f"{series.track or 'all'} {last}", 30)
        drawn.append(f'<path class="line {_track(series)}" d="M{left:.1f} 32.5h24"/>')
        drawn.append(f'<text class="key" x="{left + 30:.1f}" y="36">{_text(said)}</text>')
        left += 48 + len(said) * _LETTER_W
    return drawn


def _described(plot: Plot, lines: _Lines) -> str:
    """Say the plot in words, for those who cannot see it."""
    said = []
    for series, stretches in lines:
        values = [value for stretch in stretches for _, value in stretch]
        if values:
            low, high, last = (format_value(value, plot.unit) for value in (min(values), max(values), values[-1]))
            said.append(f"{series.track or 'all'}: {low} to {high}, last {last}, {len(stretches) - 1} gaps")
        else:
            said.append(f"{series.track or 'all'}: no measurement")
    said += [f"{limit.name} {limit.text}" for limit in plot.limits]
    return "; ".join(said)


def _track(series: Series) -> str:
    return series.track if series.track in ("canary", "baseline") else "all"


def _cut(text: str, limit: int) -> str:
    """Return text of at most `limit` characters, escapes included."""
    return visible(visible(text), limit)


def _text(text: str) -> str:
    return escape(visible(text))
