"""How far a migration is on its way, how fast it goes, and how long it will take at that pace."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.core.conditions import share_scale
from console.core.judging import Judged
from console.core.probes import Metric

POINTS = 8
"""The pace is that of so many last measurements: over fewer it jumps, over more it lags behind."""


@dataclass(frozen=True, slots=True)
class Approach:
    """A share of keys on its way to all of them, or a count of keys on its way to none."""

    done: int
    total: int
    """Of a count, the most that was counted in the phase."""
    per_s: float | None
    """`None` while it does not go forward, or was measured only once."""

    @property
    def share(self) -> float:
        """How far it is, 0 to 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at this pace; `None` while there is none, and 0 at the end."""
        if self.done >= self.total:
            return 0.0
        return None if self.per_s is None else (self.total - self.done) / self.per_s


def approach(
    metric: Metric, judged: Judged, history: Sequence[tuple[float, float | None]], began: float
) -> Approach | None:
    """Return how far a metric is, from its last value and those since `began`; `None` where the file does not ask.

    `history` holds time and value of past measurements, oldest first.
    """
    if not metric.progress or metric.redis is None or judged.value is None:
        return None
    points = [(at, value) for at, value in history if value is not None and at >= began]
    if metric.redis.count is not None:
        total = max([value for _, value in points] + [judged.value])
        done_at = [(at, total - value) for at, value in points]
        return Approach(round(total - judged.value), round(total), _pace(done_at))
    if judged.samples is None or judged.bad is None:
        return None
    per_share = judged.samples / share_scale(metric.unit)
    done_at = [(at, value * per_share) for at, value in points]
    return Approach(judged.samples - judged.bad, judged.samples, _pace(done_at))


def _pace(points: Sequence[tuple[float, float]]) -> float | None:
    """Return how much comes in a second, over the last measurements; `None` where nothing does."""
    recent = points[-POINTS:]
    if len(recent) < 2 or recent[-1][0] <= recent[0][0]:
        return None
    per_s = (recent[-1][1] - recent[0][1]) / (recent[-1][0] - recent[0][0])
    return per_s if per_s > 0 else None
