"""A view of the rollout file as lines: its sections under their headings, and above them which view it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from console.core.dashboard_frame import DashboardRow, DashboardSection, DashboardView
from console.core.verdict import Verdict
from widgets.drawing import Drawing
from widgets.ink import VERDICT, Role
from widgets.lines import BLANK, Line, Span, cells, cut, fit, heading, spread, wrap
from widgets.plots import spark

WIDE = 100
"""From this width on a line has its value, its plot and its reason beside each other."""
PAIRED = 160
"""From this width on two columns of sections stand side by side."""
_SPARK = 12
_MARK = 3


@dataclass(frozen=True, slots=True)
class ViewPart:
    """The view that is shown, and the titles of all of them."""

    view: DashboardView
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths that all lines of a view share, so that what is alike stands in one column."""

    width: int
    name: int
    text: int


def view_lines(part: ViewPart, width: int) -> list[Line]:
    """Return the line of titles, and then the sections from top to bottom, in two columns where there is room."""
    sections = part.view.sections
    half = width if width < PAIRED else (width - 2) // 2
    rows = [row for section in sections for row in section.rows if row.text]
    columns = _Columns(
        half, _widest([row.name for row in rows], half * 2 // 5), _widest([row.text for row in rows], 23)
    )
    blocks = [section_lines(section, columns) for section in sections]
    lines = [_tabs(part, width)]
    if half == width:
        return lines + [line for block in blocks for line in block]
    left, right = _side_by_side(blocks)
    for one, other in zip_longest(left, right, fillvalue=BLANK):
        spans = cut(one.spans, half)
        gap = Span(" " * (half + 2 - cells(spans)))
        lines.append(Line((*spans, gap, *cut(other.spans, half))))
    return lines


def _tabs(part: ViewPart, width: int) -> Line:
    spans = [Span(" Everything ", Role.DIM)]
    for title in part.titles:
        is_shown = title == part.view.title
        spans += [Span("│", Role.FAINT), Span(f" {title} ", Role.HEAD_FOCUSED if is_shown else Role.DIM)]
    return spread(spans, [Span("l", Role.KEY), Span(" next ", Role.DIM)], width)


def _side_by_side(blocks: Sequence[list[Line]]) -> tuple[list[Line], list[Line]]:
    """Return the blocks in two columns, in their order, where the higher one is as low as can be."""
    heights = [len(block) for block in blocks]
    split = min(range(len(blocks) + 1), key=lambda index: max(sum(heights[:index]), sum(heights[index:])))
    first, second = blocks[:split], blocks[split:]
    return [line for block in first for line in block], [line for block in second for line in block]


def section_lines(section: DashboardSection, columns: _Columns) -> list[Line]:
    """Return a heading and the lines under it."""
    lines = [heading(section.title, columns.width)]
    if not section.rows:
        return [*lines, Line((Span("   nothing to show", Role.DIM),))]
    return lines + [line for row in section.rows for line in _row(row, columns)]


def _widest(texts: Sequence[str], most: int) -> int:
    return min(most, max((cells([Span(text)]) for text in texts), default=0))


def _row(row: DashboardRow, columns: _Columns) -> list[Line]:
    role = Role.DIM if row.tone is None else VERDICT[row.tone]
    is_well = row.tone in (None, Verdict.OK)
    title = [Span(f" {row.mark or ' '} ", role)]
    title += [Span(f"{row.key} ", Role.KEY)] if row.key else []
    title.append(Span(row.name, Role.TEXT))
    said = Span(row.text, Role.STRONG if is_well else role)
    if not row.text:
        more = [Span(f"  {row.more}", Role.DIM)] if row.more else []
        return [Line(tuple(cut([*title, *more], columns.width)))]
    is_long = cells(title) > _MARK + columns.name or cells([said]) > columns.text
    if is_long or not _is_room(row, columns):
        return [*_apart(title, said, columns), *_below(row.more, columns.width)]
    spans = [*title, Span(" " * (_MARK + columns.name + 2 - cells(title)))]
    spans += [Span(fit(row.text, columns.text), said.role), Span("  ")]
    if row.spark and columns.width >= _MARK + columns.name + columns.text + _SPARK + 30:
        spans += [Span(spark(row.spark, _SPARK), Role.PLOT if is_well else role), Span("  ")]
    return [Line(tuple(cut([*spans, Span(row.more, Role.DIM)], columns.width)))]


def _is_room(row: DashboardRow, columns: _Columns) -> bool:
    """Whether why it is so fits beside the value; on a wide screen it is cut instead, but for what is not well."""
    taken = _MARK + columns.name + 2 + columns.text + 2
    is_well = row.tone in (None, Verdict.OK)
    return (columns.width >= WIDE and is_well) or taken + cells([Span(row.more)]) <= columns.width


def _apart(title: Sequence[Span], said: Span, columns: _Columns) -> list[Line]:
    """Return name and text in one line where they fit, else in two."""
    gap = max(2, _MARK + columns.name + 2 - cells(title))
    if cells(title) + gap + cells([said]) <= columns.width:
        return [Line((*title, Span(" " * gap), said))]
    return [Line(tuple(cut(title, columns.width))), *_below(said.text, columns.width, said.role)]


def _below(more: str, width: int, role: Role = Role.DIM) -> list[Line]:
    return [Line((Span("     "), Span(piece, role))) for piece in wrap(more, width - 6)] if more else []


class ViewPane(Drawing[ViewPart], can_focus=True):
    """One of the file's views of the session."""

    head = 1
    HELP = "A view of this session, as the rollout file says; the last line says which key shows the next one."

    def draw(self, part: ViewPart, width: int, height: int) -> list[Line]:
        """Return the lines."""
        return view_lines(part, width - 1)
