"""Turn measurements into verdicts.

One `Judged` value per metric and track carries everything the next judgement needs, so it can be written down and
taken up again at any moment. The rules:

* a condition counts when it has held for `for`, and on as many of the last measurements as `breaches` asks.
* `keep_for`: a verdict that stands is held for that long after its condition became false.
* missing data never resolves a warning or critical verdict, and never satisfies anything: everything else becomes
  UNKNOWN (no data, too few samples, too old) or BROKEN (measuring failed), unless the file asks to hold the verdict
  for a while, or to count no data as bad.
* a number that may not be the whole truth is never OK: what is written is not read now, or lines are missing that could
  change the answer. What it breaches all the same counts, and what stands is not cleared by it.
* where evidence is asked for, a rate of counts is held against its target with all that it may be: it is off target,
  and may be a breach, when the whole interval is, and until then not yet known; on target by its value alone, it says
  so.
"""

from dataclasses import dataclass, replace
from math import inf

from console.core.durations import format_duration
from console.core.rollout import NoData
from console.core.runs import Run, later
from console.core.thresholds import Thresholds, surely
from console.core.values import bare_number, format_range
from console.core.verdict import Verdict

LEVELS = (Verdict.CRITICAL, Verdict.WARNING)
UNSEEN = (Verdict.UNKNOWN, Verdict.BROKEN)
"""Verdicts that say that nothing is known."""

Interval = tuple[float, float] | None
_NEVER = Run()


@dataclass(frozen=True, slots=True)
class Judged:
    """One metric on one track: the last measurement, its verdict, and what the next judgement needs."""

    verdict: Verdict = Verdict.UNKNOWN
    reason: str = "no data yet"
    since: float | None = None
    """When the verdict began."""
    unseen_since: float | None = None
    """Since when it is UNKNOWN or BROKEN, the one or the other, and not for lack of samples alone."""
    at: float | None = None
    """Time of the last answer, whether it held a number or said that there is none."""
    value: float | None = None
    samples: int | None = None
    bad: int | None = None
    unread: str = ""
    """Why what is written now may not be read; empty while all of it is."""
    short: str = ""
    """Which lines may be missing in the window; empty for none."""
    error: str = ""
    """Why measuring failed the last time it was tried; empty while it works."""
    errors: int = 0
    """How often in a row measuring failed."""
    failed_at: float | None = None
    """When the last of these failures was counted."""
    worse: str = ""
    """How the canary is sure to be worse than the baseline; empty while that is not proven."""
    base: float | None = None
    """What it was when the phase began, where its change since then is judged."""
    base_phase: str = ""
    """The phase that began then."""
    held_since: float | None = None
    """Since when there is no data and the verdict is held all the same, as the file asks."""
    warning: Run = _NEVER
    critical: Run = _NEVER

    def run(self, level: Verdict) -> Run:
        """Return the run of WARNING or CRITICAL."""
        return self.critical if level is Verdict.CRITICAL else self.warning


UNJUDGED = Judged()
"""What is known of a track before it is measured."""


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
    worse: str = ""
    """How the canary is sure to be worse than the baseline; empty while that is not proven."""
    unread: str = ""
    """Why what is written now may not be read; empty while all of it is."""
    short: str = ""
    """Which lines may be missing in the window; empty for none."""
    at_most: float | None = None
    """The most that the value of a count may be with the lines that may be missing; `None` for other values."""

    is_alone: bool = False
    """Whether the canary has all of the traffic: no baseline runs beside it, and none will."""

    @property
    def compared(self) -> float | None:
        """The baseline's value, where it is to be compared with."""
        return self.baseline if self.expects_baseline else None


def observe(thresholds: Thresholds, before: Judged, measured: Measured) -> Judged:
    """Return the judgement after a measurement; one without a number, or with too few samples, is missing data."""
    if is_old(thresholds, before, measured.at):
        before = _interrupted(before)
    is_empty = measured.value is None or measured.samples == 0
    keeps_number = bool(thresholds.elsewhere) or not is_empty
    answered = replace(
        before,
        at=measured.at,
        value=measured.value if keeps_number else None,
        samples=measured.samples,
        bad=measured.bad if keeps_number else None,
        worse=measured.worse,
        unread=measured.unread,
        short=measured.short,
        error="",
        errors=0,
        failed_at=None,
    )
    if thresholds.elsewhere:
        return _not_asked(answered, measured.at, thresholds.elsewhere)
    if is_empty:
        if measured.unread:  # what is not read is not absent, so it is never held for good or bad
            return _settle(answered, measured.at, Verdict.UNKNOWN, measured.unread, thresholds, has_data=False)
        return _without_data(thresholds, before, answered, measured.at)
    is_few = measured.samples is not None and measured.samples < thresholds.min_samples
    is_hit = thresholds.is_zero_tolerance and measured.value != 0
    if is_few and not is_hit:
        few = f"{measured.samples:,} of {thresholds.min_samples:,} samples"
        held = _held(thresholds, before, measured.at, few)
        if held is not None:
            return held
        seen = _settle(answered, measured.at, Verdict.UNKNOWN, few, thresholds, has_data=False)
        return replace(seen, unseen_since=None)
    within = thresholds.interval(measured.bad, measured.samples)
    runs = {level: _run_on(thresholds, answered, level, measured, within) for level in LEVELS}
    judged = replace(answered, held_since=None, warning=runs[Verdict.WARNING], critical=runs[Verdict.CRITICAL])
    verdict, reason = _decide(thresholds, judged, measured, within)
    return _settle(judged, measured.at, verdict, reason, thresholds, has_data=True)


def _not_asked(answered: Judged, at: float, why: str) -> Judged:
    """Return the judgement in a phase in which nothing is asked of it: nothing is said, and nothing held."""
    quiet = replace(answered, held_since=None, warning=_NEVER, critical=_NEVER)
    return _judged_as(quiet, at, Verdict.NOT_JUDGED, why)


def _without_data(thresholds: Thresholds, before: Judged, answered: Judged, at: float) -> Judged:
    """Return the judgement when the answer held no number: unknown, held for a while, or bad, as the file asks."""
    why = "0 of 0 samples" if answered.samples == 0 else "no data"
    if thresholds.no_data is NoData.BAD:
        return _counted_as_bad(thresholds, answered, at, why)
    held = _held(thresholds, before, at, why)
    return held or _settle(answered, at, Verdict.UNKNOWN, why, thresholds, has_data=False)


def _counted_as_bad(thresholds: Thresholds, answered: Judged, at: float, why: str) -> Judged:
    """Return the judgement when no data breaches every condition that the metric has."""
    runs = {level: _run_on_as_bad(thresholds, answered.run(level), level, at) for level in LEVELS}
    judged = replace(answered, held_since=None, warning=runs[Verdict.WARNING], critical=runs[Verdict.CRITICAL])
    level = next((level for level in LEVELS if stands(thresholds, judged, level)), None)
    if level is None:
        return _judged_as(judged, at, Verdict.UNKNOWN, f"{why}, which counts as bad, not yet for long enough")
    return _judged_as(judged, at, level, f"{why}, which counts as bad")


def _run_on_as_bad(thresholds: Thresholds, run: Run, level: Verdict, at: float) -> Run:
    """Return the run of a level that no data breaches; what stands is not ended by it, though its time be over."""
    after = run.observe(at, is_true=thresholds.level(level) is not None, rules=thresholds.rules)
    is_ended = run.fired is not None and after.fired is None
    return replace(after, fired=run.fired, cleared=run.cleared) if is_ended else after


def _held(thresholds: Thresholds, before: Judged, at: float, why: str) -> Judged | None:
    """Return the verdict as it was, where the file asks to hold it and it was not held for too long already."""
    if thresholds.no_data is not NoData.HOLD or before.verdict in (*UNSEEN, Verdict.NOT_JUDGED):
        return None
    since = at if before.held_since is None else before.held_since
    if at - since > thresholds.stale_after_s:
        return None
    reason = before.reason if before.held_since is not None else f"{why}, held: {before.reason}"
    return replace(_interrupted(before), at=at, held_since=since, reason=reason, error="", errors=0, failed_at=None)


def _interrupted(judged: Judged) -> Judged:
    """Return the judgement after a gap in measuring."""
    warning, critical = judged.warning.interrupted(), judged.critical.interrupted()
    if warning is judged.warning and critical is judged.critical:
        return judged  # most gaps interrupt nothing
    return replace(judged, warning=warning, critical=critical)


def _run_on(thresholds: Thresholds, judged: Judged, level: Verdict, measured: Measured, within: Interval) -> Run:
    """Return the run of a level after a measurement; where the condition cannot be known, a standing one goes on.

    It begins only when it is sure that something is wrong: that the target is missed, or, without one, that the
    condition is true; it stands until the value itself is no breach any more.
    """
    condition, run = thresholds.level(level), judged.run(level)
    if measured.is_alone and condition is not None and condition.needs_baseline:
        return run.observe(measured.at, is_true=False, rules=thresholds.rules)
    is_true = surely(condition, measured.value, None, measured.compared)
    if is_true is None:
        return run.interrupted()
    if is_true and run.fired is None and within is not None:
        target = thresholds.target
        if target is not None and not target.needs_baseline:
            is_true = target.holds_within(*within) is False
        else:
            is_true = surely(condition, measured.value, within, measured.compared) is True
    if not is_true and run.fired is not None and _doubt(thresholds, measured):
        return run.interrupted()
    return run.observe(measured.at, is_true=is_true, rules=thresholds.rules)


def failed(thresholds: Thresholds, before: Judged, at: float, error: str) -> Judged:
    """Return the judgement when measuring itself failed; it is BROKEN after as many failures in a row as allowed."""
    is_counted = before.failed_at is None or at - before.failed_at >= thresholds.rules.every_s
    errors = before.errors + is_counted
    judged = replace(before, error=error, errors=errors, failed_at=at if is_counted else before.failed_at)
    if thresholds.elsewhere:
        return _not_asked(judged, at, f"{thresholds.elsewhere}; not measured: {error}")
    if errors < thresholds.broken_after and before.verdict is not Verdict.BROKEN:
        return _interrupted(judged)
    return _settle(judged, at, Verdict.BROKEN, error, thresholds, has_data=False)


def is_old(thresholds: Thresholds, judged: Judged, at: float) -> bool:
    """Whether the last answer is too old to count at `at`."""
    return judged.at is not None and at - judged.at > thresholds.stale_after_s


def aged(thresholds: Thresholds, before: Judged, at: float) -> Judged:
    """Return the judgement as time goes by without a measurement: a value that is too old becomes UNKNOWN."""
    if not is_old(thresholds, before, at):
        return before
    if thresholds.elsewhere:
        return before if before.verdict is Verdict.NOT_JUDGED else _not_asked(before, at, thresholds.elsewhere)
    if before.error and before.errors >= thresholds.broken_after:
        return before
    if before.verdict is Verdict.UNKNOWN and before.reason.startswith("no answer"):
        return before
    reason = f"no answer for more than {format_duration(thresholds.stale_after_s)}"
    return _settle(before, at, Verdict.UNKNOWN, reason, thresholds, has_data=False)


def shifted(before: Judged, pause_s: float, now: float = inf) -> Judged:
    """Return the judgement after seconds that do not count: what was held is held for as long as before.

    That is a pause of the console, or a step of this machine's clock, which may be negative and was noticed at `now`:
    what came between has the new time already, and nothing is later than that.
    """
    return replace(
        before,
        at=later(before.at, pause_s, now),
        failed_at=later(before.failed_at, pause_s, now),
        held_since=later(before.held_since, pause_s, now),
        unseen_since=later(before.unseen_since, pause_s, now),
        warning=before.warning.shifted(pause_s, now),
        critical=before.critical.shifted(pause_s, now),
    )


def let_go(before: Judged) -> Judged:
    """Return the judgement where other conditions are asked from now on: what was held or not judged is not known."""
    if before.verdict is Verdict.NOT_JUDGED:
        before = replace(before, verdict=Verdict.UNKNOWN, reason="not measured in this phase yet")
    return replace(before, held_since=None, warning=_NEVER, critical=_NEVER)


def pending(judged: Judged) -> tuple[Verdict, float] | None:
    """Return the worst verdict whose condition holds but not yet for long enough, and since when; `None` for none."""
    for level in LEVELS:
        run = judged.run(level)
        if run.since is not None and run.fired is None and judged.verdict.rank < level.rank:
            return level, run.since
    return None


def _decide(thresholds: Thresholds, judged: Judged, measured: Measured, within: Interval) -> tuple[Verdict, str]:
    for level in LEVELS:
        if stands(thresholds, judged, level):
            return level, _standing(thresholds, judged, level)
    doubt = _doubt(thresholds, measured)
    if doubt:
        return Verdict.UNKNOWN, doubt
    if measured.is_alone and thresholds.asks_only_baseline:
        return Verdict.UNKNOWN, "no baseline beside it"
    if measured.expects_baseline and measured.baseline is None and thresholds.asks_baseline:
        return Verdict.UNKNOWN, "no baseline to compare with"
    between = "" if within is None else format_range(*within, thresholds.unit)
    for condition in (thresholds.target, thresholds.against_baseline):
        if condition is None or (condition.needs_baseline and not measured.expects_baseline):
            continue
        if condition.holds(measured.value, measured.compared):
            continue
        if surely(condition, measured.value, within, measured.compared) is None:
            return Verdict.UNKNOWN, f"not yet known: {between}" if between else f"cannot be known: {condition.text}"
        limit = condition.limit(measured.compared)
        said = f" ({bare_number(limit)})" if condition.needs_baseline and limit is not None else ""
        return Verdict.OFF_TARGET, f"not {condition.text}{said}"
    breaching = [
        condition
        for level in LEVELS
        if (condition := thresholds.level(level)) is not None and condition.holds(measured.value, measured.compared)
    ]
    if within is not None and breaching and thresholds.target is None:
        return Verdict.UNKNOWN, f"not yet known: {between}"
    if any(judged.run(level).since is not None for level in LEVELS):
        return Verdict.OFF_TARGET, "over a threshold, not yet for long enough"
    if breaching:
        return Verdict.OFF_TARGET, f"over a threshold, not yet {thresholds.rules.budget}"
    if thresholds.target is None:
        return Verdict.OK, "no threshold reached"
    is_sure = surely(thresholds.target, measured.value, within, measured.compared)
    return Verdict.OK, thresholds.target.text if is_sure else f"{thresholds.target.text}, not yet sure: {between}"


def _doubt(thresholds: Thresholds, measured: Measured) -> str:
    """Return why a measurement is not good enough for a good verdict, empty if it is.

    Missing lines take it from a count whose answer they could change, and from everything of which not one is allowed;
    other rates and quantiles are marked.
    """
    if measured.unread or not measured.short:
        return measured.unread
    if thresholds.is_zero_tolerance:
        return measured.short
    if measured.value is None or measured.at_most is None:
        return ""
    within = (measured.value, measured.at_most)
    asked = (thresholds.target, thresholds.against_baseline, thresholds.warning, thresholds.critical)
    is_open = any(
        condition is not None
        and (condition.needs_baseline or surely(condition, measured.value, within, measured.compared) is None)
        for condition in asked
    )
    return measured.short if is_open else ""


def stands(thresholds: Thresholds, judged: Judged, level: Verdict) -> bool:
    """Return whether WARNING or CRITICAL stands: by its condition, or because the canary is sure to be worse."""
    return judged.run(level).fired is not None or (bool(judged.worse) and thresholds.worse is level)


def _standing(thresholds: Thresholds, judged: Judged, level: Verdict) -> str:
    """Return why a verdict stands."""
    run, condition, rules = judged.run(level), thresholds.level(level), thresholds.rules
    if run.fired is None or condition is None:
        return judged.worse
    if run.cleared is not None and judged.worse and thresholds.worse is level:
        return judged.worse
    if run.cleared is not None:
        return f"{condition.text} ended, held for {format_duration(rules.keep_for_s)}"
    often = f" in {sum(run.recent)} of the last {len(run.recent)}" if rules.budget.is_used else ""
    return condition.text + often


def _settle(
    judged: Judged, at: float, verdict: Verdict, reason: str, thresholds: Thresholds, *, has_data: bool
) -> Judged:
    """Give `judged` its verdict; without data a verdict that stands goes on, and pending runs start again."""
    if not has_data:
        judged = _interrupted(judged)
        if judged.held_since is not None:
            judged = replace(judged, held_since=None)
        for level in LEVELS:
            if stands(thresholds, judged, level):
                verdict, reason = level, f"{reason}; was {_standing(thresholds, judged, level)}"
                break
    return _judged_as(judged, at, verdict, reason)


def _judged_as(judged: Judged, at: float, verdict: Verdict, reason: str) -> Judged:
    since = judged.since if verdict is judged.verdict and judged.since is not None else at
    unseen_since = None
    if verdict in UNSEEN:
        unseen_since = at if judged.unseen_since is None else judged.unseen_since
    if (verdict, reason, since, unseen_since) == (judged.verdict, judged.reason, judged.since, judged.unseen_since):
        return judged  # as it is most of the time
    return replace(judged, verdict=verdict, reason=reason, since=since, unseen_since=unseen_since)
