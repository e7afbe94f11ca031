"""The console on a terminal: a picture first, then the rollout file, the session and everything else."""

import asyncio
import contextlib
import importlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from console.app import ConsoleApp
from console.core.exits import Exit
from console.core.text import visible
from console.watching import Watch

if TYPE_CHECKING:
    from console.opening import Opened


def watch_on_screen(asked: Watch) -> int:
    """Watch until the operator leaves, and return the exit code."""
    return asyncio.run(_Screen(asked).run())


class _Screen:
    """One run of the console on a terminal."""

    def __init__(self, asked: Watch) -> None:
        self._asked = asked
        self._opened: Opened | None = None
        self._said = ""
        """What is printed after the terminal is itself again."""
        self._app = ConsoleApp(None, opening=asked.file, is_read_only=asked.is_read_only, on_leave=self._leave)

    async def run(self) -> int:
        """Show the application while the session is opened and watched behind it."""
        working = asyncio.create_task(self._work())
        working.add_done_callback(self._say_why)
        try:
            code = await self._app.run_async()
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await self._leave()
        farewell = "" if self._opened is None else self._opened.farewell
        with contextlib.suppress(OSError):  # the terminal may be gone
            for said in filter(None, (self._said, *farewell.splitlines())):
                print(said, file=sys.stderr, flush=True)
        return Exit.UNKNOWN if code is None else code

    async def _leave(self) -> None:
        if self._opened is not None:
            await self._opened.leave()

    async def _work(self) -> None:
        await painted(self._app.call_after_refresh, lambda: self._app.is_running)
        # In a thread, so that the screen answers while drivers and models are imported.
        session = await asyncio.to_thread(importlib.import_module, "console.session")
        try:
            loaded = await asyncio.to_thread(session.load, self._asked.file, self._asked.env)
            secrets = (*loaded.secrets, *session.secrets_in(self._asked.env))
            self._app.redact = session.Redactor(secrets).redact
            self._opened = opened = await session.opened_for(loaded, self._asked)
        except session.RolloutFileError as error:
            self._end(Exit.USAGE, str(error))
            return
        except session.CannotOpen as obstacle:
            self._end(Exit.UNKNOWN, f"rollout-console watch: {obstacle}")
            return
        desk = session.desk_of(opened, self._asked)
        await asyncio.to_thread(importlib.import_module, "console.screens.soak")
        self._app.show(desk)
        if opened.notice:
            self._app.notify(opened.notice, severity="warning", markup=False, timeout=30)
        await session.keep_going(opened, desk)

    def _end(self, code: int, said: str) -> None:
        self._said = said
        self._app.exit(code, return_code=code)

    def _say_why(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            while isinstance(fault, BaseExceptionGroup):
                fault = fault.exceptions[0]
            said = self._app.redact(f"{type(fault).__name__}: {fault}")
            self._end(Exit.UNKNOWN, f"the engine stopped: {visible(said)}")


async def painted(call_after_refresh: Callable[..., bool], is_running: Callable[[], bool]) -> None:
    """Wait until the first picture is on the terminal, so that nothing heavy is imported before it."""
    while not is_running():  # noqa: ASYNC110 - Textual has no event for it
        await asyncio.sleep(0.01)
    first = asyncio.Event()
    call_after_refresh(first.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(first.wait(), 2.0)
