"""Alerts as a fold: who is told of what and when, and that nothing is lost or told twice."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core import outbox
from console.core.alerts import Alert, AlertKind, Delivery, Finding, Item, Page, Severity, Why
from console.core.attempts import KEPT as KEPT_ATTEMPTS
from console.core.frame import AlertView, SessionView
from console.core.grains import Packed
from console.core.incident_rules import Incidents
from console.core.incidents import Decision, Step
from console.core.inputs import (
    ActionEnded,
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
    SessionClosed,
    SessionOpened,
    SessionUnwritten,
    SilenceEnded,
    SilenceMade,
    SourceChanged,
    TimePassed,
)
from console.core.memory import document, restore
from console.core.receivers import routes_of
from console.core.record import Record
from console.core.recorded import told_by
from console.core.rollout import Rollout
from console.core.stages import Phase
from console.core.state import State
from console.core.verdict import Verdict
from console.core.view import build_frame
from console.core.words import Outcome, SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
ESCALATING = {"severity": "critical", "to": ["json://one/a"], "escalate_after": "5m", "escalate_to": ["json://boss/b"]}
WARNINGS = {"severity": "warning", "to": ["json://eng/c"]}


def rollout(*routes: dict[str, Any], **alerts: Any) -> Rollout:
    """A rollout with two metrics from a database and one from elsewhere."""
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
                "lag": {"command": ["lag"], **asked, **judged},
            },
            "phases": [{"name": "Canary", "traffic": "10%"}],
            "actions": {"rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["x"]}]}},
            "alerts": {"routes": list(routes or (ESCALATING, WARNINGS)), **alerts},
        }
    )


@dataclass
class Scene:
    """A session whose messages are taken by receivers at once, unless they are down."""

    state: State
    down: set[str] = field(default_factory=set)
    got: list[tuple[float, Delivery]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    at: float = START

    def give(self, *given: Input) -> None:
        """Fold inputs."""
        for one in given:
            self.records += self.state.apply(one)

    def sample(self, metric: str, value: float) -> None:
        """Measure something."""
        self.give(SampleTaken(self.at, metric, (Reading("", value, samples=100),), 0.01))

    def measured(self, **values: float) -> None:
        """Measure everything, all well but for what is said."""
        for metric in ("errors", "leaks", "lag"):
            self.sample(metric, values.get(metric, 0.0))

    def deliver(self) -> None:
        """Let receivers take what is due, or not."""
        for delivery in outbox.due(self.state.alerts, self.at):
            self.give(DeliveryBegun(self.at, delivery.id))
            is_down = delivery.receiver in self.down
            self.give(DeliveryEnded(self.at, delivery.id, "refused" if is_down else "", "title"))
            if not is_down:
                self.got.append((self.at - START, delivery))

    def pass_time(self, seconds: float, step_s: float = 1.0, **values: float) -> None:
        """Let time pass, measuring all the while."""
        until = self.at + seconds
        while self.at < until:
            self.at += step_s
            self.measured(**values)
            self.give(TimePassed(self.at))
            self.deliver()

    def told(self) -> list[tuple[str, str, str]]:
        """Who was told what of which alert, in order; without refreshes."""
        return [
            (delivery.receiver, delivery.why.value, item.found.key)
            for _, delivery in self.got
            for item in delivery.items
            if delivery.why is not Why.REFRESHED
        ]

    def views(self) -> dict[str, AlertView]:
        """The alerts on the screen that are told of."""
        session = SessionView("s", START, is_read_only=False, held_by="")
        frame = build_frame(self.state, self.at, session=session)
        return {alert.key: alert for alert in frame.alerts if alert.key}

    def killed(self) -> "Scene":
        """Return the scene after the console was killed and started again, with what it had written down."""
        fresh = State(self.state.rollout, self.at)
        names = ("session", "phase", "attempts", "alerts", "sources", *(f"metric:{one}" for one in fresh.metrics))
        documents = {name: document(self.state, name) for name in names}
        restore(
            fresh, documents=documents, positions={}, counts=Packed(), totals={}, labels={}, lines=0, unclassified=0
        )
        again = Scene(fresh, self.down, self.got, self.records, self.at)
        again.give(SessionOpened(self.at, ANNA, "1", self.at))
        return again


def scene(*routes: dict[str, Any], **alerts: Any) -> Scene:
    made = Scene(State(rollout(*routes, **alerts), START))
    made.give(SessionOpened(START, ANNA, "1", None), SourceChanged(START, "db", SourceState.LIVE))
    made.pass_time(5)
    return made


CRITICAL = "metric:errors:critical"
WARNING = "metric:errors:warning"


def test_a_critical_alert_is_told_once_after_group_wait_and_once_when_it_is_over() -> None:
    shop = scene()

    shop.pass_time(60, errors=9)
    shop.pass_time(60)

    assert shop.told() == [("0.to.0", "firing", CRITICAL), ("0.to.0", "resolved", CRITICAL)]
    assert [at for at, _ in shop.got] == [16, 66]


def test_alerts_that_come_together_are_one_message() -> None:
    shop = scene()

    shop.pass_time(4, errors=9)
    shop.pass_time(20, errors=9, lag=9)

    assert [len(delivery.items) for _, delivery in shop.got] == [2]


def test_what_comes_and_goes_is_told_ever_more_rarely_and_how_often_it_came() -> None:
    shop = scene()

    for _ in range(300):
        shop.pass_time(2, errors=9)
        shop.pass_time(2)

    fired = [(at, one) for at, one in shop.got if one.why is Why.FIRING]
    assert fired[0][0] == 16, "the first time it is told as soon as ever"
    assert len(fired) <= 9
    assert "times in a short while)" in fired[-1][1].items[0].found.text
    assert len(shop.state.alerts.resolved) <= 1

    shop.pass_time(2400)
    before = len(shop.got)
    shop.pass_time(12, errors=9)
    (again,) = shop.got[before:]
    assert "times" not in again[1].items[0].found.text


def test_an_alert_that_is_over_before_it_was_told_is_told_as_over_and_only_once() -> None:
    shop = scene()

    shop.pass_time(3, errors=9)
    shop.pass_time(60)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]
    assert shop.got[0][1].items[0].resolved_at is not None


def test_a_warning_is_muted_by_the_critical_of_the_same_metric_alone() -> None:
    shop = scene()

    shop.pass_time(5, errors=3, leaks=3)
    shop.pass_time(30, errors=9, leaks=3)

    assert shop.told() == [("0.to.0", "firing", CRITICAL), ("1.to.0", "firing", "metric:leaks:warning")] or (
        Counter(shop.told()) == Counter([("0.to.0", "firing", CRITICAL), ("1.to.0", "firing", "metric:leaks:warning")])
    )


def test_a_warning_that_was_told_and_became_critical_is_over_when_both_are() -> None:
    shop = scene()

    shop.pass_time(30, errors=3)
    shop.pass_time(30, errors=9)
    shop.pass_time(30)

    assert Counter(shop.told()) == Counter(
        (receiver, why, key)
        for receiver, key in (("1.to.0", WARNING), ("0.to.0", CRITICAL))
        for why in ("firing", "resolved")
    )


def test_a_warning_of_which_nothing_is_known_any_more_stays_on_the_screen_to_be_acknowledged() -> None:
    phases = tuple(Phase(name=name, traffic=traffic) for name, traffic in (("Shadow", 0.0), ("Canary", 10.0)))
    shop = Scene(State(rollout().model_copy(update={"phases": phases}), START))
    shop.give(SessionOpened(START, ANNA, "1", None), SourceChanged(START, "db", SourceState.LIVE))
    shop.give(SampleTaken(START, "errors", (Reading("baseline", 3.0, samples=100),), 0.01), TimePassed(START))
    assert WARNING in shop.views()

    shop.give(ActionStarted(START, "a1", "advance", "advance", "Advance", ANNA, "", 10.0, 1, ("x",)))
    shop.give(ActionEnded(START + 1, "a1", Outcome.DONE), TimePassed(START + 1))
    shop.at += 1

    assert shop.state.verdict_of("errors").verdict is Verdict.UNKNOWN
    assert WARNING in shop.views()


def test_a_warning_that_became_critical_is_shown_as_that_alone() -> None:
    shop = scene()
    shop.pass_time(30, errors=3)

    shop.pass_time(5, errors=9)

    assert list(shop.views()) == [CRITICAL]


def test_not_knowing_resolves_nothing() -> None:
    shop = scene()
    shop.pass_time(30, errors=9)

    for _ in range(600):
        shop.at += 1
        shop.give(SampleFailed(shop.at, "errors", "connection refused", 0.1), TimePassed(shop.at))
        shop.deliver()

    assert CRITICAL in shop.views()
    assert "resolved" not in [why for _, why, _ in shop.told()]


def test_a_metric_that_nobody_can_measure_is_an_alert_of_its_own_where_warnings_go() -> None:
    shop = scene()

    for _ in range(200):
        shop.at += 1
        shop.give(SampleFailed(shop.at, "lag", "no such file", 0.1), TimePassed(shop.at))
        shop.sample("errors", 0)
        shop.sample("leaks", 0)
        shop.deliver()

    assert shop.told() == [("1.to.0", "firing", "blind:lag")]


def blind(shop: Scene, seconds: int, is_broken: Callable[[int], bool]) -> None:
    """Let nobody know anything of a metric for a time: each second it is BROKEN, or answers without a number."""
    for second in range(seconds):
        shop.at += 1
        if is_broken(second):
            shop.give(SampleFailed(shop.at, "lag", "no such file", 0.1))
        else:
            shop.give(SampleTaken(shop.at, "lag", (), 0.01))
        shop.sample("errors", 0)
        shop.sample("leaks", 0)
        shop.give(TimePassed(shop.at))
        shop.deliver()


def test_what_is_blind_stays_so_when_it_breaks_too() -> None:
    shop = scene()

    blind(shop, 200, lambda _: False)
    blind(shop, 300, lambda _: True)

    assert shop.told() == [("1.to.0", "firing", "blind:lag")]


def test_what_is_now_unknown_and_now_broken_is_blind_all_the_while() -> None:
    shop = scene()

    blind(shop, 600, lambda second: second // 30 % 2 == 0)

    assert shop.told() == [("1.to.0", "firing", "blind:lag")]


def test_what_is_blind_goes_where_critical_goes_if_there_is_no_other_way() -> None:
    shop = scene(ESCALATING)

    shop.give(SourceChanged(shop.at, "db", SourceState.RETRYING, "refused"))
    shop.pass_time(50)

    assert shop.told() == [("0.to.0", "firing", "source:db")]


def test_everything_that_comes_from_a_source_is_muted_while_it_is_down() -> None:
    shop = scene()
    shop.give(SourceChanged(shop.at, "db", SourceState.RETRYING, "refused"))

    for _ in range(300):
        shop.at += 1
        for metric in ("errors", "leaks"):
            shop.give(SampleFailed(shop.at, metric, "connection refused", 0.1))
        shop.sample("lag", 0)
        shop.give(TimePassed(shop.at))
        shop.deliver()

    assert shop.told() == [("1.to.0", "firing", "source:db")]
    assert {view.status for key, view in shop.views().items() if key.startswith("blind:")} == {"muted"}


def test_a_source_that_blinks_wakes_nobody() -> None:
    shop = scene()

    shop.give(SourceChanged(shop.at, "db", SourceState.RETRYING, "refused"))
    shop.pass_time(20)
    shop.give(SourceChanged(shop.at, "db", SourceState.LIVE))
    shop.pass_time(120)

    assert shop.told() == []


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
    shop.pass_time(1800, errors=9)
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


def test_what_stands_is_told_again_to_everybody_who_knows_of_it() -> None:
    shop = scene(repeat="10m")

    shop.pass_time(930, errors=9)

    assert shop.told()[2:] == [("0.to.0", "repeated", CRITICAL), ("0.escalate_to.0", "repeated", CRITICAL)]


def silence(shop: Scene, about: str = "errors", severity: str = "", seconds: float = 300) -> None:
    shop.give(SilenceMade(shop.at, "s1", about, severity, shop.at + seconds, ANNA, "known, waiting for the fix"))


def test_a_silence_mutes_what_matches_until_it_is_over() -> None:
    shop = scene()
    silence(shop, "err*")

    shop.pass_time(290, errors=9, leaks=9)
    assert shop.told() == [("0.to.0", "firing", "metric:leaks:critical")]
    assert shop.views()[CRITICAL].status == "silenced"
    assert "anna@ops1 (pts/3): known, waiting" in shop.views()[CRITICAL].why

    shop.pass_time(60, errors=9, leaks=9)
    assert ("0.to.0", "firing", CRITICAL) in shop.told()


def test_a_silence_of_a_severity_leaves_the_others() -> None:
    shop = scene()
    silence(shop, "*", "warning")

    shop.pass_time(30, errors=9, lag=3)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def test_a_silence_can_be_ended() -> None:
    shop = scene()
    silence(shop)
    shop.pass_time(30, errors=9)

    shop.give(SilenceEnded(shop.at, "s1", ANNA))
    shop.pass_time(30, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def test_what_was_told_is_told_to_be_over_even_in_a_silence() -> None:
    shop = scene()
    shop.pass_time(30, errors=9)
    silence(shop)

    shop.pass_time(30)

    assert shop.told() == [("0.to.0", "firing", CRITICAL), ("0.to.0", "resolved", CRITICAL)]


def test_a_receiver_that_is_down_is_tried_again_and_others_are_told_in_its_place() -> None:
    shop = scene()
    shop.down = {"0.to.0"}

    shop.pass_time(60, errors=9)

    assert shop.told() == [("0.escalate_to.0", "fallen through", CRITICAL)]
    view = shop.views()[CRITICAL]
    assert view.is_failing
    assert view.told.startswith("json, routes[0].to[0] FAILS: refused, 5 attempts; told json, routes[0].escalate_to[0]")
    assert any("cannot be reached, so json, routes[0].escalate_to[0] is told" in one.text for one in shop.records)

    shop.down = set()
    shop.pass_time(300, errors=9)
    assert ("0.to.0", "firing", CRITICAL) in shop.told()
    assert not shop.views()[CRITICAL].is_failing


def test_a_receiver_that_has_yet_to_hear_of_what_is_over_is_shown_until_it_has() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]})
    shop.down = {"0.to.0"}
    shop.pass_time(20, errors=9)

    shop.pass_time(60)

    session = SessionView("s", START, is_read_only=False, held_by="")
    (shown,) = build_frame(shop.state, shop.at, session=session).alerts
    assert shown.text.startswith("json, routes[0].to[0] FAILS: refused, ")
    shop.down = set()
    shop.pass_time(300)
    assert not build_frame(shop.state, shop.at, session=session).alerts


def test_the_last_word_of_what_is_critical_again_is_not_that_it_was_over() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]})
    shop.pass_time(30, errors=9)
    shop.down = {"0.to.0"}
    shop.pass_time(100)

    shop.pass_time(10, errors=9)
    shop.down = set()
    shop.pass_time(300, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)] * 2


def test_an_end_that_was_on_its_way_when_the_trouble_came_back_is_not_told_after_it() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]}, group_wait="0s")
    shop.pass_time(30, errors=9)
    shop.measured()
    shop.give(TimePassed(shop.at))
    (end,) = outbox.due(shop.state.alerts, shop.at)
    shop.give(DeliveryBegun(shop.at, end.id))

    shop.pass_time(20, errors=9)
    assert [why for _, why, _ in shop.told()] == ["firing"]

    shop.give(DeliveryEnded(shop.at, end.id, "no answer in 30 s"))
    shop.pass_time(300, errors=9)
    assert [why for _, why, _ in shop.told()] == ["firing", "firing"]


def test_a_message_falls_through_route_after_route_until_somebody_takes_it() -> None:
    shop = scene()
    shop.down = {"0.to.0", "0.escalate_to.0"}

    shop.pass_time(90, errors=9)

    assert shop.told() == [("1.to.0", "fallen through", CRITICAL)]


def test_one_receiver_that_is_down_calls_nobody_else_while_another_has_the_message() -> None:
    shop = scene({**ESCALATING, "to": ["json://one/a", "json://two/a"]}, WARNINGS)
    shop.down = {"0.to.0"}

    shop.pass_time(200, errors=9)

    assert shop.told() == [("0.to.1", "firing", CRITICAL)]


def test_a_later_alert_is_not_kept_back_by_a_receiver_that_does_not_take_the_first() -> None:
    shop = scene()
    shop.down = {"0.to.0"}
    shop.pass_time(1000, errors=9)

    shop.pass_time(60, errors=9, leaks=9)

    assert ("0.escalate_to.0", "fallen through", "metric:leaks:critical") in shop.told()


def test_whoever_is_told_in_place_of_others_is_not_told_that_it_stands_when_it_is_over_by_then() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]}, WARNINGS, group_wait="0s")
    shop.down = {"0.to.0"}

    shop.pass_time(3, errors=9)
    shop.pass_time(60)

    assert shop.told() == [("1.to.0", "fallen through", CRITICAL)]
    assert shop.got[0][1].items[0].resolved_at is not None


def test_a_receiver_that_is_back_is_told_everything_at_once() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]})
    shop.down = {"0.to.0"}
    shop.pass_time(2000, errors=9)
    shop.down = set()

    shop.pass_time(20, errors=9, leaks=9)

    assert {key for _, _, key in shop.told()} == {CRITICAL, "metric:leaks:critical"}


def test_the_journal_tells_what_people_said_and_what_was_told_so_that_it_can_be_replayed() -> None:
    shop = scene()
    shop.pass_time(30, errors=9)
    acknowledged = AlertAcknowledged(shop.at, CRITICAL, ANNA, "on it")
    silenced = SilenceMade(shop.at, "s1", "err*", "critical", shop.at + 300, ANNA, "known")
    ended = SilenceEnded(shop.at, "s1", ANNA)
    told = [one for one in shop.records if one.kind == "told"]

    shop.give(acknowledged, silenced, ended)

    again = [given for record in shop.records[-3:] for given in told_by(record)]
    assert again == [acknowledged, silenced, ended]
    (delivered,) = (given for record in told for given in told_by(record))
    assert delivered == DeliveryEnded(START + 16, "1.0.to.0", "", "title")


def test_a_message_that_can_never_be_delivered_is_given_up_after_a_day_and_that_is_written_down() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]})
    shop.down = {"0.to.0"}
    shop.pass_time(30, errors=9)

    shop.pass_time(100_000, step_s=60)

    assert any("GIVEN UP" in one.text for one in shop.records)


def begin(shop: Scene, name: str, action: str = "rollback", kind: str = "rollback") -> None:
    """Begin an attempt at an action."""
    steps = ("run x",)
    shop.give(ActionStarted(shop.at, name, action, kind, "Roll back", ANNA, "bad", 0.0, None, steps))


def attempt(shop: Scene, name: str, outcome: Outcome, action: str = "rollback", kind: str = "rollback") -> None:
    """Make an attempt at an action."""
    begin(shop, name, action, kind)
    shop.give(ActionEnded(shop.at, name, outcome, "exit code 1"))


ROLLBACK = "action:rollback"


def test_an_action_that_failed_is_an_alert_until_a_rollback_is_done() -> None:
    shop = scene()

    attempt(shop, "a1", Outcome.FAILED)
    shop.pass_time(30)
    attempt(shop, "a2", Outcome.DONE)
    shop.pass_time(30)

    assert shop.told() == [("0.to.0", "firing", ROLLBACK), ("0.to.0", "resolved", ROLLBACK)]


def test_a_failed_action_that_is_tried_again_is_over_when_it_is_done_and_not_before() -> None:
    shop = scene()
    attempt(shop, "a1", Outcome.FAILED)
    shop.pass_time(30)
    shop.give(AlertAcknowledged(shop.at, ROLLBACK, ANNA, "trying again"))

    begin(shop, "a2")
    shop.pass_time(60)
    shop.give(ActionEnded(shop.at, "a2", Outcome.FAILED, "exit code 2"))
    shop.pass_time(600)
    assert shop.told() == [("0.to.0", "firing", ROLLBACK)]
    assert shop.views()[ROLLBACK].status == "acknowledged"

    attempt(shop, "a3", Outcome.DONE)
    shop.pass_time(30)
    assert shop.told() == [("0.to.0", "firing", ROLLBACK), ("0.to.0", "resolved", ROLLBACK)]


def test_a_failed_action_stays_an_alert_however_many_attempts_at_others_follow() -> None:
    shop = scene()
    attempt(shop, "a1", Outcome.FAILED)
    shop.pass_time(30)

    for number in range(120):
        attempt(shop, f"b{number}", Outcome.DONE, "step_down", "step_down")
    shop.pass_time(30)

    assert shop.told() == [("0.to.0", "firing", ROLLBACK)]
    assert len(shop.state.attempts) == KEPT_ATTEMPTS + 1


def test_leaving_tells_what_was_waiting_to_be_gathered() -> None:
    shop = scene(group_wait="5m")
    shop.pass_time(10, errors=9)

    shop.give(SessionClosed(shop.at, ANNA, "left"))
    shop.deliver()

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def test_a_delivery_that_was_under_way_when_the_console_died_is_made_again_with_the_same_key() -> None:
    shop = scene()
    shop.down = {"0.to.0"}
    shop.pass_time(11, errors=9)
    (before,) = shop.state.alerts.outbox.values()
    shop.give(DeliveryBegun(shop.at, before.id))

    again = shop.killed()
    (after,) = outbox.due(again.state.alerts, again.at)

    assert (after.key, after.is_repetition) == (before.key, True)


def test_a_dry_run_is_told_for_real_afterwards() -> None:
    shop = Scene(State(rollout(), START))
    shop.give(SessionOpened(START, ANNA, "1", None, is_dry_run=True))
    shop.pass_time(30, errors=9)
    assert shop.told() == [("0.to.0", "firing", CRITICAL)]
    assert any("would be told (dry run)" in one.text for one in shop.records)

    shop.give(SessionOpened(shop.at, ANNA, "1", shop.at))
    shop.pass_time(30, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)] * 2


def test_what_a_dry_run_told_nobody_is_not_shown_as_told_afterwards() -> None:
    shop = Scene(State(rollout(), START))
    shop.give(SessionOpened(START, ANNA, "1", None, is_dry_run=True))
    shop.pass_time(30, errors=9)
    shop.down = {"0.to.0"}

    shop.give(SessionOpened(shop.at, ANNA, "1", shop.at))
    assert shop.views()[CRITICAL].told == "nobody told yet"
    shop.pass_time(12, errors=9)

    assert shop.views()[CRITICAL].told == "json, routes[0].to[0] FAILS: refused, 1 attempt"


def test_a_new_address_is_told_what_stands() -> None:
    shop = scene()
    shop.pass_time(30, errors=9)
    moved = shop.killed()
    moved.state.rollout = rollout({**ESCALATING, "to": ["json://elsewhere/a"]}, WARNINGS)

    moved.give(SessionOpened(moved.at, ANNA, "1", moved.at))
    moved.pass_time(30, errors=9)

    assert moved.told() == [("0.to.0", "firing", CRITICAL)] * 2
    assert any("the address of json, routes[0].to[0] is another one now" in one.text for one in moved.records)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (CRITICAL, "the file has no metric errors any more"),
        ("source:db", "the file has no source db any more"),
        ("unread:db:c1", "the file has no source db any more"),
        ("budget:errors:critical", "the file has no error budget errors any more"),
    ],
)
def test_what_the_file_does_not_have_any_more_is_never_told_to_be_over(found: str, said: str) -> None:
    kinds = {"metric": AlertKind.METRIC, "budget": AlertKind.BUDGET}
    kind, about = kinds.get(found.partition(":")[0], AlertKind.SOURCE), "errors" if "errors" in found else "db"
    shop = scene({"severity": "critical", "to": ["json://one/a"]})
    finding = Finding(found, kind, Severity.CRITICAL, about, "errors CRITICAL", "> 5", START)
    told = Alert(finding, START, pages={"0": Page(told_at=START, last_at=START)}, told={"0.to.0": "json"})
    shop.state.alerts.alerts[found] = told
    fewer = shop.state.rollout.model_copy(update={"metrics": {"lag": shop.state.rollout.metrics["lag"]}, "sources": {}})
    shop.state.rollout = fewer

    again = shop.killed()
    for _ in range(30):
        again.at += 1
        again.sample("lag", 0)
        again.give(TimePassed(again.at))
        again.deliver()

    assert again.told() == [("0.to.0", "no longer watched", found)]
    assert again.got[-1][1].items[0].unwatched == said
    assert any(f"no longer watched, as {said}" in one.text for one in again.records)


def test_a_receiver_that_is_just_told_of_another_alert_hears_the_repetition_too() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]}, repeat="1h")
    shop.pass_time(3595, errors=9)
    shop.down = {"0.to.0"}

    shop.pass_time(20, errors=9, leaks=9)
    shop.down = set()
    shop.pass_time(310, errors=9, leaks=9)

    assert ("0.to.0", "repeated", CRITICAL) in shop.told()


def test_a_receiver_that_is_down_has_one_message_of_an_alert_waiting_however_often_it_is_repeated() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]}, repeat="5m")
    shop.down = {"0.to.0"}

    shop.pass_time(7200, step_s=10, errors=9)

    assert len(shop.state.alerts.outbox) == 1


def test_an_address_that_is_added_is_told_what_stands_and_the_others_are_not() -> None:
    shop = scene(ESCALATING)
    shop.pass_time(200, errors=9, leaks=9)
    shop.give(AlertAcknowledged(shop.at, "metric:leaks:critical", ANNA, "on it"))
    more = shop.killed()
    more.state.rollout = rollout({**ESCALATING, "to": ["json://one/a", "json://new/n"]})

    more.give(SessionOpened(more.at, ANNA, "1", more.at))
    more.pass_time(200, errors=9, leaks=9)

    assert more.told()[2:] == [("0.to.1", "firing", CRITICAL), ("0.escalate_to.0", "escalated", CRITICAL)]
    firing, *_, escalated = (at for at, _ in more.got)
    assert escalated - firing == 300
    more.pass_time(20)
    assert ("0.to.1", "resolved", CRITICAL) in more.told()


def test_a_step_of_the_clock_escalates_nothing() -> None:
    shop = scene()
    shop.pass_time(30, errors=9)

    shop.at += 7200
    shop.give(ClockStepped(shop.at, 7200))
    shop.pass_time(200, errors=9)

    assert [why for _, why, _ in shop.told()] == ["firing"]


def wake(shop: Scene, slept_s: float) -> None:
    """Let the machine have slept, and take a sample before the tick that sees it."""
    shop.at += slept_s
    shop.measured(errors=9)
    shop.at += 0.5
    shop.give(ClockStepped(shop.at, slept_s))


def test_what_becomes_critical_on_waking_is_told_at_once() -> None:
    shop = scene()

    wake(shop, 8 * 3600)
    shop.pass_time(20, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def test_what_nobody_sees_since_the_machine_woke_is_told_in_time() -> None:
    shop = scene()

    shop.at += 8 * 3600
    shop.give(SampleFailed(shop.at, "lag", "no such file", 0.1))
    shop.at += 0.5
    shop.give(ClockStepped(shop.at, 8 * 3600))
    blind(shop, 200, lambda _: True)

    assert ("1.to.0", "firing", "blind:lag") in shop.told()


def test_what_fails_on_waking_is_tried_again_as_soon_as_ever() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]})
    shop.down = {"0.to.0"}
    shop.pass_time(20, errors=9)

    shop.at += 8 * 3600
    shop.deliver()
    shop.at += 0.5
    shop.give(ClockStepped(shop.at, 8 * 3600))
    shop.down = set()
    shop.pass_time(outbox.LAST_RETRY_S + 10, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def test_a_silence_is_over_when_it_said_although_the_machine_slept() -> None:
    shop = scene()
    silence(shop, seconds=1800)

    shop.at += 8 * 3600
    shop.give(ClockStepped(shop.at, 8 * 3600))
    shop.pass_time(30, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def test_a_silence_lasts_no_longer_where_the_clock_was_set_back() -> None:
    shop = scene()
    silence(shop, seconds=1800)

    shop.at -= 3600
    shop.give(ClockStepped(shop.at, -3600))
    shop.pass_time(1830, step_s=5, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def set_back(shop: Scene) -> None:
    """Set the clock back by an hour."""
    shop.at -= 3600
    shop.give(ClockStepped(shop.at, -3600))


def test_no_alert_begins_later_than_now_and_each_stays_itself_where_the_clock_was_set_back() -> None:
    shop = scene({"severity": "critical", "to": ["alertmanager://am:9093"]})
    shop.pass_time(30, errors=9)
    name = shop.state.alerts.alerts[CRITICAL].id

    set_back(shop)
    shop.pass_time(70, errors=9)
    shop.pass_time(10)

    assert [delivery.why for _, delivery in shop.got] == [Why.FIRING, Why.REFRESHED, Why.RESOLVED]
    for at, delivery in shop.got[1:]:
        (item,) = delivery.items
        assert item.alert == name
        assert item.started_at == START - 3600 + 6
        assert item.started_at < at + START


def test_what_was_over_while_it_waited_is_told_in_time_where_the_clock_was_set_back() -> None:
    shop = scene()
    shop.pass_time(3, errors=9)
    shop.pass_time(2)

    set_back(shop)
    shop.pass_time(20)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def test_that_the_file_cannot_be_written_is_told_in_time_where_the_clock_was_set_back() -> None:
    shop = scene()
    shop.give(SessionUnwritten(shop.at, "no space left"))

    set_back(shop)
    shop.pass_time(60)

    assert shop.told() == [("1.to.0", "firing", "session")]


def test_an_alertmanager_is_told_every_minute_what_stands_and_once_that_it_is_over() -> None:
    shop = scene({"severity": "critical", "to": ["alertmanager://am:9093"]}, repeat="2m")

    shop.pass_time(310, errors=9)
    shop.pass_time(200)

    whys = [delivery.why for _, delivery in shop.got]
    assert whys == [Why.FIRING, *[Why.REFRESHED] * 4, Why.RESOLVED]


def test_without_routes_alerts_stand_on_the_screen_and_say_that_nobody_is_told() -> None:
    shop = Scene(State(rollout().model_copy(update={"alerts": Rollout.model_fields["alerts"].default}), START))
    shop.pass_time(30, errors=9)

    assert shop.views()[CRITICAL].told == "nobody is told: no route"
    shop.pass_time(30)
    assert not shop.views()
    assert not shop.state.alerts.resolved


# -- properties ------------------------------------------------------------------------------------------------------

_VALUES = st.sampled_from((0.0, 0.0, 3.0, 9.0, None))
_MOMENTS = st.lists(
    st.tuples(
        st.integers(1, 400),
        _VALUES,
        _VALUES,
        st.sampled_from(("", "", "", "kill", "kill under way", "ack", "down", "up", "silence")),
    ),
    min_size=1,
    max_size=12,
)


def play(moments: Iterable[tuple[int, float | None, float | None, str]], *, is_killed: bool = True) -> Scene:
    """Play a story: so many seconds with these values, and then something happens. At the end all is well."""
    shop = scene(repeat="30m")
    for seconds, errors, leaks, event in moments:
        for _ in range(min(seconds, 12)):
            shop.at += max(1, seconds // 12)
            for metric, value in (("errors", errors), ("leaks", leaks), ("lag", 0.0)):
                if value is None:
                    shop.give(SampleFailed(shop.at, metric, "refused", 0.1))
                else:
                    shop.sample(metric, value)
            shop.give(TimePassed(shop.at))
            shop.deliver()
        shop = _happens(shop, event, is_killed=is_killed)
    shop.down = set()
    shop.give(*(SilenceEnded(shop.at, name, ANNA) for name in list(shop.state.alerts.silences)))
    shop.pass_time(700, step_s=10)
    return shop


def _happens(shop: Scene, event: str, *, is_killed: bool) -> Scene:
    if event == "kill" and is_killed:
        return shop.killed()
    if event == "kill under way" and is_killed:
        for delivery in outbox.due(shop.state.alerts, shop.at):
            shop.give(DeliveryBegun(shop.at, delivery.id))
        return shop.killed()
    if event == "ack":
        shop.give(*(AlertAcknowledged(shop.at, key, ANNA, "on it") for key in list(shop.state.alerts.alerts)))
    elif event in ("down", "up"):
        shop.down = {"0.to.0"} if event == "down" else set()
    elif event == "silence":
        silence(shop, seconds=120)
    return shop


@given(_MOMENTS)
@settings(max_examples=30, deadline=None)
def test_nothing_is_taken_twice_and_nothing_is_left_behind(moments: list[tuple[int, Any, Any, str]]) -> None:
    shop = play(moments)

    keys = [delivery.key for _, delivery in shop.got]
    assert len(keys) == len(set(keys)), "no receiver took a delivery twice"
    assert not shop.state.alerts.outbox
    assert not shop.state.alerts.alerts
    assert not shop.state.alerts.resolved


@given(_MOMENTS)
@settings(max_examples=30, deadline=None)
def test_whoever_heard_that_an_alert_stands_hears_once_that_it_is_over(
    moments: list[tuple[int, Any, Any, str]],
) -> None:
    shop = play(moments)

    heard: dict[tuple[str, str], tuple[float, bool]] = {}
    for _, delivery in shop.got:
        for item in delivery.items:
            pair, is_over = (delivery.receiver, item.found.key), item.resolved_at is not None
            began, was_over = heard.get(pair, (0.0, False))
            assert item.started_at >= began, "nothing is told of an earlier time after a later one"
            if item.started_at == began:
                assert not was_over, "an end is told once, and nothing after it"
            heard[pair] = (item.started_at, is_over)
    assert all(is_over for _, is_over in heard.values()), "the last word is that it is over, and it is"


@given(_MOMENTS)
@settings(max_examples=20, deadline=None)
def test_every_alert_that_nothing_muted_is_told(moments: list[tuple[int, Any, Any, str]]) -> None:
    loud = [(seconds, errors, leaks, "" if event == "silence" else event) for seconds, errors, leaks, event in moments]
    shop = play(loud)

    raised = {
        record.body["metric"] for record in shop.records if record.kind == "verdict" and record.body["to"] == "CRITICAL"
    }
    told = {item.found.about for _, one in shop.got for item in one.items if item.found.severity == "critical"}
    assert raised <= told


@given(_MOMENTS)
@settings(max_examples=20, deadline=None)
def test_a_kill_changes_nothing_of_what_is_told(moments: list[tuple[int, Any, Any, str]]) -> None:
    calm = [(seconds, errors, leaks, event if "kill" in event else "") for seconds, errors, leaks, event in moments]

    killed, left_alone = play(calm), play(calm, is_killed=False)

    assert Counter(killed.told()) == Counter(left_alone.told())


@pytest.mark.parametrize("flaps", [1, 600])
def test_the_outbox_is_bounded_however_long_a_receiver_is_down_and_what_stands_stays_in_it(flaps: int) -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]})
    shop.down = {"0.to.0"}

    for number in range(flaps):
        shop.pass_time(30, step_s=15, errors=9 if number % 2 else 0)
    shop.pass_time(400, step_s=15, errors=9)

    waiting = shop.state.alerts.outbox.values()
    assert len(waiting) <= outbox.KEPT
    assert shop.state.alerts.alerts[CRITICAL].id in {item.alert for one in waiting for item in one.items}
    shop.down = set()
    shop.pass_time(310, errors=9)
    assert shop.told() == [("0.to.0", "firing", CRITICAL)]


def crowded(shop: Scene, whys: Iterable[Why]) -> list[Delivery]:
    """Put messages of different alerts into the outbox for one receiver that is down, and let the newest fail."""
    (route,) = routes_of(shop.state.rollout)
    for number, why in enumerate(whys):
        found = Finding(f"n{number}", AlertKind.SESSION, Severity.CRITICAL, "n", "n", "n", shop.at)
        outbox.post(
            shop.state.alerts, route, route.to, why, [Item(f"n{number}@1", found, shop.at)], at=shop.at + number
        )
    waiting = list(shop.state.alerts.outbox.values())
    shop.give(DeliveryEnded(shop.at, waiting[-1].id, "refused"))
    return waiting


@pytest.mark.parametrize(("whys", "lost"), [([], 0), ([Why.FIRING, Why.RESOLVED], 1), ([Why.FIRING, Why.REPEATED], 1)])
def test_of_too_many_messages_the_oldest_is_given_up_but_ends_and_repetitions_first(whys: list[Why], lost: int) -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]})

    waiting = crowded(shop, [*whys, *[Why.FIRING] * (outbox.KEPT + 1 - len(whys))])

    assert list(shop.state.alerts.outbox) == [one.id for number, one in enumerate(waiting) if number != lost]
    assert any("GIVEN UP" in one.text for one in shop.records)


def test_a_console_that_was_off_for_days_tries_on_where_it_was() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]}, WARNINGS)
    shop.down = {"0.to.0", "1.to.0"}
    shop.pass_time(20, errors=9)

    shop.at += 3 * 86_400
    again = shop.killed()
    again.pass_time(30, errors=9)
    again.down = set()
    again.pass_time(310, errors=9)

    assert ("0.to.0", "firing", CRITICAL) in again.told()
    assert not any("GIVEN UP" in one.text for one in again.records)


def test_what_nobody_took_in_a_day_is_told_again_as_long_as_it_stands() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]}, repeat="7d")
    shop.down = {"0.to.0"}
    shop.pass_time(100_000, step_s=60, errors=9)
    assert any("GIVEN UP" in one.text for one in shop.records)

    shop.down = set()
    shop.pass_time(400, errors=9)

    assert shop.told() == [("0.to.0", "firing", CRITICAL)]
