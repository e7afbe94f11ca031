"""Messages on their way: tried again, told to others, given up, and never told twice."""

from collections.abc import Iterable

import pytest

from console.core import outbox
from console.core.alerts import AlertKind, Delivery, Finding, Item, Severity, Why
from console.core.frame import SessionView
from console.core.inputs import (
    AlertAcknowledged,
    DeliveryBegun,
    DeliveryEnded,
    SessionClosed,
    SessionOpened,
    SilenceEnded,
    SilenceMade,
    TimePassed,
)
from console.core.receivers import routes_of
from console.core.state import State
from console.core.told import told_by
from console.core.view import build_frame
from tests.core.alerting import CRITICAL, ESCALATING, WARNINGS, Scene, rollout, scene
from tests.core.shop import ANNA, START


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
    shop.pass_time(1000, step_s=5, errors=9)

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
    shop.pass_time(2000, step_s=5, errors=9)
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


def test_a_receiver_that_is_just_told_of_another_alert_hears_the_repetition_too() -> None:
    shop = scene({"severity": "critical", "to": ["json://one/a"]}, repeat="1h")
    shop.pass_time(3595, step_s=5, errors=9)
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
