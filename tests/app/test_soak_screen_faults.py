"""Hostile text is inert on the whole screen, and a fault of the screen never takes the way out with it."""

import asyncio
import gc
from dataclasses import replace
from typing import Any

import pytest
from textual.strip import Strip

from console import app as app_module
from console.app import ConsoleApp
from console.core.frame import Frame
from console.core.redact import Redactor
from console.screens import action as action_module
from console.screens.soak import SoakScreen
from tests import frames
from tests.frames import FakeDesk
from tests.previews import preview
from tests.screen_text import assert_inert, console, strips_of
from widgets.header import SoakHeader

MARKUP = "[@click=app.rollback]"
"""How hostile text begins where it is drawn as text."""


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 10)])
async def test_hostile_text_is_inert_on_the_whole_screen(size: tuple[int, int]) -> None:
    async with console(frames.hostile(), size, lines=0) as shown:
        shown.desk.rows.extend(frames.rows(50, is_hostile=True))
        shown.desk.printed = (frames.HOSTILE,)
        await shown.show(frames.hostile())

        strips = strips_of(shown.app)

    assert {strip.cell_length for strip in strips} == {size[0]}
    assert_inert(strips)


@pytest.mark.parametrize(
    ("key", "drawn"),
    [
        ("R", f"baseline 6 containers, healthy{MARKUP}"),
        ("J", f"announced maintenance at 14:00{MARKUP}"),
        ("c", f"Backups{MARKUP}"),
        ("o", f"detail  {MARKUP}"),
        ("i", f"errors_by_endpoint{MARKUP}"),
        ("question_mark", f"Migrate the keys{MARKUP}"),
        ("ctrl+p", "Needs a reason in this phase"),
    ],
)
async def test_hostile_text_is_inert_in_every_dialog(key: str, drawn: str) -> None:
    frame = frames.hostile()
    async with console(frame) as shown:
        shown.desk.previews = {action.action: frames.poisoned(preview()) for action in frame.actions}
        shown.desk.printed = (frames.HOSTILE,)

        await shown.press(key)
        await shown.until(lambda: shown.app.screen is not shown.app.screen_stack[0] and drawn in shown.text)

        assert_inert(strips_of(shown.app))


async def test_a_hostile_refusal_is_inert_in_its_notification() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.refusal = frames.HOSTILE
        await shown.press("m")
        await shown.until(lambda: "[@click=app.rollback]more[/]" in shown.text)

        assert_inert(strips_of(shown.app))


async def test_a_notification_holds_no_secret() -> None:
    async with console(frames.regression()) as shown:
        shown.app.redact = Redactor(["k3j9d8"]).redact
        shown.desk.refusal = "postgres://app:hunter2@db has no k3j9d8"
        await shown.press("m")
        await shown.until(lambda: "[redacted]@db has no [redacted]" in shown.text)


async def test_clicking_all_over_hostile_text_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(frames.hostile(), (80, 24)) as shown:
        for row in range(0, 24, 3):
            for column in (3, 40, 66):
                await shown.pilot.click(offset=(column, row))

        assert shown.desk.orders == []


async def test_pasted_control_characters_never_reach_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from textual.events import Paste

    monkeypatch.setattr(action_module, "ARMED_AFTER_S", 0.001)
    async with console(frames.regression()) as shown:
        await shown.press("slash")
        shown.app.post_message(Paste("a\x1b]52;c;x\x07b\u202e"))
        await shown.until(lambda: "52;c" in shown.text)

        assert_inert(strips_of(shown.app))


class BrokenDesk(FakeDesk):
    """A desk whose frame cannot be read for a while."""

    is_broken = False

    def __getattribute__(self, name: str) -> Any:
        if name == "frame" and object.__getattribute__(self, "is_broken"):
            raise RuntimeError("the frame is torn [/]")
        return super().__getattribute__(name)


async def test_a_pull_that_fails_is_said_once_and_the_next_one_works() -> None:
    desk = BrokenDesk(frames.healthy())
    app = ConsoleApp(desk)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        desk.is_broken = True
        for _ in range(4):
            app._pull()
        await pilot.pause()
        assert len(app._notifications) == 1

        desk.is_broken = False
        desk.frame = frames.regression()
        app._pull()
        await pilot.pause()

        assert app.is_running
        assert "✗ CRITICAL" in "\n".join(strip.text for strip in strips_of(app))


async def test_a_part_that_cannot_be_drawn_says_so_and_the_way_out_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: SoakHeader, part: object, width: int, height: int) -> None:
        raise ValueError("a share of nan [/]")

    monkeypatch.setattr(SoakHeader, "draw", broken)
    async with console(frames.regression()) as shown:
        assert "⊘ cannot be drawn: ValueError: a share of nan [/]" in shown.text
        assert "error_rate" in shown.text

        await shown.press("R")

        await shown.until(lambda: "to confirm" in shown.text)


async def test_an_order_that_fails_is_said_and_the_app_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(frames.regression()) as shown:

        async def torn(metric: str) -> None:
            raise OSError("no space left on device [/]")

        monkeypatch.setattr(shown.desk, "ask_now", torn)
        await shown.press("m")

        await shown.until(lambda: "OSError: no space left on device [/]" in shown.text)
        assert isinstance(shown.app.screen, SoakScreen)


async def test_closing_that_fails_or_hangs_does_not_keep_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "LEAVE_WITHIN_S", 0.05)

    async def hang() -> None:
        await asyncio.Event().wait()

    app = ConsoleApp(FakeDesk(), on_leave=hang)
    async with app.run_test() as pilot:
        await pilot.press("q")
        for _ in range(100):
            await asyncio.sleep(0.01)
            if app._exit:
                break

    assert app.return_value == 0


def _strange() -> dict[str, Frame]:
    frame = frames.regression()
    nan = float("nan")
    return {
        "no panels": replace(frame, panels=()),
        "no tracks": replace(frame, tracks=()),
        "nan in plots": replace(frame, panels=tuple(replace(panel, spark=(nan, None, 1.0)) for panel in frame.panels)),
        "values gone": replace(frame, panels=tuple(replace(panel, values=()) for panel in frame.panels)),
        "no actions": replace(frame, actions=()),
        "many of all": replace(
            frame,
            panels=frame.panels * 30,
            events=frame.events * 30,
            queries=frame.queries * 30,
            sources=frame.sources * 9,
        ),
        "empty texts": frames.poisoned(replace(frame, reason="", title="", rollout=""), ""),
    }


@pytest.mark.parametrize("name", _strange())
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_strange_frames_are_drawn_too(name: str, size: tuple[int, int]) -> None:
    async with console(_strange()[name], size) as shown:
        assert "cannot be drawn" not in shown.text
        assert {strip.cell_length for strip in strips_of(shown.app)} == {size[0]}


async def test_dialogs_that_were_closed_leave_next_to_nothing_behind() -> None:
    def strips_alive() -> int:
        gc.collect()
        return sum(type(kept) is Strip for kept in gc.get_objects())

    async with console(frames.regression()) as shown:
        for _ in range(3):
            await shown.press("R", "escape")
        before = strips_alive()

        for _ in range(6):
            await shown.press("R", "escape")

        assert strips_alive() - before < 6 * 20
