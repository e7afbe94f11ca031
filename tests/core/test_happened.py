"""What may never happen and has happened stays an alert while its incident is open, also after its window."""

import pytest

from console.core.incidents import Step
from console.core.inputs import SampleTaken
from tests.core.responding import Scene, scene

KEY = "metric:leaks:critical"
ASKED = {"every": "10s", "stale_after": "1m"}
LAG = {"command": ["lag"], **ASKED, "target": "< 1", "warning": "> 2", "critical": "> 5"}
LEAKS = {"query": "leaks", "source": "db", **ASKED, "target": "== 0", "critical": "> 0"}


def shop_of(**leaks: str) -> Scene:
    errors = {"query": "errors", "source": "db", **ASKED, "target": "< 1", "critical": "> 5"}
    return scene(metrics={"errors": errors, "leaks": {**LEAKS, **leaks}, "lag": LAG})


def test_a_leak_that_has_left_its_window_is_not_told_to_be_over_and_comes_again_without_a_message() -> None:
    shop = shop_of(window="24h")

    for leaks in (1, 0, 1, 0):
        shop.measure(leaks=leaks)
        shop.pass_time(600)

    assert [why for _, why in shop.told(KEY) if why == "resolved"] == []
    assert len(set(shop.told(KEY))) == len(shop.told(KEY)), "each was told once"
    assert not any("over:" in said or "again:" in said for said in shop.said())
    alert = shop.state.alerts.alerts[KEY]
    assert alert.found.text == (
        "leaks CRITICAL: > 0; less or nothing of it is in the window now, and it stands until the incident is resolved"
    )
    assert shop.state.verdict_of("leaks").verdict.value == "OK", "what is measured is said as it is"


def test_a_person_who_resolves_the_incident_ends_it() -> None:
    shop = shop_of(window="24h")
    shop.measure(leaks=1)
    shop.pass_time(60)
    shop.measure(leaks=0)

    shop.decide(Step.RESOLVE, text="the cache was keyed by user")
    shop.pass_time(60)

    assert KEY not in shop.state.alerts.alerts
    assert ("0.to.0", "resolved") in shop.told(KEY)
    shop.measure(leaks=1)
    assert shop.incident.number == 2


def test_a_leak_that_is_seen_again_is_told_as_it_is_now() -> None:
    shop = shop_of(window="24h")
    for leaks in (1, 0, 2):
        shop.measure(leaks=leaks)
        shop.pass_time(60)

    assert shop.state.alerts.alerts[KEY].found.text == "leaks CRITICAL: > 0"


@pytest.mark.parametrize("metric", ["leaks", "lag"], ids=["a state that was mended", "a number that may be high"])
def test_what_is_no_count_of_what_may_never_happen_is_over_when_it_is(metric: str) -> None:
    shop = shop_of()
    shop.measure(**{metric: 9.0})
    shop.pass_time(60)

    shop.measure(**{metric: 0.0})
    shop.pass_time(60)

    assert f"metric:{metric}:critical" not in shop.state.alerts.alerts
    assert shop.incident.is_open


def test_while_nobody_knows_it_stands_as_it_was_seen() -> None:
    shop = shop_of(window="24h")
    shop.measure(leaks=1)

    shop.at += 10
    shop.give(SampleTaken(shop.at, "leaks", (), 0.01))
    shop.tick()

    assert shop.state.alerts.alerts[KEY].found.text == "leaks CRITICAL: no data; was > 0"


def test_a_console_that_was_killed_goes_on_with_it() -> None:
    shop = shop_of(window="24h")
    shop.measure(leaks=1)
    shop.pass_time(60)
    shop.measure(leaks=0)

    again = shop.killed()
    again.pass_time(60)

    assert KEY in again.state.alerts.alerts
    assert not any("over:" in said for said in again.said())
