"""The goals of the whole rollout as lines: how each stands, against what, and who said so."""

from dataclasses import dataclass

from console.core.dashboard_frame import KpiOutcome, KpiView
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import Line, Span, spread, wrap

_ROLES = {KpiOutcome.MET: Role.OK, KpiOutcome.MISSED: Role.CRITICAL, KpiOutcome.UNKNOWN: Role.UNKNOWN}
_GLYPHS = {KpiOutcome.MET: "✓", KpiOutcome.MISSED: "✗", KpiOutcome.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class KpisPart:
    """The goals and the row under the cursor."""

    kpis: tuple[KpiView, ...]
    cursor: int


def kpi_rows(part: KpisPart, width: int) -> list[list[Line]]:
    """Return the lines of each goal."""
    rows = [_kpi(kpi, width, index == part.cursor) for index, kpi in enumerate(part.kpis)]
    return rows or [[Line((Span("  the rollout file names no goals", Role.DIM),))]]


def _kpi(kpi: KpiView, width: int, is_selected: bool) -> list[Line]:
    ground = Ground.SELECTED if is_selected else Ground.PLAIN
    mark = Span("▌ " if is_selected else "  ", Role.ACCENT)
    badge = Span(f"{_GLYPHS[kpi.outcome]} {kpi.said:14}", _ROLES[kpi.outcome])
    right = [Span(kpi.text, Role.STRONG), Span(f"  goal {kpi.target} ", Role.DIM)]
    lines = [spread([mark, badge, Span(kpi.title)], right, width, ground)]
    lines += [Line((Span(" " * 18), Span(piece, Role.DIM)), ground) for piece in wrap(kpi.reason, max(12, width - 19))]
    return lines


class KpiList(Drawing[KpisPart], can_focus=True):
    """The goals of the whole rollout."""

    def draw(self, part: KpisPart, width: int, height: int) -> list[Line]:
        """Return the lines."""
        return [line for rows in kpi_rows(part, width - 1) for line in rows]
