"""Incidents as a fold: what opens them, who responds, what is ticked, and that nothing ends without a person."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core import outbox
from console.core.alert_values import time_text, values_of
from console.core.alerts import Delivery, Severity, Why
from console.core.grains import Packed
from console.core.incident_views import views
from console.core.incidents import Decision, Incident, Step
from console.core.inputs import (
    ActionEnded,
    ActionProgressed,
    ActionStarted,
    Actor,
    AlertAcknowledged,
    ClockStepped,
    DeliveryBegun,
    DeliveryEnded,
    IncidentDecided,
    Input,
    Reading,
    SampleFailed,
    SampleTaken,
    SessionOpened,
    SilenceMade,
    SourceChanged,
    TimePassed,
)
from console.core.memory import document, restore
from console.core.record import Record
from console.core.recorded import told_by
from console.core.rollout import Rollout
from console.core.state import State
from console.core.words import Outcome, SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
LI = Actor("li", "ops2")
SEVERITIES = [
    {"severity": 1, "about": "leaks", "escalate_after": "0s", "escalate_to": ["json://cto/x"], "action": "rollback"},
    {"severity": 2, "about": ["errors", "rollback"], "escalate_to": ["json://lead/y"]},
]
DOCUMENT: dict[str, Any] = {"severities": SEVERITIES}


def rollout(incidents: dict[str, Any] | None = DOCUMENT, **more: Any) -> Rollout:
    asked = {"every": "10s", "stale_after": "1m"}
    judged = {"target": "< 1", "warning": "> 2", "critical": "> 5"}
    return Rollout.model_validate(
        {
            "rollout": "shop",
            "title": "The shop",
            "service": "shop",
            "sources": {"db": {"postgres": "postgresql://db/shop"}},
            "metrics": {
                "errors": {"query": "errors", "source": "db", **asked, **judged},
                "leaks": {"query": "leaks", "source": "db", **asked, **judged},
                "lag": {"command": ["lag"], **asked, **judged, "severity": 3},
            },
            "phases": [{"name": "Canary", "traffic": "10%"}],
            "actions": {"rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["x"]}]}},
            "alerts": {
                "group_wait": "0s",
                "routes": [
                    {
                        "severity": "critical",
                        "to": ["json://one/a"],
                        "escalate_after": "1h",
                        "escalate_to": ["json://boss/b"],
                    },
                    {"severity": "warning", "to": ["json://eng/c"]},
                ],
            },
            **({} if incidents is None else {"incidents": incidents}),
            **more,
        }
    )


@dataclass
class Scene:
    """A session whose messages are taken at once, and whose metrics are measured every ten seconds."""

    state: State
    at: float = START
    values: dict[str, float] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    got: list[Delivery] = field(default_factory=list)

    def give(self, *inputs: Input) -> None:
        for one in inputs:
            self.records += self.state.apply(one)

    def measure(self, **values: float) -> None:
        """Measure everything, all well but for what was said last."""
        self.values.update(values)
        for metric in ("errors", "leaks", "lag"):
            self.give(SampleTaken(self.at, metric, (Reading("", self.values.get(metric, 0.0), samples=100),), 0.01))
        self.tick()

    def tick(self) -> None:
        self.give(TimePassed(self.at))
        for delivery in outbox.due(self.state.alerts, self.at):
            self.give(DeliveryBegun(self.at, delivery.id), DeliveryEnded(self.at, delivery.id, "", "title"))
            self.got.append(delivery)

    def pass_time(self, seconds: float, step_s: float = 10.0) -> None:
        until = self.at + seconds
        while self.at < until:
            self.at = min(until, self.at + step_s)
            self.measure()

    def decide(self, step: Step, *, actor: Actor = ANNA, incident: int = 1, **more: Any) -> None:
        self.give(IncidentDecided(self.at, Decision(step, incident, **more), actor))

    def told(self, key: str) -> list[tuple[str, str]]:
        """Who was told of an alert, and why, in order."""
        return [
            (delivery.receiver, delivery.why.value)
            for delivery in self.got
            for item in delivery.items
            if item.found.key == key
        ]

    @property
    def incident(self) -> Incident:
        return self.state.incidents.incidents[self.state.incidents.number]

    def said(self) -> list[str]:
        return [record.text for record in self.records if record.kind == "incident"]

    def killed(self, changed: Rollout | None = None) -> "Scene":
        """Return the scene after the console was killed and started again, with what it had written down."""
        fresh = State(changed or self.state.rollout, self.at)
        names = ("session", "phase", "attempts", "alerts", "incidents", "sources")
        names += tuple(f"metric:{one}" for one in fresh.metrics if one in self.state.metrics)
        documents = {name: document(self.state, name) for name in names}
        restore(
            fresh, documents=documents, positions={}, counts=Packed(), totals={}, labels={}, lines=0, unclassified=0
        )
        again = Scene(fresh, self.at, dict(self.values), self.records, self.got)
        again.give(SessionOpened(self.at, ANNA, "1", self.at))
        return again


def scene(incidents: dict[str, Any] | None = DOCUMENT, **more: Any) -> Scene:
    made = Scene(State(rollout(incidents, **more), START))
    made.give(SessionOpened(START, ANNA, "1", None), SourceChanged(START, "db", SourceState.LIVE))
    made.measure()
    return made


# -- opening ---------------------------------------------------------------------------------------------------------


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
    (late,) = [item for one in shop.got for item in one.items if item.found.key == "incident:1:late"][:1]

    said = values_of(late, shop.state.rollout, session="s", why=Why.FIRING, at=shop.at)

    assert (said["incident"], said["incident_severity"], said["responded_by"]) == (1, 2, None)
    assert said["respond_by"] == time_text(shop.incident.response.due)


def test_what_is_not_of_an_incident_names_none() -> None:
    shop = scene()
    shop.measure(errors=9)

    (item,) = shop.got[0].items

    assert values_of(item, shop.state.rollout, session="s", why=Why.FIRING, at=shop.at)["incident"] is None


# -- the response clock ----------------------------------------------------------------------------------------------


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
    (told,) = [one.items[0].found for one in shop.got if one.receiver == "i0.escalate_to.0"]
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


# -- severity, roles, procedure --------------------------------------------------------------------------------------


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


# -- the war room ----------------------------------------------------------------------------------------------------


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


def test_a_step_down_opens_nothing() -> None:
    shop = scene()

    shop.give(ActionStarted(shop.at, "a1", "down", "step_down", "Step down", ANNA, "odd", 5.0, None, ("x",)))

    assert shop.state.incidents.open is None


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


# -- the end ---------------------------------------------------------------------------------------------------------


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


# -- restarts, replays, and what must always hold --------------------------------------------------------------------

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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=40, deadline=None)
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
