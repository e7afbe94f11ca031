"""The response clock of an incident: who stops it, who hears that nobody did, and what gives no time."""

from console.core.incidents import Step
from console.core.inputs import AlertAcknowledged, ClockStepped
from tests.core.responding import LI, scene


def test_whoever_takes_the_incident_stops_the_clock_and_acknowledges_its_alerts() -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.pass_time(130)

    shop.decide(Step.TAKE)

    clock = shop.incident.response
    assert clock.stopped is not None
    assert (clock.stopped.by, clock.left_s(shop.at + 9999)) == ("anna@ops1 (pts/3)", 770.0)
    assert "incident 1 taken by anna@ops1 (pts/3), in time, 12m 50s left" in shop.said()
    said = shop.state.alerts.alerts["metric:errors:critical"].acknowledged
    assert said is not None
    assert said.reason == "took incident 1"


def test_whoever_acknowledges_an_alert_of_the_incident_takes_it() -> None:
    shop = scene()
    shop.measure(errors=9)

    shop.give(AlertAcknowledged(shop.at, "metric:errors:critical", LI, "on it"))

    assert shop.incident.response.stopped is not None
    assert shop.incident.response.stopped.by == "li@ops2"


def test_an_acknowledgement_of_something_else_takes_nothing() -> None:
    shop = scene()
    shop.measure(errors=9, lag=3)

    shop.give(AlertAcknowledged(shop.at, "metric:lag:warning", LI, "on it"))

    assert shop.incident.response.stopped is None


def test_a_second_one_does_not_take_it_again() -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.decide(Step.TAKE)
    before = shop.incident

    shop.decide(Step.TAKE, actor=LI)

    assert shop.incident.response == before.response


def test_a_missed_response_is_said_once_and_told_to_everybody_at_once() -> None:
    shop = scene()
    shop.measure(errors=9)

    shop.pass_time(900)
    before = shop.told("incident:1:late")
    shop.pass_time(20)

    assert not before
    assert shop.said().count("incident 1 nobody has responded within 15m") == 1
    assert set(shop.told("incident:1:late")) == {
        ("0.to.0", "firing"),
        ("0.escalate_to.0", "escalated"),
        ("i1.escalate_to.0", "firing"),
    }
    shop.decide(Step.TAKE)
    shop.tick()
    assert "incident 1 taken by anna@ops1 (pts/3), late by 20s" in shop.said()
    assert {to for to, why in shop.told("incident:1:late") if why == "resolved"} == {
        "0.to.0",
        "0.escalate_to.0",
        "i1.escalate_to.0",
    }


def test_a_severity_with_escalation_at_once_tells_its_own_addresses_and_nobody_twice() -> None:
    shop = scene()

    shop.measure(leaks=9)
    shop.pass_time(30)

    assert shop.told("incident:1") == [("i0.escalate_to.0", "firing")]
    assert shop.told("metric:leaks:critical") == [("0.to.0", "firing")]
    (told,) = [one.items[0].found for _, one in shop.got if one.receiver == "i0.escalate_to.0"]
    assert (told.facts.value, told.facts.threshold) == (9.0, "> 5")


def test_those_of_a_severity_hear_of_it_when_the_incident_is_raised_to_it() -> None:
    shop = scene()
    shop.measure(lag=9)
    shop.decide(Step.TAKE)
    shop.pass_time(30)

    shop.decide(Step.SEVERITY, severity=1, text="it is an outage")
    shop.pass_time(20)

    assert shop.told("incident:1") == [("i0.escalate_to.0", "firing")]


def test_an_incident_that_a_person_opens_is_told_through_the_routes() -> None:
    shop = scene()

    shop.decide(Step.OPEN, severity=3, text="a customer calls")
    shop.pass_time(20)

    assert shop.told("incident:1") == [("0.to.0", "firing")]


def test_a_step_of_the_clock_gives_nobody_more_time() -> None:
    shop = scene()
    shop.measure(errors=9)
    left_s = shop.incident.response.left_s(shop.at)

    shop.give(ClockStepped(shop.at - 3600, -3600.0))
    back_s = shop.incident.response.left_s(shop.at - 3600)
    shop.give(ClockStepped(shop.at, 3600.0))

    assert back_s == left_s
    assert shop.incident.response.left_s(shop.at) == left_s - 3600, "the machine may have slept: people did not"
