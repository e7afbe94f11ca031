"""The application: wires screens, keys and signals together, and decides nothing."""

import asyncio
import os
import signal
import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import BindingType
from textual.notifications import SeverityLevel
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from console.actions import bindings, key_of
from console.core.text import visible
from console.core.words import Outcome
from console.screens.opening import OpeningScreen
from console.terminal import StopGuard, let_go_of_terminal, terminal_is_gone
from widgets.ink import DARK

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.screen import Screen

    from console.core.desk import Desk
    from console.screens.soak import SoakScreen

PULL_EVERY_S = 0.2
LOOK_AT_TERMINAL_EVERY_S = 0.25
LEAVE_WITHIN_S = 20.0
"""How long closing the session may take before the console ends anyway."""
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

THEME = Theme(
    name="rollout-dark",
    primary="#3f8fd2",
    secondary="#2f5f8a",
    accent="#7cc4f5",
    warning=DARK["verdict-warning"],
    error=DARK["verdict-critical"],
    success=DARK["verdict-ok"],
    foreground="#ccd5df",
    background="#0c1016",
    surface="#121820",
    panel="#1a222c",
    dark=True,
    variables={
        **DARK,
        "footer-key-foreground": "#7cc4f5",
        "input-cursor-background": "#7cc4f5",
        "input-cursor-foreground": "#0c1016",
    },
)


async def _nothing() -> None:
    """Leave without anything to close."""


def _without_shapes(text: str) -> str:
    """Return a text without what looks like a secret."""
    from console.core.redact import Redactor  # noqa: PLC0415 - only when it is needed: a quick start

    return Redactor().redact(text)


def _commands() -> "type[Provider]":
    """Return what the command palette offers, imported when it is first opened."""
    from console.palette import ConsoleCommands  # noqa: PLC0415 - only when it is needed: a quick start

    return ConsoleCommands


class ConsoleApp(App[int]):
    """The console on a terminal; `run` returns the exit code."""

    CSS_PATH = "app.tcss"
    TITLE = "rollout-console"
    COMMANDS = {_commands}  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(key_of(name) for name in ("help", "quit", "leave")))

    def __init__(
        self,
        desk: "Desk | None",
        *,
        opening: str = "",
        is_read_only: bool = False,
        on_leave: Callable[[], Awaitable[None]] = _nothing,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Take the desk to draw and give orders to; without one, `show` gives it later.

        Until then the screen says what is being opened, which takes a third of the time that the soak screen does.

        `on_leave` is awaited once on every way out, before the terminal is restored; `clock` gives seconds for
        how long a key was not pressed.
        """
        super().__init__()
        self.desk = desk
        self._opening = opening
        self.is_read_only = is_read_only
        self._on_leave = on_leave
        self._clock = clock
        self._is_leaving = False
        self._faults: set[str] = set()
        self._stop_guard: StopGuard | None = None
        self.redact: Callable[[str], str] = _without_shapes
        """Takes secrets out of what is told; whoever knows those of a rollout file gives a better one."""
        self.register_theme(THEME)
        self.theme = THEME.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our variables, for themes that do not name them."""
        return DARK

    def get_default_screen(self) -> "Screen[None]":
        """Return the screen that is always there."""
        return OpeningScreen(self._opening) if self.desk is None else self._soak_screen(self.desk)

    def show(self, desk: "Desk") -> None:
        """Draw this desk from now on."""
        self.desk = desk
        self.call_later(self.push_screen, self._soak_screen(desk))

    def _soak_screen(self, desk: "Desk") -> "SoakScreen":
        from console.screens.soak import SoakScreen  # noqa: PLC0415 - only when it is needed: a quick start

        return SoakScreen(desk, is_read_only=self.is_read_only, clock=self._clock)

    def on_mount(self) -> None:
        """Begin to pull frames, and see to an orderly end."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, partial(self.leave, 128 + number))
        self.set_interval(PULL_EVERY_S, self._pull, name="pull")
        if not self.is_headless and os.isatty(0):
            self._stop_guard = StopGuard()
            self._stop_guard.install()
            self.set_interval(LOOK_AT_TERMINAL_EVERY_S, self._look_at_terminal, name="terminal")

    def on_unmount(self) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        if self._stop_guard is not None:
            self._stop_guard.remove()

    # -- frames -------------------------------------------------------------------------------------------------

    def _pull(self) -> None:
        """Hand the newest frame to the screens; what fails here is shown once and tried again."""
        if self._is_leaving:
            return
        if self.desk is None:
            return
        from console.screens.base import ConsoleScreen  # noqa: PLC0415 - only when it is needed: a quick start

        try:
            frame = self.desk.frame
            for screen in self.screen_stack:
                if isinstance(screen, ConsoleScreen):
                    screen.show_frame(frame)
        except Exception as fault:  # noqa: BLE001 - an error in a timer ends the app, and with it the way out
            self._show_fault("The screen could not be drawn; the engine goes on", fault)

    def _show_fault(self, title: str, fault: BaseException | None) -> None:
        said = f"{type(fault).__name__}: {fault}"
        if said in self._faults:
            return
        self._faults.add(said)
        self.notify(said, title=title, severity="error", markup=False, timeout=30)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show why an order failed that was not refused."""
        if event.state is WorkerState.ERROR:
            said = f"{type(event.worker.error).__name__}: {event.worker.error}"
            self.notify(said, title="This failed", severity="error", markup=False, timeout=30)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a notification; its text is made safe to draw and never read as markup, whoever sends it.

        It holds no secret either.
        """
        safe = "\n".join(visible(line, 300) for line in self.redact(message).splitlines())
        super().notify(safe, title=visible(title, 100), severity=severity, timeout=timeout, markup=False)

    def _fatal_error(self) -> None:
        """End with where it went wrong; Textual would add the values of variables, and those may be secrets."""
        self.bell()
        self.panic(Text(self.redact(traceback.format_exc())))

    # -- leaving ------------------------------------------------------------------------------------------------

    def leave(self, code: int) -> None:
        """Close the session and end with this exit code; a second call changes nothing."""
        if self._is_leaving:
            return
        self._is_leaving = True
        if not self.is_headless and terminal_is_gone():
            let_go_of_terminal()
        self.run_worker(self._leave(code), group="leave", exit_on_error=False)

    async def _leave(self, code: int) -> None:
        message = None
        try:
            # Nothing is painted meanwhile: a dead terminal takes no more than a few writes before they block.
            with self.batch_update():
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await self._on_leave()
        except Exception as fault:  # noqa: BLE001 - whatever closing runs into, the terminal must be restored
            said = self.redact(f"{type(fault).__name__}: {fault}")
            message = f"the session was not closed cleanly: {visible(said)}"
        self.exit(code, return_code=code, message=message)

    def _look_at_terminal(self) -> None:
        """Leave when the terminal is gone, also where the hang-up signal is ignored."""
        if not self._is_leaving and (terminal_is_gone() or not os.isatty(0)):
            self.leave(128 + signal.SIGHUP)

    async def action_quit(self) -> None:
        """Leave; ask first if an action is under way."""
        if self._is_leaving:
            return
        desk = self.desk
        if desk is None or not any(view.outcome in (Outcome.RUNNING, Outcome.HOLDING) for view in desk.frame.attempts):
            self.leave(0)
            return
        from console.screens.quit import QuitScreen  # noqa: PLC0415 - only when it is needed: a quick start

        if not isinstance(self.screen, QuitScreen):
            self.push_screen(QuitScreen(desk, is_read_only=self.is_read_only), self._on_quit_answered)

    async def action_leave(self) -> None:
        """The same from any dialog."""
        await self.action_quit()

    def _on_quit_answered(self, is_sure: bool | None) -> None:
        if is_sure:
            self.leave(0)

    def action_help_quit(self) -> None:
        """Say how to leave to somebody who pressed Ctrl+C."""
        self.notify("q quits", markup=False)

    def action_help(self) -> None:
        """Open the help."""
        if self.desk is None:
            return
        from console.screens.help import HelpScreen  # noqa: PLC0415 - only when it is needed: a quick start

        self.push_screen(HelpScreen(self.desk, is_read_only=self.is_read_only))
