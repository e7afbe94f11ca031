"""What is folded again comes out again: from equal inputs, from a file, and in any order inside a second."""

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.frame import Frame, SessionView
from console.core.inputs import Input, SampleFailed, SessionOpened, SourceChanged, SourceSeen, TimePassed
from console.core.replay import Change, changes_in, replay
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.words import SourceState
from console.reading import read_recording
from tests.core.taken_up import taken_up, written
from tests.recordings import ANNA, ROLLOUT, START, WEIGHED, answer, lines, live, record

FIRST = int(START)
T = TypeVar("T")
ANSWERS = ("none leak", "one leaks", "no number", "nothing", "failed")


@dataclass(frozen=True, slots=True)
class Second:
    """What happens in one second."""

    failed: int
    served: int
    baseline: int
    answer: str
    is_lost: bool


seconds = st.builds(
    Second,
    failed=st.sampled_from([0, 0, 0, 1, 5]),
    served=st.sampled_from([0, 5, 20]),
    baseline=st.integers(0, 3),
    answer=st.sampled_from(ANSWERS),
    is_lost=st.booleans(),
)
soaks = st.lists(st.tuples(seconds, st.integers(1, 25)), min_size=1, max_size=8).map(
    lambda parts: [second for second, times in parts for _ in range(times)]
)


def inputs(soak: Sequence[Second], first: int, begins_s: float = 0.4) -> list[Input]:
    """What a console reads and measures in a soak from a second on; the sources answer after `begins_s`."""
    given_inputs: list[Input] = live(first + begins_s)
    was_lost = False
    for second, what in enumerate(soak, start=first + 1):
        if what.is_lost and not was_lost:
            given_inputs += [
                SourceSeen(second + 0.4, "app"),
                SourceChanged(second + 0.5, "app", SourceState.RETRYING, "connection refused"),
            ]
        if was_lost and not what.is_lost:
            given_inputs.append(SourceChanged(second + 0.5, "app", SourceState.LIVE, parts={"canary": 2}))
        was_lost = what.is_lost
        if not what.is_lost and what.failed + what.served:
            given_inputs.append(lines(second, failed=what.failed, served=what.served))
        if not what.is_lost and what.baseline:
            given_inputs.append(lines(second, failed=0, served=what.baseline, track="baseline"))
        if second % 5 == 0:
            given_inputs += measured(second + 0.6, what.answer)
    return sorted(given_inputs, key=lambda one: one.at)


def measured(at: float, said: str) -> list[Input]:
    """What the query of leaks answered, if it did."""
    if said == "nothing":
        return []
    if said == "failed":
        return [SampleFailed(at, "leaks", "the database did not answer", 0.1)]
    return [answer(at, {"none leak": 0.0, "one leaks": 1.0, "no number": None}[said])]


def frame_of(state: State) -> Frame:
    """The picture of a state."""
    return build_frame(state, state.at, session=SessionView("s", START, is_read_only=False, held_by=""))


def folded(given_inputs: Sequence[Input], length: int, look: Callable[[State], T]) -> tuple[list[Change], list[T]]:
    """Fold inputs with a tick a second; return the changes of verdicts and what is seen at every tick."""
    state = State(ROLLOUT, START)
    waiting = [SessionOpened(START, ANNA, "1", None), *given_inputs]
    changes: list[Change] = []
    seen = []
    for second in range(1, length + 1):
        due = [one for one in waiting if one.at <= START + second]
        waiting = waiting[len(due) :]
        for one in (*due, TimePassed(START + second)):
            changes += changes_in(state.apply(one))
        seen.append(look(state))
    return changes, seen


@given(soaks)
@settings(max_examples=15)
def test_the_same_inputs_give_equal_frames(soak: list[Second]) -> None:
    given_inputs = inputs(soak, FIRST)

    first = folded(given_inputs, len(soak) + 20, frame_of)
    second = folded(given_inputs, len(soak) + 20, frame_of)

    assert first == second


@given(soaks, st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_the_order_in_which_sources_speak_inside_a_second_changes_no_verdict_at_a_tick(
    soak: list[Second], chance: random.Random
) -> None:
    given_inputs = inputs(soak, FIRST)

    def shuffled() -> list[Input]:
        """The inputs of every second in an order of chance; those of one source keep theirs."""
        found = []
        for second in sorted({_tick(one) for one in given_inputs}):
            lanes: dict[str, list[Input]] = {}
            for one in (one for one in given_inputs if _tick(one) == second):
                lanes.setdefault(getattr(one, "source", "") or getattr(one, "metric", ""), []).append(one)
            while lanes:
                lane = chance.choice(sorted(lanes))
                found.append(lanes[lane].pop(0))
                if not lanes[lane]:
                    del lanes[lane]
        return found

    _, verdicts = folded(given_inputs, len(soak) + 20, verdicts_of)
    _, others = folded(shuffled(), len(soak) + 20, verdicts_of)

    assert others == verdicts


def resumed(state: State, rollout: Rollout, at: float) -> State:
    """The session as another console finds it in the file, at once, with sources that answer it at once."""
    other = taken_up(state, at, documents=written(state), spec=rollout)
    other.apply(SessionOpened(at, ANNA, "1", at))
    return other


@given(soaks, st.sets(st.integers(1, 150), max_size=4), st.sampled_from([ROLLOUT, WEIGHED]))
@settings(max_examples=20)
def test_a_restart_at_any_moment_gives_the_same_verdicts_from_then_on(
    soak: list[Second], cuts: set[int], rollout: Rollout
) -> None:
    unbroken, restarted = State(rollout, START), State(rollout, START)
    waiting = inputs([replace(second, is_lost=False) for second in soak], FIRST)
    for second in range(1, len(soak) + 60):
        due = [one for one in waiting if one.at <= START + second]
        waiting = waiting[len(due) :]
        for one in (*due, TimePassed(START + second)):
            unbroken.apply(one)
            restarted.apply(one)

        assert verdicts_of(restarted) == verdicts_of(unbroken)
        assert restarted.phase.soaked_s == unbroken.phase.soaked_s
        if second in cuts:
            restarted = resumed(restarted, rollout, START + second)


def _tick(given_input: Input) -> int:
    """The second after whose tick an input is folded."""
    return int(given_input.at - START)


def verdicts_of(state: State) -> list[tuple[object, ...]]:
    """The verdicts of every metric on every track."""
    return [
        (name, track, judged.verdict, judged.reason, judged.since)
        for name, metric in state.metrics.items()
        for track, judged in sorted(metric.judged.items())
    ]


runs_of_a_session = st.lists(
    st.tuples(st.sampled_from([1, 2, 20, 400]), soaks, st.sampled_from([2, 5, 20]), st.sampled_from([0.4, 1.4, 4.4])),
    min_size=1,
    max_size=3,
)
"""How long nobody watched, what happened then, how long nothing happened after it, and when the sources answered."""


@given(runs_of_a_session, st.sampled_from([ROLLOUT, WEIGHED]))
@settings(max_examples=15)
def test_a_session_replays_to_the_verdicts_that_its_journal_has(
    planned: list[tuple[int, list[Second], int, float]], rollout: Rollout
) -> None:
    runs: list[tuple[float, int, list[Input]]] = []
    until = START - 1
    for pause, soak, tail, begins_s in planned:
        since = until + pause
        runs.append((since, len(soak) + tail + 5, inputs(soak, int(since), begins_s)))
        until = since + runs[-1][1]

    with tempfile.TemporaryDirectory() as folder:
        ended = record(Path(folder) / "s", *runs, rollout=rollout)
        recording = read_recording(Path(folder) / "s")
    found = replay(recording)

    assert list(found.changes) == list(changes_in(recording.records))
    assert list(found.evidence) == [record for record in recording.records if record.kind == "evidence"]
    assert found.state.phase.soaked_s == ended.phase.soaked_s
    assert verdicts_of(found.state) == verdicts_of(ended)
