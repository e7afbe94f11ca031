"""Items and sign-offs ordered from a desk over a running engine: programs run, second persons are refused."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.checklist import Checklist
from console.core.actors import Actor
from console.core.desk import Refused
from console.core.frame import Frame
from console.core.inputs import TimePassed
from console.core.replay import replay
from console.opening import Opened, open_session
from console.orders import Orders
from console.reading import Onlooker, read_export, read_recording
from console.sources.checks import OUTPUT_LINES
from console.spec.load import load
from tests.waiting import until

ANNA = Actor("anna", "ops1", "pts/3")
BEN = Actor("ben", "ops2")
PROGRAM = "seq 1 60; printf 'token=%s \\033[31mred\\n' \"$TOKEN\"; exit 3"
FILE = """
rollout: shop
title: The shop
service: shop
sources:
  logs: {file: "{folder}/none.log"}
metrics: {errors: {command: ['true'], every: 1h}}
phases:
  - name: Canary
    traffic: 10%
    prerequisites: [{id: backup, text: Backed up}, {id: disk, text: Disk, verify: {command: [sh, -c, "exit 0"]}}]
    checklist: [{id: read, text: Tickets read}, {id: told, text: Somebody is told, verify: {alerts: [warning]}}]
    sign_off: [{role: dba, second_person: true}]
  - name: All
    traffic: 100%
    prerequisites:
      - {id: loud, text: A loud program, verify: {command: [sh, ./loud.sh]}}
      - {id: both, text: Two persons, second_person: true}
actions:
  on: {key: A, title: Go on, kind: advance}
  wipe: {key: W, title: Wipe, phases: [All], steps: [{run: [touch, "{folder}/wiped"]}]}
"""


TESTS = """
rollout: shop
title: The shop
service: shop
sources:
  logs: {file: none.log}
metrics: {errors: {command: ['true'], every: 1h}}
phases:
  - name: Canary
    traffic: 10%
    checklist:
      - {id: suite, text: The suite passes, verify: {command: [sh, -c, "echo ran >> suite"]}, every: 1h}
      - {id: quick, text: The quick test passes, verify: {command: [sh, -c, "echo ran >> quick"]}, every: 1s}
"""


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    (tmp_path / "loud.sh").write_text("TOKEN=s3cr3t-of-the-shop\n" + PROGRAM + "\n")
    (tmp_path / "shop.yaml").write_text(FILE.replace("{folder}", str(tmp_path)))
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    assert held.engine is not None
    await held.engine.start()
    yield held
    await held.leave()


def desk(opened: Opened, tmp_path: Path, actor: Actor = ANNA) -> Orders:
    assert opened.engine is not None
    opened.engine.actor = actor
    return Orders(opened.engine, opened.session, tmp_path / "state")


def fresh(opened: Opened) -> Frame:
    assert opened.engine is not None
    return opened.engine.fresh_frame()


async def test_a_verification_that_somebody_asked_for_keeps_the_end_of_what_it_printed(
    opened: Opened, tmp_path: Path
) -> None:
    orders = desk(opened, tmp_path)

    await orders.tick("loud", is_done=True, stage="All")

    (item, _) = fresh(opened).stages[1].items
    assert item.run is not None
    assert (item.is_done, item.by, item.run.exit_code, item.run.is_known) == (False, "anna@ops1 (pts/3)", 3, True)
    assert len(item.run.output) == OUTPUT_LINES
    assert item.run.output[-2:] == ("60", "token=[redacted] \\x1b[31mred")
    assert item.run.took_s >= 0
    export = read_export(opened.session.folder, "s", "")
    assert export.frame.stages[1].items[0] == item
    assert "s3cr3t-of-the-shop" not in str(export)


async def test_a_task_of_another_phase_is_not_offered_and_begun_only_with_a_reason_that_is_kept(
    opened: Opened, tmp_path: Path
) -> None:
    orders = desk(opened, tmp_path)
    why = "this belongs to All, and this is Canary"

    shown = await orders.preview("wipe")
    with pytest.raises(Refused, match="say why"):
        await orders.start(shown, reason="", typed="shop")
    was_wiped = (tmp_path / "wiped").exists()
    attempt = await orders.start(shown, reason="nothing is served yet", typed="shop")

    assert opened.engine is not None
    assert (shown.unmet, shown.needs_reason, was_wiped) == ((why,), True, False)
    assert [(one.action, one.out_of_place) for one in fresh(opened).actions] == [("on", ""), ("wipe", why)]
    assert opened.engine.state.attempts[attempt].started.override == why


async def test_a_replay_and_a_second_console_show_the_same_checklists(opened: Opened, tmp_path: Path) -> None:
    orders = desk(opened, tmp_path)
    await orders.tick("loud", is_done=True, stage="All")
    await orders.tick("both", is_done=True, note="by phone", stage="All")
    await orders.tick("backup", is_done=True)
    assert opened.engine is not None

    again = replay(read_recording(opened.session.folder)).state
    looking = Onlooker(opened.session.folder, "s", "")
    shown = looking.frame.stages
    looking.close()

    assert again.checklists == opened.engine.state.checklists
    assert shown == fresh(opened).stages


async def test_a_phase_is_left_only_with_a_reason_before_the_next_ones_prerequisites_are_done(
    opened: Opened, tmp_path: Path
) -> None:
    orders = desk(opened, tmp_path)

    shown = await orders.preview("on")

    assert "before All: A loud program" in shown.unmet
    assert "before All: Two persons" in shown.unmet
    assert "Backed up" in shown.unmet
    assert shown.needs_reason


async def test_the_soak_begins_with_the_last_prerequisite(opened: Opened, tmp_path: Path) -> None:
    orders = desk(opened, tmp_path)
    assert opened.engine is not None
    before = fresh(opened).phase.holds

    await orders.tick("backup", is_done=True)
    await orders.tick("disk", is_done=True)
    opened.engine.apply(TimePassed(opened.engine.clock()))

    assert before in ((), ("its prerequisites are not done",))
    assert "its prerequisites are not done" not in fresh(opened).phase.holds
    assert any(line.text == "Canary begins: its prerequisites are done" for line in fresh(opened).journal)


async def test_one_person_is_not_two(opened: Opened, tmp_path: Path) -> None:
    orders = desk(opened, tmp_path)
    await orders.tick("both", is_done=True, stage="All")
    await orders.tick("read", is_done=True)
    with pytest.raises(Refused, match="another person must confirm it"):
        await orders.tick("both", is_done=True, stage="All")
    with pytest.raises(Refused, match="dba must be another person than anna@ops1"):
        await orders.sign_off("dba")

    ben = desk(opened, tmp_path, BEN)
    await ben.tick("both", is_done=True, stage="All")
    await ben.sign_off("dba", note="looked at it")

    both = fresh(opened).stages[1].items[1]
    assert (both.is_done, both.first_by, both.by) == (True, "anna@ops1 (pts/3)", "ben@ops2")
    assert fresh(opened).phase.sign_off[0].by == "ben@ops2"
    with pytest.raises(Refused, match="ben@ops2 signed as dba, the second person, who may not tick as well"):
        await ben.tick("backup", is_done=True)
    assert "dba was signed by ben@ops2, and another person must go on" in (await ben.preview("on")).unmet
    assert not [text for text in (await desk(opened, tmp_path).preview("on")).unmet if "must go on" in text]


async def test_what_is_not_there_or_not_now_is_refused(opened: Opened, tmp_path: Path) -> None:
    orders = desk(opened, tmp_path)

    for item, stage in (("nothing", ""), ("read", "All"), ("read", "Nowhere")):
        with pytest.raises(Refused, match="has no checklist item"):
            await orders.tick(item, is_done=True, stage=stage)


async def test_an_item_is_verified_as_often_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(TESTS)
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    assert held.engine is not None
    await held.engine.start()

    def runs(name: str) -> int:
        file = tmp_path / name
        return len(file.read_text().splitlines()) if file.exists() else 0

    verifying = asyncio.create_task(Checklist(held.engine).keep_verifying())
    await until(lambda: runs("quick") >= 3)
    verifying.cancel()
    await held.leave()

    assert runs("suite") == 1


async def test_a_test_suite_that_takes_long_does_not_hold_up_a_question(tmp_path: Path) -> None:
    slow = "{id: suite, text: The suite passes, verify: {command: [sh, -c, 'exec sleep 60'], within: 1m}}"
    asked = "{id: share, text: The share is set, verify: {env_file: {path: .env, set: {SHARE: '10'}}}, every: 1s}"
    phase = f"phases: [{{name: Canary, traffic: 10%, checklist: [{slow}, {asked}]}}]\n"
    (tmp_path / "shop.yaml").write_text(TESTS.partition("phases:")[0] + phase)
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    engine = held.engine
    assert engine is not None
    await engine.start()

    verifying = asyncio.create_task(Checklist(engine).keep_verifying())
    await until(lambda: "share" in engine.state.checklists.of("Canary").ticks)
    before = engine.state.checklists.of("Canary").ticks["share"].is_done
    (tmp_path / ".env").write_text("SHARE=10\n")
    await until(lambda: engine.state.checklists.of("Canary").ticks["share"].is_done)
    verifying.cancel()
    await held.leave()

    assert not before
    assert "suite" not in engine.state.checklists.of("Canary").ticks
