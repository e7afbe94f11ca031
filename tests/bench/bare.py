"""A bare Textual application with as many widgets as the soak screen: what a first paint costs at least."""

import sys

from textual.app import App, ComposeResult
from textual.widgets import Static


class Bare(App[None]):
    """Nothing but static widgets."""

    def compose(self) -> ComposeResult:
        """Make as many widgets as asked for."""
        for number in range(int(sys.argv[1])):
            yield Static(f"READY {number}")


if __name__ == "__main__":
    Bare().run()
