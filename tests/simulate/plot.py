"""The plot of the docs: how evidence grows, or does not."""

import random
from dataclasses import replace
from html import escape

from console.core.axes import value_ticks
from console.core.evidence import Comparison
from tests.simulate.cases import DAY
from tests.simulate.soak import run

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 330, 46, 700, 66, 292
_LOW, _HIGH = -5.0, 12.0
_HOURS = 24
_LINES = (
    ("healthy", "#2563eb", DAY),
    ("3x from the start", "#c2410c", replace(DAY, ratio=3)),
    ("3x after 12 good hours", "#7c3aed", replace(DAY, ratio=3, since=720)),
)


def evidence_plot(seed: int) -> str:
    """Return an SVG of the log evidence over a day, for three soaks of the simulation."""
    body = [
        '<text class="head" x="8" y="20">Evidence that the canary is worse, over a day: log E</text>',
        *_grid(),
    ]
    left = 8.0
    for name, colour, soak in _LINES:
        seen: list[tuple[int, float]] = []

        def note(minute: int, known: Comparison, seen: list[tuple[int, float]] = seen) -> None:
            seen.append((minute, known.log_e_worse))

        outcome = run(soak, random.Random(f"{seed}/plot/{name}"), note)
        path = "L".join(f"{_x(minute):.1f} {_y(log):.1f}" for minute, log in _cut(seen))
        body.append(f'<path d="M{path}" stroke="{colour}"/>')
        said = name if outcome.alarm > DAY.minutes else f"{name}: found after {outcome.alarm - soak.since:.0f} min"
        if outcome.alarm <= DAY.minutes:
            body.append(f'<circle cx="{_x(outcome.alarm):.1f}" cy="{_y(3.0):.1f}" r="4" fill="{colour}"/>')
        body.append(f'<path d="M{left} 40h22" stroke="{colour}"/><text x="{left + 28}" y="44">{escape(said)}</text>')
        left += 64 + 6.3 * len(said)
    style = (
        "text{font:11.5px ui-sans-serif,system-ui,sans-serif;fill:#57606a}.head{font-size:13.5px;font-weight:600}"
        ".end{text-anchor:end}.mid{text-anchor:middle}path{fill:none;stroke-width:1.7}.grid{stroke:#8c959f55;stroke-width:.7}"
        ".sure{stroke:#cf222e;stroke-width:1.3;stroke-dasharray:6 3}.limit{fill:#cf222e;font-weight:600}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f"<title>Evidence over a day</title><style>{style}</style>"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>{"".join(body)}</svg>\n'
    )


def _cut(seen: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the points up to the first one above the top of the plot."""
    above = next((place for place, (_, log) in enumerate(seen) if log > _HIGH), len(seen))
    return [(minute, max(_LOW, min(_HIGH, log))) for minute, log in seen[: above + 1]]


def _grid() -> list[str]:
    drawn = []
    for value, label in value_ticks(_LOW, _HIGH, 6):
        drawn.append(f'<path class="grid" d="M{_LEFT} {_y(value):.1f}H{_RIGHT}"/>')
        drawn.append(f'<text class="end" x="{_LEFT - 6}" y="{_y(value) + 4:.1f}">{label}</text>')
    for hour in range(0, _HOURS + 1, 4):
        drawn.append(f'<text class="mid" x="{_x(60 * hour):.1f}" y="{_BOTTOM + 20}">{hour} h</text>')
    sure = Comparison().needed
    drawn.append(f'<path class="sure" d="M{_LEFT} {_y(sure):.1f}H{_RIGHT}"/>')
    drawn.append(
        f'<text class="limit" x="{_LEFT + 150}" y="{_y(sure) - 6:.1f}">sure: log 1/α = {sure:.1f}, α = 5 %</text>'
    )
    return drawn


def _x(minute: float) -> float:
    return _LEFT + minute / (60 * _HOURS) * (_RIGHT - _LEFT)


def _y(log: float) -> float:
    return _BOTTOM - (log - _LOW) / (_HIGH - _LOW) * (_BOTTOM - _TOP)
