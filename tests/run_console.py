"""Run the console over a desk that plays one frame, for tests in a real terminal: FRAME FILE [ignore-hangup] [slow].

FILE gets a line when the session is closed; `slow` takes its time to close it.
"""

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

from console.app import ConsoleApp
from console.core.frame import Frame
from tests import frames


class PlayingDesk(frames.FakeDesk):
    """Publishes a new frame at every look, as a busy engine does."""

    played = 0

    @property
    def frame(self) -> Frame:
        """The frame, a fifth of a second later each time."""
        self.played += 1
        return replace(self._frame, at=self._frame.at + self.played / 5)

    @frame.setter
    def frame(self, frame: Frame) -> None:
        self._frame = frame


def main() -> int:
    """Run until the terminal, a signal or a key ends it; return the exit code."""
    name, file, *rest = sys.argv[1:]
    if "ignore-hangup" in rest:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def note_closing() -> None:
        with Path(file).open("a") as closed:
            closed.write("closed\n")

    async def on_leave() -> None:
        if "slow" in rest:
            await asyncio.sleep(1.5)
        note_closing()

    app = ConsoleApp(PlayingDesk(getattr(frames, name)(), frames.rows()), on_leave=on_leave)
    return app.run() or 0


if __name__ == "__main__":
    sys.exit(main())
