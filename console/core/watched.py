"""The sources as they report themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.core.counts import LinesCounted
from console.core.frame import SourceView
from console.core.gaps import Gaps
from console.core.inputs import SkewMeasured, SourceChanged, Unread
from console.core.words import SourceState

_WELL = (SourceState.LIVE, SourceState.QUIET)
QUIET_AFTER_S = 30.0
"""A log source that said nothing for this long is shown as quiet; silence is legal."""
SKEW_S = 1.0
"""From this difference on the clocks are said to differ."""


@dataclass(slots=True)
class WatchedSource:
    """A source: how it is doing, and when it last answered."""

    name: str
    kind: str
    gives_lines: bool
    since: float = 0.0
    """Since when it has been well, in trouble or starting."""
    state: SourceState = SourceState.STARTING
    reason: str = ""
    retry_at: float | None = None
    seen_at: float | None = None
    line_at: float | None = None
    """When lines last came."""
    newest: float | None = None
    """Time of the newest line."""
    parts: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    """The containers or files that cannot be read while others can."""
    unread_since: float | None = None
    """Since when there are such."""
    gaps: Gaps = field(default_factory=Gaps)
    skew_s: float | None = None
    """How far the clock that stamps its lines is ahead; `None` for nobody knows."""
    shift_s: float = 0.0
    """By how much the times of its lines are put right."""
    lines: int = 0

    def changed(self, change: SourceChanged) -> bool:
        """Take a change up; return whether it is worth a line in the journal."""
        was_well, is_well = self.state in _WELL, change.state in _WELL
        # A source that is lost does not say what it follows: that is no change, however often it is tried again.
        parts = change.parts if change.parts or is_well else self.parts
        is_news = was_well != is_well or (self.state is SourceState.STARTING) or self.parts != parts
        is_news = is_news or self.unread != change.unread
        if was_well != is_well or SourceState.STARTING in (self.state, change.state):
            self.since = change.at
        self.state, self.reason, self.retry_at = change.state, change.reason, change.retry_at
        self.unread, self.parts = change.unread, parts
        if not self.unread or self.unread_since is None:
            self.unread_since = change.at if self.unread else None
        if is_well:
            self.seen_at = change.at
        if change.state is SourceState.STARTING:  # another console begins, and has not heard what was said before
            self.line_at = self.newest = self.skew_s = None
            self.shift_s = 0.0
        return is_news

    def recall(self, state: SourceState, reason: str, at: float) -> None:
        """Take up how the source was doing when the session was last written to."""
        self.state, self.reason, self.seen_at, self.since = state, reason, at, at

    def shift(self, by_s: float, at: float) -> None:
        """Move what is remembered of it along with this machine's clock, which was noticed at `at`.

        What came between the step and that moment has the new time already, and nothing is later than now.
        """
        self.since = min(at, self.since + by_s)
        self.seen_at, self.line_at, self.unread_since = (
            None if known is None else min(at, known + by_s)
            for known in (self.seen_at, self.line_at, self.unread_since)
        )

    def is_written(self, track: str) -> bool:
        """Return whether somebody is there who may write lines of a track, however silent.

        A container or a command that runs is; of a file nobody knows whether its writer lives. While the source does
        not say what it follows, and while it is in trouble, that is no reason to think that nobody is.
        """
        if self.state not in _WELL:
            return True
        if not self.parts:
            return self.state is SourceState.LIVE
        return self.kind != "file" and self.parts.get(track, 0) > 0

    def counted(self, counted: LinesCounted) -> None:
        """Note that lines came, if any did: where a file begins to be read is noted in the same way."""
        if not counted.lines:
            return
        self.lines += counted.lines
        self.seen_at = self.line_at = max(counted.at, self.line_at or 0.0)
        self.newest = max(counted.newest, self.newest or 0.0)

    def compared(self, measured: SkewMeasured) -> bool:
        """Take up how the clocks differ; return whether it is worth a line in the journal."""
        known = self.skew_s or 0.0
        is_news = abs(measured.skew_s - known) >= SKEW_S
        self.skew_s, self.shift_s = measured.skew_s, measured.shift_s
        return is_news

    @property
    def is_in_trouble(self) -> bool:
        """Whether it does not answer."""
        return self.state in (SourceState.RETRYING, SourceState.UNREADABLE, SourceState.STALE)

    def _behind_since(self) -> float | None:
        """Return since when something of it is not read, `None` while everything is."""
        if not self.gives_lines:
            return None
        return self.since if self.is_in_trouble else self.unread_since

    def _lag_s(self, at: float) -> float | None:
        """Return how far reading is behind what is written, by one clock, or since when nothing is read."""
        behind = self._behind_since()
        if behind is not None:
            return max(0.0, at - behind)
        is_reading = self.line_at is not None and at - self.line_at <= 2.0
        if not is_reading or self.line_at is None or self.newest is None:
            return None
        return max(0.0, self.line_at - self.newest + (self.skew_s or 0.0) - self.shift_s)

    def _age_s(self, at: float) -> float | None:
        since = self.since if self.is_in_trouble else self.seen_at
        return None if since is None else max(0.0, at - since)

    def view(self, at: float) -> SourceView:
        """Return the source as the strip shows it."""
        state = self.state
        if (
            state is SourceState.LIVE
            and self.gives_lines
            and (self.line_at is None or at - self.line_at > QUIET_AFTER_S)
        ):
            state = SourceState.QUIET
        return SourceView(
            name=self.name,
            kind=self.kind,
            state=state,
            reason=self.reason,
            age_s=self._age_s(at),
            retry_in_s=None if self.retry_at is None else max(0.0, self.retry_at - at),
            parts=tuple(self.parts.items()),
            lag_s=self._lag_s(at),
            gaps=self.gaps.count,
            newest_gaps=tuple(reversed(self.gaps.newest)),
            skew_s=self.skew_s if abs(self.skew_s or 0.0) >= SKEW_S else None,
            is_lag_least=self._behind_since() is not None,
            unread=tuple((one.name, one.reason) for one in self.unread),
            gap_lines=self.gaps.lines_at_most,
            unsized_gaps=self.gaps.unsized,
        )
