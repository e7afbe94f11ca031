"""The checklist and plain text as lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.core.checklist_frame import ChecklistView, SignOffView
from widgets.drawing import Drawing
from widgets.ink import Ground, Role
from widgets.lines import Line, Span, spread
from widgets.words import clock


@dataclass(frozen=True, slots=True)
class ChecklistPart:
    """The checklist and the sign-offs of the present phase, and the row under the cursor."""

    items: tuple[ChecklistView, ...]
    roles: tuple[SignOffView, ...]
    cursor: int
    is_armed: bool = False
    """The next Enter signs."""


def checklist_lines(part: ChecklistPart, width: int) -> list[Line]:
    """Return an item or a role on each line."""
    lines = [_item_line(item, width, part.cursor == index) for index, item in enumerate(part.items)]
    for index, one in enumerate(part.roles, len(part.items)):
        lines.append(_role_line(one.role, one.by, width, part.cursor == index, is_armed=part.is_armed))
    return lines or [Line((Span("  this phase has no checklist and asks for no sign-off", Role.DIM),))]


def _mark(is_selected: bool) -> tuple[Span, Ground]:
    return Span("▌ " if is_selected else "  ", Role.ACCENT), Ground.SELECTED if is_selected else Ground.PLAIN


def _item_line(item: ChecklistView, width: int, is_selected: bool) -> Line:
    mark, ground = _mark(is_selected)
    box = Span("[✓] " if item.is_done else "[ ] ", Role.OK if item.is_done else Role.STRONG)
    left = [mark, box, Span(item.text, Role.DIM if item.is_done else Role.TEXT)]
    if item.note:
        left.append(Span(f"  {item.note}", Role.DIM))
    right: list[Span] = []
    if item.is_done and (item.by or item.at is not None):
        at = f" {clock(item.at)}" if item.at is not None else ""
        right.append(Span(f"{item.by}{at} ", Role.DIM))
    if item.is_verified:
        right.append(Span("verified by the console " if item.is_done else "the console verifies it ", Role.ACCENT))
    return spread(left, right, width, ground)


def _role_line(role: str, who: str, width: int, is_selected: bool, *, is_armed: bool) -> Line:
    mark, ground = _mark(is_selected)
    left = [mark, Span("[✓] " if who else "[ ] ", Role.OK if who else Role.STRONG), Span(f"sign-off: {role}")]
    right = [Span(f"{who} ", Role.DIM)] if who else []
    if is_selected and is_armed and not who:
        right = [Span(" Enter again signs in this role ", Role.WARNING_BADGE)]
    return spread(left, right, width, ground)


class ChecklistBody(Drawing[ChecklistPart], can_focus=True):
    """Checklist items and sign-offs."""

    def draw(self, part: ChecklistPart, width: int, height: int) -> list[Line]:
        """Return an item or a role on each line."""
        return checklist_lines(part, width - 1)


class Page(Drawing[tuple[Line, ...]], can_focus=True):
    """Lines that somebody else made."""

    def draw(self, part: tuple[Line, ...], width: int, height: int) -> Sequence[Line]:
        """Return the lines as they are."""
        return part
