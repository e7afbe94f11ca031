"""Conditions that are asked in some phases only, changes since a phase began, and how far something is on its way."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.approach import Approach, approach
from console.core.exits import Exit
from console.core.frame import SessionView
from console.core.grains import Packed
from console.core.inputs import Reading, SampleFailed, SampleTaken, TimePassed
from console.core.judging import Judged
from console.core.memory import document, restore
from console.core.probes import Metric
from console.core.rollout import Rollout
from console.core.state import State
from console.core.verdict import Verdict, worst
from console.core.view import build_frame

AT = 1_000_000.0
ROLLOUT = Rollout.model_validate(
    {
        "rollout": "r",
        "title": "R",
        "service": "s",
        "sources": {"cache": {"redis": "redis://h/0"}},
        "metrics": {
            "left": {
                "redis": {"count": "old:*"},
                "source": "cache",
                "phases": "Clean-up",
                "progress": True,
                "target": "== 0",
                "critical": "> 500",
            },
            "memory": {
                "redis": {"info": "used_memory"},
                "source": "cache",
                "change": "phase",
                "unit": "MB",
                "target": "<= -20%",
            },
        },
        "phases": [{"name": "Canary", "traffic": "5%"}, {"name": "Clean-up", "traffic": "100%"}],
    }
)


def take(state: State, at: float, metric: str, value: float | None) -> None:
    state.apply(state.since_phase(SampleTaken(at, metric, (Reading("", value),), 0.01)))


def enter(state: State, index: int, at: float) -> None:
    state.phase = state.phase.entered(state.rollout, index, at)
    state.apply(TimePassed(at))


def test_a_metric_is_judged_in_its_phases_only() -> None:
    state = State(ROLLOUT, AT)

    take(state, AT, "left", 900)
    canary = state.verdict_of("left")
    enter(state, 1, AT + 5)
    begun = state.verdict_of("left")
    take(state, AT + 10, "left", 900)
    cleaning = state.verdict_of("left")
    enter(state, 0, AT + 15)
    take(state, AT + 20, "left", 900)
    again = state.verdict_of("left")

    assert (canary.verdict, canary.reason) == (Verdict.NOT_JUDGED, "judged in Clean-up")
    assert (begun.verdict, begun.reason) == (Verdict.UNKNOWN, "not measured in this phase yet")
    assert cleaning.verdict is Verdict.CRITICAL
    assert (again.verdict, again.critical.fired) == (Verdict.NOT_JUDGED, None)


def test_no_number_is_neither_well_nor_wrong_where_none_is_asked_for() -> None:
    state = State(ROLLOUT, AT)

    take(state, AT, "left", None)
    elsewhere = state.verdict_of("left").verdict
    enter(state, 1, AT + 5)
    take(state, AT + 10, "left", None)

    assert elsewhere is Verdict.NOT_JUDGED
    assert state.verdict_of("left").verdict is Verdict.UNKNOWN


def test_what_is_not_asked_says_nothing_of_the_whole_however_it_fails_or_ages() -> None:
    state = State(ROLLOUT, AT)
    take(state, AT, "memory", 100)
    take(state, AT + 1, "left", 900)

    verdicts = [state.verdict_of("left").verdict]
    for at in (AT + 5, AT + 6, AT + 7, AT + 8):
        state.apply(SampleFailed(at, "left", "refused", 0.01))
    verdicts.append(state.verdict_of("left").verdict)
    state.apply(TimePassed(AT + 9_000))
    verdicts.append(state.verdict_of("left").verdict)
    take(state, AT + 9_001, "memory", 50)

    assert verdicts == [Verdict.NOT_JUDGED] * 3
    assert state.verdict_of("left").reason == "judged in Clean-up; not measured: refused"
    session = SessionView("s", AT, is_read_only=False, held_by="")
    assert build_frame(state, AT + 9_001, session=session).verdict is Verdict.OK


def test_where_nothing_is_judged_nothing_is_healthy() -> None:
    assert worst([Verdict.NOT_JUDGED]) is Verdict.UNKNOWN
    assert worst([Verdict.NOT_JUDGED, Verdict.OK]) is Verdict.OK
    assert Verdict.NOT_JUDGED.exit_code == Exit.UNKNOWN


def test_a_change_is_of_what_was_first_measured_in_the_phase() -> None:
    state = State(ROLLOUT, AT)
    take(state, AT, "memory", 100)
    take(state, AT + 10, "memory", 150)
    in_canary = state.verdict_of("memory")

    enter(state, 1, AT + 15)
    take(state, AT + 20, "memory", 200)
    first = state.verdict_of("memory")
    take(state, AT + 30, "memory", 150)
    later = state.verdict_of("memory")

    assert (in_canary.value, in_canary.base) == (50.0, 100.0)
    assert (first.value, first.base, first.verdict) == (0.0, 200.0, Verdict.OFF_TARGET)
    assert (later.value, later.base, later.verdict) == (-25.0, 200.0, Verdict.OK)
    session = SessionView("s", AT, is_read_only=False, held_by="")
    panel = next(one for one in build_frame(state, AT + 31, session=session).panels if one.metric == "memory")
    assert panel.reason == "<= -20%; 200 MB when Clean-up began, 150 MB now"
    assert panel.unit == "%"


def test_what_it_was_when_the_phase_began_is_known_after_a_restart() -> None:
    state = State(ROLLOUT, AT)
    enter(state, 1, AT + 1)
    take(state, AT + 2, "memory", 200)
    documents = {name: document(state, name) for name in ("session", "phase", "metric:memory", "metric:left")}

    again = State(ROLLOUT, AT + 50)
    restore(
        again, documents=documents, positions={}, counts=Packed({}, [], (), again.rollup._edges), totals={}, labels={},
        lines=0, unclassified=0,
    )  # fmt: skip
    take(again, AT + 60, "memory", 120)

    assert again.verdict_of("memory").value == pytest.approx(-40)


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=20))
def test_the_change_of_the_last_value_does_not_depend_on_those_between(values: list[float]) -> None:
    state = State(ROLLOUT, AT)

    for number, value in enumerate(values):
        take(state, AT + number, "memory", value)

    assert state.verdict_of("memory").value == pytest.approx(100 * (values[-1] - values[0]) / values[0], abs=1e-6)


COVERAGE = Metric.model_validate(
    {"redis": {"scan": "k:*", "has_field": "f"}, "source": "c", "unit": "%", "progress": True}
)
COUNT = ROLLOUT.metrics["left"]


def test_a_share_goes_to_all_of_the_keys_at_the_pace_of_the_last_measurements() -> None:
    judged = replace(Judged(), value=60.0, samples=1000, bad=400)

    found = approach(COVERAGE, judged, [(0, None), (10, 20.0), (20, None), (30, 60.0)], began=5)

    assert found == Approach(600, 1000, pytest.approx(20.0))
    assert found is not None
    assert (found.share, found.left_s) == (0.6, pytest.approx(20.0))


def test_a_count_goes_from_the_most_of_the_phase_to_none() -> None:
    judged = replace(Judged(), value=300.0)

    found = approach(COUNT, judged, [(0, 9999.0), (10, 1200.0), (20, 600.0), (30, 300.0)], began=5)

    assert found == Approach(900, 1200, pytest.approx(45.0))


def test_what_stands_still_or_goes_back_has_no_time_left() -> None:
    judged = replace(Judged(), value=1200.0)

    assert approach(COUNT, judged, [(10, 1200.0)], began=5) == Approach(0, 1200, None)
    found = approach(COUNT, judged, [(10, 1100.0), (20, 1200.0)], began=5)
    assert found is not None
    assert (found.per_s, found.left_s) == (None, None)


def test_the_end_is_the_end_and_an_empty_database_is_done() -> None:
    none_left = approach(COUNT, replace(Judged(), value=0.0), [(10, 5.0), (20, 0.0)], began=5)
    empty = approach(COUNT, replace(Judged(), value=0.0), [(10, 0.0)], began=5)

    assert none_left is not None
    assert (none_left.share, none_left.left_s) == (1.0, 0.0)
    assert empty is not None
    assert empty.share == 1.0
    assert approach(COUNT, Judged(), [], began=5) is None
