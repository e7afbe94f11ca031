"""Actions that did not go well are alerts until one that settles them is done."""

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.attempts import KEPT as KEPT_ATTEMPTS
from console.core.inputs import AlertAcknowledged
from console.core.words import Outcome
from tests.core.alerting import Scene, scene
from tests.core.shop import ANNA


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
