"""A session that takes the place of another ends what that one has left open at the services."""

from dataclasses import replace

import pytest

from console.core.inputs import SessionReplaced
from console.core.paging import left_open
from console.core.receivers import marks_of
from tests.core.alerting import CRITICAL, Scene, scene


def marks(shop: Scene) -> dict[str, str]:
    return dict(marks_of(shop.state.rollout))


def told_of(seconds: float = 30, **values: float) -> Scene:
    """A session that has told of something critical and is left."""
    shop = scene()
    shop.pass_time(seconds, **values)
    return shop


def following(before: Scene) -> Scene:
    shop = scene()
    shop.at = before.at + 1
    shop.give(SessionReplaced(shop.at, "the old one", left_open(before.state.alerts, marks(before))))
    return shop


def test_whoever_was_told_hears_that_it_is_watched_no_longer_under_the_name_of_the_old_session() -> None:
    shop = following(told_of(errors=9))

    shop.pass_time(2)

    assert shop.told() == [("0.to.0", "no longer watched", CRITICAL)]
    assert [one.session for _, one in shop.got] == ["the old one"]
    assert any("takes the place of the old one" in record.text for record in shop.records)


def test_the_same_trouble_of_the_new_session_neither_keeps_that_back_nor_drops_it() -> None:
    shop = following(told_of(errors=9))
    shop.down = {"0.to.0"}
    shop.pass_time(60, errors=9)
    shop.down = set()

    shop.pass_time(300, errors=9)

    heard = [(one.why.value, one.session) for _, one in shop.got if one.receiver == "0.to.0"]
    assert ("no longer watched", "the old one") in heard
    assert ("firing", "") in heard


def test_an_end_that_the_old_session_could_not_tell_is_told() -> None:
    before = told_of(errors=9)
    before.down = {"0.to.0"}
    before.pass_time(30)

    shop = following(before)
    shop.pass_time(2)

    assert ("0.to.0", "resolved", CRITICAL) in shop.told()


@pytest.mark.parametrize("how", ["dry", "nobody told", "another address"])
def test_who_was_told_nothing_hears_no_end(how: str) -> None:
    before = told_of(errors=0 if how == "nobody told" else 9)
    before.state.alerts.is_dry = how == "dry"
    known = {ref: "another" if how == "another address" else mark for ref, mark in marks(before).items()}

    assert left_open(before.state.alerts, known) == ()


def test_nothing_of_the_old_session_is_changed_by_that() -> None:
    before = told_of(errors=9)
    alerts = {key: replace(alert) for key, alert in before.state.alerts.alerts.items()}

    following(before)

    assert before.state.alerts.alerts == alerts
