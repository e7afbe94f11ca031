"""From where to where, as lines: rows are numbered, and the numbers stand above the columns."""

from console.core.matrix import MatrixRow, MatrixSide, MatrixView
from console.core.words import count_of
from widgets.ink import Role
from widgets.lines import BLANK, Line, Span, cells, cut, fit
from widgets.words import short_count

_COUNT = 7
_SHARE = 8
_LEAST_NAME = 12
_MOST_NAME = 28


def matrix_lines(view: MatrixView, side: MatrixSide, width: int) -> list[Line]:
    """Return one side of a table, `width` cells wide; what does not fit beside the names goes on in blocks below."""
    if not side.rows and not (side.unnamed or side.unnamed_rejected):
        return [Line((Span(f" no {view.event} yet", Role.DIM),))]
    names = tuple(dict.fromkeys((*(row.name for row in side.rows), *view.columns)))
    longest = max((cells([Span(name)]) for name in names), default=0)
    name_cells = max(_LEAST_NAME, min(_MOST_NAME, longest)) + 5
    tail = _COUNT + (_COUNT + _SHARE if view.rejected else 0)
    each = max(1, (width - name_cells - tail - 1) // _COUNT)
    lines: list[Line] = []
    for first in range(0, max(1, len(view.columns)), each):
        shown = range(first, min(first + each, len(view.columns)))
        if lines:
            lines.append(BLANK)
        is_last = first + each >= len(view.columns)
        lines.append(_heading(view, names, shown, name_cells, is_last=is_last))
        lines += [_row(view, row, names, shown, name_cells, is_last=is_last) for row in side.rows]
    lines += _targets(names, {row.name for row in side.rows}, width)
    return [*lines, *_refused(side, width), *_unnamed(view, side)]


def _heading(view: MatrixView, names: tuple[str, ...], shown: range, name_cells: int, *, is_last: bool) -> Line:
    numbers = "".join(f"{f'→{names.index(view.columns[at]) + 1}':>{_COUNT}}" for at in shown)
    spans = [Span(fit(" from", name_cells), Role.HEAD), Span(numbers, Role.HEAD)]
    if is_last:
        spans.append(Span(f"{'all':>{_COUNT}}", Role.HEAD))
        if view.rejected:
            spans.append(Span(f"{'refused':>{_COUNT + _SHARE}}", Role.HEAD))
    return Line(tuple(spans))


def _row(
    view: MatrixView, row: MatrixRow, names: tuple[str, ...], shown: range, name_cells: int, *, is_last: bool
) -> Line:
    spans = [Span(fit(f" {names.index(row.name) + 1:>2}  {row.name}", name_cells), Role.STRONG)]
    for at in shown:
        count = row.counts[at]
        spans.append(Span(f"{short_count(count) if count else '·':>{_COUNT}}", Role.TEXT if count else Role.FAINT))
    if is_last:
        spans.append(Span(f"{short_count(row.done):>{_COUNT}}", Role.STRONG))
        if view.rejected:
            share = row.rejected_share
            said = "" if not row.rejected or share is None else f"{100 * share:.2g} %"
            role = Role.WARNING if row.rejected else Role.FAINT
            spans.append(Span(f"{short_count(row.rejected) if row.rejected else '·':>{_COUNT}}{said:>{_SHARE}}", role))
    return Line(tuple(spans))


def _targets(names: tuple[str, ...], rows: set[str], width: int) -> list[Line]:
    """Return the names of the columns that no row has."""
    ends = [f"{names.index(name) + 1} {name}" for name in names if name not in rows]
    if not ends:
        return []
    return [BLANK, Line(tuple(cut([Span(" only reached  ", Role.DIM), Span("   ".join(ends))], width)))]


def _refused(side: MatrixSide, width: int) -> list[Line]:
    rows = [row for row in side.rows if row.refused]
    if not rows:
        return []
    lines = [BLANK, Line((Span(" refused", Role.HEAD),))]
    for row in rows:
        asked = "   ".join(f"{to} {short_count(count)}" for to, count in row.refused)
        lines.append(Line(tuple(cut([Span(f" {row.name}  ", Role.STRONG), Span(asked, Role.WARNING)], width))))
    return lines


def _unnamed(view: MatrixView, side: MatrixSide) -> list[Line]:
    said = []
    if side.unnamed:
        said.append(f"{count_of(side.unnamed, 'line')} of {view.event} without a pair of their own")
    if side.unnamed_rejected:
        said.append(f"{count_of(side.unnamed_rejected, 'line')} of {view.rejected} that do not say from where")
    return [BLANK, Line((Span(f" {'; '.join(said)}", Role.DIM),))] if said else []
