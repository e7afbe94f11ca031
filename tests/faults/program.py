"""The real console as a child process, and its session as the file has it."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from console.core.record import ChainBreak, Record
from console.demo.spawn import spawn
from console.effects.session_reader import SessionReader, Stored
from console.effects.session_schema import FILE_NAME, SessionUnreadable
from tests.sources.networks import Wire

AFTER_S = 1.5
"""What was read to its end is looked at after the console watched on for so long, and after another start of it."""
CONSOLE_LOG = "console.log"
T = TypeVar("T")


class Program:
    """`watch FILE --headless`, started, stopped, halted and killed."""

    def __init__(self, file: Path, folder: Path) -> None:
        self.log = folder / CONSOLE_LOG
        self._file = file
        self._state = folder / "state"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what was logged before it is read from its beginning."""
        self._process = spawn(
            [sys.executable, "-m", "console", "watch", self._file, "--headless", "--since", "1h"],
            self.log,
            death_signal=signal.SIGKILL,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self._state),
                "ROLLOUT_CONSOLE_STATE": str(self._state),
                "ROLLOUT_CONSOLE_LOCKS": str(self._state),
            },
        )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; raises `RuntimeError` if it has ended by itself."""
        self._check()
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals) -> None:
        """End it by a signal and return when it is gone."""
        self.send(number)
        assert self._process is not None
        self._process.wait(30)
        self._process = None

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def read(self) -> Stored | None:
        """Return the session as its file has it now, `None` while there is none.

        Raises `RuntimeError` if the console has ended by itself.
        """
        self._check()
        return self._ask(SessionReader.load)

    def journal(self) -> list[Record]:
        """Return the records of the journal, in order."""
        return [row.record for row in self._ask(SessionReader.records) or ()]

    def broken_journal(self) -> ChainBreak | None:
        """Return where the chain of the journal is broken."""
        return self._ask(SessionReader.check_journal)

    def has_looked_again(self) -> bool:
        """Return whether the console has reached its source since it was started last."""
        self._check()
        records = self.journal()
        opened = max((index for index, record in enumerate(records) if record.kind == "session"), default=0)
        return any(record.body.get("state") in ("live", "quiet") for record in records[opened:])

    def watch_on(self, for_s: float, within_s: float) -> None:
        """Return once the console has written down that it watched for so long from now on. Raises `TimeoutError`."""
        began = self._last_seen()
        wait_for(lambda: self._last_seen() >= began + for_s, within_s, f"the console watching on for {for_s:g} s")

    def _last_seen(self) -> float:
        self._check()
        newest, _ = self._ask(SessionReader.moment) or (None, 0)
        return newest or 0.0

    def _check(self) -> None:
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            raise RuntimeError(f"the console has ended by itself with {code}")

    def _ask(self, question: Callable[[SessionReader], T]) -> T | None:
        for file in self._state.rglob(FILE_NAME):
            try:
                reader = SessionReader.open_read_only(file.parent)
            except SessionUnreadable:
                return None
            try:
                return question(reader)
            finally:
                reader.close()
        return None


class Relay:
    """A `Wire` to the engine's socket, in a thread of its own."""

    def __init__(self, target: str, path: str) -> None:
        self._wire = Wire(target, path)
        self._loop = asyncio.new_event_loop()
        self._is_over = asyncio.Event()
        self._is_open: Future[None] = Future()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._is_open.result(10)

    def close(self) -> None:
        """Hang up and be gone."""
        self._loop.call_soon_threadsafe(self._is_over.set)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Break every connection."""
        self._loop.call_soon_threadsafe(self._wire.cut)

    def freeze(self) -> None:
        """Let no byte through, and say nothing about it."""
        self._loop.call_soon_threadsafe(self._wire.freeze)

    def thaw(self) -> None:
        """Let everything through again."""
        self._loop.call_soon_threadsafe(self._wire.thaw)

    async def _run(self) -> None:
        async with self._wire:
            self._is_open.set_result(None)
            await self._is_over.wait()


def wait_for(holds: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return once something holds. Raises `TimeoutError`."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"within {timeout_s:.0f}s not: {what}")
        time.sleep(0.1)
