"""A session that is watched on until it knows all that was written."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

WITHIN_S = 60.0

Said = TypeVar("Said")


def caught_up(watch: Callable[[], Said], holds: Callable[[Said], bool]) -> Said:
    """Watch again and again, each time from where the session was, until what is said holds; return what was said last.

    When it does not hold within a minute that is returned too: the test shows by what it differs.
    """
    deadline = time.monotonic() + WITHIN_S
    while not holds(said := watch()) and time.monotonic() < deadline:
        pass  # each watch takes seconds
    return said


def counts_of(said: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Return how often each event was counted on each track."""
    return {track: {name: event["count"] for name, event in events.items()} for track, events in said["events"].items()}
