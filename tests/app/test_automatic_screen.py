"""The countdown of a rollback that begins by itself: in sight everywhere, halted with one key."""

from dataclasses import replace

import pytest

from console.core.action_frame import AutomaticView
from console.core.frame import Frame
from console.core.plain import plain_screen
from console.screens.arming import ArmingScreen
from console.screens.soak import SoakScreen
from tests import frames
from tests.frames import Given
from tests.screen_text import console, drawn
from widgets.header import header_lines, header_part

COUNTING = AutomaticView("", "error_rate", "Roll back to 0%", 41.2, "error_rate CRITICAL: > 5%")
OFF = AutomaticView("stopped by anna@ops1")


def counting(automatic: AutomaticView = COUNTING) -> Frame:
    return replace(frames.regression(), automatic=automatic)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_countdown_and_its_key_are_in_the_header_at_every_width(width: int) -> None:
    text = drawn(header_lines(header_part(counting(), is_read_only=False), width), width)

    assert "BY ITSELF in 42s, h halts it" in text
    assert "Roll back" in text.splitlines()[1]


def test_that_it_is_off_and_why_is_in_the_header() -> None:
    text = drawn(header_lines(header_part(counting(OFF), is_read_only=False), 160), 160)

    assert "automatic rollback off: stopped by anna@ops1, h arms it" in text


def test_that_it_waits_because_the_share_is_not_known_is_in_the_header_and_on_the_plain_screen() -> None:
    waiting = counting(AutomaticView("", waits_for="the share is not known"))

    text = drawn(header_lines(header_part(waiting, is_read_only=False), 160), 160)

    assert "automatic rollback off: the share is not known" in text
    assert "arms it" not in text
    assert "automatic rollback off: the share is not known" in plain_screen(waiting, 120)


def test_where_it_is_armed_and_nothing_is_counted_down_that_is_said_where_there_is_room() -> None:
    text = drawn(
        header_lines(header_part(replace(frames.healthy(), automatic=AutomaticView("")), is_read_only=False), 200), 200
    )

    assert "automatic rollback armed" in text


@pytest.mark.parametrize("automatic", [COUNTING, OFF])
def test_a_console_that_only_looks_offers_no_key_for_it(automatic: AutomaticView) -> None:
    text = drawn(header_lines(header_part(counting(automatic), is_read_only=True), 160), 160)

    assert "halts it" not in text
    assert "arms it" not in text
    assert "BY ITSELF in 42s" in text or "automatic rollback off: stopped by anna@ops1" in text


def test_the_plain_screen_says_it_too() -> None:
    assert "Roll back to 0% BY ITSELF in 42s: error_rate CRITICAL: > 5%" in plain_screen(counting(), 120)
    assert "automatic rollback off: stopped by anna@ops1" in plain_screen(counting(OFF), 120)


async def test_one_key_halts_it_and_halting_asks_nothing() -> None:
    async with console(counting()) as shown:
        assert "h Halt the rollback" in shown.text

        await shown.press("h")
        await shown.until(lambda: shown.desk.orders)

        assert shown.desk.given == [Given("halt", ())]


@pytest.mark.parametrize("place", ["w", "J", "c"])
async def test_the_key_halts_it_from_other_places(place: str) -> None:
    async with console(counting()) as shown:
        await shown.press(place)
        await shown.until(lambda: not isinstance(shown.app.screen, SoakScreen))

        await shown.press("h")
        await shown.until(lambda: shown.desk.orders)

        assert shown.desk.orders == ["halt"]


async def test_a_console_that_only_looks_halts_nothing() -> None:
    async with console(frames.read_only(counting())) as shown:
        await shown.press("h")
        await shown.pilot.pause()

        assert shown.desk.orders == []


async def test_arming_needs_a_reason() -> None:
    async with console(counting(OFF)) as shown:
        await shown.press("h")
        await shown.until(lambda: isinstance(shown.app.screen, ArmingScreen) and "stopped by anna" in shown.text)

        await shown.press("enter")
        assert shown.desk.orders == []
        await shown.press(*"over", "enter")
        await shown.until(lambda: shown.desk.orders)

        assert shown.desk.given == [Given("arm", ("over",))]
        assert isinstance(shown.app.screen, SoakScreen)


async def test_without_a_countdown_the_key_does_nothing() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("h")
        await shown.pilot.pause()

        assert shown.desk.orders == []
        assert isinstance(shown.app.screen, SoakScreen)


async def test_in_the_gap_of_a_countdown_that_comes_and_goes_the_key_says_that_nothing_was_halted() -> None:
    async with console(counting(AutomaticView(""))) as shown:
        await shown.press("h")
        await shown.until(lambda: "nothing is counted down now" in shown.text)

        assert "stays armed" in shown.text
        assert shown.desk.orders == []


async def test_a_terminal_that_is_too_small_shows_the_countdown() -> None:
    async with console(counting(), size=(50, 10)) as shown:
        await shown.until(lambda: "BY ITSELF in 42s, h halts it" in shown.text)


async def test_one_that_is_too_small_and_only_looks_shows_it_without_the_key() -> None:
    async with console(counting(), size=(50, 10), is_read_only=True) as shown:
        await shown.until(lambda: "BY ITSELF in 42s" in shown.text)

        assert "halts it" not in shown.text
