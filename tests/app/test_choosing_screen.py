"""Which tenant or component an action is for: typed or picked, never guessed."""

from dataclasses import replace

import pytest

from console.core.action_frame import ActionView
from console.core.frame import Frame
from console.screens.action import ActionScreen
from console.screens.choosing import ChoosingScreen
from console.screens.soak import SoakScreen
from tests import frames
from tests.frames import HOSTILE, Given
from tests.previews import preview
from tests.screen_text import Shown, assert_inert, console, strips_of
from widgets.entry import Entry

TENANTS = ("acme", "globex", "o-neil", "acme-eu")
ACTION = ActionView("task", "T", "Roll a tenant back", "task", True, "", (("tenant", "tenant"),))
BOTH = replace(ACTION, parameters=(("tenant", "tenant"), ("component", "component")))


def frame(action: ActionView = ACTION) -> Frame:
    healthy = frames.regression()
    return replace(healthy, actions=(*healthy.actions, action))


async def asked(shown: Shown, *, lists: dict[str, tuple[str, ...]] | None = None) -> None:
    """Press the key of the action and wait for the list."""
    shown.desk.previews["task"] = preview("task")
    shown.desk.lists = {"tenant": TENANTS} if lists is None else lists
    await shown.press("T")
    await shown.until(lambda: isinstance(shown.app.screen, ChoosingScreen) and "asking for" not in shown.text)


def previewed(shown: Shown) -> list[Given]:
    return [given for given in shown.desk.given if given.order == "preview"]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("g", "l", "enter"), "globex"),
        (("down", "down", "enter"), "globex"),
        (("up", "enter"), "acme-eu"),
        ((*"acme", "enter"), "acme"),
        ((*"acme", "down", "down", "enter"), "acme-eu"),
    ],
    ids=["some of it", "picked", "from below", "in full", "typed and picked"],
)
async def test_a_value_is_typed_or_picked_and_the_preview_is_for_it(keys: tuple[str, ...], value: str) -> None:
    async with console(frame()) as shown:
        await asked(shown)

        await shown.press(*keys)
        await shown.until(lambda: isinstance(shown.app.screen, ActionScreen))

        assert previewed(shown) == [Given("preview", ("task", None, {"tenant": value}))]


@pytest.mark.parametrize("keys", [("a", "c", "enter"), ("n", "o", "p", "e", "enter"), ("enter",)])
async def test_what_fits_several_or_none_is_never_guessed(keys: tuple[str, ...]) -> None:
    async with console(frame()) as shown:
        await asked(shown)

        await shown.press(*keys)
        await shown.pilot.pause()

        assert isinstance(shown.app.screen, ChoosingScreen)
        assert previewed(shown) == []


async def test_a_list_that_cannot_be_had_is_no_obstacle() -> None:
    async with console(frame()) as shown:
        await asked(shown)
        await shown.press("escape")
        assert isinstance(shown.app.screen, SoakScreen)
        shown.desk.lists = None

        await shown.press("T")
        await shown.until(lambda: "the list cannot be had: the database does not answer; type it" in shown.text)
        await shown.press(*"acme", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, ActionScreen))

        assert previewed(shown) == [Given("preview", ("task", None, {"tenant": "acme"}))]


async def test_one_is_asked_after_the_other() -> None:
    async with console(frame(BOTH)) as shown:
        await asked(shown, lists={"tenant": TENANTS, "component": ("search", "answer")})

        await shown.press("g", "enter")
        await shown.until(lambda: "which component?" in shown.text and "search" in shown.text)
        await shown.press("down", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, ActionScreen))

        assert previewed(shown) == [Given("preview", ("task", None, {"tenant": "globex", "component": "search"}))]


async def test_hostile_values_are_inert() -> None:
    async with console(frame()) as shown:
        await asked(shown, lists={"tenant": (HOSTILE, "acme")})

        await shown.press("down")
        await shown.pilot.pause()

        assert_inert(strips_of(shown.app))
        assert shown.app.screen.query_one("#value", Entry).value == ""
