"""A field to type into that never holds a character a terminal would interpret."""

from textual.widgets import Input

from widgets.lines import clean


class Entry(Input):
    """One line to type into; what is pasted is made safe to draw first."""

    DEFAULT_CSS = """
    Entry { border: none; height: 1; padding: 0 1; background: $surface; }
    Entry:focus { border: none; background: $boost; }
    """

    def validate_value(self, value: str) -> str:
        """Return the text with control, bidi and invisible characters escaped."""
        return clean(value)
