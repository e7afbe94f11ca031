"""Restarts of a console and steps of the clock change nothing that is known."""

import random

import pytest

from console.core.inputs import ClockStepped, Input, Reading, SampleTaken, SessionOpened, SourceChanged, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.verdict import Verdict
from console.core.words import SourceState
from tests.core.folded import ANNA, ROLLOUT, START, fold, frame_of, lines, no_leak
from tests.core.taken_up import taken_up


def test_the_same_inputs_give_the_same_frame_and_a_restart_changes_nothing() -> None:
    rng = random.Random(7)
    given: list[Input] = [SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1})]
    after = {"canary": -1, "baseline": -1}
    for second in range(1, 90):
        for track in tuple(after):
            words = rng.choices(["served home", "served cart", "failed", "noise"], [60, 30, 1, 9], k=rng.randint(1, 9))
            given.append(lines(START + second, track, words, after=after[track]))
            after[track] += len(words)
        if second % 10 == 0:
            given.append(no_leak(START + second))
        given.append(TimePassed(START + second + 0.5))

    one, other = fold(*given), fold(*given)

    at = START + 91
    assert frame_of(one, at) == frame_of(other, at)
    again = taken_up(one, at, documents=fold(*given).documents())
    again.apply(SessionOpened(at, ANNA, "1", at))
    before, after_restart = frame_of(one, at), frame_of(again, at)
    assert after_restart.events == before.events
    assert after_restart.phase == before.phase
    assert [(panel.verdict, panel.since, panel.values) for panel in after_restart.panels] == [
        (panel.verdict, panel.since, panel.values) for panel in before.panels
    ]


@pytest.mark.parametrize("by_s", [86_400.0, 7.0, -3600.0])
def test_a_step_of_the_clock_is_no_time(by_s: float) -> None:
    spec = Rollout.model_validate(
        ROLLOUT.model_dump(by_alias=True)
        | {"metrics": {"leaks": {"command": ["true"], "every": "10s", "critical": "> 0", "for": "5m"}}}
        | {"phases": [{"name": "Canary 10%", "traffic": "10%", "soak": "1h", "advance": ["leaks"]}]}
    )
    state = State(spec, START)

    def measure(at: float) -> Verdict:
        state.apply(SampleTaken(at, "leaks", (Reading("", 1.0),), 0.1))
        state.apply(TimePassed(at))
        return state.verdict_of("leaks").verdict

    held = [measure(START + passed) for passed in range(0, 200, 10)]
    soaked_s = state.phase.soaked_s
    (record,) = state.apply(ClockStepped(START + 195 + by_s, by_s))
    later = [measure(START + by_s + passed) for passed in range(200, 310, 10)]

    assert set(held) == {Verdict.OFF_TARGET}
    assert later == [Verdict.OFF_TARGET] * 10 + [Verdict.CRITICAL]
    assert state.verdict_of("leaks").since == START + by_s + 300
    assert soaked_s <= state.phase.soaked_s <= soaked_s + 110
    assert record.kind == "clock"
    assert state.at == START + by_s + 300


def test_what_was_heard_between_a_step_of_the_clock_and_its_notice_is_not_moved_into_the_future() -> None:
    state = fold(lines(START + 4000.5, "canary", ["served home"]))

    state.apply(ClockStepped(START + 4001, 3600.0))
    state.apply(TimePassed(START + 4001))

    app = next(source for source in frame_of(state, START + 4001).sources if source.name == "app")
    assert app.lag_s is not None
    assert app.lag_s <= 1.0


def test_the_session_tells_when_it_was_taken_up_again() -> None:
    state = State(ROLLOUT, START)

    (record,) = state.apply(SessionOpened(START + 3600, ANNA, "1", START))

    assert record.text == "taken up again by anna@ops1 (pts/3) after 3600 s"
