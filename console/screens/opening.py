"""What is shown in the first moment, before the rollout file has been read; it must be quick to import."""

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from console.core.text import visible


class _Line(Widget):
    """One line of text that is drawn as it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self) -> Content:
        """Draw the text."""
        return Content(self._text)


class OpeningScreen(Screen[None]):
    """Says what is being opened."""

    def __init__(self, opening: str) -> None:
        super().__init__()
        self._opening = opening

    def compose(self) -> ComposeResult:
        """Make the one line there is."""
        yield _Line(f" opening {visible(self._opening, 200)} …")
