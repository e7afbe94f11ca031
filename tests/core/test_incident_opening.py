"""Incidents are opened, joined and raised by what is critical; a silence, a warning or a lost source opens none."""

import pytest

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.alert_values import time_text, values_of
from console.core.alerts import Severity, Why
from console.core.incident_views import views
from console.core.incidents import Step
from console.core.inputs import SilenceMade, SourceChanged
from console.core.words import Outcome, SourceState
from tests.core.responding import SEVERITIES, rollout, scene
from tests.core.shop import ANNA, START


@pytest.mark.parametrize(
    ("metric", "severity", "within_s"),
    [("leaks", 1, 300.0), ("errors", 2, 900.0), ("lag", 3, 3600.0)],
    ids=["named by the worst severity", "named by the second", "said at the metric"],
)
def test_a_critical_alert_opens_an_incident_of_the_severity_of_the_file(
    metric: str, severity: int, within_s: float
) -> None:
    shop = scene()

    shop.measure(**{metric: 9.0})

    found = shop.incident
    assert (found.severity, found.opened_at, found.opened_by) == (severity, START, "")
    assert found.response.due == START + within_s
    assert f"incident 1 opened, severity {severity}: {metric} CRITICAL: > 5" in shop.said()[0]


def test_what_nobody_classified_is_taken_as_the_worst() -> None:
    shop = scene({})

    shop.measure(errors=9)

    assert shop.incident.severity == 1


def test_a_warning_and_a_source_that_is_down_open_no_incident() -> None:
    shop = scene()

    shop.measure(errors=3)
    shop.give(SourceChanged(shop.at, "db", SourceState.RETRYING, "refused"))
    shop.pass_time(120)

    assert shop.state.incidents.open is None


def test_a_warning_opens_an_incident_and_is_told_as_critical_where_its_severity_asks_for_it() -> None:
    shop = scene({"severities": [SEVERITIES[0], {**SEVERITIES[1], "opens_at": "warning"}]})

    shop.measure(leaks=3)
    before = shop.state.incidents.open
    shop.measure(errors=3)

    assert before is None
    assert shop.incident.severity == 2
    assert "errors WARNING: > 2" in shop.said()[0]
    told = {one.found.about: one.found.severity for one in shop.state.alerts.alerts.values()}
    assert (told["leaks"], told["errors"]) == (Severity.WARNING, Severity.CRITICAL)


def test_what_warned_first_and_became_critical_is_one_alert_and_one_cause() -> None:
    shop = scene({"severities": [{**SEVERITIES[0], "opens_at": "warning"}]})

    shop.measure(leaks=3)
    (warned,) = shop.incident.causes
    shop.measure(leaks=9)

    assert list(shop.incident.causes) == [warned]
    assert "leaks CRITICAL: > 5" in shop.incident.causes[warned].text


def test_without_the_section_no_alert_opens_an_incident_and_a_person_may() -> None:
    shop = scene(None)

    shop.measure(errors=9)
    assert shop.state.incidents.open is None
    shop.decide(Step.OPEN, severity=2, text="a customer sees another's cart")

    assert (shop.incident.severity, shop.incident.opened_by) == (2, "anna@ops1 (pts/3)")
    assert shop.incident.response.due == shop.at + 900


def test_a_silenced_alert_opens_no_incident_until_the_silence_is_over() -> None:
    shop = scene()
    shop.give(SilenceMade(shop.at, "s", "errors", "", shop.at + 60, ANNA, "known"))

    shop.measure(errors=9)
    before = shop.state.incidents.open
    shop.pass_time(70)

    assert before is None
    assert shop.incident.severity == 2


def test_an_action_that_failed_opens_an_incident() -> None:
    shop = scene({"severities": SEVERITIES, "war_room": {"opens_on": []}})
    shop.give(ActionStarted(shop.at, "a1", "rollback", "rollback", "Roll back", ANNA, "bad", 0.0, None, ("x",)))

    shop.give(ActionEnded(shop.at, "a1", Outcome.FAILED, "exit code 1"))

    assert (shop.incident.severity, [one.about for one in shop.incident.causes.values()]) == (2, ["rollback"])


def test_what_is_critical_too_joins_the_open_incident_and_may_raise_its_severity() -> None:
    shop = scene()
    shop.measure(lag=9)
    shop.pass_time(60)

    shop.measure(leaks=9)

    assert len(shop.state.incidents.incidents) == 1
    assert shop.incident.severity == 1
    assert shop.incident.response.due == shop.at + 300, "there is less time now"
    assert set(shop.incident.causes) == {"metric:lag:critical", "metric:leaks:critical"}
    assert "incident 1 raised to severity 1 by leaks CRITICAL: > 5" in "\n".join(shop.said())


def test_a_worse_cause_never_gives_more_time() -> None:
    shop = scene({"severities": [{"severity": 1, "about": "leaks", "respond_within": "20m"}], "otherwise": 2})
    shop.measure(errors=9)
    due = shop.incident.response.due

    shop.measure(leaks=9)

    assert (shop.incident.severity, shop.incident.response.due) == (1, due)


def test_a_cause_that_is_over_does_not_lower_the_severity_or_end_the_incident() -> None:
    shop = scene()
    shop.measure(leaks=9, lag=9)

    shop.measure(leaks=0)
    shop.pass_time(7200, 60)

    assert shop.incident.is_open
    assert shop.incident.severity == 1
    assert shop.incident.causes["metric:leaks:critical"].until is not None
    assert shop.incident.causes["metric:lag:critical"].until is None


def test_a_cause_that_the_file_does_not_have_any_more_is_not_said_to_be_over() -> None:
    shop = scene()
    shop.measure(leaks=9, lag=9)
    without = rollout().model_copy(update={"metrics": {n: m for n, m in rollout().metrics.items() if n != "leaks"}})

    shop = shop.killed(without)
    shop.measure(lag=0)

    assert "incident 1 no longer watched, as the file has no metric leaks any more: leaks CRITICAL: > 5" in shop.said()
    assert not any(said.startswith("incident 1 over: leaks") for said in shop.said())
    assert any(said.startswith("incident 1 over: lag") for said in shop.said())
    (leaks, lag) = views(shop.state, shop.at)[0].causes
    assert (leaks.unwatched, lag.unwatched) == ("the file has no metric leaks any more", "")
    assert leaks.until is not None


def test_a_template_can_name_the_incident_that_an_alert_is_about() -> None:
    shop = scene()
    shop.measure(errors=9)
    shop.pass_time(1000)
    (late,) = [item for _, one in shop.got for item in one.items if item.found.key == "incident:1:late"][:1]

    said = values_of(late, shop.state.rollout, session="s", why=Why.FIRING, at=shop.at)

    assert (said["incident"], said["incident_severity"], said["responded_by"]) == (1, 2, None)
    assert said["respond_by"] == time_text(shop.incident.response.due)


def test_what_is_not_of_an_incident_names_none() -> None:
    shop = scene()
    shop.measure(errors=9)

    (item,) = shop.got[0][1].items

    assert values_of(item, shop.state.rollout, session="s", why=Why.FIRING, at=shop.at)["incident"] is None
