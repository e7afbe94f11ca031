"""The last line: keys that work now, the way out first."""

from dataclasses import dataclass

from console.core.verdict import Verdict
from widgets.drawing import Drawing
from widgets.ink import BADGE, Ground, Role
from widgets.lines import Line, Span, cells, clip, squeeze

NEEDED = 3
"""Up to this weight a key is worth more than the end of a label: the ways out, the way on, and the help."""
_LONGEST_LABEL = 28
_SHORTEST_LABEL = 17
_GAP = "  "


@dataclass(frozen=True, slots=True)
class KeyCap:
    """A key with its label."""

    key: str
    label: str
    weight: int
    """0 is shown even on the smallest screen; higher weights go first when there is no room."""
    is_dim: bool = False
    """It is offered, but its time has not come."""
    lit: Verdict | None = None
    """The verdict that calls for it."""


def key_line(caps: tuple[KeyCap, ...], width: int) -> Line:
    """Return the keys that fit, in their order; where that is enough, labels are shortened for the needed ones."""
    needed = [cap for cap in caps if cap.weight <= NEEDED]
    for longest in range(_LONGEST_LABEL, _SHORTEST_LABEL - 1, -1):
        if sum(_cap_cells(cap, longest) + len(_GAP) for cap in needed) <= width:
            return _line(caps, width, longest)
    return _line(caps, width, _LONGEST_LABEL)


def _cap_cells(cap: KeyCap, longest: int) -> int:
    return len(cap.key) + 1 + cells([Span(clip(cap.label, longest))]) + (2 if cap.lit is not None else 0)


def _line(caps: tuple[KeyCap, ...], width: int, longest: int) -> Line:
    pieces: list[tuple[int, list[Span]]] = []
    for cap in caps:
        label = clip(cap.label, longest if cap.weight <= NEEDED else _LONGEST_LABEL)
        if cap.lit is not None:
            spans = [Span(f" {cap.key} {label} ", BADGE[cap.lit])]
        else:
            spans = [Span(f"{cap.key} ", Role.DIM if cap.is_dim else Role.KEY)]
            spans.append(Span(label, Role.DIM if cap.is_dim else Role.TEXT))
        pieces.append((cap.weight, spans))
    return Line((Span(" "), *squeeze(pieces, max(1, width - 2), gap=_GAP)), Ground.RAISED)


class KeyBar(Drawing[tuple[KeyCap, ...]]):
    """The keys that work now."""

    DEFAULT_CSS = "KeyBar { height: 1; }"

    def draw(self, part: tuple[KeyCap, ...], width: int, height: int) -> list[Line]:
        """Return the one line."""
        return [key_line(part, width)]
