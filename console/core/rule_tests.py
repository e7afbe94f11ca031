"""Rule tests: what happens over time, and which verdicts are expected of it. The frozen model and its notation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from console.core.conditions import share_scale, unit_scale
from console.core.fields import Seconds, Share
from console.core.inputs import Reading, SampleFailed, SampleTaken
from console.core.parts import Part
from console.core.probes import Metric
from console.core.verdict import Verdict

VALUES_LIMIT = 100_000
"""More values in one series are a slip."""
_TOKEN = re.compile(r"(?P<value>[^\sx×]+)(?:[x×](?P<times>\d+))?")
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_COUNTS = re.compile(r"(?P<bad>\d+)/(?P<total>\d+)")
_SAMPLED = re.compile(rf"(?P<value>{_NUMBER})(?:@(?P<samples>\d+))?")


def _verdict(value: Any) -> Any:
    return value.upper().replace("_", " ") if isinstance(value, str) else value


def _by_track(value: Any) -> Any:
    return {"": value} if isinstance(value, str) else value


def _several(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


VerdictWord = Annotated[Verdict, BeforeValidator(_verdict)]
Series = Annotated[dict[str, str], BeforeValidator(_by_track)]
"""Values over time by track; the empty track is for metrics without any."""


class LinesWritten(Part):
    """Log lines, once or again and again."""

    at: Seconds = 0.0
    """When the first is written."""
    every: Seconds | None = None
    """How often; without it, once."""
    for_: Annotated[Seconds | None, Field(alias="for")] = None
    """For how long; without it, to the end of the test."""
    source: str
    """The log source that they belong to."""
    track: str | None = None
    """The track of a container; that of a file or command is in the rollout file."""
    text: str
    """The line."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How many such lines each time."""

    @model_validator(mode="after")
    def _check(self) -> "LinesWritten":
        if self.every is None and self.for_ is not None:
            raise ValueError("`for` needs `every`")
        if self.every is not None and self.every <= 0:
            raise ValueError("expected an `every` of more than 0s")
        return self


class GapInWatching(Part):
    """The console is not there: nothing is measured, and lines are read when it is back."""

    at: Seconds
    for_: Annotated[Seconds, Field(alias="for")] = 0.0


class Expected(Part):
    """What a metric is expected to be at a time."""

    at: Seconds
    metric: str
    verdict: VerdictWord
    reason: str | None = None
    """Text that its reason must contain."""
    track: str | None = None
    """The track that is asked about; without it, the one that the verdict is about."""


class Never(Part):
    """A verdict that a metric must not get at any time."""

    metric: str
    verdict: VerdictWord


class First(Part):
    """When a metric is expected to get a verdict for the first time."""

    metric: str
    verdict: VerdictWord
    at: Seconds
    within: Seconds = 0.0
    """How far off that may be."""


class RuleTest(Part):
    """One test: what happens, and what is expected of it."""

    name: str
    phase: str | None = None
    """The phase that it happens in; without it, the first."""
    traffic: Share | None = None
    """The share that is applied; without it, that of the phase."""
    interval: Seconds | None = None
    """The time from one value of a series to the next; without it, the `every` of the metric."""
    series: dict[str, Series] = Field(default_factory=dict)
    """Values of metrics over time, such as `0.5x10 3x5 _x3 6x20`."""
    evidence: dict[str, Series] = Field(default_factory=dict)
    """Counts that the query of a metric gives its evidence, such as `1/120x30`: one value per its `evidence.every`."""
    lines: Annotated[tuple[LinesWritten, ...], BeforeValidator(_several)] = ()
    """Log lines, which rules classify and metrics of events count."""
    gap: Annotated[tuple[GapInWatching, ...], BeforeValidator(_several)] = ()
    """When the console was not there; with a `for` of 0s it was only restarted."""
    until: Seconds = 0.0
    """When the test ends; without it, with the last thing that happens or is expected."""
    expect: tuple[Expected, ...] = ()
    """What metrics must be at times."""
    never: tuple[Never, ...] = ()
    """What metrics must not be at any time."""
    first: tuple[First, ...] = ()
    """When metrics must get a verdict for the first time."""

    @model_validator(mode="after")
    def _check(self) -> "RuleTest":
        if not (self.expect or self.never or self.first):
            raise ValueError("nothing is expected: write expect, never or first")
        return self


class RuleTests(Part):
    """A file of rule tests."""

    rollout: str
    """The rollout file that is tested, relative to this one, or the name of a shipped rollout."""
    env: dict[str, str] = Field(default_factory=dict)
    """Variables that the rollout file asks for, on top of the environment."""
    tests: tuple[RuleTest, ...]


class SeriesError(ValueError):
    """A series that cannot be understood; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Value:
    """One place of a series."""

    is_missing: bool = False
    is_failure: bool = False
    value: float | None = None
    samples: int | None = None
    bad: int | None = None


MISSING = Value(is_missing=True)


def parse_series(text: str, metric: Metric) -> list[Value]:
    """Return the values of a series of a metric; raises `SeriesError`.

    `0.5` is a value, `0.5@200` a value from 200 samples, `3/120` a share of 3 in 120, `_` nothing measured, `?` an
    answer without a number, `!` a failure to measure; `x5` behind any of them repeats it.
    """
    found: list[Value] = []
    for token in text.split():
        match = _TOKEN.fullmatch(token)
        value = None if match is None else _value(match["value"], metric)
        if match is None or value is None:
            raise SeriesError(f"expected values such as 0.5x10 3/120 4@200 _x3 ? !, found {token!r}")
        times = int(match["times"] or 1)
        if len(found) + times > VALUES_LIMIT:
            raise SeriesError(f"expected at most {VALUES_LIMIT:,} values, found more at {token!r}")
        found += [value] * times
    return found


def _value(said: str, metric: Metric) -> Value | None:
    if said in ("_", "!", "?"):
        return Value(is_missing=said == "_", is_failure=said == "!")
    counts = _COUNTS.fullmatch(said)
    if counts is not None:
        return _share(int(counts["bad"]), int(counts["total"]), metric)
    sampled = _SAMPLED.fullmatch(said)
    if sampled is None:
        return None
    samples = None if sampled["samples"] is None else int(sampled["samples"])
    return Value(value=float(sampled["value"]), samples=samples)


def _share(bad: int, total: int, metric: Metric) -> Value:
    if unit_scale(metric.unit)[0] not in ("share", "number"):
        raise SeriesError(
            f"expected a value such as 3.2@200, because the metric is in {metric.unit}, found '{bad}/{total}'"
        )
    if bad > total:
        raise SeriesError(f"expected no more than {total} of {total}, found '{bad}/{total}'")
    return Value(value=bad / total * share_scale(metric.unit) if total else None, samples=total, bad=bad)


def measured(name: str, at: float, values: Sequence[tuple[str, Value]]) -> SampleTaken | SampleFailed | None:
    """Return what a metric is measured to be from its values by track; `None` where nothing is."""
    if any(value.is_failure for _, value in values):
        return SampleFailed(at, name, "measuring failed", 0.0)
    readings = tuple(
        Reading(track, value.value, value.samples, value.bad) for track, value in values if not value.is_missing
    )
    return SampleTaken(at, name, readings, 0.0) if readings else None
