"""What opens the war room of an incident, and what does not."""

import pytest

from console.core.action_inputs import ActionStarted
from console.core.incidents import Step
from tests.core.responding import DOCUMENT, LI, scene
from tests.core.shop import ANNA, START


def test_severity_1_opens_the_war_room_whose_own_clock_runs() -> None:
    shop = scene({**DOCUMENT, "war_room": {"within": "2m", "where": "https://meet.internal/war"}})
    shop.measure(leaks=9)
    shop.decide(Step.TAKE)

    shop.pass_time(130)
    shop.decide(Step.ROOM, actor=LI)

    room = shop.incident.room
    assert room is not None
    assert (room.why, room.clock.due, room.clock.left_s(0)) == ("severity 1", START + 120, -10.0)
    assert "incident 1 nobody is in the war room within 2m" in shop.said()
    assert ("0.escalate_to.0", "escalated") in shop.told("incident:1:room")
    assert shop.incident.ticks["war-room"].text == "li@ops2 is in it"


def test_two_causes_of_severity_2_open_the_war_room_and_one_does_not() -> None:
    shop = scene({"otherwise": 2})
    shop.measure(errors=9)
    before = shop.incident.room

    shop.measure(leaks=9)

    assert before is None
    assert shop.incident.room is not None
    assert shop.incident.room.why == "2 of severity 2 or worse"


def test_a_rollback_opens_the_war_room_and_an_incident_where_none_is_open() -> None:
    shop = scene()

    shop.give(ActionStarted(shop.at, "a1", "rollback", "rollback", "Roll back", ANNA, "odd", 0.0, None, ("x",)))

    assert shop.incident.severity == 1, "severity 1 names this action"
    assert shop.incident.room is not None
    assert shop.incident.room.why == "Roll back begun by anna@ops1 (pts/3): odd"


def test_to_verify_a_rollback_opens_nothing() -> None:
    shop = scene()
    check = ActionStarted(
        shop.at, "a1", "rollback", "rollback", "Verify: Roll back", ANNA, "odd", 0.0, None, ("x",), is_check=True
    )

    shop.give(check)

    assert shop.state.incidents.open is None


def task(**more: object) -> dict[str, object]:
    """Actions of a shop that takes one component back by itself."""
    return {"actions": {"part": {"title": "Part", "steps": [{"run": ["x"]}], **more}}}


def test_a_step_down_is_a_rollback_too_of_severity_2_where_no_severity_names_it() -> None:
    shop = scene()

    shop.give(ActionStarted(shop.at, "a1", "down", "step_down", "Step down", ANNA, "odd", 5.0, None, ("x",)))

    assert shop.incident.severity == 2
    assert shop.incident.room is not None
    assert shop.incident.room.why == "Step down begun by anna@ops1 (pts/3): odd"


@pytest.mark.parametrize("is_way_back", [True, False])
def test_a_task_opens_the_war_room_where_the_file_says_that_it_is_a_way_back(*, is_way_back: bool) -> None:
    shop = scene(**task(way_back=is_way_back))

    shop.give(ActionStarted(shop.at, "a1", "part", "task", "Part", ANNA, "odd", None, None, ("x",)))

    assert [one.room is not None for one in shop.state.incidents.incidents.values()] == [True] * is_way_back


def test_a_person_escalates_to_the_war_room() -> None:
    shop = scene()
    shop.measure(lag=9)

    shop.decide(Step.ESCALATE, text="customer 4711 calls")

    assert shop.incident.room is not None
    assert shop.incident.room.why == "escalated by anna@ops1 (pts/3): customer 4711 calls"


@pytest.mark.parametrize("is_asked", [True, False])
def test_an_incident_that_a_person_opens_opens_the_war_room_where_the_file_asks_for_it(*, is_asked: bool) -> None:
    triggers = ["rollback", *(["escalated by a person"] if is_asked else [])]
    shop = scene({**DOCUMENT, "war_room": {"opens_on": triggers}})

    shop.decide(Step.OPEN, severity=3, text="customer 4711 calls")

    assert (shop.incident.room is not None) is is_asked


def test_who_escalates_by_hand_opens_the_war_room_whatever_opens_it_by_itself() -> None:
    shop = scene({**DOCUMENT, "war_room": {"opens_on": []}})
    shop.measure(lag=9)

    shop.decide(Step.ESCALATE, text="customer 4711 calls")

    assert shop.incident.room is not None


def test_a_trigger_that_the_file_leaves_out_opens_nothing() -> None:
    shop = scene({**DOCUMENT, "war_room": {"opens_on": ["escalated by a person"]}})

    shop.measure(leaks=9, errors=9)
    shop.give(ActionStarted(shop.at, "a1", "rollback", "rollback", "Roll back", ANNA, "odd", 0.0, None, ("x",)))

    assert shop.incident.room is None
