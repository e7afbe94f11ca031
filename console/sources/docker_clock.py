"""How far the clock of an engine is from the clock of this machine.

Lines carry the times of the engine's clock, windows and ages those of this machine. Small differences only shift what
is shown as the lag. From a second on, the times of lines are put right by whole seconds, and so are the moments from
which logs are asked for; the keys of lines never are.
"""

import time
from collections.abc import Callable

MEASURE_S = 30.0
"""How often the difference is measured."""
_COARSE_S = 0.5
"""How far the whole seconds in an answer's head may be from what was measured before it is measured again."""


class EngineClock:
    """The clock of one engine. Written by one thread, read by many."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.skew_s: float | None = None
        """The engine's clock minus that of this machine; `None` while nobody knows."""
        self.shift_s = 0
        """Whole seconds that the times of lines are put right by."""
        self.is_stale = True
        """Whether nothing is known of the engine's clock, or lines showed that it was set since it was measured."""
        self.settings = 0
        """How often lines showed that it was set."""
        self._clock = clock

    def doubt(self) -> None:
        """Note that the engine's clock was set: what was measured before says nothing any more."""
        self.is_stale = True
        self.settings += 1

    def measured(self, skew_s: float) -> None:
        """Take a measurement up; the shift stays until it is wrong by a second, so that it does not flutter."""
        if abs(skew_s - self.shift_s) >= 1.0:
            self.shift_s = round(skew_s)
        self.skew_s, self.is_stale = skew_s, False

    def is_doubted_by(self, date_s: float) -> bool:
        """Return whether the time in the head of an answer that just came, cut to seconds, says something else."""
        if self.skew_s is None or self.is_stale:
            return True
        expected_s = self._clock() + self.skew_s
        return not date_s - _COARSE_S <= expected_s <= date_s + 1.0 + _COARSE_S

    def now_ns(self) -> int | None:
        """Return the time of the engine, in nanoseconds since the epoch; `None` while nobody knows."""
        return None if self.skew_s is None or self.is_stale else int((self._clock() + self.skew_s) * 1e9)

    def key_at(self, at_s: float) -> int:
        """Return the key of a line that is counted at a moment of this machine."""
        return int((at_s + self.shift_s) * 1e9)
