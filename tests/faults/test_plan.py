"""A plan follows from its seed and makes sense."""

from collections.abc import Callable

import pytest

from tests.faults.files import plan_of_files
from tests.faults.plan import FAMILIES, Fault, Plan, plan_of

SEEDS = range(60)
ENDS = {
    Fault.KILL: Fault.BEGIN,
    Fault.LEAVE: Fault.BEGIN,
    Fault.HALT: Fault.GO_ON,
    Fault.FREEZE: Fault.THAW,
    Fault.PAUSE: Fault.UNPAUSE,
}


@pytest.mark.parametrize("make", [plan_of, plan_of_files])
def test_the_same_seed_gives_the_same_plan_and_another_seed_another(make: Callable[[int, float], Plan]) -> None:
    assert make(7, 30.0) == make(7, 30.0)
    assert str(make(7, 30.0)) == str(make(7, 30.0))
    assert make(7, 30.0).steps != make(7 + len(FAMILIES), 30.0).steps


def test_seeds_in_a_row_go_through_every_kind_of_run_and_every_fault() -> None:
    plans = [plan_of(seed, 40.0) for seed in SEEDS]
    files = [plan_of_files(seed, 40.0) for seed in SEEDS]

    assert {plan.family.name for plan in plans[: len(FAMILIES)]} == {family.name for family in FAMILIES}
    assert {step.fault for plan in (*plans, *files) for step in plan.steps} == set(Fault)


@pytest.mark.parametrize("make", [plan_of, plan_of_files])
def test_whatever_is_broken_is_mended_before_the_end(make: Callable[[int, float], Plan]) -> None:
    for seed in SEEDS:
        broken: list[tuple[Fault, int]] = []
        for step in make(seed, 20.0).steps:
            if step.fault in ENDS:
                broken.append((ENDS[step.fault], step.slot))
            elif step.fault in ENDS.values():
                broken.remove((step.fault, step.slot))
        assert not broken


def test_no_plan_has_more_runs_than_the_console_keeps_values_of_a_label_apart() -> None:
    new = (Fault.RESTART, Fault.RESTART_HARD, Fault.CRASH, Fault.RECREATE, Fault.RECREATE_AT_ONCE, Fault.SCALE_UP)
    for seed in SEEDS:
        plan = plan_of(seed, 300.0)
        assert len(plan.tracks) + sum(step.fault in new for step in plan.steps) <= 45
