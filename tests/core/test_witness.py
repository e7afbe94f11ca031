"""Records of decisions say who, why, and what stood on the screen."""

from dataclasses import replace

import pytest

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted, LadderLeft
from console.core.actors import Actor
from console.core.inputs import (
    Input,
    ItemTicked,
    NoteWritten,
    Reading,
    SampleTaken,
    SessionClosed,
    SessionOpened,
    SignedOff,
    SnapshotTaken,
)
from console.core.record import Record, canonical
from console.core.state import State
from console.core.words import Outcome
from tests.recordings import ROLLOUT

AT = 1_795_219_200.0
BEN = Actor("ben", "ops2", "pts/1", "root", "203.0.113.7")
ADVANCE = ActionStarted(AT, "a1", "advance", "advance", "Advance", BEN, "all is well", 100.0, 1, ("step",))
NUMBERS = {
    "share": 10.0,
    "verdicts": {"failures": "UNKNOWN", "leaks": "CRITICAL"},
    "values": {"failures": None, "leaks": 2.0},
    "samples": {"leaks": 2},
}


def soaking() -> State:
    """A state in which two leaks were found."""
    state = State(ROLLOUT, AT - 100)
    state.apply(SampleTaken(AT - 1, "leaks", (Reading("", 2.0, 2),), 0.1))
    return state


@pytest.mark.parametrize(
    "given",
    [
        SessionOpened(AT, BEN, "0.1", AT - 1),
        SessionClosed(AT, BEN, "left and saved"),
        NoteWritten(AT, BEN, "a note"),
        ItemTicked(AT, "backup", is_done=True, actor=BEN),
        SignedOff(AT, "lead", BEN),
        SnapshotTaken(AT, BEN, "/snapshots/1"),
        ADVANCE,
        replace(ADVANCE, override="30h of soak left"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_decision_says_who_and_every_verdict_and_number_of_that_instant(given: Input) -> None:
    (record,) = soaking().apply(given)

    assert record.body["actor"] == "ben@ops2 (pts/1, as root, from 203.0.113.7)"
    assert {name: record.body[name] for name in NUMBERS} == NUMBERS
    assert canonical(record.body)


def test_what_an_action_did_is_of_the_one_who_began_it_with_reason_outcome_and_numbers() -> None:
    state = soaking()
    state.apply(ADVANCE)

    outcome, phase = state.apply(ActionEnded(AT + 9, "a1", Outcome.DONE))

    assert (outcome.kind, outcome.body["outcome"]) == ("outcome", "done")
    assert (phase.kind, phase.body["name"]) == ("phase", "All")
    for record in (outcome, phase):
        assert (record.body["actor"], record.body["reason"]) == (str(BEN), "all is well")
        assert record.body["values"] == NUMBERS["values"]


def test_who_leaves_a_ladder_is_named_and_not_who_began_it() -> None:
    state = soaking()
    state.apply(replace(ADVANCE, kind="step_down", traffic=5.0, phase=None))

    (record,) = state.apply(LadderLeft(AT + 9, "a1", Actor("anna", "ops1")))

    assert record.body["actor"] == "anna@ops1"
    assert record.body["verdicts"] == NUMBERS["verdicts"]


def test_what_the_console_saw_and_the_steps_of_an_attempt_stay_short() -> None:
    state = soaking()
    state.apply(ADVANCE)

    seen: list[Record] = [
        *state.apply(ActionProgressed(AT, "a1", 0, "step", "done")),
        *state.apply(SampleTaken(AT + 1, "leaks", (Reading("", 0.0, 2),), 0.1)),
        *state.apply(ItemTicked(AT + 2, "backup", is_done=True, actor=None)),
    ]

    assert [record.kind for record in seen] == ["step", "verdict", "checklist"]
    assert all("verdicts" not in record.body and "actor" not in record.body for record in seen)


def test_what_is_taken_up_later_says_of_when_its_verdicts_are() -> None:
    state = soaking()
    state.apply(SampleTaken(AT + 3600, "leaks", (Reading("", 3.0, 3),), 0.1))

    (late,) = [record for record in state.apply(ADVANCE) if record.kind == "action"]

    assert late.at == AT
    assert late.body["witnessed_at"] == AT + 3600
    assert late.body["values"]["leaks"] == 3.0


def test_what_is_seen_at_once_says_nothing_of_another_time() -> None:
    (prompt,) = [record for record in soaking().apply(ADVANCE) if record.kind == "action"]

    assert "witnessed_at" not in prompt.body
