"""How fast samples come, so that one can say when there will be enough."""

from dataclasses import dataclass, replace

SPAN_S = 300.0
"""The rate is taken over one to two of these."""
LEAST_S = 10.0
"""A rate over less is not worth saying."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How many samples there were at a moment."""

    at: float
    samples: int


@dataclass(frozen=True, slots=True)
class Pace:
    """The number of samples of a metric over the last minutes."""

    first: Mark
    middle: Mark
    last: Mark

    @classmethod
    def of(cls, at: float, samples: int) -> "Pace":
        """Return the pace at the first sight of a metric: none yet."""
        mark = Mark(at, samples)
        return cls(mark, mark, mark)

    def seen(self, at: float, samples: int) -> "Pace":
        """Return the pace after another measurement; fewer samples than before begin it again."""
        mark = Mark(at, samples)
        if samples < self.last.samples or at < self.last.at:
            return Pace(mark, mark, mark)
        if at - self.middle.at >= SPAN_S:
            return Pace(self.middle, mark, mark)
        return replace(self, last=mark)

    def seconds_to(self, samples: int) -> float | None:
        """Return in how many seconds there will be so many samples at the present rate; `None` if nobody can say."""
        passed, came = self.last.at - self.first.at, self.last.samples - self.first.samples
        if samples <= self.last.samples:
            return 0.0
        if passed < LEAST_S or came <= 0:
            return None
        return (samples - self.last.samples) * passed / came
