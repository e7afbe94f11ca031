"""Whatever happens: nothing is told twice, nothing is left behind."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from console.core import outbox
from console.core.inputs import AlertAcknowledged, DeliveryBegun, SampleFailed, SilenceEnded, TimePassed
from tests.core.alerting import Scene, scene, silence
from tests.core.shop import ANNA

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
@settings(max_examples=30)
def test_nothing_is_taken_twice_and_nothing_is_left_behind(moments: list[tuple[int, Any, Any, str]]) -> None:
    shop = play(moments)

    keys = [delivery.key for _, delivery in shop.got]
    assert len(keys) == len(set(keys)), "no receiver took a delivery twice"
    assert not shop.state.alerts.outbox
    assert not shop.state.alerts.alerts
    assert not shop.state.alerts.resolved


@given(_MOMENTS)
@settings(max_examples=30)
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
@settings(max_examples=20)
def test_every_alert_that_nothing_muted_is_told(moments: list[tuple[int, Any, Any, str]]) -> None:
    loud = [(seconds, errors, leaks, "" if event == "silence" else event) for seconds, errors, leaks, event in moments]
    shop = play(loud)

    raised = {
        record.body["metric"] for record in shop.records if record.kind == "verdict" and record.body["to"] == "CRITICAL"
    }
    told = {item.found.about for _, one in shop.got for item in one.items if item.found.severity == "critical"}
    assert raised <= told


@given(_MOMENTS)
@settings(max_examples=20)
def test_a_kill_changes_nothing_of_what_is_told(moments: list[tuple[int, Any, Any, str]]) -> None:
    calm = [(seconds, errors, leaks, event if "kill" in event else "") for seconds, errors, leaks, event in moments]

    killed, left_alone = play(calm), play(calm, is_killed=False)

    assert Counter(killed.told()) == Counter(left_alone.told())
