"""The canary's part of the traffic as it is seen, held against the share that the phase gives it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from console.core.proportions import ShareSeen, share_interval, share_seen
from console.core.values import format_range

_ASSUMED, _WEIGHT = 5.0, 10
"""How many requests go the same way together until the traffic has shown it, and how many intervals that is worth."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests of the canary and of both tracks since the share was changed, and how they clump."""

    canary: int = 0
    both: int = 0
    spread: float = 0.0
    """Sum over neighbouring intervals of how much more their shares differ than those of single requests would."""
    pairs: int = 0
    """How many of those there were."""
    newest: tuple[int, int] = (0, 0)
    """Requests of the canary and of both tracks in the last interval."""

    def take(self, canary: int, baseline: int) -> Self:
        """Return what is known after one more interval."""
        both = canary + baseline
        grown = replace(self, canary=self.canary + canary, both=self.both + both)
        if both == 0:
            return grown
        grown = replace(grown, newest=(canary, both))
        spread = _spread(self.newest, (canary, both))
        return grown if spread is None else replace(grown, spread=self.spread + spread, pairs=self.pairs + 1)

    def reshared(self) -> Self:
        """Return what is known when the share was changed: how requests clump, and nothing of the new share."""
        return replace(self, canary=0, both=0, newest=(0, 0))

    @property
    def clump(self) -> float:
        """How many requests go the same way together, as those of one user do; 1 where each goes by itself.

        The mean over neighbouring intervals of Pearson's chi square of their two shares (McCullagh and Nelder, 1989,
        4.5), with 5 assumed in the beginning. A share that drifts, or is off for good, hardly moves it.
        """
        return max(1.0, (_WEIGHT * _ASSUMED + self.spread) / (_WEIGHT + self.pairs))

    def against(self, planned: float) -> tuple[ShareSeen, str] | None:
        """Return what is known of the share, and say it; `planned` is the share that is applied, 0 to 1.

        `None` where there is nothing to hold it against: no traffic yet, or all of it on one track.
        """
        if not 0 < planned < 1 or self.both == 0:
            return None
        clump, said = self.clump, f"{100 * planned:g} %"
        seen = share_seen(self.canary, self.both, planned, clump=clump)
        low, high = share_interval(self.canary / clump, self.both / clump, planned)
        between = format_range(100 * low, 100 * high, "%")
        if seen is ShareSeen.OFF:
            return seen, f"the canary gets {between} of the traffic, not {said}"
        if seen is ShareSeen.AS_PLANNED:
            return seen, f"the canary gets {between} of the traffic: {said}, as planned"
        return seen, f"not yet known whether the canary gets {said} of the traffic: {between}"

    def as_numbers(self) -> list[float]:
        """Return the state as numbers to be written down; `from_numbers` takes it up again exactly."""
        return [self.canary, self.both, self.spread, self.pairs, *self.newest]

    @classmethod
    def from_numbers(cls, said: Sequence[float]) -> Self:
        """Return what `as_numbers` wrote; of files of older versions there are only the first two numbers."""
        canary, both, spread, pairs, *newest = (*said, 0.0, 0, 0, 0) if len(said) == 2 else said
        return cls(int(canary), int(both), float(spread), int(pairs), (int(newest[0]), int(newest[1])))


def _spread(before: tuple[int, int], after: tuple[int, int]) -> float | None:
    """Return `(p - q)^2 / (s (1 - s) (1/n + 1/m))` for shares `p`, `q` of `n`, `m` requests and `s` of both together.

    1 on average where each request goes by itself. `None` where there is nothing to learn.
    """
    (hits, of), (more_hits, of_more) = before, after
    if of == 0 or of_more == 0:
        return None
    together = (hits + more_hits) / (of + of_more)
    if not 0 < together < 1:
        return None
    difference = hits / of - more_hits / of_more
    return difference * difference / (together * (1 - together) * (1 / of + 1 / of_more))
