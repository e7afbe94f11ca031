"""A terminal that hangs up: how to notice it, and how to end without blocking on it."""

import os
import signal
from collections.abc import Callable
from select import POLLERR, POLLHUP, POLLNVAL, poll
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


def terminal_is_gone() -> bool:
    """Whether the terminal behind standard input has hung up."""
    asked = poll()
    asked.register(0, 0)
    return any(said & (POLLHUP | POLLERR | POLLNVAL) for _, said in asked.poll(0))


def let_go_of_terminal() -> None:
    """Point the standard streams that hung up at nothing, so that writing the last words can neither fail nor block."""
    asked = poll()
    for number in (0, 1, 2):
        asked.register(number, 0)
    gone = [number for number, said in asked.poll(0) if said & (POLLHUP | POLLERR)]
    if not gone:
        return
    null = os.open(os.devnull, os.O_RDWR)
    for number in gone:
        os.dup2(null, number)
    os.close(null)


class StopGuard:
    """Lets the process be stopped and continued as usual, but never continues on a terminal that is gone.

    The kernel sends SIGCONT together with a hang-up. Textual takes every SIGCONT for the end of a stop: it starts a
    second writer on the dead terminal, whose full queue then blocks the event loop for ever.
    """

    def __init__(self) -> None:
        self._stop = signal.getsignal(signal.SIGTSTP)
        self._continue = signal.getsignal(signal.SIGCONT)
        self._was_stopped = False

    def install(self) -> None:
        """Take the two signals over; only in the main thread, after the driver has set its own handlers."""
        signal.signal(signal.SIGTSTP, self._on_stop)
        signal.signal(signal.SIGCONT, self._on_continue)

    def remove(self) -> None:
        """Give the two signals back."""
        signal.signal(signal.SIGTSTP, self._stop)
        signal.signal(signal.SIGCONT, self._continue)

    def _on_stop(self, number: int, at: FrameType | None) -> None:
        self._was_stopped = True
        if callable(self._stop):
            self._stop(number, at)

    def _on_continue(self, number: int, at: FrameType | None) -> None:
        if terminal_is_gone():
            let_go_of_terminal()
            return
        if self._was_stopped and callable(self._continue):
            self._continue(number, at)
        self._was_stopped = False
