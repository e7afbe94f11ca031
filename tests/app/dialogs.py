"""What the tests of the dialogs of actions share."""

from console.screens.action import ActionScreen
from tests.screen_text import Shown


async def opened(shown: Shown, key: str = "R") -> ActionScreen:
    """Press the key of an action and wait until it can be answered."""
    await shown.press(key)
    await shown.until(lambda: "up to 2m" in shown.text)
    screen = shown.app.screen
    assert isinstance(screen, ActionScreen)
    await shown.until(lambda: screen._is_armed)
    return screen


def focused(shown: Shown) -> str:
    """The id of the widget that has the focus; empty without one."""
    widget = shown.app.focused
    return "" if widget is None or widget.id is None else widget.id
