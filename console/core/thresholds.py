"""The conditions of a metric, and what is needed before one of them counts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from console.core.conditions import Condition, Op, parse_condition, share_scale, unit_scale
from console.core.proportions import rate_interval
from console.core.rollout import CONDITIONS, Metric, NoData
from console.core.runs import Budget, Rules, parse_budget
from console.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The conditions of a metric, parsed."""

    unit: str
    target: Condition | None
    warning: Condition | None
    critical: Condition | None
    against_baseline: Condition | None
    rules: Rules
    min_samples: int
    stale_after_s: float
    no_data: NoData
    broken_after: int
    alpha: float | None
    """How often the interval of a rate may be wrong, where evidence is asked for, this metric's part; `None` where it
    is not."""
    counts_lines: bool
    """Its samples are all the log lines that were read: it is a count, and no share of them."""
    worse: Verdict | None
    """The verdict where the canary is sure to be worse than the baseline."""
    phases: tuple[str, ...] = ()
    """The phases in which the conditions are asked; empty for all."""
    elsewhere: str = ""
    """Why nothing is asked now; empty where it is."""

    def inside(self, phase: str) -> Self:
        """Return the conditions as they are in a phase: asked, or only kept in mind."""
        if not self.phases:
            return self
        is_asked = phase in self.phases
        return replace(self, elsewhere="" if is_asked else f"judged in {' and '.join(self.phases)}")

    @classmethod
    def of(cls, metric: Metric, parts_of_alpha: int = 1) -> Self:
        """Parse the conditions of a metric; raises `ConditionError` for one that cannot be understood.

        `parts_of_alpha` is over how many metrics the `alpha` of evidence is split.
        """
        parsed = {
            name: None if text is None else parse_condition(text, metric.judged_unit)
            for name in CONDITIONS
            for text in (getattr(metric, name),)
        }
        return cls(
            unit=metric.judged_unit,
            rules=Rules(
                for_s=metric.for_,
                keep_for_s=metric.keep_for,
                budget=Budget() if metric.breaches is None else parse_budget(metric.breaches),
                every_s=metric.every if not metric.is_probed else 0.0,
            ),
            min_samples=metric.min_samples,
            stale_after_s=metric.stale_after_s,
            no_data=metric.no_data,
            broken_after=metric.broken_after,
            alpha=None if metric.evidence is None else metric.evidence.alpha / parts_of_alpha,
            phases=metric.phases,
            counts_lines=metric.events is not None and metric.events.over is None,
            worse=None if metric.evidence is None else Verdict(metric.evidence.worse.upper()),
            target=parsed["target"],
            warning=parsed["warning"],
            critical=parsed["critical"],
            against_baseline=parsed["against_baseline"],
        )

    @property
    def for_s(self) -> float:
        """How long a breach must hold before it counts."""
        return self.rules.for_s

    @property
    def is_zero_tolerance(self) -> bool:
        """Whether a single hit breaches it, so that no number of samples is too few for a hit."""
        return any(
            condition is not None and not condition.needs_baseline and condition.bound == 0 and condition.op in ops
            for condition, ops in ((self.target, (Op.EQ, Op.LE)), (self.critical, (Op.GT, Op.NE)))
        )

    @property
    def asks_baseline(self) -> bool:
        """Whether any condition compares with the baseline."""
        return any(condition.needs_baseline for condition in self._asked)

    @property
    def asks_only_baseline(self) -> bool:
        """Whether all that is asked compares with the baseline, so that nothing can be said without one."""
        is_asked = bool(self._asked) or self.worse is not None
        return is_asked and all(condition.needs_baseline for condition in self._asked)

    @property
    def _asked(self) -> list[Condition]:
        asked = (self.target, self.warning, self.critical, self.against_baseline)
        return [condition for condition in asked if condition is not None]

    @property
    def is_more_better(self) -> bool:
        """Whether a higher value is the better one; where no condition says it, a lower one is."""
        ways = better_ways((self.target, self.against_baseline), (self.warning, self.critical), self.unit)
        return ways == {True}

    def level(self, level: Verdict) -> Condition | None:
        """Return the condition of WARNING or CRITICAL."""
        return self.critical if level is Verdict.CRITICAL else self.warning

    def interval(self, bad: int | None, samples: int | None) -> tuple[float, float] | None:
        """Return between which numbers a rate of counts lies, in the metric's unit; `None` where it is taken as it is.

        The interval is valid at every look while counts add up (`core.proportions`); on a window that moves it is
        wider than one for a single look would have to be.
        """
        if self.alpha is None or self.is_zero_tolerance or not samples or bad is None or not 0 <= bad <= samples:
            return None
        scale = share_scale(self.unit)
        low, high = rate_interval(bad, samples, self.alpha)
        return low * scale, high * scale


def better_ways(good: Iterable[Condition | None], bad: Iterable[Condition | None], unit: str) -> frozenset[bool]:
    """Return which way is the better one, `True` for more, as far as each condition says it.

    `good` ask what should be true, `bad` what should not. A range, or a distance from the baseline, says neither; that
    a value is to be 0 says less, and that a share is to be all of it says more.
    """
    ways = {_points_up(condition, unit) for condition in good if condition is not None}
    ways |= {not up for condition in bad if condition is not None and (up := _points_up(condition, unit)) is not None}
    return frozenset(way for way in ways if way is not None)


def _points_up(condition: Condition, unit: str) -> bool | None:
    """Return whether a condition is true of more rather than of less; `None` where it is neither."""
    if condition.op in (Op.GT, Op.GE, Op.LT, Op.LE):
        return condition.op in (Op.GT, Op.GE)
    is_equal = condition.op is Op.EQ
    if condition.op not in (Op.EQ, Op.NE) or condition.needs_baseline:
        return None
    if condition.bound == 0:
        return not is_equal
    is_all = unit_scale(unit)[0] == "share" and condition.bound == share_scale(unit)
    return is_equal if is_all else None


def surely(
    condition: Condition | None, value: float | None, within: tuple[float, float] | None, baseline: float | None = None
) -> bool | None:
    """Return whether a condition is true of all that a value may be; `None` if of a part of it, or if nobody knows.

    `within` is the interval of the value, `None` where the value is taken as it is. A relative condition asks the
    value alone: how sure the comparison is, the evidence says.
    """
    if condition is None:
        return False
    if within is None or condition.needs_baseline:
        return condition.holds(value, baseline)
    return condition.holds_within(*within)
