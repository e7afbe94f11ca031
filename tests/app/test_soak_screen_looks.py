"""What stands in the way of an advance, and never in the way of a rollback: reasons and looks before."""

import asyncio

import pytest

from console.core.plan import StepPreview
from tests import frames
from tests.app.dialogs import focused, opened
from tests.frames import Given
from tests.previews import preview
from tests.screen_text import console
from widgets.entry import Entry

pytestmark = pytest.mark.usefixtures("armed_at_once")


async def test_an_advance_that_is_not_due_needs_a_reason() -> None:
    async with console(frames.healthy()) as shown:
        await opened(shown, "A")
        assert "✗ 30h 18m of soak left" in shown.text

        await shown.press("y")
        assert shown.desk.orders == []

        await shown.press("tab")
        assert focused(shown) == "reason"
        await shown.press("enter", *"because", "enter")
        await shown.until(lambda: "start" in shown.desk.orders)

        assert shown.desk.given[-1] == Given("start", ("advance", "because", "", False))


ROOM = StepPreview("GET http://balancer/room is 200", "before", 5.0)


@pytest.mark.parametrize(
    ("kind", "key", "is_asked"), [("rollback", "R", False), ("step_down", "G", True)], ids=["rollback", "step down"]
)
async def test_a_side_without_room_is_shown_and_only_a_rollback_needs_no_reason(
    kind: str, key: str, is_asked: bool
) -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews[kind] = preview(kind, before=(ROOM,))
        shown.desk.answers = {ROOM.label: (False, "status 503: 2 of 6 have room")}

        screen = await opened(shown, key)
        await shown.until(lambda: "status 503: 2 of 6 have room" in shown.text)

        assert "✗ status 503" in shown.text
        assert screen.query_one("#reason", Entry).display is is_asked


@pytest.mark.parametrize("answer", [(True, "status 200"), (None, "")], ids=["passed", "nothing known"])
async def test_an_advance_cannot_be_confirmed_before_its_look_is_answered(answer: tuple[bool | None, str]) -> None:
    async with console(frames.healthy()) as shown:
        shown.desk.previews["advance"] = preview("advance", before=(ROOM,), needs_reason=False, unmet=())
        shown.desk.look_gate = asyncio.Event()
        shown.desk.answers = {ROOM.label: answer}
        await opened(shown, "A")

        await shown.press("y")
        assert shown.desk.orders == []
        assert "waiting for what is looked at before" in shown.text

        shown.desk.look_gate.set()
        await shown.until(lambda: "waiting for" not in shown.text)
        await shown.press("y")
        await shown.until(lambda: "start" in shown.desk.orders)


async def test_a_look_that_is_refused_does_not_stand_in_the_way_of_an_advance() -> None:
    async with console(frames.healthy()) as shown:
        shown.desk.previews["advance"] = preview("advance", before=(ROOM,), needs_reason=False, unmet=())
        shown.desk.look_gate = asyncio.Event()
        await opened(shown, "A")
        shown.desk.refusal = "the balancer is not asked"

        shown.desk.look_gate.set()
        await shown.until(lambda: "the balancer is not asked" in shown.text)
        shown.desk.refusal = ""
        await shown.press("y")

        await shown.until(lambda: "start" in shown.desk.orders)


async def test_a_rollback_does_not_wait_for_its_look() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.previews["rollback"] = preview("rollback", before=(ROOM,))
        shown.desk.look_gate = asyncio.Event()
        await opened(shown)

        await shown.press("tab", "a", "p", "p", "enter")

        await shown.until(lambda: "start" in shown.desk.orders)
