"""Numbers and times in the words of the screen."""

from datetime import UTC, datetime

from console.core.durations import format_duration
from console.core.verdict import Verdict
from console.core.words import Outcome, SourceState
from widgets.ink import BADGE, VERDICT, Role
from widgets.lines import Span


def clock(at: float) -> str:
    """Return the time of day in UTC: `14:03:27`."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def stamp(at: float) -> str:
    """Return the time of day with milliseconds, as a log line shows it."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


def moment(at: float) -> str:
    """Return date and time in UTC: `2026-03-02 14:03:27`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def person(actor: str) -> str:
    """Return who somebody is without the terminal: `anna@ops1` of `anna@ops1 (pts/3)`."""
    return actor.partition(" (")[0]


def whole(seconds: float) -> str:
    """Return a duration without fractions of a second, so that it changes at most once a second."""
    return format_duration(float(int(max(0.0, seconds))))


def share(percent: float) -> str:
    """Return a traffic share: `10 %`, `2.5 %`."""
    return f"{percent:g} %"


def short_count(count: int) -> str:
    """Return a count in at most six characters: `48,112`, `431.9k`, `12.3M`."""
    if abs(count) < 100_000:
        return f"{count:,}"
    for limit, unit in ((1e6, "k"), (1e9, "M"), (1e12, "G")):
        if abs(count) < limit * 0.99995:
            return f"{count / (limit / 1000):.1f}{unit}"
    return f"{count / 1e12:.1f}T"


def per_second(rate: float) -> str:
    """Return a rate in at most five characters."""
    if rate >= 100_000:
        return f"{rate / 1000:.0f}k"
    if rate >= 100:
        return f"{rate:.0f}"
    return f"{rate:.1f}" if rate >= 0.05 or rate == 0 else "<0.1"


def badge(verdict: Verdict) -> Span:
    """Return the verdict as a block of colour with its glyph and its word."""
    return Span(f" {verdict.glyph} {verdict} ", BADGE[verdict])


def named(verdict: Verdict) -> Span:
    """Return the verdict as glyph and word in its colour."""
    return Span(f"{verdict.glyph} {verdict}", VERDICT[verdict])


SOURCE_LOOKS: dict[SourceState, tuple[str, Role]] = {
    SourceState.STARTING: ("◌", Role.DIM),
    SourceState.LIVE: ("●", Role.OK),
    SourceState.QUIET: ("○", Role.OK),
    SourceState.STALE: ("?", Role.UNKNOWN),
    SourceState.RETRYING: ("↻", Role.WARNING),
    SourceState.UNREADABLE: ("⊘", Role.BROKEN),
}
"""Glyph and colour of each state of a source."""

OUTCOME_LOOKS: dict[Outcome, tuple[str, Role]] = {
    Outcome.RUNNING: ("►", Role.ACCENT),
    Outcome.HOLDING: ("‖", Role.WARNING),
    Outcome.DONE: ("✓", Role.OK),
    Outcome.FAILED: ("✗", Role.CRITICAL),
    Outcome.UNVERIFIED: ("!", Role.WARNING),
    Outcome.UNKNOWN: ("?", Role.UNKNOWN),
    Outcome.ABANDONED: ("–", Role.DIM),
}
"""Glyph and colour of each outcome of an action."""

STEP_LOOKS: dict[str, tuple[str, Role]] = {
    "running": ("►", Role.ACCENT),
    "done": ("✓", Role.OK),
    "passed": ("✓", Role.OK),
    "failed": ("✗", Role.CRITICAL),
    "not begun": ("✗", Role.CRITICAL),
    "timed out": ("?", Role.UNKNOWN),
    "not known": ("?", Role.UNKNOWN),
    "not passed": ("!", Role.WARNING),
}
"""Glyph and colour of each state of a step; one whose turn has not come is not in it."""
