"""Counters take no more room than is said, whatever is counted, and what is put together is not lost."""

import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core import rollup as rollups
from console.core import series
from console.core.classify import LABEL_LIMIT, OTHER
from console.core.counts import Cell, LabelCell
from console.core.grains import BIN_MINUTES_S, HORIZON_S, HOUR_S, KEPT_S, MINUTE_S, Grain
from console.core.quantiles import coarse
from console.core.rollup import Rollup

NOW = 1_800_000_000
DAY_S = 24 * HOUR_S


def label(value: str, track: str = "canary") -> LabelCell:
    return LabelCell(track, "a", "tool", value)


def test_the_first_hundred_values_are_kept_apart_and_the_rest_is_other() -> None:
    rollup = Rollup()

    applied = rollup.add_labels({label(f"v{number}"): 2 for number in range(LABEL_LIMIT + 5)})
    rollup.add_labels({label("v0", "baseline"): 1, label("late", "baseline"): 1})

    values = rollup.labels(None, "a")["tool"]
    assert list(values) == [f"v{number}" for number in range(LABEL_LIMIT)] + [OTHER]
    assert (values["v0"], values["v99"], values[OTHER]) == (3, 2, 11)
    assert applied[label(OTHER)] == 10
    assert rollup.labels("baseline", "a") == {"tool": {"v0": 1, OTHER: 1}}


def test_a_captured_value_named_other_takes_no_place_of_a_value() -> None:
    rollup = Rollup()

    rollup.add_labels({label(OTHER): 1, **{label(f"v{number}"): 1 for number in range(LABEL_LIMIT)}})

    assert len(rollup.labels(None, "a")["tool"]) == LABEL_LIMIT + 1
    assert rollup.labels(None, "a")["tool"][OTHER] == 1


@settings(max_examples=50)
@given(
    st.lists(
        st.dictionaries(
            st.builds(
                LabelCell,
                track=st.sampled_from(["canary", "baseline"]),
                event=st.sampled_from(["a", "b"]),
                label=st.sampled_from(["x", "y"]),
                value=st.integers(0, 400).map(str),
            ),
            st.integers(1, 5),
            max_size=150,
        ),
        max_size=4,
    )
)
def test_counts_of_labels_are_conserved_within_the_limit_and_over_reloads(batches: list[dict[LabelCell, int]]) -> None:
    rollup, reloaded = Rollup(), Rollup()
    expected: defaultdict[tuple[str, str], int] = defaultdict(int)

    for batch in batches:
        applied = rollup.add_labels(batch)
        assert sum(applied.values()) == sum(batch.values())
        for cell, count in batch.items():
            expected[cell.event, cell.label] += count
        reloaded = Rollup()
        reloaded.add_labels(rollup.label_cells())
        assert reloaded.label_cells() == rollup.label_cells()

    for (event, name), count in expected.items():
        values = reloaded.labels(None, event)[name]
        assert sum(values.values()) == count
        assert len(values) <= LABEL_LIMIT + 1


def test_what_is_too_old_takes_no_room() -> None:
    rollup = Rollup()
    for hour in range(24 * 12):
        at = NOW + hour * HOUR_S
        rollup.add({Cell(at + second, "", "a", number): 1 for second in range(3) for number in (0, 50_000)})
        rollup.prune(at)

    kept = {cell.second // HOUR_S for cell, _ in rollup.cells(0)}

    assert rollup.total("", "a") == 24 * 12 * 3
    assert len(kept) <= KEPT_S // HOUR_S + 2
    assert len(rollup._counts["a"][""]._seconds) <= HORIZON_S // HOUR_S + 1
    assert len(rollup._bins["a"][""]._packed[1]) <= BIN_MINUTES_S // HOUR_S + 2


def test_lines_far_ahead_of_the_clock_are_in_the_totals_only() -> None:
    rollup = Rollup()
    rollup.prune(NOW)

    cells = {Cell(NOW + hours * HOUR_S, "", "a", number): 1 for hours in range(100) for number in (0, 50_000)}
    rollup.add(cells, at=NOW)

    assert rollup.total("", "a") == 100
    assert {cell.second for cell, _ in rollup.cells(0)} == {NOW + hours * HOUR_S for hours in range(25)}


def test_numbers_spread_over_everything_are_kept_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "BUCKETS_KEPT", 200)
    monkeypatch.setattr(rollups, "BIN_SECONDS_BYTES", 20_000)
    monkeypatch.setattr(rollups, "BIN_MINUTES_BYTES", 50_000)
    rng, rollup, total, began = random.Random(1), Rollup(), 0, NOW - NOW % HOUR_S
    for minute in range(4 * 60):
        at = began + minute * MINUTE_S
        counts = {Cell(at + rng.randrange(60), "", "a", rng.randrange(15_000, 85_000)): 1 for _ in range(300)}
        total += len(counts)
        rollup.add(counts)
        rollup.prune(at + 60)
    rollup.prune(at + 70)

    numbers = rollup._bins["a"][""]
    assert numbers.size_bytes(Grain.BIN_SECONDS) <= 20_000
    assert numbers.size_bytes(Grain.BIN_MINUTES) <= 2 * 60 * 200 * 5
    assert numbers.size_bytes(Grain.BIN_HOURS) <= 5 * 200 * 6
    assert not any(len(loose) > 1 for loose in numbers._loose[:2])
    assert sum(rollup.bins("", "a", since=0, until=NOW + DAY_S).values()) == total
    whole_hour = rollup.bins("", "a", since=began, until=began + HOUR_S)
    assert rollup.bins("", "a", since=began + 7, until=began + HOUR_S + 7) == whole_hour, "rounded down, not lost"
    assert sum(rollup.bins("", "a", since=at, until=at + 60).values()) == len(counts)


@settings(max_examples=100)
@given(
    bins=st.dictionaries(st.integers(15_000, 85_000) | st.integers(-85_000, -15_000) | st.just(1), st.integers(1, 9))
)
def test_buckets_put_together_are_neighbours_and_lose_no_count(bins: dict[int, int]) -> None:
    found = coarse(bins, 8)

    assert len(found) <= 8
    assert sum(found.values()) == sum(bins.values())
    assert found.get(1, 0) == bins.get(1, 0)
    assert coarse(bins, len(bins)) == bins
