"""Lines of the screen as plain values: pieces of text with a role, measured in terminal cells."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from console.core.text import visible
from widgets.ink import Ground, Inks, Role


class Span(NamedTuple):
    """A piece of text and what it is for."""

    text: str
    role: Role = Role.TEXT


class Line(NamedTuple):
    """One line: its pieces from left to right and what it lies on."""

    spans: tuple[Span, ...]
    ground: Ground = Ground.PLAIN

    @property
    def text(self) -> str:
        """The line without its roles."""
        return "".join(span.text for span in self.spans)


BLANK = Line(())


def clean(text: str) -> str:
    """Return text that is safe to draw; text that already is costs one look."""
    return text if text.isprintable() else visible(text)


def fit(text: str, width: int, *, is_right: bool = False) -> str:
    """Return safe text in exactly `width` cells: cut with `…`, or padded on the right (left if `is_right`)."""
    text = clean(text)
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(_shortened(text, width), width) if width > 0 else ""
    padding = " " * (width - length)
    return padding + text if is_right else text + padding


def _shortened(text: str, width: int) -> str:
    """Return text that does not fit into `width` cells, with a `…` at its end: one, also if it was cut before."""
    return set_cell_size(text, width - 1).rstrip().rstrip("…") + "…"


def clip(text: str, width: int) -> str:
    """Return safe text in at most `width` cells, ending in `…` if it was cut."""
    text = clean(text)
    return text if cell_len(text) <= width else fit(text, width)


def cells(spans: Iterable[Span]) -> int:
    """Return how many cells the pieces take."""
    return sum(len(text) if text.isascii() else cell_len(clean(text)) for text, _ in spans)


def cut(spans: Sequence[Span], width: int) -> list[Span]:
    """Return the pieces that fit into `width` cells; the last one ends in `…` if words were left out."""
    kept: list[Span] = []
    left = width
    for position, span in enumerate(spans):
        text = clean(span.text)
        length = len(text) if text.isascii() else cell_len(text)
        if length < left:
            kept.append(Span(text, span.role))
            left -= length
            continue
        is_last = not any(after.text.strip() for after in spans[position + 1 :])
        if length == left and is_last:
            kept.append(Span(text, span.role))
        elif left > 0 and is_last and cell_len(text.rstrip()) <= left:
            kept.append(Span(set_cell_size(text, left), span.role))
        elif left > 0:
            is_said = bool(kept) and kept[-1].text.endswith("…") and _shortened(text, left) == "…"
            kept += [] if is_said else [Span(_shortened(text, left), span.role)]
        return kept
    return kept


def spread(left: Sequence[Span], right: Sequence[Span], width: int, ground: Ground = Ground.PLAIN) -> Line:
    """Return a line with one part at each edge; where both do not fit the left one is cut, but keeps half the line."""
    most = max(0, width - min(cells(left), width // 2) - 1)
    right = cut(right, most) if cells(right) > most else right
    right_cells = cells(right)
    room = width - right_cells - (1 if right else 0)
    kept = cut(left, max(0, room))
    gap = width - cells(kept) - right_cells
    return Line((*kept, Span(" " * gap), *right), ground)


def squeeze(pieces: Sequence[tuple[int, Sequence[Span]]], width: int, gap: str = "   ") -> list[Span]:
    """Return the most important pieces (0 first) that fit into `width` cells, in their given order.

    A piece is left out whole; only the most important one may be cut.
    """
    room = width
    chosen: set[int] = set()
    by_weight = sorted(range(len(pieces)), key=lambda index: (pieces[index][0], index))
    for index in by_weight:
        cost = cells(pieces[index][1])
        if not cost:
            continue
        needed = cost + (len(gap) if chosen else 0)
        if needed <= room or not chosen:
            chosen.add(index)
            room -= needed
    spans: list[Span] = []
    for index in sorted(chosen):
        if spans:
            spans.append(Span(gap))
        spans.extend(pieces[index][1])
    return cut(spans, width)


def wrap(text: str, width: int) -> list[str]:
    """Return safe text broken at spaces into lines of at most `width` cells; longer words are broken anywhere."""
    lines: list[str] = []
    current = ""
    for word in clean(text).split(" "):
        joined = f"{current} {word}" if current else word
        if cell_len(joined) <= width:
            current = joined
            continue
        if current:
            lines.append(current)
        current = word
        while cell_len(current) > width > 0:
            head = set_cell_size(current, width).rstrip(" ") or current[:1]
            lines.append(head)
            current = current[len(head) :]
    return [*lines, current]


def heading(
    title: str, width: int, *, right: Sequence[Span] = (), notes: Sequence[Span] = (), is_focused: bool = False
) -> Line:
    """Return the rule that names a pane: `── log  all ────────── 212 lines/s ──`."""
    role = Role.HEAD_FOCUSED if is_focused else Role.HEAD
    rule = Role.ACCENT if is_focused else Role.FAINT
    left = [Span("── ", rule), Span(clean(title), role), Span(" ", rule), *notes]
    tail = [Span(" ", rule), *right, Span(" ──", rule)] if right else [Span("──", rule)]
    if notes:
        left.append(Span(" ", rule))
    left = cut(left, max(0, width - cells(tail)))
    return Line((*left, Span("─" * max(0, width - cells(left) - cells(tail)), rule), *cut(tail, width)))


def strip_of(line: Line, width: int, inks: Inks) -> Strip:
    """Return a line as the terminal gets it: exactly `width` cells, every character printable, no meta."""
    spans, ground = line
    segments = [Segment(clean(text), inks(role, ground)) for text, role in spans if text]
    return Strip(segments).adjust_cell_length(width, inks(Role.TEXT, ground))
