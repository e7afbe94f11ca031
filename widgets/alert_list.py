"""Alerts and silences as lines: what stands, who was told, who takes care of it."""

from dataclasses import dataclass

from console.core.frame import AlertView, SilenceView
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import Line, Span, spread, wrap
from widgets.words import clock, moment, whole

_ROLES = {"critical": Role.CRITICAL, "warning": Role.WARNING, "blind": Role.UNKNOWN}
_GLYPHS = {"critical": "✗", "warning": "!", "blind": "?"}


@dataclass(frozen=True, slots=True)
class AlertsPart:
    """The alerts and silences, and the row under the cursor, if one is chosen."""

    alerts: tuple[AlertView, ...]
    silences: tuple[SilenceView, ...]
    cursor: int | None
    at: int


def alert_lines(part: AlertsPart, width: int) -> list[Line]:
    """Return the lines of all alerts, then those of the silences."""
    return [line for rows in alert_rows(part, width) for line in rows]


def alert_rows(part: AlertsPart, width: int) -> list[list[Line]]:
    """Return the lines of each alert and each silence."""
    rows = [_alert(alert, part.at, width, index == part.cursor) for index, alert in enumerate(part.alerts)]
    for index, silence in enumerate(part.silences, len(part.alerts)):
        rows.append([_silence(silence, width, index == part.cursor)])
    return rows or [[Line((Span("  nothing calls for attention, and nothing is silenced", Role.DIM),))]]


def _mark(is_selected: bool) -> tuple[Span, Ground]:
    return Span("▌ " if is_selected else "  ", Role.ACCENT), Ground.SELECTED if is_selected else Ground.PLAIN


def _alert(alert: AlertView, at: int, width: int, is_selected: bool) -> list[Line]:
    mark, ground = _mark(is_selected)
    role = _ROLES.get(alert.severity, Role.TEXT)
    badge = Span(f"{_GLYPHS.get(alert.severity, '·')} {alert.severity.upper():9}", role)
    status = alert.status or "shown only"
    right = [Span(f"{status}  ", Role.ACCENT if alert.status == "firing" else Role.DIM)]
    right.append(Span(f"for {whole(at - alert.since)} ", Role.DIM))
    lines = [spread([mark, badge, Span(alert.text)], right, width, ground)]
    for said, tone in ((alert.told, Role.BROKEN if alert.is_failing else Role.DIM), (alert.why, Role.DIM)):
        if said:
            lines += [Line((Span(" " * 13), Span(piece, tone)), ground) for piece in wrap(said, max(12, width - 14))]
    return lines


def _silence(silence: SilenceView, width: int, is_selected: bool) -> Line:
    mark, ground = _mark(is_selected)
    what = f"{silence.severity} {silence.about}".strip()
    left = [mark, Span("— silence  ", Role.DIM), Span(what), Span(f"  {silence.by}: {silence.reason}", Role.DIM)]
    until = moment(silence.until) if width >= 100 else clock(silence.until)
    return spread(left, [Span(f"until {until} ", Role.DIM)], width, ground)


class AlertList(Drawing[AlertsPart], can_focus=True):
    """Alerts and silences."""

    def draw(self, part: AlertsPart, width: int, height: int) -> list[Line]:
        """Return the lines."""
        return alert_lines(part, width - 1)
