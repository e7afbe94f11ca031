"""What a screen shows, as text and as strips, for assertions."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip

from console.app import ConsoleApp
from console.core.frame import Frame
from tests import frames
from tests.frames import FakeDesk
from tests.waiting import DEADLINE_S
from widgets.ink import DARK, Inks
from widgets.lines import Line, strip_of

_INTERPRETED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of characters that control, format, or break lines."""


def strips_of(app: App[Any]) -> list[Strip]:
    """Return the lines of the whole screen, dialogs on top."""
    return app.screen._compositor.render_strips()


def text_of(app: App[Any]) -> str:
    """Return the whole screen as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in strips_of(app))


def drawn(lines: Iterable[Line], width: int) -> str:
    """Return lines as a widget of that width would show them."""
    return "\n".join(strip.text for strip in drawn_strips(lines, width))


def drawn_strips(lines: Iterable[Line], width: int) -> list[Strip]:
    """Return lines as the strips that a widget of that width gives the terminal."""
    from textual.color import Color

    variables = {**DARK, "foreground": "#cccccc", "accent": "#7cc4f5", "panel": "#1a222c"}
    inks = Inks(variables, Color.parse("#0c1016"))
    return [strip_of(line, width, inks) for line in lines]


def assert_inert(strips: Iterable[Strip]) -> None:
    """Fail if a strip holds a character that a terminal interprets, or anything that can be clicked."""
    for strip in strips:
        for segment in strip:
            assert not _INTERPRETED & {unicodedata.category(character) for character in segment.text}, segment
            assert segment.control is None
            if segment.style is not None:
                assert "@click" not in segment.style.meta
                assert segment.style.link is None


async def until(pilot: Pilot[Any], holds: Callable[[], object]) -> None:
    """Let the app work until a condition holds; fails after a deadline."""
    end = monotonic() + DEADLINE_S
    while not holds():
        assert monotonic() < end, f"still not so after {DEADLINE_S}s:\n{text_of(pilot.app)}"
        await asyncio.sleep(0.01)
        await pilot.pause()


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Shown:
    """A console on a terminal that is not there."""

    app: ConsoleApp
    desk: FakeDesk
    pilot: Pilot[int]
    clock: Clock
    left: list[str]

    @property
    def text(self) -> str:
        """The screen as text."""
        return text_of(self.app)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, and let the app work after each."""
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def show(self, frame: Frame) -> None:
        """Let the desk publish a frame, and wait until the screen has pulled it."""
        self.desk.frame = frame
        self.app._pull()
        await self.pilot.pause()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a condition, with a deadline."""
        await until(self.pilot, holds)


@asynccontextmanager
async def console(
    frame: Frame | None = None, size: tuple[int, int] = (120, 40), *, is_read_only: bool = False, lines: int = 200
) -> AsyncIterator[Shown]:
    """Run the console over a desk that records orders."""
    desk = FakeDesk(frame or frames.healthy(), frames.rows(lines))
    clock = Clock()
    left: list[str] = []

    async def on_leave() -> None:
        left.append("closed")

    app = ConsoleApp(desk, is_read_only=is_read_only, on_leave=on_leave, clock=clock)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Shown(app, desk, pilot, clock, left)
