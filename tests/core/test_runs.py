"""`for`, `keep_for` and so many of the last, as Prometheus documents them and as DESIGN adds to them."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.runs import Budget, Rules, Run, parse_budget


def runs(rules: Rules, *taken: tuple[float, bool | None]) -> list[Run]:
    """Return the state after each measurement; `None` is a gap."""
    run, states = Run(), []
    for at, is_true in taken:
        run = run.interrupted() if is_true is None else run.observe(at, is_true=is_true, rules=rules)
        states.append(run)
    return states


@pytest.mark.parametrize(("elapsed_s", "fires"), [(299.9, False), (300.0, True), (300.1, True)])
def test_it_fires_when_the_condition_has_held_for_at_least_as_long_as_for(elapsed_s: float, fires: bool) -> None:
    *_, last = runs(Rules(for_s=300), (0, True), (elapsed_s, True))

    assert (last.fired is not None) is fires


def test_without_for_it_fires_at_once() -> None:
    assert runs(Rules(), (7, True))[-1].fired == 7


@pytest.mark.parametrize("between", [False, None])
def test_a_pending_run_starts_again_after_a_false_measurement_and_after_a_gap(between: bool | None) -> None:
    *_, last = runs(Rules(for_s=60), (0, True), (50, between), (55, True), (100, True))

    assert (last.since, last.fired) == (55, None)


def test_a_verdict_that_stands_outlives_a_gap() -> None:
    assert runs(Rules(), (0, True), (10, None))[-1].fired == 0


@pytest.mark.parametrize(("elapsed_s", "stands"), [(119.9, True), (120.0, False)])
def test_keep_for_counts_from_the_first_measurement_that_is_false(elapsed_s: float, stands: bool) -> None:
    *_, last = runs(Rules(keep_for_s=120), (0, True), (30, False), (30 + elapsed_s, False))

    assert (last.fired is not None) is stands


def test_a_condition_that_comes_true_again_ends_the_keeping() -> None:
    *_, last = runs(Rules(keep_for_s=120), (0, True), (30, False), (100, True), (200, False))

    assert (last.fired, last.cleared) == (0, 200)


def test_only_a_verdict_that_stands_is_kept() -> None:
    *_, last = runs(Rules(for_s=60, keep_for_s=600), (0, True), (30, False))

    assert last == Run()


def test_three_of_the_last_five_count_whatever_lies_between() -> None:
    rules = Rules(budget=Budget(3, 5))

    taken = runs(rules, *enumerate([True, False, True, False, True, False, False, False]))

    assert [run.fired is not None for run in taken] == [False, False, False, False, True, False, False, False]


def test_a_gap_uses_up_no_place_among_the_last() -> None:
    *_, last = runs(Rules(budget=Budget(3, 3)), (0, True), (1, True), (2, None), (3, True))

    assert last.fired == 3


def test_for_counts_from_when_enough_of_the_last_were_breaches() -> None:
    rules = Rules(for_s=20, budget=Budget(2, 3))

    *_, early, late = runs(rules, (0, True), (10, True), (20, False), (30, True))

    assert (early.since, early.fired, late.fired) == (10, None, 30)


def test_within_an_interval_one_breach_takes_one_place() -> None:
    rules = Rules(budget=Budget(2, 3), every_s=30)

    taken = runs(rules, (0, True), (1, True), (29, True), (30, False), (31, True))

    assert [sum(run.recent) for run in taken] == [1, 1, 1, 1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3 of last 5", Budget(3, 5)), ("3 of the last 5", Budget(3, 5)), (" 1  of 1 ", Budget(1, 1))],
)
def test_budgets_are_written_as_people_say_them(text: str, expected: Budget) -> None:
    assert parse_budget(text) == expected


@pytest.mark.parametrize("text", ["", "3", "5 of 3", "0 of 3", "1 of 1000", "3 of last five", "3/5"])
def test_a_budget_that_says_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_budget(text)


TAKEN = st.lists(st.tuples(st.integers(1, 120), st.none() | st.booleans()), max_size=40)
RULES = st.builds(
    Rules,
    for_s=st.sampled_from([0.0, 30.0, 300.0]),
    keep_for_s=st.sampled_from([0.0, 60.0]),
    budget=st.sampled_from([Budget(), Budget(2, 3), Budget(3, 5)]),
    every_s=st.sampled_from([0.0, 30.0]),
)


@given(TAKEN, RULES, st.integers(0, 40), st.floats(0, 1e7))
def test_a_pause_anywhere_changes_nothing_but_the_times(
    steps: list[tuple[int, bool | None]], rules: Rules, cut: int, pause_s: float
) -> None:
    straight, broken, at = Run(), Run(), 0.0
    for number, (step_s, is_true) in enumerate(steps):
        if number == cut:
            broken = broken.shifted(pause_s)
        at += step_s
        later_s = pause_s if number >= cut else 0.0
        if is_true is None:
            straight, broken = straight.interrupted(), broken.interrupted()
            continue
        straight = straight.observe(at, is_true=is_true, rules=rules)
        broken = broken.observe(round(at + later_s, 3), is_true=is_true, rules=rules)

    assert (straight.fired is None, straight.recent) == (broken.fired is None, broken.recent)


@given(TAKEN, RULES)
def test_a_breach_in_place_of_none_never_lets_a_verdict_end_sooner(
    steps: list[tuple[int, bool | None]], rules: Rules
) -> None:
    run, at = Run(), 0.0
    for step_s, is_true in steps:
        at += step_s
        run = run.interrupted() if is_true is None else run.observe(at, is_true=is_true, rules=rules)

    good, bad = (run.observe(at + 1, is_true=is_true, rules=rules) for is_true in (False, True))

    assert not (good.fired is not None and bad.fired is None)


@dataclass(slots=True)
class Prometheus:
    """An alert as Prometheus evaluates it (`AlertingRule.Eval` in rules/alerting.go), one value a look."""

    for_s: float
    keep_for_s: float
    active: float | None = None
    is_firing: bool = False
    kept_since: float | None = None

    def look(self, at: float, *, is_true: bool) -> bool:
        if is_true:
            self.active, self.kept_since = at if self.active is None else self.active, None
            self.is_firing = self.is_firing or at - self.active >= self.for_s
            return self.is_firing
        if self.is_firing and self.keep_for_s > 0:
            self.kept_since = at if self.kept_since is None else self.kept_since
            if at - self.kept_since < self.keep_for_s:
                return True
        self.active, self.is_firing, self.kept_since = None, False, None
        return False


@given(
    st.lists(st.tuples(st.sampled_from([15.0, 30.0, 60.0, 61.0]), st.booleans()), max_size=40),
    st.sampled_from([0.0, 60.0, 300.0]),
    st.sampled_from([0.0, 30.0, 120.0]),
)
def test_it_fires_and_keeps_at_the_very_looks_at_which_prometheus_does(
    looks: list[tuple[float, bool]], for_s: float, keep_for_s: float
) -> None:
    run, alert, at = Run(), Prometheus(for_s, keep_for_s), 0.0
    for pause, is_true in looks:
        at += pause
        run = run.observe(at, is_true=is_true, rules=Rules(for_s=for_s, keep_for_s=keep_for_s))

        assert (run.fired is not None) is alert.look(at, is_true=is_true)
