"""How much more the baseline's bad events vary than chance alone would let them: `phi`.

Errors come in bursts: one broken connection fails twenty requests. Twenty errors are then one piece of evidence and not
twenty, and whoever counts them as twenty raises false alarms. `phi` is the variance of the count over its mean: 1 for
events that have nothing to do with each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

ASSUMED = 5.0
"""What is assumed of the dispersion before anything is known."""
_ASSUMED_EVENTS = 12.0
"""How many bad events, in pairs of slots, the assumption weighs as much as."""
_LONG = 5
"""The second look is at slots so many times as long, for bursts that outlast a slot."""
_MOST = 9.0
"""A pair counts at most this many times what the present dispersion lets expect: three standard deviations."""
_HEAVIEST = 3.0
"""A pair weighs at most as much as three average ones, however many events it has."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Neighbouring time slots of one length, compared."""

    slot: float = -1.0
    """Number of the slot that is being filled."""
    bad: float = 0.0
    total: float = 0.0
    last_bad: float = 0.0
    last_total: float = 0.0
    """Of the slot right before; 0 when there is none."""
    pairs: float = 0.0
    squares: float = 0.0
    events: float = 0.0
    events_squared: float = 0.0

    def add(self, slot: float, bad: float, total: float, most: float) -> Self:
        if slot == self.slot:
            return replace(self, bad=self.bad + bad, total=self.total + total)
        closed = self._closed(most)
        if slot == self.slot + 1:
            return replace(closed, slot=slot, bad=bad, total=total, last_bad=self.bad, last_total=self.total)
        return replace(closed, slot=slot, bad=bad, total=total, last_bad=0.0, last_total=0.0)

    def _closed(self, most: float) -> Self:
        """Return the sums with the pair that the slot being filled makes with the one before."""
        events = self.bad + self.last_bad
        if self.total <= 0 or self.last_total <= 0 or events <= 0:
            return self
        part = self.total / (self.total + self.last_total)
        times = (self.bad - events * part) ** 2 / (part * (1 - part) * events)
        weight = min(events, _HEAVIEST * self.events / self.pairs) if self.pairs else events
        return replace(
            self,
            pairs=self.pairs + 1,
            squares=self.squares + min(times, most) * weight,
            events=self.events + weight,
            events_squared=self.events_squared + weight * weight,
        )

    @property
    def at_least(self) -> float:
        """The estimate less its standard error, were the events independent; 0 when nothing is known."""
        if self.events <= 0:
            return 0.0
        return self.squares / self.events * (1 - math.sqrt(2 * self.events_squared) / self.events)

    def as_floats(self) -> tuple[float, ...]:
        sums = (self.pairs, self.squares, self.events, self.events_squared)
        return self.slot, self.bad, self.total, self.last_bad, self.last_total, *sums


@dataclass(frozen=True, slots=True)
class Dispersion:
    """The dispersion of one metric on the baseline, learned slot by slot.

    Two neighbouring slots with exposures `n1`, `n2` and `y1`, `y2` bad events have the same rate, whatever it is, so
    that of `s = y1 + y2` events `s q` are expected in the second, `q = n2 / (n1 + n2)`, and
    `(y2 - s q)^2 / (q (1 - q))` has the mean `phi s`. `phi` is the sum of the first over the sum of the second:
    Pearson's estimate (McCullagh and Nelder, Generalized Linear Models, section 4.5) from differences, so that neither
    drift nor the level of a long outage counts as bursts. A pair weighs at most three average ones and counts at most
    nine times what is expected, so that the two edges of an outage do not count for much either.

    * Before anything is known 5 is assumed, with the weight of 12 events in pairs: two minutes of an ordinary service,
      days of one that hardly ever fails, where nobody can know whether three errors are one burst.
    * A second estimate from slots five times as long finds bursts that outlast a slot; it counts less its standard
      error.
    * A wobble of the rate within a few minutes that both tracks share raises `phi` without need, which costs time to
      find a regression and never a false alarm.
    """

    slot_s: float = 60.0
    """Length of a slot: a minute, or the time between two measurements if that is longer."""
    _short: _Pairs = _Pairs()
    _long: _Pairs = _Pairs()

    def add(self, at: float, bad: float, total: float) -> Self:
        """Return the dispersion after `bad` of `total` on the baseline in the interval that ended at `at`, in seconds.

        A comparison takes `phi` from before the interval that it judges; add the interval afterwards. A slot without
        exposure, or a clock that was set back, ends the run of neighbours.

        Raises `ValueError` for a count that is negative or not finite.
        """
        if not (0 <= bad < math.inf and 0 <= total < math.inf):
            raise ValueError(f"expected counts of 0 or more, found {bad} of {total}")
        slot = math.floor(at / self.slot_s)
        most = _MOST * self.phi
        return replace(
            self,
            _short=self._short.add(float(slot), bad, total, most),
            _long=self._long.add(float(slot // _LONG), bad, total, most),
        )

    @property
    def phi(self) -> float:
        """The variance of the baseline's count over its mean, 1 or more."""
        short = self._short
        shrunk = (short.squares + ASSUMED * _ASSUMED_EVENTS) / (short.events + _ASSUMED_EVENTS)
        return max(1.0, shrunk, self._long.at_least)

    @property
    def is_assumed(self) -> bool:
        """Whether more of `phi` is assumption than measurement."""
        return self._short.events < _ASSUMED_EVENTS

    def as_floats(self) -> list[float]:
        """Return the state as numbers to be written down; `from_floats` takes it up again exactly."""
        return [self.slot_s, *self._short.as_floats(), *self._long.as_floats()]

    @classmethod
    def from_floats(cls, floats: Sequence[float]) -> Self:
        """Return the dispersion that `as_floats` wrote; raises `ValueError` for anything else."""
        if len(floats) != _FLOATS or not all(map(math.isfinite, floats)):
            raise ValueError(f"expected {_FLOATS} finite numbers of a dispersion, found {len(floats)}")
        return cls(floats[0], _Pairs(*floats[1:10]), _Pairs(*floats[10:]))


_FLOATS = 19
