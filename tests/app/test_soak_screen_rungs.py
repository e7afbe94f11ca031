"""A step down and a ladder: which rung is shown, which key takes it, and what it is told while it is held."""

import asyncio
from dataclasses import replace

import pytest

from console.core.words import Outcome, Rung
from console.screens.action import ActionScreen, rung_below, rungs_of
from console.screens.soak import SoakScreen
from console.screens.steering import SteeringScreen
from tests import frames
from tests.app.dialogs import opened
from tests.frames import Given
from tests.previews import preview
from tests.screen_text import console

pytestmark = pytest.mark.usefixtures("armed_at_once")


async def test_a_step_down_takes_one_more_key() -> None:
    async with console(frames.regression()) as shown:
        await opened(shown, "G")
        assert "Step down to 5 % (y)" in shown.text

        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert shown.desk.given[-1] == Given("start", ("step_down", "", "", False))


async def test_a_step_down_goes_to_the_next_rung_below_the_present_share_and_another_can_be_chosen() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["step_down"] = preview("step_down", traffic=75.0, ladder=(50.0, 25.0, 10.0, 5.0, 2.0, 0.0))

        await opened(shown, "G")
        await shown.until(lambda: "10 % → 5 %" in shown.text)

        await shown.press("right")
        await shown.until(lambda: "10 % → 2 %" in shown.text)
        assert [given.args[1] for given in shown.desk.given] == [None, 5.0, 2.0]


async def test_a_rung_that_is_chosen_cannot_be_confirmed_before_its_preview_is_in_sight() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["step_down"] = preview("step_down", traffic=75.0, ladder=(50.0, 25.0, 10.0, 5.0, 2.0, 0.0))
        screen = await opened(shown, "G")
        await shown.until(lambda: "10 % → 5 %" in shown.text and screen._is_armed)
        shown.desk.gate = asyncio.Event()

        await shown.press("right", "y", "right", "y")
        assert shown.desk.orders == []

        shown.desk.gate.set()
        await shown.until(lambda: "10 % → 0 %" in shown.text and screen._is_armed)
        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)
        assert [started.plan.traffic for started in shown.desk.started] == [0.0]


async def test_a_rung_whose_preview_is_refused_leaves_nothing_to_confirm_and_another_can_be_chosen() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["step_down"] = preview("step_down", traffic=5.0, ladder=(2.0, 0.0))
        screen = await opened(shown, "G")
        shown.desk.refusal = "the rollout file has changed"

        await shown.press("right")
        await shown.until(lambda: "the rollout file has changed" in shown.text)
        shown.desk.refusal = ""
        await shown.press("y")
        assert shown.desk.orders == []

        await shown.press("left")
        await shown.until(lambda: "10 % → 5 %" in shown.text and screen._is_armed)
        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)


def test_the_rung_below_is_the_highest_one_lower_than_the_present_share() -> None:
    known = preview("step_down", traffic=75.0, ladder=(50.0, 25.0, 0.0))

    assert rungs_of(known) == (75.0, 50.0, 25.0, 0.0)
    assert rung_below(known, 75.0) == 50.0
    assert rung_below(known, 60.0) == 50.0
    assert rung_below(known, 0.0) is None


@pytest.mark.parametrize("is_open", [False, True])
async def test_the_next_rung_is_shown_first_and_takes_one_more_key_from_both_places(*, is_open: bool) -> None:
    async with console(frames.holding()) as shown:
        if is_open:
            await shown.press("o")

        await shown.press("n")
        screen = shown.app.screen
        assert isinstance(screen, ActionScreen)
        await shown.until(lambda: "5 % → 2 %" in shown.text and screen._is_armed)
        assert shown.desk.orders == []

        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)
        assert [started.plan.traffic for started in shown.desk.started] == [2.0]


@pytest.mark.parametrize(("key", "order", "said"), [("z", "zero", "0 %"), ("x", "stop", "stays at 5 %")])
async def test_a_ladder_is_told_what_to_do_with_one_more_key_where_it_is_not_in_full_sight(
    key: str, order: str, said: str
) -> None:
    async with console(frames.holding()) as shown:
        await shown.press(key)
        await shown.until(lambda: isinstance(shown.app.screen, SteeringScreen) and said in shown.text)
        await shown.press(key, "enter", "escape")
        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == []

        await shown.press(key, "y", "y")
        await shown.until(lambda: shown.desk.orders)

        assert shown.desk.given == [Given("steer", ("a2", order))]
        assert isinstance(shown.app.screen, SoakScreen)


async def test_a_rung_that_is_being_applied_can_be_left_for_zero_and_that_it_is_ended_first_is_said() -> None:
    applying = frames.attempt(Outcome.RUNNING, attempt="a2", rung=Rung.APPLYING, orders=("zero",))
    async with console(replace(frames.holding(), attempts=(applying,))) as shown:
        await shown.press("z")
        await shown.until(lambda: "is ended first" in shown.text)

        await shown.press("y")
        await shown.until(lambda: shown.desk.orders)

        assert shown.desk.given == [Given("steer", ("a2", "zero"))]


@pytest.mark.parametrize(("key", "order"), [("z", "zero"), ("x", "stop")])
async def test_a_held_ladder_takes_its_orders_at_once_and_once_in_its_own_dialog(key: str, order: str) -> None:
    async with console(frames.holding()) as shown:
        await shown.press("o")

        await shown.press(key, key)

        assert shown.desk.given == [Given("steer", ("a2", order))]


async def test_an_order_to_a_ladder_that_was_refused_can_be_given_again() -> None:
    async with console(frames.holding()) as shown:
        shown.desk.refusal = "the database answers too slowly"
        await shown.press("o", "z")
        await shown.until(lambda: "the database answers too slowly" in shown.text)

        await shown.press("z")

        assert shown.desk.orders == ["steer", "steer"]


async def test_without_a_held_ladder_its_keys_do_nothing() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("n", "z", "x")

        assert shown.desk.given == []


async def test_the_way_out_works_from_the_dialog_of_a_ladder() -> None:
    async with console(frames.holding()) as shown:
        await shown.press("o")

        await opened(shown)

        assert "Type  app  to confirm:" in shown.text
