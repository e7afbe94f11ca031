"""What an engine may have lost of one container's log, told in few words however often it happens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from console.sources.base import Standing

_LINES_PER_US = 1
"""No engine logs faster: half a million lines a second were measured."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Lines between two moments of the engine's clock may be missing; the lines of these moments are there."""

    reason: str
    since_ns: int | None
    until_ns: int | None


class Losses:
    """Reports the losses of one container; those that are noted together are told as one.

    What waits must be told before the lines that come after it are counted: a console that is killed in between would
    go on after them, and nobody would know.
    """

    def __init__(self, standing: Standing, expected: Callable[[int], int]) -> None:
        self._standing = standing
        self._expected = expected
        """How many lines come in so many nanoseconds at the fastest pace so far."""
        self._waiting: list[Loss] = []

    def note(self, loss: Loss) -> None:
        """Take a loss up; `tell` reports it."""
        self._waiting.append(loss)

    def tell(self, name: str, track: str) -> None:
        """Report what waits."""
        if not self._waiting:
            return
        spans = [(loss.since_ns, loss.until_ns) for loss in self._waiting]
        durations = [until - since for since, until in spans if since is not None and until is not None]
        is_bounded = len(durations) == len(spans)
        about = self._expected(sum(durations)) if is_bounded else 0
        loss, self._waiting = together(self._waiting), []
        self._standing.gap(
            name,
            loss.reason + (f"; about {about:,} lines at its fastest pace so far" if about else ""),
            since=None if loss.since_ns is None else loss.since_ns / 1e9,
            until=None if loss.until_ns is None else loss.until_ns / 1e9,
            lines_at_most=sum(map(lines_in, durations)) if is_bounded else None,
            track=track,
        )


def lines_in(duration_ns: int) -> int:
    """Return how many lines can have been logged in so long a time at most."""
    return max(0, duration_ns) * _LINES_PER_US // 1000 + 1


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
