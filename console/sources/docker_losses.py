"""What an engine may have lost of one container's log, told in few words however often it happens."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from console.sources.base import Standing

AtMost = Callable[[int], int | None]
"""How many lines can have been written in so many nanoseconds; `None` where nobody can tell."""

TELL_S = 10.0
"""After a loss was told, those of the next seconds are told together."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Lines between two moments of the engine's clock may be missing; the lines of these moments are there."""

    reason: str
    since_ns: int | None
    until_ns: int | None


class Losses:
    """Reports the losses of one container: the first at once, more of them after a while, as one."""

    def __init__(self, standing: Standing, at_most: AtMost) -> None:
        self._standing = standing
        self._at_most = at_most
        self._waiting: list[Loss] = []
        self._told_at: float | None = None

    def note(self, loss: Loss) -> None:
        """Take a loss up; `tell` reports it."""
        self._waiting.append(loss)

    def tell(self, name: str, track: str, *, is_last: bool = False) -> None:
        """Report what waits, unless there was a report only just now; if nobody will call again, in any case."""
        if not self._waiting:
            return
        now = time.monotonic()
        if not is_last and self._told_at is not None and now - self._told_at < TELL_S:
            return
        self._told_at = now
        # Only now: by now the lines around a loss were counted, and show how fast they were written.
        at_most = [self._lines_of(loss) for loss in self._waiting]
        loss, self._waiting = together(self._waiting), []
        self._standing.gap(
            name,
            loss.reason,
            since=None if loss.since_ns is None else loss.since_ns / 1e9,
            until=None if loss.until_ns is None else loss.until_ns / 1e9,
            lines_at_most=None if None in at_most else sum(number or 0 for number in at_most),
            track=track,
        )

    def _lines_of(self, loss: Loss) -> int | None:
        if loss.since_ns is None or loss.until_ns is None:
            return None
        return self._at_most(loss.until_ns - loss.since_ns)


def together(losses: list[Loss]) -> Loss:
    """Return several losses as one that holds them all."""
    first = losses[0]
    if len(losses) == 1:
        return first
    since = [loss.since_ns for loss in losses if loss.since_ns is not None]
    until = [loss.until_ns for loss in losses if loss.until_ns is not None]
    return Loss(f"{first.reason} ({len(losses)} times)", min(since, default=None), max(until, default=None))


def clock(key: int) -> str:
    """Return the time of a line as people write it, in UTC."""
    return datetime.fromtimestamp(key / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"
