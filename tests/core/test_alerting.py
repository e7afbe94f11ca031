"""Alerts as a fold: who is told of what and when, what mutes what, and that not knowing resolves nothing."""

from collections import Counter

import pytest

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.alerts import Alert, AlertKind, Finding, Page, Severity, Why
from console.core.inputs import (
    Reading,
    SampleFailed,
    SampleTaken,
    SessionOpened,
    SilenceEnded,
    SourceChanged,
    TimePassed,
)
from console.core.rollout import Rollout
from console.core.stages import Phase
from console.core.state import State
from console.core.verdict import Verdict
from console.core.words import Outcome, SourceState
from tests.core.alerting import CRITICAL, ESCALATING, WARNING, Scene, blind, rollout, scene, silence
from tests.core.shop import ANNA, START


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

    shop.pass_time(2400, step_s=10)
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


def test_what_stands_is_told_again_to_everybody_who_knows_of_it() -> None:
    shop = scene(repeat="10m")

    shop.pass_time(930, errors=9)

    assert shop.told()[2:] == [("0.to.0", "repeated", CRITICAL), ("0.escalate_to.0", "repeated", CRITICAL)]


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
