"""A rollback is shown exactly, confirmed on purpose by its word, and started once."""

import asyncio

import pytest
from textual import events

from console.screens import action as action_module
from console.screens.action import ActionScreen
from console.screens.attempt import AttemptScreen
from console.screens.soak import SoakScreen
from tests import frames
from tests.app.dialogs import focused, opened
from tests.frames import Given
from tests.screen_text import Shown, console
from widgets.entry import Entry

pytestmark = pytest.mark.usefixtures("armed_at_once")


async def test_the_dialog_shows_why_what_changes_and_how_it_is_verified_before_anything_is_done() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        for words in (
            "Why      error_rate CRITICAL for 4m 10s: 5.42 %, 8.9x the baseline",
            "CANARY_PERCENTAGE  10 → 0",
            "docker compose --project-name valuecanvas up -d --no-deps app",
            "GET http://127.0.0.1:8080/health is 200",
            "Type  app  to confirm:",
            "Cancel",
            "Dry run",
        ):
            assert words in shown.text
        assert shown.desk.orders == []


async def test_the_cursor_begins_on_cancel_and_enter_cancels() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)
        assert focused(shown) == "cancel"

        await shown.press("enter")

        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == []


async def test_the_cursor_goes_from_cancel_to_the_word_and_on_to_the_buttons() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        order = [focused(shown)]
        for _ in range(3):
            await shown.press("tab")
            order.append(focused(shown))

        assert order == ["cancel", "word", "dry-run", "cancel"]


async def test_a_name_with_a_dash_goes_into_its_field_when_it_is_typed_at_once() -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)

        await shown.press("minus", "a", "minus", "p")

        assert screen.query_one("#word", Entry).value == "-a-p"


def hit(shown: Shown, keys: str) -> None:
    """Hand all keys to the application before it has seen to the first, as a burst from a terminal does."""
    names = {"-": "minus", "\r": "enter", "\t": "tab", "\x15": "ctrl+u"}
    for key in keys:
        shown.app.post_message(events.Key(names.get(key, key), key))


async def test_a_name_that_comes_as_one_burst_goes_into_its_field_whole_and_in_order() -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)

        hit(shown, "ai-jack")

        await shown.until(lambda: len(screen.query_one("#word", Entry).value) == len("ai-jack"))
        assert screen.query_one("#word", Entry).value == "ai-jack"


@pytest.mark.parametrize("keys", ["\x15app", "\tapp", "xy\x15app"], ids=["emptied first", "after Tab", "typed anew"])
async def test_keys_before_the_name_in_one_burst_act_before_it_and_not_on_it(keys: str) -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)

        hit(shown, keys)
        await shown.until(lambda: not screen._confirm.disabled)

        assert screen.query_one("#word", Entry).value == "app"
        assert focused(shown) == "word"
        assert shown.desk.orders == []


async def test_enter_before_the_name_in_one_burst_cancels_and_starts_nothing() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        hit(shown, "\rapp")
        await shown.until(lambda: isinstance(shown.app.screen, SoakScreen))
        await shown.pilot.pause()

        assert shown.desk.orders == []


@pytest.mark.parametrize("is_slow", [False, True], ids=["preview at once", "preview after the name"])
async def test_a_name_that_comes_in_one_burst_with_the_key_waits_for_its_field(is_slow: bool) -> None:
    async with console(frames.regression()) as shown:
        shown.desk.gate = asyncio.Event()
        if not is_slow:
            shown.desk.gate.set()

        hit(shown, "Rapp")
        await shown.until(lambda: isinstance(shown.app.screen, ActionScreen))
        await shown.pilot.pause()
        shown.desk.gate.set()
        await shown.until(lambda: "to confirm" in shown.text)

        assert shown.app.screen.query_one("#word", Entry).value == "app"
        assert focused(shown) == "word"
        assert shown.desk.orders == []


@pytest.mark.parametrize("keys", ["RR", "Ryes", "RapX"])
async def test_what_is_hit_behind_the_key_and_does_not_begin_the_name_is_dropped(keys: str) -> None:
    async with console(frames.regression()) as shown:
        hit(shown, keys)
        await shown.until(lambda: "to confirm" in shown.text)

        assert shown.app.screen.query_one("#word", Entry).value == ""
        assert focused(shown) == "cancel"
        assert len(shown.app.screen_stack) == 2
        assert shown.desk.orders == []


async def test_the_right_word_and_enter_start_the_rollback_once() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press("tab", "a", "p", "p", "enter", "enter")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert [given for given in shown.desk.given if given.order == "start"] == [
            Given("start", ("rollback", "", "app", False))
        ]
        assert isinstance(shown.app.screen, AttemptScreen)


async def test_the_button_works_exactly_while_the_word_is_right() -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)
        await shown.press("tab", "a", "p")
        assert screen._confirm.disabled

        await shown.press("p")
        assert not screen._confirm.disabled

        await shown.press("p")
        assert screen._confirm.disabled


@pytest.mark.parametrize("word", ["App", "ap", "apps", "rollback", "y", "[/]"])
async def test_the_wrong_word_starts_nothing(word: str) -> None:
    async with console(frames.regression()) as shown:
        screen = await opened(shown)
        screen.query_one("#word", Entry).value = word

        await shown.press("tab", "enter")
        screen.action_yes()
        await shown.pilot.pause()

        assert shown.desk.orders == []
        assert isinstance(shown.app.screen, ActionScreen)


async def test_hitting_the_key_again_and_again_opens_one_dialog_and_starts_nothing() -> None:
    async with console(frames.regression()) as shown:
        for _ in range(5):
            shown.app.simulate_key("R")
        shown.app.simulate_key("enter")
        await shown.press("R", "R", "R")
        await shown.pilot.pause()

        assert len(shown.app.screen_stack) <= 2
        assert shown.desk.orders == []


@pytest.mark.parametrize("keys", [["y"], ["enter", "y"], ["y", "y", "enter"], ["tab", "y", "enter"], ["space"]])
async def test_keys_in_the_wrong_order_start_no_rollback(keys: list[str]) -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press(*keys)

        assert "start" not in shown.desk.orders


async def test_a_key_hit_in_a_hurry_does_not_confirm_a_preview_nobody_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_module, "ARMED_AFTER_S", 3_600.0)
    async with console(frames.regression()) as shown:
        await shown.press("G")
        await shown.until(lambda: "up to 2m" in shown.text)

        await shown.press("y", "y")

        assert shown.desk.orders == []


async def test_escape_cancels_even_while_the_word_is_being_typed() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press("tab", "a", "p", "escape")

        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == []


async def test_a_dry_run_needs_no_word_and_says_that_it_is_one() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown)

        await shown.press("tab", "tab", "enter")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert shown.desk.given[-1] == Given("start", ("rollback", "", "", True))
