"""Items and sign-offs: who may, what a second person is, what a phase waits for before it begins."""

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from console.core import memory
from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.actors import Actor, actor_of
from console.core.checklist_frame import ItemKind, Place, one_person
from console.core.checklists import can_sign, can_tick, openable
from console.core.frame import Frame, SessionView
from console.core.inputs import ItemTicked, SignedOff, TimePassed
from console.core.persons import is_another
from console.core.rollout import Rollout
from console.core.rollup import Rollup
from console.core.state import State
from console.core.ticks import KEPT
from console.core.view import build_frame
from console.core.words import CheckRun, Outcome

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
BEN = Actor("ben", "ops2")
CHECK = {"command": ["true"]}

SAID: dict[str, Any] = {
    "rollout": "shop",
    "title": "The new shop",
    "service": "shop",
    "phases": [
        {
            "name": "Canary",
            "traffic": "10%",
            "soak": "1h",
            "prerequisites": [
                {"id": "backup", "text": "Backed up"},
                {"id": "redis", "text": "Redis answers", "verify": CHECK},
            ],
            "checklist": [{"id": "read", "text": "Tickets were read", "group": "People"}],
            "sign_off": ["lead", {"role": "dba", "second_person": True}],
        },
        {
            "name": "Half",
            "traffic": "50%",
            "soak": "1h",
            "prerequisites": [{"id": "capacity", "text": "Capacity is there", "second_person": True}],
            "checklist": [{"id": "read", "text": "Tickets were read again"}],
        },
        {"name": "All", "traffic": "100%", "prerequisites": [{"id": "plan", "text": "A plan", "verify": CHECK}]},
    ],
}
ROLLOUT = Rollout.model_validate(SAID)


def begun() -> State:
    state = State(ROLLOUT, START)
    state.apply(TimePassed(START))
    return state


def tick(state: State, item: str, *, by: Actor | None = ANNA, stage: str = "", at: float = 1, done: bool = True) -> Any:
    run = CheckRun(0.2, True, 0, ("all well",)) if by is None else None
    return state.apply(ItemTicked(START + at, item, done, by, "", stage, run))


def frame_of(state: State, at: float) -> Frame:
    return build_frame(state, START + at, session=SessionView("s", START, is_read_only=False, held_by=""))


def passed(state: State, since: int, until: int) -> None:
    for second in range(since, until + 1):
        state.apply(TimePassed(START + second))


def gone_on(state: State, at: float, by: Actor = ANNA) -> None:
    state.apply(ActionStarted(START + at, "a1", "on", "advance", "On", by, "time", 50.0, 1, ()))
    state.apply(ActionEnded(START + at + 1, "a1", Outcome.DONE))


def test_the_soak_of_the_first_phase_waits_for_its_prerequisites_and_then_for_ever_goes_on() -> None:
    state = begun()
    passed(state, 1, 10)
    waiting = frame_of(state, 10).phase

    tick(state, "backup", at=10)
    (_, begins) = tick(state, "redis", by=None, at=10)
    passed(state, 11, 20)
    tick(state, "redis", by=None, at=20, done=False)
    passed(state, 21, 30)

    assert (waiting.soaked_s, waiting.holds) == (0, ("its prerequisites are not done",))
    assert (
        waiting.outlook
        == "the soak stands, waiting for prerequisite backup, prerequisite redis, checklist read and 3 more"
    )
    assert begins.text == "Canary begins: its prerequisites are done"
    assert frame_of(state, 30).phase.soaked_s == 20
    assert frame_of(state, 30).phase.stops[-1].kind == "prerequisite"


def test_a_phase_cannot_be_left_before_the_prerequisites_of_the_next_one_are_done() -> None:
    state = begun()
    for item in ("backup", "redis", "read"):
        tick(state, item, by=None if item == "redis" else ANNA)
    state.apply(SignedOff(START + 2, "lead", ANNA))
    state.apply(SignedOff(START + 2, "dba", BEN))
    passed(state, 2, 3620)
    (missing,) = [clause for clause in frame_of(state, 3620).phase.clauses if not clause.is_met]

    tick(state, "capacity", stage="Half", at=3621)
    (half,) = [clause for clause in frame_of(state, 3621).phase.clauses if not clause.is_met]
    tick(state, "capacity", stage="Half", at=3622, by=BEN)

    assert (missing.text, missing.kind) == ("before Half: Capacity is there", "prerequisite")
    assert half.waits_for == "a second person"
    assert frame_of(state, 3622).phase.may_advance


def test_a_phase_that_was_entered_without_its_prerequisites_soaks_and_still_shows_them() -> None:
    state = begun()
    gone_on(state, 5)
    passed(state, 7, 20)

    frame = frame_of(state, 20)

    assert frame.phase.soaked_s > 10
    assert [item.item for item in frame.phase.checklist] == ["read", "plan"]
    assert [item.is_done for item in frame.stages[1].items] == [False, False]


def test_items_of_past_present_and_coming_phases_are_all_there() -> None:
    state = begun()
    tick(state, "backup")
    gone_on(state, 5)
    tick(state, "read", at=9, by=BEN)

    first, second, third = frame_of(state, 10).stages

    assert [stage.place for stage in (first, second, third)] == [Place.PAST, Place.PRESENT, Place.COMING]
    assert [(item.item, item.kind, item.by) for item in first.items] == [
        ("backup", ItemKind.PREREQUISITE, "anna@ops1 (pts/3)"),
        ("redis", ItemKind.PREREQUISITE, ""),
        ("read", ItemKind.CHECKLIST, ""),
    ]
    assert [(item.item, item.is_done) for item in second.items] == [("capacity", False), ("read", True)]
    assert first.items[2].group == "People"


@pytest.mark.parametrize(
    ("item", "stage", "may"),
    [
        ("read", "Canary", False),
        ("read", "Half", True),
        ("capacity", "Half", True),
        ("plan", "All", True),
        ("plan", "Half", False),
        ("nothing", "All", False),
    ],
)
def test_what_is_over_and_what_is_not_there_cannot_be_ticked(item: str, stage: str, may: bool) -> None:
    state = begun()
    gone_on(state, 5)

    assert (openable(state, item, stage, START + 10) is not None) is may


def test_one_person_cannot_confirm_what_they_ticked_and_an_untick_takes_both_away() -> None:
    state = begun()
    item = ROLLOUT.phases[1].prerequisites[0]
    tick(state, "capacity", stage="Half", at=1)
    refused = can_tick(state, "Half", item, ANNA, is_done=True)
    tick(state, "capacity", stage="Half", at=2)
    half = state.checklists.of("Half").ticks["capacity"]
    tick(state, "capacity", stage="Half", at=3, by=BEN)
    full = state.checklists.of("Half").ticks["capacity"]
    tick(state, "capacity", stage="Half", at=4, by=BEN, done=False)
    tick(state, "capacity", stage="Half", at=5, by=BEN)

    again = state.checklists.of("Half").ticks["capacity"]
    assert refused == "anna@ops1 (pts/3) ticked capacity: another person must confirm it"
    assert (half.is_done, half.is_half, half.at) == (False, True, START + 1)
    assert (full.is_done, full.first_by, full.by) == (True, "anna@ops1 (pts/3)", "ben@ops2")
    assert (again.is_done, again.is_half) == (False, True)
    assert [(mark.by, mark.is_done, mark.is_half) for mark in again.history] == [
        ("anna@ops1 (pts/3)", False, True),
        ("ben@ops2", True, False),
        ("ben@ops2", False, False),
        ("ben@ops2", False, True),
    ]


def test_who_ticked_or_signed_in_another_role_is_no_second_person_and_who_signed_may_not_tick_or_go_on() -> None:
    state = begun()
    tick(state, "backup")
    assert can_sign(state, "lead", ANNA) == ""
    assert can_sign(state, "dba", ANNA) == "dba must be another person than anna@ops1 (pts/3), who ticked backup"
    state.apply(SignedOff(START + 3, "lead", BEN))
    assert can_sign(state, "dba", BEN) == "dba must be another person than ben@ops2, who signed as lead"
    cara = Actor("cara", "ops1")
    assert can_sign(state, "dba", cara) == ""
    assert can_sign(state, "lead", cara) == "lead has already signed: ben@ops2"
    assert can_sign(state, "cook", cara) == "this phase asks no sign-off by cook"

    state.apply(SignedOff(START + 4, "dba", cara))

    phase, signed = ROLLOUT.phases[0], frame_of(state, 5).phase.sign_off
    assert can_tick(state, "Canary", phase.checklist[0], cara, is_done=True).startswith("cara@ops1 signed as dba")
    assert can_tick(state, "Canary", phase.checklist[0], BEN, is_done=True) == ""
    assert one_person(signed, cara) == ("dba was signed by cara@ops1, and another person must go on",)
    assert one_person(signed, ANNA) == ()


def test_a_verification_that_answers_the_same_is_written_down_only_for_who_asked() -> None:
    state = begun()
    first = tick(state, "redis", by=None, at=1)
    same = tick(state, "redis", by=None, at=61)
    asked = state.apply(ItemTicked(START + 70, "redis", True, ANNA, "", "Canary", CheckRun(0.1)))
    blind = state.apply(ItemTicked(START + 80, "redis", False, None, "refused", "Canary", CheckRun(5.0, False)))

    assert [one.text for one in (*first, *same, *asked, *blind)] == [
        "redis: done, verified",
        "redis: done, verified for anna@ops1 (pts/3)",
        "redis: not done, could not be asked, verified: refused",
    ]
    (item,) = [one for one in frame_of(state, 90).stages[0].items if one.item == "redis"]
    assert (item.is_done, item.run, len(item.history)) == (False, CheckRun(5.0, False), 3)


def test_ticks_survive_a_restart_and_those_of_older_sessions_are_taken_over() -> None:
    state = begun()
    tick(state, "backup")
    tick(state, "capacity", stage="Half", at=2)
    state.apply(SignedOff(START + 3, "lead", BEN, "fine"))
    documents = {name: memory.document(state, name) for name in ("phase", "checklists")}
    empty: dict[str, Any] = {
        "positions": {},
        "counts": Rollup().packed(),
        "totals": {},
        "labels": {},
        "lines": 0,
        "unclassified": 0,
    }
    other = State(ROLLOUT, START + 9)

    memory.restore(other, documents=documents, **empty)

    assert other.checklists == state.checklists
    older = State(ROLLOUT, START + 9)
    kept = (
        '{"name": "Canary", "state": {"began": 5.0, "ticks": {"backup": {"is_done": true, "by": "anna@ops1", "at": 7.0,'
        ' "note": ""}}, "signed": {"lead": ["ben@ops2", 8.0]}}}'
    )
    memory.restore(older, documents={"phase": kept}, **empty)
    assert older.checklists.of("Canary").ticks["backup"].by == "anna@ops1"
    assert older.checklists.of("Canary").signed["lead"].at == 8.0
    assert not older.phase.is_waiting


def test_the_history_of_an_item_is_bounded() -> None:
    state = begun()
    for number in range(3 * KEPT):
        tick(state, "backup", at=number, done=number % 2 == 0)

    assert len(state.checklists.of("Canary").ticks["backup"].history) == KEPT


OPS = Actor("ops", "ops1")
PERSONS = st.builds(
    Actor,
    user=st.sampled_from(["anna", "ben", "ops", "root"]),
    host=st.sampled_from(["a", "b"]),
    says=st.sampled_from(["", "anna", "ben", "Anna"]),
)


@pytest.mark.parametrize(
    ("one", "other", "by_account", "by_name"),
    [
        (ANNA, BEN, True, True),
        (ANNA, Actor("anna", "ops9"), False, False),
        (Actor("ops", "a", says="anna"), Actor("ops", "a", says="ben"), False, True),
        (Actor("ops", "a", says="anna"), OPS, False, False),
        (Actor("ops", "a", says="anna"), ANNA, False, False),
        (Actor("ops", "a", says="anna"), Actor("root", "a", says="Anna"), False, False),
    ],
)
def test_an_account_proves_who_somebody_is_and_a_typed_name_only_where_the_file_says_so(
    one: Actor, other: Actor, by_account: bool, by_name: bool
) -> None:
    assert (is_another(one, other, True), is_another(one, other, "named")) == (by_account, by_name)


@drawn(PERSONS, PERSONS)
def test_nobody_is_another_person_than_they_are_and_it_does_not_matter_who_came_first(one: Actor, other: Actor) -> None:
    for asked in (True, "named"):
        assert not is_another(one, one, asked)
        assert is_another(one, other, asked) == is_another(other, one, asked)
    if is_another(one, other, True):
        assert is_another(one, other, "named")
    assert actor_of(str(one)) == one
