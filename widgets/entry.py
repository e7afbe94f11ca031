"""A field to type into that never holds a character a terminal would interpret."""

from collections.abc import Callable

from textual.events import Key
from textual.widgets import Input

from widgets.lines import clean

EDITING: dict[str, Callable[[Input], None]] = {
    "backspace": Input.action_delete_left,
    "delete": Input.action_delete_right,
    "ctrl+u": Input.action_delete_left_all,
    "ctrl+w": Input.action_delete_left_word,
    "ctrl+k": Input.action_delete_right_all,
}
"""What a key takes away."""


class Entry(Input):
    """One line to type into; what is pasted is made safe to draw first."""

    DEFAULT_CSS = """
    Entry { border: none; height: 1; padding: 0 1; background: $surface; }
    Entry:focus { border: none; background: $boost; }
    """

    def on_key(self, event: Key) -> None:
        """Take away at once what a key takes away: as a binding it came after letters typed behind it."""
        delete = EDITING.get(event.key)
        if delete is not None:
            event.stop()
            event.prevent_default()
            delete(self)

    def validate_value(self, value: str) -> str:
        """Return the text with control, bidi and invisible characters escaped."""
        return clean(value)
