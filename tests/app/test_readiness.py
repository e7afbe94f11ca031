"""The console looks at the ways out by itself: what stands in the way is shown, written down once, and replayed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.core.actors import Actor
from console.core.dashboard_frame import DashboardRow
from console.core.replay import replay
from console.core.verdict import Verdict
from console.opening import Opened, open_session
from console.orders import Orders
from console.readiness import Readiness
from console.reading import Onlooker, read_recording
from console.spec.load import load

ANNA = Actor("anna", "ops1", "pts/3")
FILE = """\
rollout: shop
title: The shop
service: shop
metrics: {up: {command: ["true"], every: 1h}}
phases:
  - {name: Canary, traffic: 10%}
actions:
  back:
    key: R
    title: Roll back
    kind: rollback
    before: [{command: [test, -e, backup]}]
    steps: [{env_file: {path: .env, set: {SHARE: "0"}}}, {run: [./restart.sh]}]
  down: {key: G, title: Step down, kind: step_down, ladder: [5, 0], steps: [{run: ["true"]}]}
  wipe: {key: W, title: Wipe, steps: [{run: ["true"]}]}
views:
  one: {title: One, sections: [{title: Ways, shows: [ways_out]}]}
"""


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    (tmp_path / "shop.yaml").write_text(FILE)
    (tmp_path / ".env").write_text("SHARE=10\n")
    (tmp_path / "backup").touch()
    (tmp_path / "restart.sh").write_text("#!/bin/sh\n")
    (tmp_path / "restart.sh").chmod(0o755)
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    assert held.engine is not None
    await held.engine.start()
    yield held
    await held.leave()


def looking(opened: Opened) -> Readiness:
    assert opened.engine is not None
    orders = Orders(opened.engine, opened.session, opened.session.folder.parent.parent)
    return Readiness(opened.engine, orders)


def rows(opened: Opened) -> dict[str, DashboardRow]:
    assert opened.engine is not None
    (section,) = opened.engine.fresh_frame().views[0].sections
    return {row.name: row for row in section.rows}


async def test_a_way_out_is_not_called_well_before_it_was_looked_at(opened: Opened) -> None:
    before = rows(opened)
    await looking(opened).look()

    assert {name: (row.tone, row.text) for name, row in before.items()} == {
        "Roll back": (None, "not looked at yet"),
        "Step down": (None, "not looked at yet"),
    }
    assert {name: (row.tone, row.text) for name, row in rows(opened).items()} == {
        "Roll back": (Verdict.OK, "no obstacle seen"),
        "Step down": (Verdict.OK, "no obstacle seen"),
    }


@pytest.mark.parametrize(("gone", "said"), [(".env", ".env"), ("restart.sh", "restart.sh: not found"), ("backup", "")])
async def test_what_stands_in_the_way_is_said(opened: Opened, tmp_path: Path, gone: str, said: str) -> None:
    (tmp_path / gone).unlink()

    await looking(opened).look()

    row = rows(opened)["Roll back"]
    assert (row.tone, row.text) == (Verdict.CRITICAL, "something is in its way")
    assert said in row.more
    assert rows(opened)["Step down"].tone is Verdict.OK


async def test_a_way_out_that_cannot_be_looked_at_says_why_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(FILE.replace("./restart.sh", f"./{'x' * 300}"))
    (tmp_path / ".env").write_text("SHARE=10\n")
    (tmp_path / "backup").touch()
    held = await open_session(load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", ANNA)
    assert held.engine is not None
    await held.engine.start()

    await looking(held).look()

    row = rows(held)["Roll back"]
    assert (row.tone, row.text) == (Verdict.CRITICAL, "something is in its way")
    assert "it cannot be looked at: [Errno 36] File name too long" in row.more
    await held.leave()


async def test_what_is_seen_again_is_written_down_once_and_what_changes_again(opened: Opened, tmp_path: Path) -> None:
    assert opened.engine is not None
    readiness = looking(opened)

    await readiness.look()
    await readiness.look()
    (tmp_path / "restart.sh").unlink()
    await readiness.look()

    told = [row.record.text for row in opened.engine.filing.newest_records(0, 1000) if row.record.kind == "way out"]
    assert told == [
        "back: nothing is seen to stand in its way",
        "down: nothing is seen to stand in its way",
        "back: ./restart.sh: not found",
    ]


async def test_a_console_that_only_looks_and_a_replay_show_the_same(opened: Opened, tmp_path: Path) -> None:
    assert opened.engine is not None
    (tmp_path / "restart.sh").unlink()
    await looking(opened).look()
    await opened.engine.commit(durable=True)

    onlooker = Onlooker(opened.session.folder, opened.session.id, "anna")
    recording = read_recording(opened.session.folder)
    replayed = replay(recording, recording.rollout, recording.until)

    assert onlooker.frame.views == opened.engine.fresh_frame().views
    assert replayed.state.course.looks == opened.engine.state.course.looks
    onlooker.close()
