"""The last line: keys that work now, the way out first."""

from dataclasses import dataclass

from console.core.verdict import Verdict
from widgets.drawing import Drawing
from widgets.ink import BADGE, Ground, Role
from widgets.lines import Line, Span, clip, squeeze

_LONGEST_LABEL = 28


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
    """Return the keys that fit, in their order."""
    pieces: list[tuple[int, list[Span]]] = []
    for cap in caps:
        label = clip(cap.label, _LONGEST_LABEL)
        if cap.lit is not None:
            spans = [Span(f" {cap.key} {label} ", BADGE[cap.lit])]
        else:
            spans = [Span(f"{cap.key} ", Role.DIM if cap.is_dim else Role.KEY)]
            spans.append(Span(label, Role.DIM if cap.is_dim else Role.TEXT))
        pieces.append((cap.weight, spans))
    return Line((Span(" "), *squeeze(pieces, max(1, width - 2), gap="  ")), Ground.RAISED)


class KeyBar(Drawing[tuple[KeyCap, ...]]):
    """The keys that work now."""

    DEFAULT_CSS = "KeyBar { height: 1; }"

    def draw(self, part: tuple[KeyCap, ...], width: int, height: int) -> list[Line]:
        """Return the one line."""
        return [key_line(part, width)]
