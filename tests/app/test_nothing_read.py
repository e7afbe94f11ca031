"""From files on a disk to the words on the screen: what is not read is never healthy, and the screen says why."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.core.actors import Actor
from console.core.frame import Frame
from console.core.inputs import TimePassed
from console.core.verdict import Verdict
from console.engine import Engine
from console.opening import open_session
from console.spec.load import load
from tests.screen_text import console
from tests.waiting import until

SIZES = [(80, 24), (120, 40), (200, 60)]
FILE = """\
rollout: shop
title: The new shop
service: shop
sources:
  app: {file: "shop*.log", track: canary}
events:
  failed: {match: failed}
metrics:
  failures: {events: {of: failed}, window: phase, target: "== 0", critical: "> 0"}
phases:
  - {name: Canary 10%, traffic: 10%, soak: 1h, advance: [failures]}
"""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    (tmp_path / "shop-1.log").write_text("served\n" * 500)
    (tmp_path / "shop.yaml").write_text(FILE)
    opened = await open_session(
        load(str(tmp_path / "shop.yaml"), {}), tmp_path / "state", Actor("anna", "ops1"), since=0.0
    )
    assert opened.engine is not None
    await opened.engine.start()
    await until(lambda: _later(opened.engine, 2).panels[0].verdict is Verdict.OK)
    yield opened.engine
    await opened.leave()


def _later(engine: Engine | None, seconds: float) -> Frame:
    """Return what the engine shows when so many seconds have passed."""
    assert engine is not None
    engine.clock = lambda: time.time() + seconds
    try:
        engine.apply(TimePassed(engine.clock()))
        return engine.fresh_frame()
    finally:
        engine.clock = time.time


@pytest.mark.parametrize("size", SIZES)
async def test_a_source_that_can_no_longer_be_read_is_broken_on_the_screen_with_its_reason(
    engine: Engine, tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "shop-1.log").unlink()
    await until(lambda: engine.fresh_frame().sources[0].reason != "")

    frame = _later(engine, 20)

    assert frame.panels[0].verdict is Verdict.BROKEN
    async with console(frame, size) as shown:
        assert "⊘ BROKEN" in shown.text
        assert "⊘ app unreadable for" in shown.text
        assert "no file matches" in shown.text
        assert "lag at least" in shown.text
        assert "lag under" not in shown.text


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_that_cannot_be_read_beside_one_that_can_is_named_on_the_screen(
    engine: Engine, tmp_path: Path, size: tuple[int, int]
) -> None:
    os.mkfifo(tmp_path / "shop-2.log")
    await until(lambda: bool(engine.fresh_frame().sources[0].unread))

    frame = _later(engine, 3)

    assert frame.panels[0].verdict is Verdict.UNKNOWN
    async with console(frame, size) as shown:
        assert "1 of 2 files unreadable: shop-2.log" in shown.text
        assert "failures: shop-2.log cannot be read" in shown.text


async def test_a_file_on_which_nobody_writes_any_more_is_unknown_and_no_soak(engine: Engine) -> None:
    frame = _later(engine, 120)

    assert frame.panels[0].verdict is Verdict.UNKNOWN
    assert frame.panels[0].reason == "nothing was read from canary for more than 1m 30s"
    assert frame.phase.holds == ("failures is UNKNOWN",)
