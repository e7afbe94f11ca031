"""The session's file for the engine: every call runs on one thread, in the order in which it was asked."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self, TypeVar

from console.core.counts import LinesCounted
from console.core.inputs import SampleFailed, SampleTaken
from console.core.points import Points
from console.core.record import Anchor, ChainBreak, JournalRow, Record
from console.core.redact import Redactor
from console.effects.session_file import Committed, SessionFile
from console.effects.session_reader import SessionReader, Stored
from console.effects.session_schema import SessionDamaged, SessionUnreadable, StoreFailed

__all__ = ["Committed", "SessionDamaged", "SessionUnreadable", "Store", "StoreFailed", "Stored"]

T = TypeVar("T")


class Store:
    """The one writer of a session; a commit that fails says so and may be repeated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where the session keeps its files; its name is the session's id."""
        self._orders: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._file: SessionReader | None = None
        self._thread = threading.Thread(target=self._work, name="session-writer", daemon=True)
        self._thread.start()

    @classmethod
    async def create(cls, folder: Path, *, redactor: Redactor) -> Self:
        """Make a new session file in a folder; raises `FileExistsError` or `SessionUnreadable`."""
        return await cls._opened(folder, lambda: SessionFile.create(folder, redactor))

    @classmethod
    async def open(cls, folder: Path, *, redactor: Redactor) -> Self:
        """Open a session file; raises `SessionUnreadable`, and `SessionDamaged` after moving a damaged file aside."""
        return await cls._opened(folder, lambda: SessionFile.open(folder, redactor))

    @classmethod
    async def open_read_only(cls, folder: Path) -> Self:
        """Open a session file that another console may be writing; commits to it fail. Raises `SessionUnreadable`."""
        return await cls._opened(folder, lambda: SessionReader.open_read_only(folder))

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.folder.name

    async def commit(
        self,
        *,
        counted: Sequence[LinesCounted] = (),
        samples: Sequence[SampleTaken | SampleFailed] = (),
        records: Sequence[Record] = (),
        docs: Mapping[str, str] | None = None,
        gone: Iterable[tuple[str, str]] = (),
        durable: bool = False,
    ) -> Committed | StoreFailed:
        """Write everything in one transaction, or nothing; `durable` waits for the disk.

        `gone` are sources and origins that never come again. Counts and read positions may be read again after a
        power cut; what people did must not be lost: commit it `durable`. Cancelling the wait does not stop a commit
        that has begun.
        """

        def work(file: SessionReader) -> Committed | StoreFailed:
            if not isinstance(file, SessionFile):
                return StoreFailed("read-only", "the session was opened for reading only")
            return file.commit(counted=counted, samples=samples, records=records, docs=docs, gone=gone, durable=durable)

        return await self._ask(work)

    async def load(self, *, at: float | None = None) -> Stored:
        """Return what the session starts from; with the present time, what is too old is dropped first, if it can be.

        Raises `sqlite3.Error` if the file cannot be read.
        """

        def work(file: SessionReader) -> Stored:
            if at is not None and isinstance(file, SessionFile):
                file.fold_if_possible(at)
            return file.load()

        return await self._ask(work)

    async def records(self, after: int = 0, limit: int | None = None) -> list[JournalRow]:
        """Return the journal's records numbered above `after`, in order."""
        return await self._ask(lambda file: file.records(after, limit))

    async def newest_records(self, limit: int) -> list[JournalRow]:
        """Return the newest records, in the order of the journal."""
        return await self._ask(lambda file: file.newest_records(limit))

    async def history(self) -> dict[tuple[str, str], Points]:
        """Return every metric since the session began, by metric and track."""
        return await self._ask(lambda file: file.history())

    async def check_journal(self) -> ChainBreak | None:
        """Return the first journal record that was changed, removed or reordered."""
        return await self._ask(lambda file: file.check_journal())

    async def journal_end(self) -> Anchor:
        """Return the number and the hash of the newest journal record."""
        return await self._ask(lambda file: file.journal_end())

    async def copy_to(self, target: Path) -> None:
        """Write a whole and compact copy of the session to a new file; raises `sqlite3.Error`."""
        await self._ask(lambda file: file.copy_to(target))

    async def close(self) -> None:
        """Finish what was asked and let the file go; closing twice does nothing."""
        if not self._thread.is_alive():
            return
        await self._ask(lambda file: file.close())
        await self._stop()

    @classmethod
    async def _opened(cls, folder: Path, make: Callable[[], SessionReader]) -> Self:
        store = cls(folder)

        def work() -> None:
            store._file = make()

        try:
            await store._run(work)
        except BaseException:
            await store._stop()
            raise
        return store

    async def _stop(self) -> None:
        self._orders.put(None)
        await asyncio.to_thread(self._thread.join)

    async def _ask(self, work: Callable[[SessionReader], T]) -> T:
        def with_file() -> T:
            assert self._file is not None, "a store is made by create or open"  # noqa: S101
            return work(self._file)

        return await self._run(with_file)

    async def _run(self, work: Callable[[], T]) -> T:
        answer: Future[T] = Future()
        self._orders.put((work, answer))
        return await asyncio.wrap_future(answer)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            work, answer = order
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
                answer.set_exception(error)
            else:
                answer.set_result(result)
