"""The incident screen, the line in the header, exports, and what its orders do to a session."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.actors import Actor
from console.core.desk import Choice, Refused
from console.core.export import Export
from console.core.frame import Frame
from console.core.incidents import Decision, Step
from console.core.inputs import Reading, SampleTaken, TimePassed
from console.core.plain import plain_screen
from console.core.redact import Redactor
from console.core.replay import replay
from console.core.report import report_of
from console.core.report_json import check_json, snapshot_json
from console.core.report_md import report_md
from console.core.words import Outcome
from console.effects.begin import digest_of
from console.effects.preview import labels
from console.engine import Engine
from console.opening import Opened, open_session
from console.orders import Orders
from console.reading import Onlooker, read_export, read_recording
from console.screens.soak import SoakScreen
from console.spec.load import load
from tests import frames, incidents
from tests.exports import export
from tests.frames import HOSTILE, Given
from tests.incidents import Story
from tests.screen_text import assert_inert, console, drawn, drawn_strips
from widgets.big_clock import big_clock
from widgets.header import header_lines, header_part
from widgets.incident import IncidentPart, incident_lines

ANNA = Actor("anna", "ops1", "pts/3")
SIZES = [(80, 24), (120, 40), (200, 60)]


def decided(*given: Given) -> list[Decision]:
    return [one.args[0] for one in given if one.order == "decide"]


# -- the header ------------------------------------------------------------------------------------------------------


def header(frame: Frame, width: int = 120) -> list[str]:
    lines = header_lines(header_part(frame, is_read_only=False), width)
    return drawn(lines, width).splitlines()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_line_of_the_header_counts_down_while_an_incident_is_open(width: int) -> None:
    said = header(incidents.fresh().frame(), width)

    assert len(said) == 3
    assert "SEVERITY 1  4m 10s left to respond" in said[2]
    assert " 5 " in said[2]


def test_the_header_says_who_took_it_and_that_all_is_well_again() -> None:
    assert "SEVERITY 1  taken by anna@ops1 (pts/3)" in header(incidents.taken().frame())[2]
    assert "taken by anna@ops1 13:54:57, in time" in header(incidents.taken().frame(), 80)[2]
    assert "all OK: resolve?" in header(incidents.well().frame())[2]


def test_the_header_says_that_nobody_responded() -> None:
    assert "late by 2m 30s: nobody has responded" in header(incidents.late().frame())[2]


def test_the_post_mortem_stands_in_the_header_until_it_was_held() -> None:
    story = incidents.resolved()
    before = header(story.frame())
    story.decide(Step.POST_MORTEM, text="https://wiki/pm")

    assert len(before) == 2
    assert "post-mortem 1 1d 23h left" in before[1]
    assert "post-mortem" not in "\n".join(header(story.frame()))


@pytest.mark.parametrize("size", [*SIZES, (60, 16)])
async def test_the_line_takes_its_place_on_the_soak_screen_at_every_size(size: tuple[int, int]) -> None:
    async with console(incidents.fresh().frame(), size) as shown:
        lines = shown.text.splitlines()

        assert "SEVERITY 1" in lines[2]
        assert len(lines) == size[1]
        assert "R Roll back" in lines[-1]


# -- the screen ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_the_screen_shows_the_clock_what_is_critical_the_procedure_and_the_roles(size: tuple[int, int]) -> None:
    async with console(incidents.fresh().frame(), size) as shown:
        await shown.press("5")

        for said in (
            "Incident 1, severity 1",
            big_clock(250)[0],
            big_clock(250)[1],
            "left to respond",
            "nobody has responded",
            "isolation CRITICAL",
            "3 of 1,000",
            "7.25 % CRITICAL",
            "https://meet.internal/w",
            "procedure 0 of 7",
            "Activate the war room",
            "commander",
            "R Roll back",
        ):
            assert said in shown.text, said


async def test_it_says_late_by_when_it_is() -> None:
    async with console(incidents.late().frame()) as shown:
        await shown.press("5")

        assert "late by, to respond" in shown.text
        assert big_clock(150)[1] in shown.text


@pytest.mark.parametrize(
    ("keys", "decision"),
    [
        (["t"], Decision(Step.TAKE, 1)),
        (["w"], Decision(Step.ROOM, 1)),
        (["space"], Decision(Step.ITEM, 1, subject="war-room")),
        (["down", "n", *"one shard", "enter"], Decision(Step.ITEM, 1, subject="assess", text="one shard")),
        (["v", *"2 one shard", "enter"], Decision(Step.SEVERITY, 1, severity=2, text="one shard")),
        (["v", *"bad", "enter"], Decision(Step.SEVERITY, 1)),
        ([*["down"] * 7, "enter", *"Anna", "enter"], Decision(Step.ROLE, 1, subject="commander", text="Anna")),
        (["r", *"rolled back", "enter"], Decision(Step.RESOLVE, 1, text="rolled back")),
    ],
    ids=["take", "war room", "tick", "note", "severity", "severity without a number", "role", "resolve"],
)
async def test_what_a_key_decides(keys: list[str], decision: Decision) -> None:
    async with console(incidents.fresh().frame()) as shown:
        await shown.press("5", *keys)

        assert decided(*shown.desk.given) == [decision]


async def test_without_a_war_room_w_asks_why_one_should_open() -> None:
    frame = Story().measure(error_rate=7).frame()

    async with console(frame) as shown:
        await shown.press("5", "w", *"customer", "enter")

        assert decided(*shown.desk.given) == [Decision(Step.ESCALATE, 1, text="customer")]


async def test_a_done_item_is_unticked() -> None:
    async with console(incidents.taken().frame()) as shown:
        await shown.press("5", "down", "space")

        assert decided(*shown.desk.given) == [Decision(Step.ITEM, 1, subject="assess", is_done=False)]


async def test_an_incident_is_opened_by_hand_and_its_post_mortem_is_said_to_be_held() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("5")
        assert "no incident is open" in shown.text
        await shown.press("o", *"1 a customer calls", "enter")

        assert decided(*shown.desk.given) == [Decision(Step.OPEN, severity=1, text="a customer calls")]
    async with console(incidents.resolved().frame()) as shown:
        await shown.press("5", "p", *"wiki", "enter")

        assert decided(*shown.desk.given) == [Decision(Step.POST_MORTEM, 1, text="wiki")]


@pytest.mark.parametrize("made", [incidents.fresh, incidents.resolved], ids=["open", "resolved"])
@pytest.mark.parametrize("way", ["read-only", "replay"])
async def test_a_console_that_only_looks_shows_it_and_decides_nothing(made: Callable[[], Story], way: str) -> None:
    frame = made().frame()
    session = replace(frame.session, is_read_only=True, held_by="li@ops2", replayed="60x" if way == "replay" else "")

    async with console(replace(frame, session=session)) as shown:
        await shown.press("5", "t", "w", "space", "n", "v", "r", "p", "o", "down", "enter")

        assert "Incident 1" in shown.text
        assert shown.desk.given == []


async def test_five_and_escape_close_it_and_escape_takes_the_field_away_first() -> None:
    async with console(incidents.fresh().frame()) as shown:
        await shown.press("5", "r", *"no", "escape", "escape")
        assert isinstance(shown.app.screen, SoakScreen)
        await shown.press("5", "5")

        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.given == []


async def test_the_way_out_works_from_the_incident_screen() -> None:
    async with console(incidents.fresh().frame()) as shown:
        await shown.press("5", "R")

        assert [one.order for one in shown.desk.given] == ["preview"]


async def test_it_offers_to_resolve_when_all_was_well_for_long_enough() -> None:
    async with console(incidents.well().frame()) as shown:
        await shown.press("5")

        assert "every panel OK for 10m" in shown.text
        assert "r resolves it" in shown.text


@pytest.mark.parametrize("width", [40, 80, 130, 200])
def test_no_text_of_an_incident_is_interpreted(width: int) -> None:
    (found,) = incidents.taken().frame().incidents
    causes = tuple(replace(one, text=HOSTILE, now=HOSTILE) for one in found.causes)
    roles = tuple(replace(one, name=HOSTILE, usually=HOSTILE) for one in found.roles)
    items = tuple(replace(one, text=HOSTILE, note=HOSTILE, by=HOSTILE) for one in found.procedure)
    moments = tuple(replace(one, text=HOSTILE) for one in found.moments)
    assert found.room is not None
    hostile = replace(
        found,
        why=HOSTILE,
        advice=HOSTILE,
        causes=causes,
        roles=roles,
        procedure=items,
        moments=moments,
        room=replace(found.room, where=HOSTILE, why=HOSTILE),
    )

    lines, _ = incident_lines(IncidentPart(hostile, (hostile,), 3, True, True), width)

    assert_inert(drawn_strips(lines, width))


# -- exports ---------------------------------------------------------------------------------------------------------


def test_everything_is_in_the_snapshot() -> None:
    frame = incidents.resolved().frame()

    said = json.loads(json.dumps(snapshot_json(replace(export(), frame=frame)), allow_nan=False))
    (incident,) = said["incidents"]

    assert (incident["severity"], incident["state"]) == (1, "resolved")
    assert incident["response"]["by"] == "anna@ops1 (pts/3)"
    assert incident["response"]["late"] is False
    assert incident["war_room"]["where"] == "https://meet.internal/war"
    assert incident["roles"][0] == {
        "role": "commander",
        "usually": "Engineering Lead",
        "name": "Anna",
        "at": incident["roles"][0]["at"],
    }
    assert {one["id"]: one["done"] for one in incident["procedure"]} == {
        "war-room": True,
        "assess": True,
        "respond": False,
        "monitor": True,
        "communicate": False,
        "validate": True,
        "post-mortem": False,
    }
    assert incident["post_mortem"]["by"] is None
    assert incident["resolved"]["text"] == "rolled back"
    assert any("raised to severity 1" in one["text"] for one in incident["history"])


def test_the_report_tells_the_incident_in_order() -> None:
    said = report_md(report_of(replace(export(), frame=incidents.resolved().frame())))

    parts = ["## Incident 1, severity 1", "in time, 4m 10s left", "## Procedure of incident 1", "History of incident 1"]
    places = [said.index(part) for part in parts]
    assert places == sorted(places)
    assert "Post-mortem" in said


def test_the_plain_screen_and_the_last_line_of_a_watch_say_it_too() -> None:
    frame = incidents.fresh().frame()

    assert any("incident 1, severity 1" in line and "4m 10s left of 5m" in line for line in plain_screen(frame, 200))
    assert check_json(frame, {})["incidents"][0]["state"] == "open"
    assert "incidents" not in check_json(frames.healthy(), {})


# -- orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    (tmp_path / "shop.yaml").write_text(
        "rollout: shop\ntitle: The shop\nservice: shop\n"
        "metrics: {errors: {command: [x], every: 1h, target: '< 1', critical: '> 5', severity: 2}}\n"
        "actions: {part: {key: C, title: Part, way_back: true, steps: [{run: ['true']}]},"
        " rollback: {key: R, title: Roll back, kind: rollback, steps: [{run: ['true']}, {run: ['true']}],"
        " verify: [{command: ['true']}]}}\n"
        "incidents: {}\n"
    )
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    yield held
    await held.leave()


def critical(engine: Engine) -> None:
    """Let the metric be critical and the incident be opened."""
    at = engine.clock()
    engine.apply(SampleTaken(at, "errors", (Reading("", 9.0, samples=10),), 0.01))
    engine.apply(TimePassed(at))


def desk(opened: Opened, tmp_path: Path) -> tuple[Orders, Engine]:
    assert opened.engine is not None
    return Orders(opened.engine, opened.session, tmp_path / "state"), opened.engine


async def test_what_was_decided_is_on_disk_and_is_told_by_the_recording(opened: Opened, tmp_path: Path) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)

    await orders.decide(Decision(Step.TAKE, 1))
    await orders.decide(Decision(Step.ROLE, 1, subject="commander", text="Li"))

    said: Export = read_export(opened.session.folder, "s", "")
    (found,) = said.frame.incidents
    assert (found.severity, found.response.by, found.roles[0].name) == (2, "anna@ops1 (pts/3)", "Li")
    texts = [record.text for record in read_recording(opened.session.folder).records if record.kind == "incident"]
    assert texts[0].startswith("incident 1 opened, severity 2: errors CRITICAL")
    assert texts[-1] == "incident 1 commander: Li, says anna@ops1 (pts/3)"


async def test_a_replay_comes_to_the_same_incident(opened: Opened, tmp_path: Path) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)
    await orders.decide(Decision(Step.TAKE, 1))
    await orders.decide(Decision(Step.ITEM, 1, subject="assess", text="one shard"))
    await orders.decide(Decision(Step.RESOLVE, 1, text="a false alarm"))

    again = replay(read_recording(opened.session.folder)).state.incidents

    (found,), (before,) = again.incidents.values(), engine.state.incidents.incidents.values()
    assert replace(found, watched_at=0.0) == replace(before, watched_at=0.0)
    assert again.settled == engine.state.incidents.settled


async def test_what_makes_no_sense_is_refused_with_its_reason(opened: Opened, tmp_path: Path) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)
    await orders.decide(Decision(Step.TAKE, 1))

    with pytest.raises(Refused, match="taken already by anna"):
        await orders.decide(Decision(Step.TAKE, 1))
    with pytest.raises(Refused, match="say what resolved it"):
        await orders.decide(Decision(Step.RESOLVE, 1, text="  "))


async def test_whoever_rolls_back_by_hand_has_responded(opened: Opened, tmp_path: Path) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)

    await orders.start(await orders.preview("rollback"), reason="leaks", typed="shop")

    (found,) = engine.fresh_frame().incidents
    assert found.response.by == "anna@ops1 (pts/3)"
    assert found.room is not None
    assert "Roll back begun by anna" in found.room.why


async def test_whoever_takes_a_part_back_by_hand_has_responded(opened: Opened, tmp_path: Path) -> None:
    orders, engine = desk(opened, tmp_path)

    await orders.start(await orders.preview("part"), reason="leaks", typed="shop")

    (found,) = engine.fresh_frame().incidents
    assert (found.severity, found.response.by) == (2, "anna@ops1 (pts/3)")
    assert found.room is not None
    assert "Part begun by anna" in found.room.why


@pytest.mark.parametrize("choice", ["verify", "resume"])
async def test_whoever_verifies_or_resumes_a_rollback_by_hand_has_responded(
    opened: Opened, tmp_path: Path, choice: Choice
) -> None:
    orders, engine = desk(opened, tmp_path)
    critical(engine)
    begun = (await orders.preview("rollback")).plan
    at, steps, digest = engine.clock(), labels(begun, Redactor(())), digest_of(begun, "a1")
    console_itself = Actor("console", "ops1")
    engine.apply(
        ActionStarted(
            at, "a1", "rollback", "rollback", "Roll back", console_itself, "", 0.0, None, steps, digest=digest
        )
    )
    engine.apply(ActionProgressed(at, "a1", 0, steps[0], "done"))
    engine.apply(ActionEnded(at, "a1", Outcome.FAILED, "exit 1"))

    await orders.settle("a1", choice, reason="")

    (found,) = engine.fresh_frame().incidents
    assert found.response.by == "anna@ops1 (pts/3)"


async def test_whoever_looks_over_the_shoulder_sees_it_and_decides_nothing(opened: Opened, tmp_path: Path) -> None:
    _, engine = desk(opened, tmp_path)
    critical(engine)
    assert await engine.commit()
    onlooker = Onlooker(opened.session.folder, "s", "anna")

    assert [found.number for found in onlooker.frame.incidents] == [1]
    with pytest.raises(Refused, match="only looks"):
        await onlooker.decide(Decision(Step.TAKE, 1))
    onlooker.close()
