"""A message of which a receiver that keeps an incident for each alert took a part."""

from console.core import outbox
from console.core.inputs import DeliveryBegun, DeliveryEnded
from tests.core.alerting import Scene, scene


def both_waiting() -> Scene:
    """Two critical alerts in one message, which nobody took yet."""
    shop = scene()
    shop.down = {"0.to.0"}
    shop.pass_time(20, errors=9, leaks=9)
    return shop


def test_what_was_taken_is_not_handed_over_again_and_is_shown_as_told() -> None:
    shop = both_waiting()
    (waiting,) = shop.state.alerts.outbox.values()
    first, second = (item.alert for item in waiting.items)

    shop.give(
        DeliveryBegun(shop.at, waiting.id), DeliveryEnded(shop.at, waiting.id, "no answer in 30 s", took=(first,))
    )

    (rest,) = shop.state.alerts.outbox.values()
    assert [item.alert for item in rest.items] == [second]
    told = {alert.id: alert.delivered.get("0.to.0") for alert in shop.state.alerts.alerts.values()}
    assert told == {first: shop.at, second: None}


def test_the_rest_goes_on_to_be_tried_until_it_is_taken_too() -> None:
    shop = both_waiting()
    (waiting,) = shop.state.alerts.outbox.values()
    shop.give(
        DeliveryBegun(shop.at, waiting.id),
        DeliveryEnded(shop.at, waiting.id, "no answer in 30 s", took=(waiting.items[0].alert,)),
    )
    shop.down = set()

    shop.pass_time(300, errors=9, leaks=9)

    assert [item.alert for _, one in shop.got if one.id == waiting.id for item in one.items] == [waiting.items[1].alert]
    assert not outbox.due(shop.state.alerts, shop.at)
