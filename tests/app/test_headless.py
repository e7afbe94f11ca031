"""A watch without a screen tells what is on disk, so that the next one does not tell it again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from console import headless
from console.core.actors import Actor
from console.core.inputs import NoteWritten
from console.effects.store import StoreFailed
from console.engine import Engine
from console.opening import open_session
from console.spec.load import load
from console.watching import Headless
from tests.effects.acting import write_rollout

ACTOR = Actor("ana", "laptop", "pts/3")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    file = write_rollout(tmp_path, {"steps": [{"run": ["true"]}]})
    opened = await open_session(load(file, {}), tmp_path / "state", ACTOR)
    assert opened.engine is not None
    await opened.engine.commit()
    yield opened.engine
    await opened.leave()


def note(engine: Engine, text: str) -> None:
    engine.apply(NoteWritten(engine.clock(), ACTOR, text))


def told(engine: Engine, seen: int) -> int:
    return headless._told_new(engine, seen, is_json=False)


async def test_a_record_is_told_when_it_is_on_disk_and_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = told(engine, 0)
    capsys.readouterr()
    note(engine, "the first")
    is_begun, is_written, commit = asyncio.Event(), asyncio.Event(), engine.store.commit

    async def slowly(**batch: Any) -> Any:
        is_begun.set()
        await is_written.wait()
        return await commit(**batch)

    monkeypatch.setattr(engine.store, "commit", slowly)
    committing = asyncio.create_task(engine.commit())
    await is_begun.wait()
    note(engine, "the second")

    seen = told(engine, seen)
    assert capsys.readouterr().out == ""

    is_written.set()
    await committing
    seen = told(engine, seen)
    assert capsys.readouterr().out == "note      the first\n"

    await engine.commit()
    assert told(engine, told(engine, seen)) == seen + 1
    assert capsys.readouterr().out == "note      the second\n"


async def test_where_nothing_can_be_written_it_is_told_all_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = told(engine, 0)
    capsys.readouterr()
    note(engine, "the disk is full")

    async def full(**_: Any) -> StoreFailed:
        return StoreFailed("full", "no space left")

    with monkeypatch.context() as broken:
        broken.setattr(engine.store, "commit", full)
        await engine.commit()

    told(engine, seen)
    assert capsys.readouterr().out == "note      the disk is full\n"


async def test_what_came_last_is_told_before_the_watch_ends(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    stop = asyncio.get_running_loop().create_future()
    keeping: asyncio.Task[object] = asyncio.create_task(asyncio.Event().wait())
    note(engine, "the last")

    await headless._until_it_ends(engine, Headless(for_s=0.0), stop, keeping)

    keeping.cancel()
    assert capsys.readouterr().out.endswith("note      the last\n")
