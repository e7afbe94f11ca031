"""What attempts print, for a screen that is drawn five times a second and must never wait for a disk."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from console.patience import LeftBehind

GLANCE_S = 0.05
"""So long a screen waits for a disk, once; after that it shows what was read before."""


class Printed:
    """The newest lines that each attempt printed, as far as the disk told them."""

    def __init__(self, read: Callable[[str], tuple[str, ...]]) -> None:
        self._read = read
        self._known: dict[str, tuple[str, ...]] = {}
        self._reading: dict[str, Future[tuple[str, ...]]] = {}
        """What was asked and has not been looked at: at most one a time, for however long a disk hangs."""

    def of(self, attempt: str) -> tuple[str, ...]:
        """Return the lines of an attempt: those of now, or of the last time that the disk answered."""
        reading, limit_s = self._reading.get(attempt), 0.0
        if reading is None:
            reading, limit_s = LeftBehind().submit(partial(self._read, attempt)), GLANCE_S
            self._reading[attempt] = reading
        try:
            self._known[attempt] = reading.result(limit_s)
        except TimeoutError:
            return self._known.get(attempt, ())
        del self._reading[attempt]
        return self._known[attempt]
