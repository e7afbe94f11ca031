"""Turn measurements into verdicts.

One `Judged` value per metric and track carries everything the next judgement needs, so it can be written down and
taken up again at any moment. The rules:

* `for`: a condition must have held for at least that long; a gap in measuring while it is pending starts it again.
* `keep_for`: a verdict that stands is held for that long after its condition became false.
* missing data never resolves a warning or critical verdict, and never satisfies anything: everything else becomes
  UNKNOWN (no data, too few samples, too old) or BROKEN (measuring failed).
"""

from dataclasses import dataclass, replace
from typing import Self

from console.core.conditions import Condition, Op, parse_condition
from console.core.durations import format_duration
from console.core.rollout import CONDITIONS, Metric
from console.core.values import bare_number, format_value
from console.core.verdict import Verdict

LEVELS = (Verdict.CRITICAL, Verdict.WARNING)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The conditions of a metric, parsed."""

    unit: str
    target: Condition | None
    warning: Condition | None
    critical: Condition | None
    against_baseline: Condition | None
    for_s: float
    keep_for_s: float
    min_samples: int
    stale_after_s: float

    @classmethod
    def of(cls, metric: Metric) -> Self:
        """Parse the conditions of a metric; raises `ConditionError` for one that cannot be understood."""
        parsed = {
            name: None if text is None else parse_condition(text, metric.unit)
            for name in CONDITIONS
            for text in (getattr(metric, name),)
        }
        return cls(
            unit=metric.unit,
            for_s=metric.for_,
            keep_for_s=metric.keep_for,
            min_samples=metric.min_samples,
            stale_after_s=metric.stale_after_s,
            **parsed,
        )

    @property
    def is_zero_tolerance(self) -> bool:
        """Whether a single hit breaches it, so that no number of samples is too few for a hit."""
        return any(
            condition is not None and not condition.needs_baseline and (condition.op, condition.bound) in _ZERO
            for condition in (self.target, self.critical)
        )

    def level(self, level: Verdict) -> Condition | None:
        """Return the condition of WARNING or CRITICAL."""
        return self.critical if level is Verdict.CRITICAL else self.warning


_ZERO = {(Op.EQ, 0.0), (Op.GT, 0.0), (Op.NE, 0.0), (Op.LE, 0.0)}


@dataclass(frozen=True, slots=True)
class Run:
    """How long a condition has held, and since when its verdict stands."""

    since: float | None = None
    """Start of the unbroken run of true measurements; `None` while it is false."""
    fired: float | None = None
    """When the verdict began to stand; `None` while it does not."""
    cleared: float | None = None
    """First false measurement since it fired, while `keep_for` holds it."""

    def observe(self, at: float, *, is_true: bool, for_s: float, keep_for_s: float) -> "Run":
        """Return the state after one measurement at `at`."""
        if is_true:
            since = at if self.since is None else self.since
            fires = self.fired is not None or at - since >= for_s
            fired = (at if self.fired is None else self.fired) if fires else None
            return Run(since, fired, None)
        if self.fired is None:
            return Run()
        cleared = at if self.cleared is None else self.cleared
        return Run(None, self.fired, cleared) if at - cleared < keep_for_s else Run()

    def interrupted(self) -> "Run":
        """Return the state after a gap in measuring: a pending run starts again, a verdict that stands goes on."""
        return self if self.fired is not None else Run()


@dataclass(frozen=True, slots=True)
class Judged:
    """One metric on one track: the last measurement, its verdict, and what the next judgement needs."""

    verdict: Verdict = Verdict.UNKNOWN
    reason: str = "no data yet"
    since: float | None = None
    """When the verdict began."""
    at: float | None = None
    """Time of the last answer, whether it held a number or said that there is none."""
    value: float | None = None
    samples: int | None = None
    bad: int | None = None
    error: str = ""
    """Why measuring failed the last time it was tried; empty while it works."""
    warning: Run = Run()
    critical: Run = Run()

    def run(self, level: Verdict) -> Run:
        """Return the run of WARNING or CRITICAL."""
        return self.critical if level is Verdict.CRITICAL else self.warning


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement to be judged."""

    at: float
    value: float | None
    samples: int | None = None
    bad: int | None = None
    baseline: float | None = None
    """The baseline's value at the same time, if there is one to compare with."""
    expects_baseline: bool = False
    """Whether a baseline runs beside the canary; without one, relative conditions are not asked."""


def observe(thresholds: Thresholds, before: Judged, measured: Measured) -> Judged:
    """Return the judgement after a measurement; one without a number, or with too few samples, is missing data."""
    if measured.value is None or measured.samples == 0:
        answered = replace(before, at=measured.at, value=None, samples=measured.samples, bad=None, error="")
        return _settle(answered, measured.at, Verdict.UNKNOWN, _nothing(measured), thresholds, has_data=False)
    started = replace(
        before, at=measured.at, value=measured.value, samples=measured.samples, bad=measured.bad, error=""
    )
    is_few = measured.samples is not None and measured.samples < thresholds.min_samples
    is_hit = thresholds.is_zero_tolerance and measured.value != 0
    if is_few and not is_hit:
        few = f"{measured.samples:,} of {thresholds.min_samples:,} samples"
        return _settle(started, measured.at, Verdict.UNKNOWN, few, thresholds, has_data=False)
    if before.at is not None and measured.at - before.at > thresholds.stale_after_s:
        started = replace(started, warning=before.warning.interrupted(), critical=before.critical.interrupted())
    baseline = measured.baseline if measured.expects_baseline else None
    runs = {level: _run_on(thresholds, started, level, measured, baseline) for level in LEVELS}
    started = replace(started, warning=runs[Verdict.WARNING], critical=runs[Verdict.CRITICAL])
    verdict, reason = _decide(thresholds, started, measured, baseline)
    return _settle(started, measured.at, verdict, reason, thresholds, has_data=True)


def _run_on(thresholds: Thresholds, judged: Judged, level: Verdict, measured: Measured, baseline: float | None) -> Run:
    """Return the run of a level after a measurement; where the condition cannot be known, a standing one goes on."""
    condition = thresholds.level(level)
    is_true = False if condition is None else condition.holds(measured.value, baseline)
    if is_true is None:
        return judged.run(level).interrupted()
    return judged.run(level).observe(
        measured.at, is_true=is_true, for_s=thresholds.for_s, keep_for_s=thresholds.keep_for_s
    )


def failed(thresholds: Thresholds, before: Judged, at: float, error: str) -> Judged:
    """Return the judgement when measuring itself failed."""
    return _settle(replace(before, error=error), at, Verdict.BROKEN, error, thresholds, has_data=False)


def aged(thresholds: Thresholds, before: Judged, at: float) -> Judged:
    """Return the judgement as time goes by without a measurement: a value that is too old becomes UNKNOWN."""
    if before.at is None or before.error or at - before.at <= thresholds.stale_after_s:
        return before
    if before.verdict is Verdict.UNKNOWN and before.reason.startswith("no answer"):
        return before
    reason = f"no answer for more than {format_duration(thresholds.stale_after_s)}"
    return _settle(before, at, Verdict.UNKNOWN, reason, thresholds, has_data=False)


def shifted(before: Judged, pause_s: float) -> Judged:
    """Return the judgement after a pause of the console itself: what was held is held for as long as before."""
    if before.at is None:
        return before
    return replace(
        before,
        at=before.at + pause_s,
        warning=_shift(before.warning, pause_s),
        critical=_shift(before.critical, pause_s),
    )


def _shift(run: Run, pause_s: float) -> Run:
    return replace(
        run,
        since=None if run.since is None else run.since + pause_s,
        cleared=None if run.cleared is None else run.cleared + pause_s,
    )


def pending(thresholds: Thresholds, judged: Judged) -> tuple[Verdict, float] | None:
    """Return the worst verdict whose condition holds but not yet for long enough, and since when; `None` for none."""
    for level in LEVELS:
        run = judged.run(level)
        if run.since is not None and run.fired is None and judged.verdict.rank < level.rank:
            return level, run.since
    return None


def _nothing(measured: Measured) -> str:
    return "0 of 0 samples" if measured.samples == 0 else "no data"


def _decide(thresholds: Thresholds, judged: Judged, measured: Measured, baseline: float | None) -> tuple[Verdict, str]:
    for level in LEVELS:
        run, condition = judged.run(level), thresholds.level(level)
        if run.fired is None or condition is None:
            continue
        if run.cleared is not None:
            held = format_duration(thresholds.keep_for_s)
            return level, f"{condition.text} ended, held for {held}"
        return level, condition.text
    if measured.expects_baseline and baseline is None and _asks_baseline(thresholds):
        return Verdict.UNKNOWN, "no baseline to compare with"
    for condition in (thresholds.target, thresholds.against_baseline):
        if condition is None or (condition.needs_baseline and not measured.expects_baseline):
            continue
        if condition.holds(measured.value, baseline) is not True:
            limit = condition.limit(baseline)
            said = f" ({bare_number(limit)})" if condition.needs_baseline and limit is not None else ""
            return Verdict.OFF_TARGET, f"not {condition.text}{said}"
    if judged.critical.since is not None or judged.warning.since is not None:
        return Verdict.OFF_TARGET, "over a threshold, not yet for long enough"
    return Verdict.OK, thresholds.target.text if thresholds.target is not None else "no threshold reached"


def _asks_baseline(thresholds: Thresholds) -> bool:
    asked = (thresholds.target, thresholds.warning, thresholds.critical, thresholds.against_baseline)
    return any(condition is not None and condition.needs_baseline for condition in asked)


def _settle(
    judged: Judged, at: float, verdict: Verdict, reason: str, thresholds: Thresholds, *, has_data: bool
) -> Judged:
    """Give `judged` its verdict; without data a verdict that stands goes on, and pending runs start again."""
    if not has_data:
        judged = replace(judged, warning=judged.warning.interrupted(), critical=judged.critical.interrupted())
        for level in LEVELS:
            condition = thresholds.level(level)
            if judged.run(level).fired is not None and condition is not None:
                verdict, reason = level, f"{reason}; was {condition.text}"
                break
    since = judged.since if verdict is judged.verdict and judged.since is not None else at
    return replace(judged, verdict=verdict, reason=reason, since=since)


def shown_value(thresholds: Thresholds, judged: Judged) -> str:
    """Return the value as an operator reads it: `5.42 %`, `12/100 samples`, `0 of 18,204 (< 0.017 %)`, `no data`."""
    if judged.value is None:
        return "0 of 0" if judged.samples == 0 else "no data"
    if judged.samples is not None and judged.samples < thresholds.min_samples and not judged.bad:
        return f"{judged.samples:,}/{thresholds.min_samples:,} samples"
    if thresholds.is_zero_tolerance and judged.samples is not None:
        hits = judged.bad if judged.bad is not None else round(judged.value)
        # Rule of three: with no hit in n, the rate is below 3/n with 95 % confidence.
        bound = f" (< {bare_number(300 / judged.samples)} %)" if hits == 0 else ""
        return f"{hits:,} of {judged.samples:,}{bound}"
    return format_value(judged.value, thresholds.unit)
