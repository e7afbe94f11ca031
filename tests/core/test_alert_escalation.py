"""Alerts that nobody acknowledges are escalated; those that somebody takes care of are not."""

from console.core.alerts import Why
from console.core.incident_rules import Incidents
from console.core.incidents import Decision, Step
from console.core.inputs import AlertAcknowledged, IncidentDecided, SessionOpened, SourceChanged
from console.core.state import State
from console.core.words import SourceState
from tests.core.alerting import CRITICAL, ESCALATING, WARNINGS, Scene, rollout, scene
from tests.core.shop import ANNA, START


def test_what_nobody_acknowledges_is_escalated() -> None:
    shop = scene()

    shop.pass_time(400, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL), ("0.escalate_to.0", "escalated", CRITICAL)]
    assert shop.got[1][0] - shop.got[0][0] == 300


def test_a_restart_puts_no_escalation_off() -> None:
    shop = scene()
    shop.pass_time(200, errors=9)

    again = shop.killed()
    again.pass_time(200, errors=9)

    (told, _), (escalated, delivery) = again.got
    assert delivery.why is Why.ESCALATED
    assert escalated - told == 300


def test_an_alert_that_is_acknowledged_is_neither_escalated_nor_repeated_and_its_end_is_told() -> None:
    shop = scene(repeat="10m")
    shop.pass_time(60, errors=9)

    shop.give(AlertAcknowledged(shop.at, CRITICAL, ANNA, "on it"))
    shop.pass_time(1800, step_s=5, errors=9)
    shop.pass_time(10)

    assert shop.told() == [("0.to.0", "firing", CRITICAL), ("0.to.0", "resolved", CRITICAL)]


def test_an_acknowledgement_is_of_this_alert_and_not_of_the_next() -> None:
    shop = scene()
    shop.pass_time(60, errors=9)
    shop.give(AlertAcknowledged(shop.at, CRITICAL, ANNA, "on it"))
    shop.pass_time(60)

    shop.pass_time(400, errors=9)

    assert [why for _, why, _ in shop.told()] == ["firing", "resolved", "firing", "escalated"]


def test_the_end_of_what_those_of_an_incident_wait_for_no_more_is_told() -> None:
    document = {
        "severities": [{"severity": 1, "about": "lag", "escalate_after": "3m", "escalate_to": ["json://cto/x"]}]
    }
    spec = rollout().model_copy(update={"incidents": Incidents.model_validate(document)})
    shop = Scene(State(spec, START))
    shop.give(SessionOpened(START, ANNA, "1", None), SourceChanged(START, "db", SourceState.LIVE))
    shop.give(IncidentDecided(START, Decision(Step.OPEN, severity=1, text="the site is down"), ANNA))
    shop.pass_time(184)
    assert shop.state.alerts.alerts["incident:1"].pages["i0"].waits_since is not None

    shop.give(IncidentDecided(shop.at, Decision(Step.TAKE, 1), ANNA))
    shop.pass_time(5)
    shop.give(IncidentDecided(shop.at, Decision(Step.RESOLVE, 1, text="it is up"), ANNA))
    shop.pass_time(30)

    assert shop.told() == [("0.to.0", "firing", "incident:1"), ("0.to.0", "resolved", "incident:1")]
    assert not shop.state.alerts.resolved


def test_whoever_takes_care_of_what_is_critical_takes_care_of_its_warning() -> None:
    shop = scene(ESCALATING, {**WARNINGS, "escalate_after": "5m", "escalate_to": ["json://boss/b"]})
    shop.pass_time(30, errors=3, leaks=3)
    shop.pass_time(30, errors=9, leaks=3)

    shop.give(AlertAcknowledged(shop.at, CRITICAL, ANNA, "on it"))
    shop.pass_time(900, errors=9, leaks=3)

    assert [key for _, why, key in shop.told() if why == "escalated"] == ["metric:leaks:warning"]
