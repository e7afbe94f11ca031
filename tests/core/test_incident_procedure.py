"""What people decide in an incident: its severity, its roles, the items of its procedure, and its end."""

import pytest

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.incidents import Decision, Step
from console.core.inputs import IncidentDecided, SampleFailed, TimePassed
from console.core.words import Outcome
from tests.core.responding import DOCUMENT, scene
from tests.core.shop import ANNA, START


def test_a_person_lowers_the_severity_with_a_reason_and_has_the_time_of_the_new_one() -> None:
    shop = scene()
    shop.measure(leaks=9)
    shop.pass_time(320)

    shop.decide(Step.SEVERITY, severity=3, text="a test account")

    assert (shop.incident.severity, shop.incident.response.due) == (3, START + 3600)
    assert "incident 1 severity 1 → 3 by anna@ops1 (pts/3): a test account" in shop.said()
    shop.pass_time(60)
    assert shop.incident.severity == 3, "what it is about was known when it was lowered"


def test_roles_are_taken_by_name() -> None:
    shop = scene({**DOCUMENT, "roles": {"commander": "Engineering Lead"}})
    shop.measure(errors=9)

    shop.decide(Step.ROLE, subject="commander", text="Li")
    shop.decide(Step.ROLE, subject="nobody", text="Li")

    assert {role: mark.text for role, mark in shop.incident.roles.items()} == {"commander": "Li"}


def test_the_procedure_is_ticked_by_people_with_who_and_when() -> None:
    shop = scene()
    shop.measure(errors=9)

    shop.decide(Step.ITEM, subject="assess", text="one shard")
    mark = shop.incident.ticks["assess"]
    shop.decide(Step.ITEM, subject="assess", is_done=False)

    assert (mark.by, mark.at, mark.text, mark.is_done) == ("anna@ops1 (pts/3)", shop.at, "one shard", True)
    assert not shop.incident.ticks["assess"].is_done


def test_the_console_ticks_a_rollback_that_was_done_and_not_one_that_failed() -> None:
    shop = scene()
    shop.measure(errors=9)

    for name, outcome in (("a1", Outcome.FAILED), ("a2", Outcome.DONE)):
        assert "respond" not in shop.incident.ticks
        shop.give(ActionStarted(shop.at, name, "rollback", "rollback", "Roll back", ANNA, "bad", 0.0, None, ("x",)))
        shop.give(ActionProgressed(shop.at, name, 0, "x", "done"))
        shop.give(ActionEnded(shop.at, name, outcome))

    assert shop.incident.ticks["respond"].text == "Roll back done"
    assert shop.incident.ticks["respond"].by == ""


@pytest.mark.parametrize("is_way_back", [True, False])
def test_the_console_ticks_a_rollback_of_a_part_that_was_done_and_no_other_task(*, is_way_back: bool) -> None:
    part = {"title": "Part", "way_back": is_way_back, "steps": [{"run": ["x"]}]}
    shop = scene(actions={"part": part})
    shop.measure(errors=9)

    shop.give(ActionStarted(shop.at, "a1", "part", "task", "Part", ANNA, "bad", None, None, ("x",)))
    shop.give(ActionEnded(shop.at, "a1", Outcome.DONE))

    assert [mark.text for item, mark in shop.incident.ticks.items() if item == "respond"] == ["Part done"] * is_way_back


def test_monitoring_is_ticked_when_somebody_responded_and_everything_is_measured() -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.give(SampleFailed(shop.at, "lag", "no answer", 0.1))

    shop.decide(Step.TAKE)
    before = dict(shop.incident.ticks)
    shop.measure()

    assert "monitor" not in before
    assert shop.incident.ticks["monitor"].text == "3 metrics measured"


def test_resolution_is_validated_when_every_panel_was_ok_for_long_enough() -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.pass_time(60)

    shop.measure(errors=0)
    shop.pass_time(590)
    before = "validate" in shop.incident.ticks
    shop.pass_time(20)

    assert not before
    assert shop.incident.ticks["validate"].text == "every panel OK for 10m"
    assert shop.incident.is_open, "only a person resolves it"


@pytest.mark.parametrize("trouble", ["a breach", "a failure", "a gap"])
def test_what_interrupts_being_well_begins_it_again(trouble: str) -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.measure(errors=0)
    shop.pass_time(500)

    if trouble == "a breach":
        shop.measure(errors=3)
        shop.measure(errors=0)
    elif trouble == "a failure":
        shop.give(SampleFailed(shop.at, "errors", "no answer", 0.1), TimePassed(shop.at))
    else:
        shop.at += 40
    shop.pass_time(590)

    assert "validate" not in shop.incident.ticks


def test_the_console_takes_its_tick_back_where_all_is_well_no_more() -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.measure(errors=0)
    shop.pass_time(620)

    shop.measure(lag=3)

    assert "validate" not in shop.incident.ticks
    assert "incident 1 validate: not done any more, lag WARNING" in shop.said()


def test_a_resolved_incident_has_a_post_mortem_that_is_due_48_hours_after_it_until_it_was_held() -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.measure(errors=0)
    shop.pass_time(60)

    shop.decide(Step.RESOLVE, text="rolled back")

    due = shop.incident.post_mortem
    assert due is not None
    assert due.due == shop.at + 172_800
    assert shop.incident.response.stopped is not None, "who resolves it has responded"
    shop.pass_time(172_900, 3600)
    assert ("1.to.0", "firing") in shop.told("incident:1:post-mortem")
    shop.decide(Step.POST_MORTEM, text="https://wiki/pm-1")
    shop.tick()
    assert shop.incident.is_over
    assert ("1.to.0", "resolved") in shop.told("incident:1:post-mortem")


def test_what_still_stands_when_it_is_resolved_opens_no_other_until_it_comes_again() -> None:
    shop = scene()
    shop.measure(errors=9)

    shop.decide(Step.RESOLVE, text="a false alarm")
    shop.pass_time(60)
    number = shop.state.incidents.number
    shop.measure(errors=0)
    shop.measure(errors=9)

    assert number == 1
    assert "ALTHOUGH errors stands" in "\n".join(shop.said())
    assert shop.state.incidents.number == 2


@pytest.mark.parametrize(
    ("decision", "why"),
    [
        (Decision(Step.OPEN, severity=1, text="x"), "incident 1 is open"),
        (Decision(Step.OPEN, severity=1), "say why"),
        (Decision(Step.SEVERITY, 1, severity=4, text="x"), "1, 2 or 3"),
        (Decision(Step.SEVERITY, 1, severity=2, text="x"), "of severity 2 already"),
        (Decision(Step.SEVERITY, 1, severity=1), "say why"),
        (Decision(Step.TAKE, 7), "there is no incident 7"),
        (Decision(Step.ROLE, 1, subject="commander"), "say who"),
        (Decision(Step.ROLE, 1, subject="cook", text="Li"), "there is no role cook"),
        (Decision(Step.ITEM, 1, subject="dance"), "no item dance"),
        (Decision(Step.ROOM, 1), "no war room is open"),
        (Decision(Step.RESOLVE, 1), "say what resolved it"),
        (Decision(Step.POST_MORTEM, 1), "not resolved yet"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(decision: Decision, why: str) -> None:
    from console.core.incident_decisions import obstacle

    shop = scene()
    shop.measure(errors=9)
    before = shop.incident

    shop.give(IncidentDecided(shop.at, decision, ANNA))

    assert why in obstacle(shop.state, decision)
    assert shop.incident == before
