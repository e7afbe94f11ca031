"""Alerts where the machine slept or its clock was set."""

from console.core import outbox
from console.core.alerts import Why
from console.core.inputs import AlertAcknowledged, ClockStepped, SampleFailed, SessionUnwritten
from tests.core.alerting import CRITICAL, Scene, blind, scene, silence
from tests.core.shop import ANNA, START


def test_what_nobody_acknowledged_while_the_machine_slept_is_escalated_at_waking_and_once() -> None:
    shop = scene()
    shop.pass_time(30, errors=9)

    shop.at += 7200
    shop.give(ClockStepped(shop.at, 7200))
    shop.pass_time(1, errors=9)
    assert [why for _, why, _ in shop.told()] == ["firing", "escalated"]

    shop.pass_time(900, errors=9)
    assert [why for _, why, _ in shop.told()] == ["firing", "escalated"]


def test_what_was_acknowledged_before_the_machine_slept_is_not_escalated_at_waking() -> None:
    shop = scene()
    shop.pass_time(30, errors=9)
    shop.give(AlertAcknowledged(shop.at, CRITICAL, ANNA, "on it"))

    shop.at += 7200
    shop.give(ClockStepped(shop.at, 7200))
    shop.pass_time(200, errors=9)

    assert [why for _, why, _ in shop.told()] == ["firing"]


def test_a_clock_that_is_set_back_puts_no_escalation_off() -> None:
    shop = scene()
    shop.pass_time(200, errors=9)

    shop.at -= 3600
    shop.give(ClockStepped(shop.at, -3600))
    shop.pass_time(150, errors=9)

    assert [why for _, why, _ in shop.told()] == ["firing", "escalated"]


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
