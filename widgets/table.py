"""Rows of a query as lines."""

from collections.abc import Sequence

from console.core.words import Table
from widgets.ink import Role
from widgets.lines import Line, Span, cells, cut, fit

_WIDEST = 48
_NARROWEST = 4
_GAP = "  "


def column_widths(table: Table, width: int) -> list[int]:
    """Return the cells that each column gets: what it needs, and less for the widest ones if that is too much."""
    needed = []
    for index, name in enumerate(table.columns):
        texts = (name, *(row[index] for row in table.rows if index < len(row)))
        needed.append(min(_WIDEST, max(cells([Span(text)]) for text in texts)))
    room = width - len(_GAP) * max(0, len(needed) - 1)
    while sum(needed) > room and max(needed, default=0) > _NARROWEST:
        needed[needed.index(max(needed))] -= 1
    return needed


def _is_number(text: str) -> bool:
    return bool(text) and text.lstrip("-+").replace(",", "").replace(".", "", 1).rstrip("%").strip().isdigit()


def table_lines(table: Table, width: int, *, limit: int | None = None, indent: str = "") -> list[Line]:
    """Return the names of the columns and the rows; at most `limit` rows, and then a line that says so."""
    if not table.columns:
        return [Line((Span(indent + "no columns", Role.DIM),))]
    widths = column_widths(table, max(1, width - len(indent)))
    rows = table.rows if limit is None else table.rows[: max(0, limit)]
    numeric = [
        bool(table.rows) and all(_is_number(row[index]) for row in table.rows if index < len(row) and row[index])
        for index in range(len(widths))
    ]
    places = tuple(zip(widths, numeric, strict=True))
    lines = [_row(table.columns, places, Role.DIM, indent, width)]
    lines += [_row(row, places, Role.TEXT, indent, width) for row in rows]
    if not table.rows:
        lines.append(Line((Span(indent + "no rows", Role.DIM),)))
    hidden = len(table.rows) - len(rows)
    if hidden or table.is_cut:
        said = f"{hidden} more rows" if hidden and not table.is_cut else "more rows were not fetched"
        lines.append(Line((Span(f"{indent}… {said}", Role.DIM),)))
    return lines


def _row(texts: Sequence[str], places: Sequence[tuple[int, bool]], role: Role, indent: str, width: int) -> Line:
    spans = [Span(indent)] if indent else []
    for index, (text, (column, is_right)) in enumerate(zip(texts, places, strict=False)):
        if index:
            spans.append(Span(_GAP))
        spans.append(Span(fit(text, column, is_right=is_right), role))
    return Line(tuple(cut(spans, width)))
