"""The journal of a session as its file has it, read beside whoever writes it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from console.core.desk import Refused
from console.core.journal import Found, RecordFilter
from console.core.record import JournalRow
from console.effects.export import write_journal
from console.effects.session_reader import SessionReader
from console.effects.session_schema import SessionUnreadable

PAGE = 2_000
"""Records that are read at once."""

T = TypeVar("T")


class FiledJournal:
    """Reads a journal in a thread, so that neither the screen nor the writer waits; raises `Refused`."""

    def __init__(self, folder: Path, exports: Path) -> None:
        """Take the session's folder, and the one that exports are written into."""
        self._folder = folder
        self._exports = exports

    async def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        """Return which records from one number to another pass a filter, as far as they are in the file."""
        return await self._read(lambda file: file.look_through(wanted, first, last))

    async def records(self, numbers: Sequence[int]) -> tuple[JournalRow, ...]:
        """Return some records by their numbers, in order."""
        return tuple(await self._read(lambda file: file.records_of(numbers)))

    async def export(self, wanted: RecordFilter) -> Path:
        """Write the records that pass a filter into a new file and return it."""

        def write(file: SessionReader) -> Path:
            passed = (row for row in pages(file) if wanted.passes(row.record))
            return export_records(self._exports, self._folder.name, passed)

        return await self._read(write)

    async def _read(self, read: Callable[[SessionReader], T]) -> T:
        def work() -> T:
            with closing(SessionReader.open_read_only(self._folder)) as file:
                return read(file)

        try:
            return await asyncio.to_thread(work)
        except (sqlite3.Error, SessionUnreadable) as error:
            raise Refused(f"the journal cannot be read: {error}") from error


def pages(file: SessionReader) -> Iterator[JournalRow]:
    """Yield every record of a journal, oldest first, however long it is."""
    after = 0
    while page := file.records(after, PAGE):
        yield from page
        after = page[-1].seq


def export_records(exports: Path, session_id: str, rows: Iterator[JournalRow]) -> Path:
    """Write records into a new file below a folder and return it; raises `Refused`."""
    try:
        return write_journal(exports, session_id, rows, time.time())
    except OSError as error:
        raise Refused(f"the journal cannot be written to {exports}: {error.strerror or error}") from error
