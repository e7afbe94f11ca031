"""What the desks give the journal's screen: from the file, from memory while that cannot be written, from a replay."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.batch import RECORDS_KEPT
from console.core.desk import Refused
from console.core.frame import SessionView
from console.core.inputs import NoteWritten
from console.core.journal import RecordFilter
from console.core.record import Record
from console.core.redact import Redactor
from console.effects.session_schema import FILE_NAME, StoreFailed
from console.effects.sessions import STATE_VARIABLE, Session
from console.effects.store import Store
from console.engine import Engine
from console.orders import Orders
from console.playing import Player
from console.reading import Onlooker, read_recording
from console.spec.load import Loaded
from tests.recordings import ANNA, ROLLOUT, START, record

EVERYTHING = RecordFilter()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Orders]:
    """A desk over an engine that reads nothing."""
    folder = tmp_path / "sessions" / "shop-1"
    store = await Store.create(folder, redactor=Redactor())
    loaded = Loaded(ROLLOUT, tmp_path / "shop.yaml", tmp_path, {}, (), "0" * 64, ())
    view = SessionView("shop-1", START, is_read_only=False, held_by="")
    engine = Engine(loaded, store, view, ANNA, "1", clock=lambda: START)
    await engine.open()
    session = Session("shop-1", folder, "shop", "Shop", "shop.yaml", START)
    yield Orders(engine, session, tmp_path)
    await engine.close("left")


async def texts(desk: Orders | Onlooker | Player, wanted: RecordFilter = EVERYTHING, last: int = 99) -> list[str]:
    found = await desk.look_through(wanted, 1, last)
    return [row.record.text for row in await desk.records(found.passed)]


async def test_a_note_is_found_with_its_hash_once_it_is_in_the_file(desk: Orders) -> None:
    await desk.note("all well")

    found = await desk.look_through(RecordFilter(kind="note"), 1, 99)

    (row,) = await desk.records(found.passed)
    assert (row.seq, row.record.text, found.last) == (2, "all well", 2)
    assert len(row.hash) == 64
    assert found.kinds == {"session", "note"}
    assert found.actors == {str(ANNA)}


async def test_what_cannot_be_written_is_read_from_memory(desk: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.note("written")

    async def full(self: Store, **what: object) -> StoreFailed:
        return StoreFailed("full", "the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(Store, "commit", full)
        for number in range(600):
            desk._engine.apply(NoteWritten(START, ANNA, f"unwritten {number}"))
        await desk.note("the last")

        said = await texts(desk, last=999)
        assert said[-1] == "the last"
        assert len(said) == 1 + 1 + 600 + 1
        assert await texts(desk, RecordFilter(text="unwritten 59"), last=999) == [
            f"unwritten {number}" for number in (59, *range(590, 600))
        ]
        found = await desk.look_through(EVERYTHING, 500, 510)
        assert found.passed == tuple(range(500, 511))
        assert {row.hash for row in await desk.records(found.passed)} == {""}

    await desk._engine.commit()
    found = await desk.look_through(EVERYTHING, 500, 510)
    assert "" not in {row.hash for row in await desk.records(found.passed)}
    assert len(desk._engine.filing._journal) <= RECORDS_KEPT


async def test_while_numbers_are_not_known_only_the_file_is_shown(
    desk: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.note("written")
    for number in range(RECORDS_KEPT + 10):
        desk._engine.filing.batch.add_record(Record(START, "verdict", f"verdict {number}"))

    assert await texts(desk, last=99_999) == [f"begun by {ANNA}", "written"]


async def test_the_journal_is_exported_as_it_is_printed(desk: Orders, tmp_path: Path) -> None:
    await desk.note("all well")

    first = await desk.export_journal(RecordFilter(kind="note"))
    second = await desk.export_journal(EVERYTHING)

    assert first.parent == tmp_path / "exports"
    assert first.stat().st_mode & 0o777 == 0o600
    assert first != second
    assert [json.loads(line)["text"] for line in first.read_text().splitlines()] == ["all well"]
    assert len(second.read_text().splitlines()) == 2


async def test_a_file_that_is_gone_is_a_refusal_with_its_reason(desk: Orders, tmp_path: Path) -> None:
    path = tmp_path / "sessions" / "shop-1" / FILE_NAME
    path.rename(path.with_name("elsewhere"))

    with pytest.raises(Refused, match="the journal cannot be read"):
        await desk.look_through(EVERYTHING, 1, 9)
    path.with_name("elsewhere").rename(path)


async def test_who_only_looks_reads_and_exports_what_the_holder_writes(
    desk: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "mine"))
    await desk.note("all well")
    onlooker = Onlooker(tmp_path / "sessions" / "shop-1", "shop-1", "anna")

    assert await texts(onlooker, RecordFilter(kind="note")) == ["all well"]
    assert (await onlooker.export_journal(EVERYTHING)).parent == tmp_path / "mine" / "exports"
    onlooker.close()


def test_a_replay_shows_what_was_written_up_to_its_picture(tmp_path: Path) -> None:
    import asyncio

    record(tmp_path / "s", (START, 30, [NoteWritten(START + 9.5, ANNA, "a note")]))
    recording = read_recording(tmp_path / "s")
    player = Player(recording, recording.rollout, "shop-1", 5.0, clock=lambda: 0.0)

    def noted() -> list[str]:
        newest = player.frame.journal[0].seq if player.frame.journal else 0
        return asyncio.run(texts(player, RecordFilter(kind="note"), last=newest))

    assert noted() == []
    while player.frame.session.replayed != "at its end":
        player.step(1)
    assert noted() == ["a note"]
    for _ in range(30):
        player.step(-1)
    assert noted() == []
