"""Plain text as lines."""

from collections.abc import Sequence

from widgets.drawing import Drawing
from widgets.lines import Line


class Page(Drawing[tuple[Line, ...]], can_focus=True):
    """Lines that somebody else made."""

    def draw(self, part: tuple[Line, ...], width: int, height: int) -> Sequence[Line]:
        """Return the lines as they are."""
        return part
