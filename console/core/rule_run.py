"""Runs rule tests: inputs at their times into the state that judges a real rollout, and what was found."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from console.core import measuring, passing, soak
from console.core.actors import Actor
from console.core.classify import Classifier
from console.core.counts import LinesCounted
from console.core.durations import format_duration
from console.core.inputs import Input, Reading, SampleFailed, SampleTaken, SessionOpened, SourceChanged, TimePassed
from console.core.judging import UNJUDGED
from console.core.record import Record
from console.core.replay import Change, Replayed, Sample, changes_in
from console.core.rollout import Rollout
from console.core.rule_tests import (
    MISSING,
    Expected,
    First,
    GapInWatching,
    LinesWritten,
    Never,
    RuleTest,
    Value,
    measured,
    parse_series,
)
from console.core.state import State
from console.core.tally import count_lines
from console.core.values import format_value
from console.core.weighing import evidence_name
from console.core.words import SourceState

START = 1_767_225_600.0
"""2026-01-01 00:00 UTC, which every test begins at."""
FINE_TICKS_S = 3600.0
"""Time passes by the second in a test no longer than this, as in the console; else by ten seconds."""
COARSE_TICK_S = 10.0
_TESTER = Actor("rule-test", "")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was expected and is not so."""

    path: tuple[str | int, ...]
    """Where the test says so, such as `("expect", 0)`."""
    at: float | None
    """Seconds from the beginning of the test; `None` where there is no such time."""
    metric: str
    expected: str
    found: str


class _Tested(Replayed):
    """A state that judges the metrics a test asks about; what follows from verdicts, as alerts do, is left out.

    No verdict depends on another metric's, nor on what follows from verdicts while nobody acts.
    """

    def __init__(self, rollout: Rollout, test: RuleTest) -> None:
        super().__init__(rollout, START, _EventSeries(rollout, test))
        asked: list[Expected | Never | First] = [*test.expect, *test.never, *test.first]
        self._asked = list(dict.fromkeys(one.metric for one in asked))

    def _pass_time(self, at: float) -> list[Record]:
        return passing.judge(self, at, self._asked, keeps=passing.keeps_values(self, at))

    def _judge(self, given: Sample) -> list[Record]:
        return measuring.measure(self, given)


def length_of(test: RuleTest, rollout: Rollout) -> float:
    """Return how long a test takes, in seconds."""
    ends = [test.until, *_asked_at(test), *(one.at + one.for_ for one in test.gap)]
    ends += [one.at + (one.for_ or 0.0) for one in test.lines]
    ends += [
        (len(parse_series(text, rollout.metrics[name])) - 1) * interval_s
        for name, interval_s, by_track in _series(test, rollout)
        for text in by_track.values()
    ]
    return max(ends)


def _series(test: RuleTest, rollout: Rollout) -> Iterator[tuple[str, float, Mapping[str, str]]]:
    """Yield every series with its metric and the time from one value to the next, in seconds."""
    for name, by_track in test.series.items():
        yield name, interval_of(test, rollout, name), by_track
    for name, by_track in test.evidence.items():
        asked = rollout.metrics[name].evidence
        yield name, interval_of(test, rollout, name) if asked is None else asked.every, by_track


def _asked_at(test: RuleTest) -> list[float]:
    return [*(one.at for one in test.expect), *(one.at for one in test.first)]


def interval_of(test: RuleTest, rollout: Rollout, metric: str) -> float:
    """Return the time from one value of a metric's series to the next, in seconds."""
    return test.interval if test.interval is not None else rollout.metrics[metric].every


def run_rule_test(rollout: Rollout, test: RuleTest) -> list[Failure]:
    """Return what a test expects and does not find; its metrics, sources and phase must be those of the rollout."""
    length_s = length_of(test, rollout)
    state = _begin(rollout, test)
    changes: list[Change] = []
    wanted = sorted(enumerate(test.expect), key=lambda one: one[1].at)
    failures: list[Failure] = []
    for given in _timeline(rollout, test, length_s):
        while wanted and START + wanted[0][1].at < given.at:
            failures += _expected(state, *wanted.pop(0))
        changes += changes_in(state.apply(given))
    for number, one in wanted:
        failures += _expected(state, number, one)
    failures += [found for number, never in enumerate(test.never) for found in _never(changes, number, never)]
    failures += [found for number, first in enumerate(test.first) for found in _first(changes, number, first)]
    return failures


def _begin(rollout: Rollout, test: RuleTest) -> State:
    """Return a state in the phase of the test, with every source live."""
    names = [phase.name for phase in rollout.phases]
    index = 0 if test.phase is None else names.index(test.phase)
    state = _Tested(rollout, test)
    state.phase = state.phase.entered(rollout, index, START)
    if test.traffic is not None:
        state.phase = soak.with_traffic(state.phase, test.traffic)
    for given in (SessionOpened(START, _TESTER, "", None), *_all(rollout, START, SourceState.LIVE)):
        state.apply(given)
    return state


def _all(rollout: Rollout, at: float, said: SourceState) -> list[Input]:
    return [SourceChanged(at, name, said) for name in rollout.sources]


# -- what happens ----------------------------------------------------------------------------------------------------


def _timeline(rollout: Rollout, test: RuleTest, length_s: float) -> list[Input]:
    """Return everything that happens, in order; at one time, measurements and lines before the tick."""
    step_s = 1.0 if length_s <= FINE_TICKS_S else COARSE_TICK_S
    moments = {number * step_s for number in range(1, math.floor(length_s / step_s) + 1)}
    moments |= {*_asked_at(test), length_s}
    found: list[Input] = [
        *(one for one in _samples(rollout, test) if not _is_away(test.gap, one.at - START)),
        *_written(rollout, test, length_s),
        *(TimePassed(START + at) for at in moments if at > 0 and not _is_away(test.gap, at)),
    ]
    for gap in test.gap:
        back = START + gap.at + gap.for_
        found += _all(rollout, back, SourceState.STARTING)
        found.append(SessionOpened(back, _TESTER, "", START + gap.at))
        found += _all(rollout, back, SourceState.LIVE)
    return sorted(found, key=lambda one: (one.at, _RANKS.get(type(one), 1)))


_RANKS: Mapping[type, int] = {SessionOpened: 0, SourceChanged: 0, TimePassed: 2}


def _is_away(gaps: Iterable[GapInWatching], at: float) -> bool:
    return any(gap.at < at < gap.at + gap.for_ for gap in gaps)


def _read_at(gaps: Iterable[GapInWatching], at: float) -> float:
    """Return when a line of a time is read: at once, or when the console is back."""
    return max([at, *(gap.at + gap.for_ for gap in gaps if gap.at < at < gap.at + gap.for_)])


def _samples(rollout: Rollout, test: RuleTest) -> Iterator[Sample]:
    """Yield what is measured by asking."""
    for number, (name, interval_s, by_track) in enumerate(_series(test, rollout)):
        if rollout.metrics[name].is_probed:
            asked = name if number < len(test.series) else evidence_name(name)
            for place, values in enumerate(_columns(rollout, name, by_track)):
                sample = measured(asked, START + place * interval_s, values)
                if sample is not None:
                    yield sample


def _columns(rollout: Rollout, name: str, by_track: Mapping[str, str]) -> list[list[tuple[str, Value]]]:
    """Return the values of all tracks at each time; the shorter series goes on with nothing measured."""
    series = {track: parse_series(text, rollout.metrics[name]) for track, text in by_track.items()}
    length = max(map(len, series.values()), default=0)
    return [
        [(track, values[number] if number < len(values) else MISSING) for track, values in series.items()]
        for number in range(length)
    ]


class _EventSeries:
    """Says what metrics of events are that have a series; each value stands until the next."""

    def __init__(self, rollout: Rollout, test: RuleTest) -> None:
        self._columns = {
            name: (interval_of(test, rollout, name), _columns(rollout, name, by_track))
            for name, by_track in test.series.items()
            if not rollout.metrics[name].is_probed
        }

    def __call__(self, state: State, name: str, at: float) -> SampleTaken | SampleFailed | None:
        """Return the reading of a metric; `None` for one that is counted from lines."""
        if name not in self._columns:
            return None
        interval_s, columns = self._columns[name]
        number = int((at - START) // interval_s)
        values = columns[number] if number < len(columns) else [(track, MISSING) for track, _ in columns[-1]]
        said = measured(name, at, values)
        return said or SampleTaken(at, name, tuple(Reading(track, None) for track, _ in values), 0.0)


def _written(rollout: Rollout, test: RuleTest, length_s: float) -> Iterator[LinesCounted]:
    """Yield the log lines as the console counts them, those of one stream in their order."""
    classifier = Classifier(rollout.events)
    for number, lines in enumerate(test.lines):
        after = -1
        for at in _times(lines, length_s):
            read = _read_at(test.gap, at)
            spec = rollout.sources[lines.source]
            counted = count_lines(
                classifier,
                at=START + read,
                source=lines.source,
                origin=f"lines[{number}]",
                stream="",
                name=lines.source,
                track=lines.track or spec.track or "",
                after=after,
                keys=[after + 1],
                times=[START + at],
                lines=[lines.text.encode()],
            )
            yield replace(
                counted,
                lines=lines.count,
                unclassified=counted.unclassified * lines.count,
                counts={cell: n * lines.count for cell, n in counted.counts.items()},
                labels={cell: n * lines.count for cell, n in counted.labels.items()},
            )
            after += 1


def _times(lines: LinesWritten, length_s: float) -> Iterator[float]:
    if lines.every is None:
        yield lines.at
        return
    end = length_s if lines.for_ is None else min(length_s, lines.at + lines.for_)
    for number in range(math.ceil(max(0.0, end - lines.at) / lines.every)):
        yield lines.at + number * lines.every


# -- what is expected ------------------------------------------------------------------------------------------------


def _expected(state: State, number: int, wanted: Expected) -> Iterator[Failure]:
    metric = state.metrics[wanted.metric]
    judged = state.verdict_of(wanted.metric) if wanted.track is None else metric.judged.get(wanted.track, UNJUDGED)
    is_so = judged.verdict is wanted.verdict and (wanted.reason or "") in judged.reason
    if is_so:
        return
    because = "" if wanted.reason is None else f" because of {wanted.reason!r}"
    found = f"{judged.verdict} ({judged.reason})"
    if judged.value is not None:
        counts = "" if judged.samples is None else f" of {judged.samples:,} samples"
        found += f", {format_value(judged.value, metric.thresholds.unit)}{counts}"
    yield Failure(("expect", number), wanted.at, wanted.metric, f"{wanted.verdict}{because}", found)


def _never(changes: Sequence[Change], number: int, never: Never) -> Iterator[Failure]:
    hit = next((one for one in changes if (one.metric, one.after) == (never.metric, never.verdict)), None)
    if hit is not None:
        yield Failure(
            ("never", number), hit.at - START, never.metric, f"never {never.verdict}", f"{hit.after} ({hit.reason})"
        )


def _first(changes: Sequence[Change], number: int, first: First) -> Iterator[Failure]:
    hit = next((one for one in changes if (one.metric, one.after) == (first.metric, first.verdict)), None)
    if hit is not None and abs(hit.at - START - first.at) <= first.within:
        return
    expected = f"{first.verdict} for the first time at {format_duration(first.at)}"
    found = "never" if hit is None else f"at {format_duration(hit.at - START)} ({hit.reason})"
    yield Failure(("first", number), None if hit is None else hit.at - START, first.metric, expected, found)
