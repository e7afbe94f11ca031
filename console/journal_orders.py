"""What the operator asks of the journal, and adds to it: records are found and written out, notes and exports made."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from console.core.desk import Refused
from console.core.export import Export
from console.core.inputs import NoteWritten, SnapshotTaken
from console.core.journal import Found, RecordFilter, found_in
from console.core.record import JournalRow
from console.effects.sessions import Session
from console.engine import journal_view
from console.filed import FiledJournal
from console.reading import EXPORTED_RECORDS, events_of, told_of, versions
from console.writing_orders import WritingOrders


class JournalOrders(WritingOrders):
    """The part of a desk that reads the journal, and writes notes and snapshots."""

    _session: Session
    _filed: FiledJournal

    async def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        """Return which journal records pass a filter: those in the file, and those that are still to be written."""
        found = await self._filed.look_through(wanted, first, last)
        after = max(first - 1, found.last)
        newest = self._engine.filing.newest_records(after, last)
        return found + found_in(newest, wanted, after + 1, after + len(newest)) if newest else found

    async def records(self, numbers: Sequence[int]) -> tuple[JournalRow, ...]:
        """Return some journal records by their numbers, in order."""
        found = await self._filed.records(numbers)
        missing = set(numbers) - {row.seq for row in found}
        if not missing:
            return found
        newest = self._engine.filing.newest_records(min(missing) - 1, max(missing))
        return (*found, *(row for row in newest if row.seq in missing))

    async def export_journal(self, wanted: RecordFilter) -> Path:
        """Write the records that pass a filter into a new file."""
        await self._engine.commit()
        return await self._filed.export(wanted)

    async def note(self, text: str) -> None:
        """Write a note into the journal."""
        self._check_may_write()
        if not text.strip():
            raise Refused("an empty note says nothing")
        await self._write(NoteWritten(time.time(), self._actor, self._engine.redactor.redact(text.strip())))

    async def snapshot(self, screen_svg: str) -> Path:
        """Export the session with this picture of the screen and return the folder."""
        from console.effects.export import write_snapshot  # noqa: PLC0415 - only when it is needed: a quick start

        engine = self._engine
        self._check_may_write()
        await engine.commit(durable=True)
        rows = await engine.store.records()
        export = Export(
            frame=engine.fresh_frame(),
            events=events_of(engine.state),
            history=await engine.store.history(),
            journal=tuple(journal_view(row.seq, row.record) for row in rows[-EXPORTED_RECORDS:]),
            journal_head=(await engine.store.journal_end()).hash,
            file_sha256=engine.loaded.text_sha256,
            versions=versions(),
            taken_at=time.time(),
            chronicle=told_of(engine.state.rollout, [row.record for row in rows]),
            screen_svg=screen_svg,
            session_folder=str(self._session.folder),
        )
        parent = self._session.folder / "snapshots"
        try:
            folder = await asyncio.to_thread(write_snapshot, parent, export, engine.redactor.redact)
        except OSError as error:
            raise Refused(f"the snapshot cannot be written to {parent}: {error.strerror or error}") from error
        engine.apply(SnapshotTaken(time.time(), self._actor, str(folder)))
        return folder
