"""The base of every widget that shows a part of the frame: it draws lines and repaints only those that changed."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from widgets.ink import Ground, Inks, Role, inks_of
from widgets.lines import BLANK, Line, Span, strip_of

Part = TypeVar("Part")


class Drawing(Widget, Generic[Part]):
    """Shows a part of the frame as lines; subclasses say in `draw` which lines.

    The first `head` lines stay; the lines below them scroll when there are more than fit.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "Drawing { height: 1fr; }"

    head = 0
    """How many lines at the top never scroll."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._part: Part | None = None
        self._lines: tuple[Line, ...] = ()
        self._top = 0
        self._inks: Inks | None = None

    def draw(self, part: Part, width: int, height: int) -> Sequence[Line]:
        """Return the lines for a part on a given size."""
        raise NotImplementedError

    @property
    def part(self) -> Part | None:
        """What is shown."""
        return self._part

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines, also those scrolled out of sight."""
        return self._lines

    @property
    def top(self) -> int:
        """How many of the scrolling lines are above the first visible one."""
        return self._top

    @property
    def page(self) -> int:
        """How many scrolling lines are visible."""
        return max(0, self.size.height - self.head)

    def show(self, part: Part) -> None:
        """Show a part of a new frame; nothing is repainted where the lines stay the same."""
        if part == self._part:
            return
        self._part = part
        if self.display:
            self.redraw()

    def redraw(self) -> None:
        """Draw the present part again, because something besides it changed."""
        width, height = self.size
        if self._part is None or width <= 0 or height <= 0:
            return
        self._put(self._drawn(self._part, width, height))

    def _drawn(self, part: Part, width: int, height: int) -> tuple[Line, ...]:
        try:
            return tuple(self.draw(part, width, height))
        except Exception as fault:  # noqa: BLE001 - a part that cannot be drawn must not take the way out with it
            said = f"{type(fault).__name__}: {fault}"
            return (Line((Span("⊘ cannot be drawn: ", Role.BROKEN), Span(said, Role.DIM))),)

    def _put(self, lines: tuple[Line, ...]) -> None:
        before, self._lines = self._lines, lines
        top = self._top
        self._top = self._clamped(top)
        if len(before) != len(lines) or self._top != top:
            self.refresh(layout=self.styles.height is not None and self.styles.height.is_auto)
            return
        changed = [row for row, (old, new) in enumerate(zip(before, lines, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in map(self._y_of, changed) if y is not None))

    def _y_of(self, row: int) -> int | None:
        if row < self.head:
            return row
        y = row - self._top
        return y if y >= self.head else None

    def _clamped(self, top: int) -> int:
        return max(0, min(top, len(self._lines) - self.head - self.page))

    def scroll_rows(self, rows: int) -> None:
        """Scroll by a number of lines, down if positive."""
        self.scroll_to_row(self._top + rows)

    def scroll_to_row(self, top: int) -> None:
        """Make a scrolling line the first visible one, as far as there are lines below it."""
        top = self._clamped(top)
        if top != self._top:
            self._top = top
            self.refresh()

    def reveal(self, row: int, count: int = 1) -> None:
        """Scroll as little as needed to see `count` scrolling lines from `row` on."""
        if row < self._top:
            self.scroll_to_row(row)
        elif row + count > self._top + self.page:
            self.scroll_to_row(row + count - self.page)

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new size."""
        self.redraw()

    def on_show(self) -> None:
        """Catch up with what was shown while out of sight."""
        self.redraw()

    def on_unmount(self) -> None:
        """Let go of what was drawn: Textual 8.2 keeps the cache of a removed widget in a class-wide LRU cache."""
        self._lines = ()
        self._styles_cache.clear()

    def on_focus(self) -> None:
        """Show where the keys go."""
        self.redraw()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.scroll_rows(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.scroll_rows(-3)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are, for a height that follows the content."""
        if self._part is None or width <= 0:
            return 1
        return max(1, len(self._drawn(self._part, width, container.height)))

    def notify_style_update(self) -> None:
        """Forget the colours when the theme or a class changes them."""
        super().notify_style_update()
        self._inks = None

    def inks(self) -> Inks:
        """The styles of the present theme on this widget's background."""
        if self._inks is None:
            self._inks = inks_of(self.app.theme_variables, self.background_colors[1])
        return self._inks

    def render_line(self, y: int) -> Strip:
        """Return one visible line; at the right edge a thumb says which part of the whole it is."""
        width = self.size.width
        row = y if y < self.head else y + self._top
        line = self._lines[row] if 0 <= row < len(self._lines) else BLANK
        thumb = self._thumb(y)
        if not thumb:
            return strip_of(line, width, self.inks())
        strip = strip_of(line, width, self.inks()).crop(0, width - 1)
        role = Role.DIM if thumb == "┃" else Role.FAINT
        return Strip([*strip, Segment(thumb, self.inks()(role, Ground.PLAIN))], width)

    def extent(self) -> tuple[int, int]:
        """Return how many scrolling lines are above the first visible one, and how many there are."""
        return self._top, len(self._lines) - self.head

    def _thumb(self, y: int) -> str:
        above, total = self.extent()
        page = self.page
        if y < self.head or page <= 0 or total <= page:
            return ""
        length = max(1, page * page // total)
        start = round(above * (page - length) / (total - page))
        return "┃" if start <= y - self.head < start + length else "│"
