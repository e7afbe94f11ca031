"""Monitoring queries with their newest rows and when they run next."""

from dataclasses import dataclass

from console.core.frame import QueryView
from widgets.drawing import Drawing
from widgets.ink import Role
from widgets.lines import BLANK, Line, Span, heading, spread, wrap
from widgets.table import table_lines
from widgets.words import whole

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TITLE_LINES = 4
_ROWS = 8


@dataclass(frozen=True, slots=True)
class QueriesPart:
    """The queries and the second they are drawn in, which turns the spinner."""

    queries: tuple[QueryView, ...]
    second: int


def took(seconds: float) -> str:
    """Return how long a query took: `84 ms`, `1.2s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f}s"


def state_spans(query: QueryView, second: int) -> list[Span]:
    """Return what a query is doing: running and for how long, or when it runs next."""
    spans: list[Span] = []
    if query.skipped:
        spans.append(Span(f"{query.skipped} skipped  ", Role.WARNING))
    if query.took_s is not None:
        spans.append(Span(f"took {took(query.took_s)}  ", Role.DIM))
    if query.is_running:
        since = "" if query.running_s is None or query.running_s < 1 else f" {whole(query.running_s)}"
        spans.append(Span(f"{SPINNER[second % len(SPINNER)]} running{since}", Role.ACCENT))
    elif query.next_in_s is not None:
        spans.append(Span(f"next in {whole(query.next_in_s)}", Role.DIM))
    return spans


def query_lines(part: QueriesPart, width: int, *, is_focused: bool = False) -> list[Line]:
    """Return all queries: a title line each, then its rows or why there are none."""
    running = sum(query.is_running for query in part.queries)
    right = [Span(f"{running} running", Role.ACCENT)] if running else []
    lines = [heading("queries", width, right=right, is_focused=is_focused)]
    if not part.queries:
        return [*lines, Line((Span("  this rollout has no queries", Role.DIM),))]
    for query in part.queries:
        if len(lines) > 1:
            lines.append(BLANK)
        title = query.title or query.metric
        lines.append(spread([Span(title, Role.STRONG)], state_spans(query, part.second), width))
        if query.error:
            said = wrap(query.error, max(8, width - 4))[:_TITLE_LINES]
            lines += [Line((Span("⊘ " if first else "  ", Role.BROKEN), Span(text))) for first, text in _firsts(said)]
        if query.table is not None:
            lines += table_lines(query.table, width, limit=_ROWS, indent="  ")
        elif not query.error:
            lines.append(Line((Span("  no answer yet", Role.DIM),)))
        if query.table is not None and query.age_s is not None and (query.error or query.age_s > 2 * query.every_s):
            lines.append(Line((Span(f"  these rows are {whole(query.age_s)} old", Role.UNKNOWN),)))
    return lines


def _firsts(texts: list[str]) -> list[tuple[bool, str]]:
    return [(index == 0, text) for index, text in enumerate(texts)]


class QueryPane(Drawing[QueriesPart], can_focus=True):
    """The rows of the monitoring queries."""

    head = 1
    HELP = "The newest rows of every monitoring query, how long it took and when it runs next."

    def draw(self, part: QueriesPart, width: int, height: int) -> list[Line]:
        """Return the queries."""
        return query_lines(part, width - 1, is_focused=self.has_focus)
