import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from console.core.record import Record
from console.core.redact import Redactor
from console.effects.session_file import SessionFile
from console.effects.store import Committed, SessionUnreadable, Store, StoreFailed
from tests.effects.test_session_file import AT, cells_of, stretch


async def test_commits_are_made_in_the_order_in_which_they_were_asked(tmp_path: Path) -> None:
    store = await Store.create(tmp_path / "s", redactor=Redactor())

    answers = await asyncio.gather(
        *(store.commit(counted=[stretch(n - 1, n, n=1)], records=[Record(AT, "note", str(n))]) for n in range(50))
    )

    assert all(isinstance(answer, Committed) for answer in answers)
    assert [row.record.text for row in await store.records()] == [str(n) for n in range(50)]
    assert (await store.load()).totals == {("canary", "fsm"): 50}
    assert await store.check_journal() is None
    await store.close()


async def test_the_loop_goes_on_while_the_disk_is_slow(tmp_path: Path) -> None:
    store = await Store.create(tmp_path / "s", redactor=Redactor())
    is_slow = threading.Event()
    slow = asyncio.ensure_future(store._ask(lambda _: is_slow.wait(20)))

    commit = asyncio.ensure_future(store.commit(counted=[stretch(-1, 1)]))
    await asyncio.sleep(0)

    assert not commit.done()
    is_slow.set()
    assert isinstance(await commit, Committed)
    assert await slow
    await store.close()


async def test_a_reader_cannot_commit(tmp_path: Path) -> None:
    store = await Store.create(tmp_path / "s", redactor=Redactor())
    await store.commit(counted=[stretch(-1, 5)])

    reader = await Store.open_read_only(tmp_path / "s")

    assert (await reader.load()).totals == {("canary", "fsm"): 5}
    assert isinstance(await reader.commit(counted=[stretch(5, 6)]), StoreFailed)
    await reader.close()
    await store.close()
    await store.close()


async def test_opening_what_is_not_there_is_an_error_and_leaves_no_thread(tmp_path: Path) -> None:
    with pytest.raises(SessionUnreadable, match="does not exist"):
        await Store.open(tmp_path, redactor=Redactor())

    assert not [thread for thread in threading.enumerate() if thread.name == "session-writer"]


async def test_a_copy_is_a_whole_session(tmp_path: Path) -> None:
    store = await Store.create(tmp_path / "s", redactor=Redactor())
    await store.commit(counted=[stretch(-1, 5)], records=[Record(AT, "note", "a")])
    (tmp_path / "copy").mkdir()

    await store.copy_to(tmp_path / "copy" / "session.db")
    await store.close()

    copy = await Store.open(tmp_path / "copy", redactor=Redactor())
    assert (await copy.load()).totals == {("canary", "fsm"): 5}
    assert (await copy.load()).seq == 1
    await copy.close()


async def test_loading_with_the_time_lets_old_seconds_go(tmp_path: Path) -> None:
    store = await Store.create(tmp_path / "s", redactor=Redactor())
    second = int(AT) // 60 * 60
    await store.commit(counted=[stretch(-1, 1, second=second + 1), stretch(1, 2, second=second + 2, n=1)])

    stored = await store.load(at=AT + 4 * 3600)

    assert [(cell.second, n) for cell, n in cells_of(stored, AT + 4 * 3600).items() if cell.bin == 0] == [(second, 2)]
    await store.close()


async def test_a_session_is_loaded_also_when_there_is_no_room_to_tidy_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await Store.create(tmp_path / "s", redactor=Redactor())
    await store.commit(counted=[stretch(-1, 5)])

    def full(_file: SessionFile, _at: float) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(SessionFile, "fold", full)

    assert (await store.load(at=AT)).totals == {("canary", "fsm"): 5}
    await store.close()
