"""A session as its engine, a second console and a report see it: kept in bounds, and never off by a line."""

import asyncio
import errno
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.core import stretches
from console.core.actors import Actor
from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.frame import EventView
from console.core.inputs import Reading, SampleTaken
from console.effects.session_file import SessionFile
from console.effects.store import StoreFailed
from console.engine import Engine
from console.opening import CannotOpen, Opened, open_session
from console.reading import Onlooker, read_export
from console.spec.load import load
from console.spec.loaded import Loaded

ANNA = Actor("anna", "ops1", "pts/3")
FILE = """\
rollout: shop
title: The new shop
service: shop
sources:
  app: {file: "shop.log", track: canary}
events:
  failed: {kind: request, match: 'failed (?P<page>\\w+)'}
  served: {kind: request, match: 'served in (?P<ms>\\d+)', number: ms}
metrics:
  failures: {events: {of: failed, over: [failed, served]}, window: 10m, unit: "%", target: "< 60%", critical: "> 90%"}
phases:
  - {name: Canary 10%, traffic: 10%, soak: 1h}
actions:
  rollback: {key: R, title: Roll back, kind: rollback, steps: [{run: [touch, rolled-back]}]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Loaded:
    (tmp_path / "shop.log").touch()
    (tmp_path / "shop.yaml").write_text(FILE)
    return load(str(tmp_path / "shop.yaml"), {})


@pytest.fixture
async def opened(shop: Loaded, tmp_path: Path) -> AsyncIterator[Opened]:
    held = await open_session(shop, tmp_path / "state", ANNA)
    yield held
    await held.leave()


def engine_of(opened: Opened) -> Engine:
    assert opened.engine is not None
    return opened.engine


def lines(engine: Engine, number: int, *, count: int = 5, page: str = "home") -> LinesCounted:
    """A second of lines, one after the other."""
    at = int(engine.state.began) + number
    return LinesCounted(
        at=float(at),
        source="app",
        origin="o",
        stream="",
        name="shop.log",
        track="canary",
        after=number - 1,
        upto=number,
        lines=count,
        unclassified=0,
        counts={
            Cell(at, "canary", ""): count,
            Cell(at, "canary", "failed"): 1,
            Cell(at, "canary", "served"): count - 1,
            Cell(at, "canary", "served", 50_200 + number % 7): count - 1,
        },
        labels={LabelCell("canary", "failed", "page", page): 1},
    )


def totals(events: tuple[EventView, ...]) -> dict[str, list[int]]:
    return {event.event: [track.total for track in event.tracks] for event in events}


def labels(events: tuple[EventView, ...]) -> dict[str, int]:
    return dict(next(event for event in events if event.event == "failed").labels[0][1])


async def fill(engine: Engine, numbers: range) -> None:
    for number in numbers:
        engine.apply(lines(engine, number, page=f"page{number}"))
        reading = Reading("canary", float(number), 5, 1)
        engine.apply(SampleTaken(engine.state.began + number, "failures", (reading,), 0.0))
        assert await engine.commit()


async def test_who_looks_on_sees_every_count_and_reads_it_once(opened: Opened) -> None:
    engine = engine_of(opened)
    await fill(engine, range(5))
    onlooker = Onlooker(opened.session.folder, opened.session.id, "anna")
    for step in range(1, 8):
        await fill(engine, range(5 * step, 5 * step + 5))

        onlooker._refresh()

        afresh = Onlooker(opened.session.folder, opened.session.id, "anna")
        assert totals(onlooker.frame.events) == totals(afresh.frame.events) == totals(engine.fresh_frame().events)
        assert labels(onlooker.frame.events) == labels(engine.fresh_frame().events)
        assert onlooker._state is not None
        assert afresh._state is not None
        assert dict(onlooker._state.rollup.cells(0)) == dict(afresh._state.rollup.cells(0))
        assert onlooker._samples == afresh._samples
        assert onlooker.frame.flow.lines == 25 * step + 25
        afresh.close()
    onlooker.close()


async def test_counts_wait_in_bounds_while_the_file_takes_none_and_none_is_lost(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "CELLS_KEPT", 200)
    engine = engine_of(opened)
    await fill(engine, range(3))

    async def sql(statement: str) -> None:
        await engine.store._ask(lambda file: file._connection.execute(statement).fetchall())

    await sql("CREATE TRIGGER no BEFORE INSERT ON added BEGIN SELECT RAISE(ABORT, 'no room'); END")
    for number in range(3, 403):
        engine.apply(lines(engine, number, page=f"page{number}"))
        if number % 20 == 0:
            assert not await engine.commit()
    assert "no room" in engine.fresh_frame().alerts[0].text
    assert sum(len(counted.counts) for counted in engine.filing.batch.counted) <= 200
    before = totals(engine.fresh_frame().events)
    await sql("DROP TRIGGER no")
    assert await engine.commit()

    read = read_export(opened.session.folder, "s", "")
    assert totals(read.frame.events) == before == {"failed": [403], "served": [4 * 403]}
    assert labels(read.frame.events) == labels(engine.fresh_frame().events)
    assert len(labels(read.frame.events)) == 101, "a hundred values and the others"


async def test_a_disk_that_does_not_answer_is_an_alert_and_counting_goes_on(opened: Opened) -> None:
    engine, disk = engine_of(opened), threading.Event()
    await fill(engine, range(3))
    hung = asyncio.ensure_future(engine.store._ask(lambda _: disk.wait(60)))
    engine.apply(lines(engine, 3))
    commit = asyncio.ensure_future(engine.commit())
    await asyncio.sleep(0.01)
    now = time.time()

    engine.clock = lambda: now + 30
    engine.apply(lines(engine, 4))
    frame = engine.fresh_frame()

    assert "has not answered for 30 s" in frame.alerts[0].text
    assert totals(frame.events) == {"failed": [5], "served": [20]}
    disk.set()
    assert await hung
    assert await commit
    assert await engine.commit()
    assert "has not answered" not in "".join(alert.text for alert in engine.fresh_frame().alerts)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EIO, "the disk fails"),
        (errno.EACCES, "this account may no longer write"),
        (errno.EROFS, "the disk can only be read"),
    ],
)
async def test_a_disk_that_takes_nothing_is_an_alert_that_says_what_is_not_saved_and_what_still_works(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    engine = engine_of(opened)

    def fail(_: SessionFile) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as disk:
        disk.setattr(SessionFile, "_check_still_there", fail)
        engine.apply(lines(engine, 0))
        assert not await engine.commit()

        told = [alert.text for alert in engine.fresh_frame().alerts]

    assert told[0].startswith(f"nothing is saved, actions still work: {why}: {opened.session.folder}")
    assert told[0].endswith("; counts, measurements and journal wait in memory and are tried again")
    assert await engine.commit()
    assert engine.fresh_frame().alerts == ()


async def test_a_session_is_taken_up_as_it_was_left(shop: Loaded, tmp_path: Path) -> None:
    opened = await open_session(shop, tmp_path / "state", ANNA)
    await fill(engine_of(opened), range(30))
    before = engine_of(opened).fresh_frame()
    await opened.leave()

    again = await open_session(shop, tmp_path / "state", ANNA)

    after = engine_of(again).fresh_frame()
    assert totals(after.events) == totals(before.events)
    assert labels(after.events) == labels(before.events)
    assert after.flow.lines == before.flow.lines == 150
    assert not isinstance(await engine_of(again).store.commit(counted=[lines(engine_of(again), 30)]), StoreFailed)
    await again.leave()


async def test_a_report_has_every_measurement_whether_packed_or_not(opened: Opened) -> None:
    engine = engine_of(opened)
    await fill(engine, range(20))
    loose = read_export(opened.session.folder, "s", "").history["failures", "canary"]

    await engine.store.load(at=engine.state.began + 20 * 3600)

    packed = read_export(opened.session.folder, "s", "").history["failures", "canary"]
    assert list(packed) == list(loose) == [(engine.state.began + number, float(number)) for number in range(20)]


@pytest.mark.parametrize("step", ["open", "load"])
async def test_a_session_whose_file_cannot_be_used_says_so_and_lets_the_lock_go(
    shop: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    held = await open_session(shop, tmp_path / "state", ANNA)
    await held.leave()

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(SessionFile, step, full)
        with pytest.raises(CannotOpen, match=r"session\.db cannot be used: database or disk is full; make room"):
            await open_session(shop, tmp_path / "state", ANNA)
    again = await open_session(shop, tmp_path / "state", ANNA)

    assert again.engine is not None
    await again.leave()
