"""Rows of a query as lines."""

from collections.abc import Iterator, Sequence

from console.core.words import Table
from widgets.ink import Role
from widgets.lines import Line, Span, cells, cut, fit, wrap

_WIDEST = 48
_NARROWEST = 4
_STACKED = 3
"""From so many columns on a row that does not fit is shown as lines of its own."""
_GAP = "  "
_APART = "   "


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


def whole_lines(table: Table, width: int, *, indent: str = "") -> list[Line]:
    """Return the rows with nothing cut off: as a table where all of it fits, else each row as lines of its own.

    Those begin with the first column, which says what the row is about, and then name every other one.
    """
    texts = [
        (name, *(row[place] for row in table.rows if place < len(row))) for place, name in enumerate(table.columns)
    ]
    needed = [max(cells([Span(text)]) for text in column) for column in texts]
    room = width - len(indent)
    fits = all(column <= _WIDEST for column in needed) and sum(needed) + len(_GAP) * (len(needed) - 1) <= room
    if fits or len(needed) < _STACKED or not table.rows:
        return table_lines(table, width, indent=indent)
    lines: list[Line] = []
    for row in table.rows:
        lines += [Line((Span(indent), Span(piece, Role.STRONG))) for piece in wrap(row[0], max(10, room))]
        said = [f"{name} {text or '–'}" for name, text in zip(table.columns[1:], row[1:], strict=False)]
        lines += [Line((Span(indent + _GAP), Span(piece, Role.DIM))) for piece in _packed(said, max(10, room - 2))]
    if table.is_cut:
        lines.append(Line((Span(f"{indent}… more rows were not fetched", Role.DIM),)))
    return lines


def _packed(parts: Sequence[str], width: int) -> Iterator[str]:
    """Yield the parts side by side, on as many lines of at most `width` cells as they need."""
    line = ""
    for part in parts:
        if line and cells([Span(line), Span(part)]) + len(_APART) > width:
            yield from wrap(line, width)
            line = ""
        line = f"{line}{_APART}{part}" if line else part
    yield from wrap(line, width)


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
