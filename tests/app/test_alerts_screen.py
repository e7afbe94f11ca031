"""The alerts screen, and what its orders do to a session."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.core.actors import Actor
from console.core.desk import Refused
from console.core.export import Export
from console.core.frame import AlertView, Frame, SilenceView
from console.core.inputs import Reading, SampleTaken, TimePassed
from console.core.plain import plain_screen
from console.core.report_json import snapshot_json
from console.effects.sessions import Session
from console.engine import Engine
from console.opening import Opened, open_session
from console.orders import Orders
from console.reading import Onlooker, read_export
from console.screens.soak import SoakScreen
from console.spec.load import load
from tests import frames
from tests.exports import export
from tests.frame_parts import AT
from tests.frames import HOSTILE, Given
from tests.screen_text import assert_inert, console, drawn, drawn_strips
from widgets.alert_list import AlertsPart, alert_lines

ANNA = Actor("anna", "ops1", "pts/3")
KEY = "metric:errors:critical"
CRITICAL = AlertView(
    "error_rate",
    "critical",
    "error_rate CRITICAL: > 5%",
    AT - 250,
    key="metric:error_rate:critical",
    status="firing",
    told="told pagerduty 13:59; slack FAILS: HTTP 503, 2 attempts",
    is_failing=True,
)
ACKNOWLEDGED = AlertView(
    "lag",
    "warning",
    "lag WARNING: > 2",
    AT - 900,
    key="metric:lag:warning",
    status="acknowledged",
    why="acknowledged by anna@ops1: on it",
    told="told slack 13:50",
)
SHOWN_ONLY = AlertView("db", "blind", "source db retrying: refused", AT - 5)
SILENCE = SilenceView("s1", "leaks", "warning", AT + 600, "li@ops2", "known")


def alerted(*alerts: AlertView) -> Frame:
    """A frame with alerts of every kind."""
    return replace(frames.regression(), alerts=alerts or (CRITICAL, ACKNOWLEDGED, SHOWN_ONLY), silences=(SILENCE,))


async def test_the_alerts_say_how_long_they_stand_who_was_told_and_who_takes_care() -> None:
    async with console(alerted()) as shown:
        await shown.press("a")

        assert "Alerts: 3 stand, 1 that nobody takes care of" in shown.text
        assert "error_rate CRITICAL: > 5%" in shown.text
        assert "for 4m 10s" in shown.text
        assert "told pagerduty 13:59; slack FAILS: HTTP 503, 2 attempts" in shown.text
        assert "acknowledged by anna@ops1: on it" in shown.text
        assert "silence  warning leaks" in shown.text


async def test_an_alert_is_acknowledged_with_a_reason() -> None:
    async with console(alerted()) as shown:
        await shown.press("a", "a", *"on it", "enter")

        assert shown.desk.given == [Given("acknowledge", ("metric:error_rate:critical", "on it"))]


async def test_an_alert_is_silenced_for_a_time_with_a_reason() -> None:
    async with console(alerted()) as shown:
        await shown.press("a", "down", "s", *"30m known fault", "enter")

        assert shown.desk.given == [Given("silence", ("lag", "warning", "30m", "known fault"))]


async def test_a_silence_is_ended() -> None:
    async with console(alerted()) as shown:
        await shown.press("a", "down", "down", "down", "u")

        assert shown.desk.given == [Given("end_silence", ("s1",))]


async def test_what_nobody_is_told_of_yet_is_not_acknowledged() -> None:
    async with console(alerted(SHOWN_ONLY)) as shown:
        await shown.press("a", "a", *"why", "enter", "u", "escape")

        assert shown.desk.given == []


async def test_an_alert_keeps_being_the_one_that_is_spoken_of_although_the_list_changes() -> None:
    async with console(alerted()) as shown:
        await shown.press("a", "down", "a", *"mine")
        await shown.show(alerted(replace(CRITICAL, key="metric:leaks:critical"), CRITICAL, ACKNOWLEDGED))
        await shown.press("enter")

        assert shown.desk.given == [Given("acknowledge", ("metric:lag:warning", "mine"))]


async def test_the_alert_that_is_acknowledged_is_the_one_the_cursor_was_on_when_a_worse_one_came_above_it() -> None:
    leaks = replace(CRITICAL, name="leaks", text="leaks CRITICAL: > 0", key="metric:leaks:critical")
    async with console(alerted()) as shown:
        await shown.press("a")
        await shown.show(alerted(leaks, CRITICAL, ACKNOWLEDGED))
        await shown.press("a", *"on it", "enter")

        assert shown.desk.given == [Given("acknowledge", ("metric:error_rate:critical", "on it"))]


@pytest.mark.parametrize("key", ["a", "s"])
async def test_when_the_chosen_alert_is_over_no_other_is_spoken_of_until_one_is_chosen(key: str) -> None:
    async with console(alerted()) as shown:
        await shown.press("a", "down")
        await shown.show(alerted(CRITICAL, SHOWN_ONLY))
        await shown.press(key)
        said = [one.message for one in shown.app._notifications]
        await shown.press(*"mine", "enter")

        assert shown.desk.given == []
        assert said == ["choose one first, by ↑ and ↓: the one that was chosen is over"]

        await shown.press("up", "up", "a", *"this one", "enter")

        assert shown.desk.given == [Given("acknowledge", ("metric:error_rate:critical", "this one"))]


async def test_the_alert_is_named_beside_the_field() -> None:
    async with console(alerted()) as shown:
        await shown.press("a", "down", "a", "x")
        await shown.show(alerted(CRITICAL))

        assert "acknowledge lag WARNING: > 2" in shown.text


async def test_a_console_that_only_looks_says_nothing() -> None:
    async with console(frames.read_only(alerted())) as shown:
        await shown.press("a", "a", *"sue", "enter", "escape")

        assert shown.desk.given == []


async def test_escape_takes_the_field_away_and_then_the_dialog() -> None:
    async with console(alerted()) as shown:
        await shown.press("a", "a", *"no", "escape", "escape")

        assert shown.desk.given == []
        assert isinstance(shown.app.screen, SoakScreen)


async def test_a_delivery_that_fails_is_said_on_the_first_screen() -> None:
    async with console(alerted()) as shown:
        assert "error_rate: told pagerduty 13:59; slack FAILS: HTTP 503" in shown.text


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_text_of_an_alert_is_interpreted(width: int) -> None:
    hostile = replace(CRITICAL, text=HOSTILE, told=HOSTILE, why=HOSTILE, name=HOSTILE)
    silence = replace(SILENCE, about=HOSTILE, reason=HOSTILE, by=HOSTILE)

    assert_inert(drawn_strips(alert_lines(AlertsPart((hostile,), (silence,), 0, int(AT)), width), width))


def test_without_alerts_the_list_says_so() -> None:
    assert "nothing calls for attention" in drawn(alert_lines(AlertsPart((), (), 0, 0), 80), 80)


def test_exports_say_who_was_told() -> None:
    said = snapshot_json(replace(export(), frame=alerted()))

    assert said["alerts"][0]["told"].startswith("told pagerduty")
    assert said["alerts"][1]["status"] == "acknowledged"
    assert said["silences"][0]["reason"] == "known"
    assert any("on it" in line for line in plain_screen(alerted(), 200))


# -- orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    (tmp_path / "shop.yaml").write_text(
        "rollout: shop\ntitle: The shop\nservice: shop\n"
        "metrics: {errors: {command: [x], every: 1h, target: '< 1', critical: '> 5'}}\n"
        "alerts: {routes: [{severity: critical, to: ['json://127.0.0.1:9/x']}]}\n"
    )
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    yield held
    await held.leave()


def critical(engine: Engine) -> None:
    """Let the metric be critical and the alert be raised."""
    at = engine.clock()
    engine.apply(SampleTaken(at, "errors", (Reading("", 9.0, samples=10),), 0.01))
    engine.apply(TimePassed(at))


def desk(opened: Opened, tmp_path: Path) -> tuple[Orders, Engine]:
    assert opened.engine is not None
    session: Session = opened.session
    return Orders(opened.engine, session, tmp_path / "state"), opened.engine


async def test_an_acknowledgement_and_a_silence_are_on_disk_when_they_are_done(opened: Opened, tmp_path: Path) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)

    await orders.acknowledge(KEY, "on it")
    await orders.silence("errors", "critical", "30m", "known")

    said: Export = read_export(opened.session.folder, "s", "")
    (alert,) = said.frame.alerts
    assert (alert.status, alert.why) == ("acknowledged", "acknowledged by anna@ops1 (pts/3): on it")
    assert [silence.reason for silence in said.frame.silences] == ["known"]
    assert [record.kind for record in said.journal][-2:] == ["acknowledge", "silence"]

    (silence,) = engine.fresh_frame().silences
    await orders.end_silence(silence.silence)
    assert not engine.fresh_frame().silences


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (lambda orders: orders.acknowledge(KEY, " "), "say why"),
        (lambda orders: orders.acknowledge("metric:nope:critical", "x"), "is over"),
        (lambda orders: orders.silence("errors", "", "soon", "x"), "for how long first"),
        (lambda orders: orders.silence("errors", "", "30m", ""), "say why"),
        (lambda orders: orders.silence("errors", "", "8d", "x"), "a week at most"),
        (lambda orders: orders.end_silence("nope"), "is over"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_reason(
    opened: Opened, tmp_path: Path, order: object, said: str
) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)

    with pytest.raises(Refused, match=said):
        await order(orders)  # type: ignore[operator]


async def test_an_alert_is_acknowledged_once(opened: Opened, tmp_path: Path) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)
    await orders.acknowledge(KEY, "on it")

    with pytest.raises(Refused, match="acknowledged already by anna"):
        await orders.acknowledge(KEY, "me too")


async def test_whoever_looks_over_the_shoulder_sees_alerts_and_says_nothing(opened: Opened, tmp_path: Path) -> None:
    _, engine = desk(opened, tmp_path)
    critical(engine)
    assert await engine.commit()
    onlooker = Onlooker(opened.session.folder, "s", "anna")

    assert [alert.key for alert in onlooker.frame.alerts] == [KEY]
    with pytest.raises(Refused, match="only looks"):
        await onlooker.acknowledge(KEY, "x")
    onlooker.close()
