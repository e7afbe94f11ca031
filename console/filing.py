"""What was folded goes to disk: it is written often, and kept and tried again while the file takes nothing."""

import asyncio
from collections.abc import Callable, Iterable

from console.batch import RECORDS_KEPT, Batch
from console.core.record import Anchor, JournalRow, Record
from console.effects.store import Store, StoreFailed

JOURNAL_KEPT = 500
COMMIT_S = 0.3
AGAIN_S = 2.0
"""How long it waits before it tries again what could not be written."""
SLOW_COMMIT_S = 10.0
"""A commit that takes longer is an alert: what is folded meanwhile is nowhere but in memory."""


class Filing:
    """Writes down what an engine folds, and has the newest records of the journal at hand."""

    def __init__(
        self, store: Store, clock: Callable[[], float], collect: Callable[[], None], refused: Callable[[str], None]
    ) -> None:
        """Take where to write; `collect` adds to the batch before each commit, `refused` hears why lines went."""
        self._store = store
        self._clock = clock
        self._collect = collect
        self._refused = refused
        self.batch = Batch()
        """What is written in the next commit."""
        self._commits = asyncio.Lock()
        self._journal: list[JournalRow] = []
        self._seq = 0
        self.opened_after = 0
        """Number of the last journal record from before this console took the session up."""
        self._kept = 0
        """Number of the newest record that is on disk, counted as in memory."""
        self.end: Anchor | None = None
        """The newest journal record that is on disk; `None` before the first was written."""
        self._has_left_out = False
        """Records were left out while the file could not be written: those in memory have other numbers in the file."""
        self.trouble = ""
        """Why the last commit failed; empty while commits succeed."""
        self._writing_since: float | None = None
        """When the commit that is under way was begun."""

    async def take_up(self, seq: int) -> None:
        """Go on behind a record of the journal, given by its number."""
        self._seq = self._kept = self.opened_after = seq
        self._journal = await self._store.newest_records(JOURNAL_KEPT)

    def note(self, records: Iterable[Record]) -> None:
        """Keep records for the journal."""
        for record in records:
            self._seq += 1
            self.batch.add_record(record)
            self._journal.append(JournalRow(self._seq, record, ""))
        unwritten = self._seq - (self.opened_after if self.end is None else self.end.seq or 0)
        del self._journal[: -min(max(JOURNAL_KEPT, unwritten), RECORDS_KEPT)]

    async def keep_writing(self) -> None:
        """Commit again and again, for ever."""
        while True:
            await self.commit()
            await asyncio.sleep(COMMIT_S if not self.trouble else AGAIN_S)

    async def commit(self, *, durable: bool = False) -> bool:
        """Write what was folded since the last time; return whether it is on disk. What failed is tried again.

        Whoever waits may be cancelled; the commit itself goes on, because what it took is nowhere else.
        """
        return await asyncio.shield(asyncio.ensure_future(self._commit(durable=durable)))

    async def _commit(self, *, durable: bool) -> bool:
        async with self._commits:
            self._collect()
            batch, self.batch, newest = self.batch, Batch(), self._seq
            if not batch:
                return True
            self._writing_since = self._clock()
            result = await self._store.commit(
                counted=batch.counted,
                samples=batch.samples,
                records=batch.records,
                docs=batch.docs,
                gone=batch.gone,
                durable=durable,
            )
            self._writing_since = None
            if isinstance(result, StoreFailed):
                self._keep_for_later(batch, result)
                return False
            self.trouble = ""
            self._kept = newest
            self.end = Anchor(result.head, result.seq)
            self._has_left_out = result.seq + len(self.batch.records) != self._seq
            return True

    def _keep_for_later(self, batch: Batch, failure: StoreFailed) -> None:
        """Keep what could not be written; lines that the file refuses are given up, and that is written down."""
        self.trouble = failure.reason
        if failure.kind == "refused":
            batch.give_up_lines()
            self._refused(failure.reason)
        batch.precede(self.batch)

    def unwritten(self, at: float) -> str:
        """Return why what is seen cannot be written down, empty while it can."""
        since = self._writing_since
        if not self.trouble and since is not None and at - since > SLOW_COMMIT_S:
            return f"the disk has not answered for {at - since:.0f} s"
        return self.trouble

    def newest(self, limit: int = JOURNAL_KEPT) -> list[JournalRow]:
        """Return the newest journal records, latest first."""
        return self._journal[-limit:][::-1]

    @property
    def told_until(self) -> int:
        """Number of the newest record that may be told: it is on disk, or the disk takes nothing now.

        What is told before it is on disk would be told again by the next console, if this one were killed.
        """
        return self._seq if self.unwritten(self._clock()) else self._kept

    def newest_records(self, after: int, last: int) -> list[JournalRow]:
        """Return the records that follow one, as far as they are still in memory, also those not yet written.

        None while nobody knows their numbers, because some of them had to be left out.
        """
        if self._has_left_out or self.batch.has_left_out:
            return []
        rows = [row for row in self._journal if after < row.seq <= last]
        return rows if rows and rows[0].seq == after + 1 else []
