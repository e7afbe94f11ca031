"""Windows of validation in the state of a session."""

import pytest

from console.core.inputs import ClockStepped, ItemTicked, SessionOpened, SourceChanged, TimePassed
from console.core.state import State
from console.core.words import SourceState
from tests.core.phased import ANNA, START, advanced, again, begun, clause_of, frame_of, rollout, run

WINDOWS = [
    {"name": "0-4 h", "from": "0h", "until": "4h", "metrics": ["errors"]},
    {
        "name": "4-24 h",
        "from": "4h",
        "until": "24h",
        "metrics": ["errors"],
        "checklist": [{"id": "tickets", "text": "Support tickets were read"}],
    },
]


def full(at: int = 100) -> State:
    """A rollout that has all of the traffic from second 101 on."""
    state = begun(rollout(validation=WINDOWS))
    run(state, 0, at)
    for given in advanced(at, "everything"):
        state.apply(given)
    return state


def test_validation_begins_with_full_rollout_and_the_last_phase_waits_for_it() -> None:
    state = full()
    records = run(state, 101, 3700, step=10)

    frame = frame_of(state, 3700)

    assert [(one.name, one.outcome) for one in frame.validation] == [("0-4 h", "running"), ("4-24 h", "waiting")]
    assert frame.validation[0].known_share == pytest.approx(1)
    assert clause_of(frame, "validation", "4-24 h").expected_s == 101 + 24 * 3600 - 3700
    assert frame.phase.outlook == "earliest 11-22 00:01, waiting for validation 4-24 h"
    assert "all traffic is on the canary: validation begins" in [one.text for one in records]


def test_the_outcome_of_a_window_survives_a_restart() -> None:
    state = full()
    run(state, 101, 2000, step=10)
    run(state, 2000, 2020, share=9.0)

    other = again(state, START + 2021)
    other.apply(SessionOpened(START + 2021, ANNA, "1", START + 2020))
    run(other, 2021, 2040)

    (first, _) = frame_of(other, 2040).validation
    assert (first.outcome, first.decided) == ("failed", START + 2010)
    assert first.reason.startswith("errors CRITICAL at 2026-11-21 00:33:30 UTC")


def test_the_items_of_a_window_are_ticked_there_and_only_when_its_time_has_come() -> None:
    state = full()
    run(state, 101, 110)
    assert "tickets" not in [item.item for item in frame_of(state, 110).phase.checklist]
    late = 101 + 4 * 3600 + 5
    state.apply(TimePassed(START + late))

    (record,) = state.apply(ItemTicked(START + late + 1, "tickets", is_done=True, actor=ANNA, note="none"))

    items = {item.item: item for item in frame_of(state, late + 1).phase.checklist}
    assert items["tickets"].text == "4-24 h: Support tickets were read"
    assert items["tickets"].is_done
    assert record.kind == "checklist"


@pytest.mark.parametrize("by_s", [-7200.0, -5.0, 7200.0, 5 * 86_400.0])
def test_a_step_of_the_clock_is_in_no_validation_window(by_s: float) -> None:
    at = 101 + 4 * 3600
    state = full()
    run(state, 101, 2000, step=10)

    state.apply(ClockStepped(START + 2000 + by_s, by_s))
    state = again(state, START + 2000 + by_s)
    state.apply(SourceChanged(START + 2000 + by_s, "app", SourceState.LIVE, parts={"canary": 1}))
    run(state, 2000 + round(by_s), at + round(by_s) - 10, step=10)
    before = [one.outcome for one in frame_of(state, at + by_s - 10).validation]
    run(state, at + round(by_s) - 10, at + round(by_s) + 10)

    first, second = frame_of(state, at + by_s + 10).validation
    assert before == ["running", "waiting"]
    assert (first.outcome, second.outcome) == ("passed", "running")
    assert first.known_share == pytest.approx(1, abs=0.01)
    assert state.validation.window("0-4 h").watched_s == pytest.approx(4 * 3600, abs=20)
