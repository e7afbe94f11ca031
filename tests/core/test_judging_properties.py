"""Whatever is measured, worse or missing data never earns a better verdict."""

from hypothesis import given
from hypothesis import strategies as st

from console.core.judging import Judged, Measured, aged, failed, observe
from console.core.rollout import NoData
from console.core.verdict import Verdict
from tests.core.test_judging import counted, sure, thresholds


def severity(verdict: Verdict) -> int:
    """OFF TARGET and UNKNOWN are alike in this: neither satisfies anything, and neither is a breach."""
    return {Verdict.OK: 0, Verdict.OFF_TARGET: 1, Verdict.UNKNOWN: 1}.get(verdict, 1 + verdict.rank)


SERIES = st.lists(st.tuples(st.integers(1, 120), st.none() | st.floats(0, 10)), min_size=1, max_size=30)


@given(SERIES, st.floats(0, 10), st.floats(0, 10), st.sampled_from(["0s", "30s", "5m"]))
def test_a_worse_number_never_earns_a_better_verdict(
    steps: list[tuple[int, float | None]], one: float, other: float, hold: str
) -> None:
    limits = thresholds(**{"for": hold, "keep_for": "1m"})
    judged, at = Judged(), 0.0
    for pause, value in steps:
        at += pause
        judged = observe(limits, judged, Measured(at, value))

    better, worse = (observe(limits, judged, Measured(at + 10, value)) for value in sorted((one, other)))

    assert worse.verdict.rank >= better.verdict.rank


@given(SERIES, st.floats(0, 10))
def test_missing_data_never_earns_a_better_verdict_than_the_one_before(
    steps: list[tuple[int, float | None]], last: float
) -> None:
    limits = thresholds(keep_for="1m")
    judged, at = Judged(), 0.0
    for pause, value in [*steps, (10, last)]:
        at += pause
        judged = observe(limits, judged, Measured(at, value))

    for gone in (
        observe(limits, judged, Measured(at + 10, None)),
        failed(limits, judged, at + 10, "gone"),
        aged(limits, judged, at + 10_000),
    ):
        assert gone.verdict.rank >= judged.verdict.rank


@given(
    st.lists(st.tuples(st.integers(1, 120), st.floats(0, 10)), min_size=1, max_size=30),
    st.sets(st.integers(0, 29)),
    st.sampled_from(["no number", "failure", "no answer"]),
    st.fixed_dictionaries(
        {
            "for": st.sampled_from(["0s", "30s", "5m"]),
            "breaches": st.sampled_from([None, "3 of last 5"]),
            "no_data": st.sampled_from(NoData),
            "broken_after": st.integers(1, 2),
        }
    ),
)
def test_the_more_good_data_is_missing_the_worse_the_verdict_at_every_moment(
    steps: list[tuple[int, float]], missing: set[int], kind: str, rules: dict[str, object]
) -> None:
    limits = thresholds(keep_for="1m", **rules)
    whole, holed, at = Judged(), Judged(), 0.0
    for index, (pause, value) in enumerate(steps):
        at += pause
        whole = observe(limits, aged(limits, whole, at), Measured(at, value))
        holed = aged(limits, holed, at)
        if index not in missing or whole.verdict is not Verdict.OK:
            holed = observe(limits, holed, Measured(at, value))
        elif kind == "failure":
            holed = failed(limits, holed, at, "gone")
        elif kind == "no number":
            holed = observe(limits, holed, Measured(at, None))

        assert severity(holed.verdict) >= severity(whole.verdict)


@given(SERIES, st.integers(1, 6), st.sampled_from(NoData))
def test_the_longer_data_is_missing_the_worse_the_verdict(
    steps: list[tuple[int, float | None]], times: int, no_data: NoData
) -> None:
    limits = thresholds(keep_for="1m", no_data=no_data)
    judged, at = Judged(), 0.0
    for pause, value in steps:
        at += pause
        judged = observe(limits, judged, Measured(at, value))

    for _ in range(times):
        at += 40
        after = observe(limits, judged, Measured(at, None))
        assert after.verdict.rank >= judged.verdict.rank
        judged = after


@given(SERIES)
def test_since_is_when_the_verdict_began(steps: list[tuple[int, float | None]]) -> None:
    limits = thresholds()
    judged, at, since = Judged(), 0.0, None
    for pause, value in steps:
        at += pause
        after = observe(limits, judged, Measured(at, value))
        if after.verdict is not judged.verdict or since is None:
            since = at
        judged = after

    assert judged.since == since


@given(st.integers(1, 5000), st.integers(0, 5000), st.integers(0, 5000), st.sampled_from([None, 100, 1000]))
def test_more_bad_events_never_earn_a_better_verdict(samples: int, one: int, other: int, before: int | None) -> None:
    limits = sure()
    started = None if before is None else counted(limits, before, 1000)

    better, worse = (counted(limits, min(bad, samples), samples, started, 10) for bad in sorted((one, other)))

    assert severity(worse.verdict) >= severity(better.verdict)


@given(SERIES, st.floats(0, 10), st.floats(0, 10), st.sampled_from(["3 of last 5", "2 of 2"]), st.sampled_from(NoData))
def test_a_worse_number_never_earns_a_better_verdict_whatever_else_the_file_asks(
    steps: list[tuple[int, float | None]], one: float, other: float, breaches: str, no_data: NoData
) -> None:
    limits = thresholds(breaches=breaches, no_data=no_data, broken_after=2, keep_for="1m")
    judged, at = Judged(), 0.0
    for pause, value in steps:
        at += pause
        judged = observe(limits, judged, Measured(at, value))

    better, worse = (observe(limits, judged, Measured(at + 10, value)) for value in sorted((one, other)))
    gone = observe(limits, judged, Measured(at + 10, None))

    assert worse.verdict.rank >= better.verdict.rank
    assert gone.verdict.rank >= judged.verdict.rank
