"""What must always hold of incidents, whatever comes: restarts, replays, and that nothing ends without a person."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.incidents import Decision, Step
from console.core.inputs import AlertAcknowledged, IncidentDecided
from console.core.told import told_by
from console.core.words import Outcome
from tests.core.responding import LI, Scene, scene
from tests.core.shop import ANNA

METRICS = st.sampled_from(["errors", "leaks", "lag"])
DECISIONS = st.one_of(
    st.builds(Decision, st.just(Step.OPEN), severity=st.sampled_from([1, 2, 3]), text=st.just("a call")),
    st.builds(Decision, st.just(Step.TAKE), st.sampled_from([1, 2])),
    st.builds(Decision, st.just(Step.SEVERITY), st.just(1), severity=st.sampled_from([1, 2, 3]), text=st.just("so")),
    st.builds(Decision, st.just(Step.ROLE), st.just(1), subject=st.just("commander"), text=st.just("Li")),
    st.builds(Decision, st.just(Step.ITEM), st.just(1), subject=st.just("assess"), is_done=st.booleans()),
    st.builds(Decision, st.sampled_from([Step.ESCALATE, Step.ROOM, Step.RESOLVE]), st.just(1), text=st.just("said")),
    st.builds(Decision, st.just(Step.POST_MORTEM), st.just(1)),
)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("measure"), METRICS, st.sampled_from([0.0, 3.0, 9.0])),
        st.tuples(st.just("wait"), st.sampled_from([10, 60, 330, 950])),
        st.tuples(st.just("decide"), DECISIONS),
        st.tuples(st.just("roll back"), st.sampled_from(list(Outcome)[2:5])),
        st.tuples(st.just("acknowledge"), METRICS),
    ),
    max_size=12,
)


def move(shop: Scene, number: int, made: tuple[Any, ...]) -> None:
    match made:
        case ("measure", metric, value):
            shop.measure(**{metric: value})
        case ("wait", seconds):
            shop.pass_time(seconds)
        case ("decide", decision):
            shop.give(IncidentDecided(shop.at, decision, LI))
        case ("acknowledge", metric):
            shop.give(AlertAcknowledged(shop.at, f"metric:{metric}:critical", LI, "mine"))
        case ("roll back", outcome):
            name = f"a{number}"
            shop.give(ActionStarted(shop.at, name, "rollback", "rollback", "Roll back", ANNA, "bad", 0.0, None, ("x",)))
            shop.give(ActionEnded(shop.at, name, outcome))
    shop.tick()


@given(MOVES, st.integers(0, 12))
@settings(max_examples=60)
def test_a_console_killed_at_any_point_goes_on_as_if_it_had_not_been(
    moves: list[tuple[Any, ...]], killed_at: int
) -> None:
    through, killed = scene(), scene()

    for number, made in enumerate(moves):
        if number == killed_at:
            killed = killed.killed()
        move(through, number, made)
        move(killed, number, made)

    assert killed.state.incidents == through.state.incidents
    assert killed.said() == through.said()


@given(MOVES)
@settings(max_examples=60)
def test_nothing_stops_a_clock_lowers_a_severity_or_ends_an_incident_but_a_person(
    moves: list[tuple[Any, ...]],
) -> None:
    shop = scene()

    for number, made in enumerate(moves):
        before = {one.number: one for one in shop.state.incidents.incidents.values()}
        move(shop, number, made)
        if made[0] in ("decide", "acknowledge"):
            continue
        for one in shop.state.incidents.incidents.values():
            known = before.get(one.number)
            if known is None:
                assert one.response.stopped is None
                assert one.is_open
                continue
            assert one.response.stopped == known.response.stopped
            assert one.severity <= known.severity
            assert one.response.due <= known.response.due
            assert one.resolved == known.resolved
            assert (one.room and one.room.clock.stopped) == (known.room and known.room.clock.stopped)


@given(MOVES)
@settings(max_examples=40)
def test_what_people_decided_is_decided_again_in_a_replay(moves: list[tuple[Any, ...]]) -> None:
    shop = scene()
    for number, made in enumerate(moves):
        move(shop, number, made)

    for record in shop.records:
        if record.kind != "incident" or "step" not in record.body:
            continue
        (decided,) = told_by(record)
        assert isinstance(decided, IncidentDecided)
        assert decided.at == record.at
        assert str(decided.actor) == record.body["actor"]
        assert decided.decision.step == record.body["step"]
        assert decided.decision.text == record.body["text"]
