"""A small part of `make simulate`: what is claimed is not refuted by soaks whose truth is known."""

import math
import random
from dataclasses import replace
from statistics import median
from xml.etree import ElementTree

import pytest

from console.core.evidence import Comparison
from tests.simulate.__main__ import as_markdown
from tests.simulate.cases import CASES, DAY, FALSE_ALARM, FOUND, Case, Result, simulate, slow_ratio
from tests.simulate.events import BURSTS, chances, draw
from tests.simulate.plot import evidence_plot
from tests.simulate.soak import Outcome, Soak, run

RUNS = 30
MOST_OF_30 = 7
"""Were it exactly 5 %, more than so many of 30 would come about once in ten thousand times."""
LEAST_OF_30 = 7
"""Were the median exactly the bound, fewer than so many of 30 would be within it about once in a thousand times."""
BOUND = [case for case in CASES if case.bound is not None]


def named(case: Case) -> str:
    return f"{case.name}, {case.says}"


@pytest.mark.parametrize("case", [case for case in BOUND if case.is_rate], ids=named)
def test_false_alarms_and_false_proofs_are_as_rare_as_promised(case: Case) -> None:
    result = simulate(case, RUNS, seed=7)

    assert result.seen <= 100 * MOST_OF_30 / RUNS


@pytest.mark.parametrize("case", [case for case in BOUND if case.says == FOUND], ids=named)
def test_regressions_are_found_as_soon_as_promised(case: Case) -> None:
    assert case.bound is not None
    last = case.soak.since + case.bound

    alarms = [run(case.soak, random.Random(f"7/{number}")).alarm for number in range(RUNS)]

    assert sum(alarm <= last for alarm in alarms) >= LEAST_OF_30


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_the_time_to_proof_is_about_the_one_that_was_expected(share: float) -> None:
    soak = replace(DAY, share=share, until_proven=True)
    expected_min = Comparison().expected_time_s(20 * share, 20 * (1 - share), bad_rate=soak.rate) / 60

    took_min = median(run(soak, random.Random(f"7/{number}")).cleared for number in range(60))

    assert 0.6 * expected_min < took_min < 1.6 * expected_min


def test_the_fixed_rule_raises_a_false_alarm_in_nearly_every_soak() -> None:
    fired = [run(Soak(), random.Random(number)).rule for number in range(5)]

    assert all(map(math.isfinite, fired))


def test_bursts_counted_one_by_one_would_raise_false_alarms() -> None:
    uncorrected = replace(DAY, phi=BURSTS, is_corrected=False)

    alarms = [run(uncorrected, random.Random(number)).alarm for number in range(20)]

    assert sum(map(math.isfinite, alarms)) >= 5


@pytest.mark.parametrize("phi", [1.0, 5.0])
def test_counts_are_drawn_with_the_mean_and_the_dispersion_that_were_asked_for(phi: float) -> None:
    rng = random.Random(1)
    drawn = [draw(rng, 6.0, phi) for _ in range(20_000)]

    mean = sum(drawn) / len(drawn)
    variance = sum((events - mean) ** 2 for events in drawn) / len(drawn)
    assert mean == pytest.approx(6, rel=0.05)
    assert variance / mean == pytest.approx(phi, rel=0.1)
    assert sum(chances(6.0, phi, 300)) == pytest.approx(1)


def test_requests_a_fifth_slower_exceed_the_p95_nearly_twice_as_often() -> None:
    assert slow_ratio(1.2) == pytest.approx(1.8, abs=0.02)
    assert slow_ratio(1.0) == pytest.approx(1)


def test_the_same_seed_gives_the_same_soaks() -> None:
    case = Case("short", Soak(minutes=120, ratio=2), FOUND)

    assert simulate(case, 5, seed=1) == simulate(case, 5, seed=1)


def test_a_broken_bound_is_called_broken() -> None:
    case = Case("short", DAY, FALSE_ALARM, 5)
    kept = Result.of(case, [Outcome()] * 20)
    broken = Result.of(case, [Outcome()] * 18 + [Outcome(alarm=3)] * 2)

    assert kept.holds
    assert not broken.holds
    assert "10.0 % | ≤ 5 % | BROKEN" in as_markdown([broken], seed=1)


def test_a_regression_that_is_not_found_counts_as_never() -> None:
    case = Case("late", replace(DAY, ratio=3, since=720), FOUND, 30)

    result = Result.of(case, [Outcome(alarm=740), Outcome(), Outcome()])

    assert result.seen == math.inf
    assert not result.holds


def test_the_plot_is_an_image_of_three_soaks() -> None:
    drawn = ElementTree.fromstring(evidence_plot(1))  # noqa: S314  (made by this program)

    assert len([path for path in drawn.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke")]) == 6
