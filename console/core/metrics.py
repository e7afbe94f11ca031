"""The metrics of a rollout as they are measured: readings in, judgements out."""

from collections import deque
from dataclasses import dataclass, field, replace

from console.core.conditions import share_scale
from console.core.evidence import Comparison
from console.core.evidence_words import sentence
from console.core.inputs import Reading, SampleFailed, SampleTaken
from console.core.judging import LEVELS, UNJUDGED, Judged, Measured, aged, failed, is_old, let_go, observe
from console.core.quantiles import quantile
from console.core.rollout import Metric
from console.core.rollup import Rollup
from console.core.tally import GIVEN_UP, LINES
from console.core.thresholds import Thresholds
from console.core.values import format_value
from console.core.weighing import Weighing
from console.core.words import Table, count_of

HISTORY = 240
"""Values kept per track for the plot of a panel."""
TRACKS = ("canary", "baseline")


@dataclass(slots=True)
class MetricState:
    """A metric with its judgement per track."""

    name: str
    metric: Metric
    thresholds: Thresholds
    judged: dict[str, Judged] = field(default_factory=dict)
    history: dict[str, deque[tuple[float, float | None]]] = field(default_factory=dict)
    weighing: Weighing | None = None
    """The comparison of canary and baseline, where evidence is asked for."""
    weighed_before: Comparison | None = None
    """What was compared before this console took the session up, or the clock was set."""
    table: Table | None = None
    took_s: float | None = None
    answered_at: float | None = None
    """When it was last measured, well or not."""
    error: str = ""
    skipped: int = 0

    @property
    def bad_rates(self) -> tuple[float, float] | None:
        """The present rates of bad samples on canary and baseline; `None` without them, or with too few samples."""
        rates = []
        for track in TRACKS:
            judged = self.judged.get(track, UNJUDGED)
            if judged.bad is None or not judged.samples or judged.samples < self.thresholds.min_samples:
                return None
            bad = judged.samples - judged.bad if self.thresholds.is_more_better else judged.bad
            rates.append(bad / judged.samples)
        return rates[0], rates[1]

    def judged_track(self, traffic: float) -> str:
        """Return the track that the verdict is about: the canary, or the baseline while the canary has no traffic."""
        if "canary" not in self.judged and "baseline" not in self.judged:
            return ""
        return "baseline" if traffic == 0 and "baseline" in self.judged else "canary"

    def take(self, sample: SampleTaken, traffic: float, *, keeps: bool = True) -> None:
        """Judge a measurement; a track without a reading has no data. `keeps` adds the values to the plot."""
        readings = {reading.track: reading for reading in sample.readings}
        if readings.keys() & set(TRACKS):
            self.judged.pop("", None)
            # The canary is expected wherever tracks are told apart: its absence is no data, not a good baseline.
            expected = list(dict.fromkeys(("canary", *self.judged, *readings)))
        else:
            expected = list(readings) or list(self.judged) or [""]
        baseline = readings.get("baseline")
        is_beside, is_alone = 0 < traffic < 100, traffic >= 100
        self.answered_at, self.took_s, self.error = sample.at, sample.took_s, ""
        if sample.table is not None:
            self.table = sample.table
        for track in expected:
            reading = readings.get(track, Reading(track, None))
            measured = Measured(
                at=sample.at,
                value=reading.value,
                samples=reading.samples,
                bad=reading.bad,
                baseline=None if baseline is None else baseline.value,
                expects_baseline=track == "canary" and is_beside,
                is_alone=track == "canary" and is_alone,
                worse=self._worse if track == "canary" and not is_alone else "",
                unread=reading.unread or (self._baseline_unread(baseline) if is_beside and track == "canary" else ""),
                short=reading.short,
                at_most=reading.at_most,
            )
            judged = observe(self.thresholds, self.judged.get(track, UNJUDGED), measured)
            if reading.base is not None:
                judged = replace(judged, base=reading.base, base_phase=reading.base_phase)
            self.judged[track] = judged
            if keeps:
                self.remember(track, sample.at, reading.value)

    def _baseline_unread(self, baseline: Reading | None) -> str:
        """Return why what the canary is compared with may not be read, where it is compared at all."""
        is_asked = baseline is not None and baseline.unread and self.thresholds.asks_baseline
        return f"baseline: {baseline.unread}" if baseline is not None and is_asked else ""

    @property
    def _worse(self) -> str:
        """How the canary is sure to be worse than the baseline, empty while it is not."""
        if self.weighing is None or self.weighing.stands_since is None:
            return ""
        return sentence(self.weighing.comparison)

    def remember(self, track: str, at: float, value: float | None) -> None:
        """Add a value to the plot."""
        self.history.setdefault(track, deque(maxlen=HISTORY)).append((at, value))

    def remember_all(self, sample: SampleTaken | SampleFailed) -> None:
        """Add a measurement of the past to the plot without judging it again."""
        if isinstance(sample, SampleFailed):
            for track in list(self.judged) or [""]:
                self.remember(track, sample.at, None)
            return
        for reading in sample.readings:
            self.remember(reading.track, sample.at, reading.value)

    def fail(self, sample: SampleFailed) -> None:
        """Judge a measurement that failed."""
        self.answered_at, self.took_s, self.error = sample.at, sample.took_s, sample.reason
        for track in list(self.judged) or [""]:
            judged = failed(self.thresholds, self.judged.get(track, UNJUDGED), sample.at, sample.reason)
            self.judged[track] = aged(self.thresholds, judged, sample.at)
            self.remember(track, sample.at, None)

    def since_phase(self, sample: SampleTaken, phase: str) -> SampleTaken:
        """Return what was measured as its change since the phase began, where that is what is judged.

        The first number that is measured in a phase is what it was when that began.
        """
        if self.metric.change is None:
            return sample
        return replace(sample, readings=tuple(self._changed(reading, phase) for reading in sample.readings))

    def _changed(self, reading: Reading, phase: str) -> Reading:
        if reading.value is None:
            return reading
        known = self.judged.get(reading.track, UNJUDGED)
        base = known.base if known.base is not None and known.base_phase == phase else reading.value
        change = 100 * (reading.value - base) / abs(base) if base else 0.0 if reading.value == base else None
        return replace(reading, value=change, base=base, base_phase=phase)

    def enter(self, phase: str, *, is_new: bool = True) -> None:
        """Ask the conditions of a phase; what was held in the one before is let go where they are other ones."""
        before, self.thresholds = self.thresholds, self.thresholds.inside(phase)
        if is_new and before != self.thresholds:
            self.judged = {track: let_go(judged) for track, judged in self.judged.items()}

    def forget_answer(self) -> None:
        """Let go of what the last answer showed beside its numbers, which another console had."""
        self.table = self.took_s = self.answered_at = None
        self.error, self.skipped = "", 0

    def grows_old(self, at: float) -> bool:
        """Whether a value is too old by now, so that `grow_old` may change something."""
        return any(is_old(self.thresholds, judged, at) for judged in self.judged.values())

    def grow_old(self, at: float) -> None:
        """Let values that are too old become unknown."""
        for track, judged in self.judged.items():
            self.judged[track] = aged(self.thresholds, judged, at)


def window_of(metric: Metric, at: float, phase_began: float) -> tuple[float, float]:
    """Return from when to when a metric of events counts at `at`; the present second is not over."""
    until = float(int(at))
    return (phase_began if metric.window == "phase" else until - (metric.window or 3600.0)), until


def read_events(
    name: str, metric: Metric, rollup: Rollup, *, tracks: tuple[str, ...], at: float, phase_began: float
) -> SampleTaken | SampleFailed:
    """Return the readings of a metric of events at `at`, from the counts in its window.

    A count or rate has as its samples the lines that were read, so that "0 denials in 0 lines" is known to be no
    data. Where the search of a rule was given up on lines of
    the window, its counts are known to be short, and that is no reading.
    """
    since, until = window_of(metric, at, phase_began)
    for event in _events_of(metric):
        lines = rollup.count(None, GIVEN_UP + event, since=since, until=at + 1)
        if lines:
            return SampleFailed(at, name, f"the search of rule {event} was given up on {count_of(lines, 'line')}", 0.0)
    readings = tuple(_read(metric, rollup, track, since, until) for track in tracks)
    return SampleTaken(at=at, metric=name, readings=readings, took_s=0.0)


def _events_of(metric: Metric) -> tuple[str, ...]:
    """Return the events whose counts a metric is made of."""
    if metric.quantile is not None:
        return tuple(metric.quantile.of)
    return () if metric.events is None else (*metric.events.of, *(metric.events.over or ()))


def _read(metric: Metric, rollup: Rollup, track: str, since: float, until: float) -> Reading:
    asked = metric.events
    if metric.quantile is not None:
        bins: dict[int, int] = {}
        for event in metric.quantile.of:
            for number, count in rollup.bins(track, event, since=since, until=until).items():
                bins[number] = bins.get(number, 0) + count
        return Reading(track, quantile(bins, metric.quantile.q), samples=sum(bins.values()))
    if asked is None:
        raise ValueError(f"a {metric.kind} metric is not read from events")
    hits = sum(rollup.count(track, event, since=since, until=until) for event in asked.of)
    if asked.over is not None:
        total = sum(rollup.count(track, event, since=since, until=until) for event in asked.over)
        share = hits / total * share_scale(metric.unit) if total else None
        return Reading(track, share, samples=total, bad=hits)
    lines = rollup.count(track, LINES, since=since, until=until)
    rate = hits * asked.per / max(1.0, until - since) if asked.per is not None else float(hits)
    return Reading(track, rate if lines else None, samples=lines, bad=hits)


def change_note(metric: MetricState, judged: Judged) -> str:
    """Return from what to what a metric changed, where its change is judged; a plain number has no unit."""
    if metric.metric.change is None or judged.base is None or judged.value is None:
        return ""
    unit = metric.metric.unit
    then, now = (
        format_value(value, unit) for value in (judged.base, judged.base + abs(judged.base) * judged.value / 100)
    )
    return f"; {then} when {judged.base_phase} began, {now} now"


def baseline_note(metric: MetricState, judged: Judged, track: str) -> str:
    """Return that the baseline breaches the same condition, if it does: then it may be the weather, not the canary."""
    run, condition = judged.run(judged.verdict), metric.thresholds.level(judged.verdict)
    baseline = metric.judged.get("baseline", UNJUDGED)
    if judged.verdict not in LEVELS or track == "baseline" or run.since is None or condition is None:
        return ""
    is_few = baseline.samples is not None and baseline.samples < metric.thresholds.min_samples
    if condition.needs_baseline or baseline.value is None or baseline.at != judged.at or is_few:
        return ""
    return ", the baseline too" if condition.holds(baseline.value, None) else ""
