"""One session on disk: a SQLite file with one writer.

SQLite before 3.51.3 can corrupt a WAL when two connections write or checkpoint at once, so there is exactly one
writing connection to a file (`effects.lock` sees to that) and readers open it read-only.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from console.core.classify import LABEL_LIMIT, OTHER
from console.core.counts import LabelCell, LinesCounted
from console.core.inputs import SampleFailed, SampleTaken
from console.core.record import Record, canonical, chain
from console.core.redact import Redactor
from console.effects import session_schema as schema
from console.effects.session_counts import Counters
from console.effects.session_reader import SessionReader
from console.effects.session_samples import add_samples, pack_samples
from console.effects.session_schema import FILE_NAME, StoreFailed

_NOT_FOLDED = (sqlite3.Error, OverflowError, ValueError)
"""Why folding may fail; what was committed stands, and is folded next time."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction is in the file."""

    seq: int
    """Number of the newest journal record, 0 for none."""
    head: str
    """Hash of the newest journal record."""
    skipped: int
    """Stretches of lines that the file had already."""


class SessionFile(SessionReader):
    """The session's file, open for writing; there is never more than one."""

    def __init__(self, connection: sqlite3.Connection, path: Path, redactor: Redactor) -> None:
        super().__init__(connection, path)
        self._redactor = redactor
        self._inode = path.stat().st_ino
        self._is_full_sync = False
        self._refused_upto: dict[tuple[str, str, str], int] = {}
        """Where the lines of a refused commit ended, by stream: what follows them is taken."""
        self._counters = Counters(connection)
        self._values: dict[tuple[str, str], set[str]] = {}
        """Values of labels that are kept apart, by event and label, as far as they were looked up."""

    @classmethod
    def create(cls, folder: Path, redactor: Redactor) -> Self:
        """Make the file in a folder and open it for writing; raises `FileExistsError` or `SessionUnreadable`."""
        return cls(schema.create(folder), folder / FILE_NAME, redactor)

    @classmethod
    def open(cls, folder: Path, redactor: Redactor) -> Self:
        """Open for writing; raises `SessionUnreadable`, and `SessionDamaged` after moving a damaged file aside."""
        return cls(schema.open_checked(folder), folder / FILE_NAME, redactor)

    def close(self) -> None:
        """Fold what is new into the file and let it go."""
        with suppress(*_NOT_FOLDED):
            if (newest := self._meta_number("last_seen")) is not None:
                self.fold(newest)
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def commit(
        self,
        *,
        counted: Sequence[LinesCounted] = (),
        samples: Sequence[SampleTaken | SampleFailed] = (),
        records: Sequence[Record] = (),
        docs: Mapping[str, str] | None = None,
        gone: Iterable[tuple[str, str]] = (),
        durable: bool = False,
    ) -> Committed | StoreFailed:
        """Write everything in one transaction, or nothing.

        A stretch whose end the file has already is left out; one that overlaps what is there, or leaves lines out,
        is refused with everything else in the commit. Refused lines are lost, and those that
        follow them are taken. `durable` waits for the disk. Docs are JSON texts. `gone` are
        sources and origins that never come again: the file forgets how far they were read.
        After a failure the same commit may be tried again.
        """
        try:
            self._check_still_there()
            self._synchronise(durable)
            with self._transaction():
                fresh = [stretch for stretch in counted if self._move_position(stretch)]
                self._add_counts(fresh)
                add_samples(self._connection, samples, self._safe)
                self._forget(gone)
                seq, head = self._add_records(records)
                self._put_docs(docs or {})
                newest = self._note_time(counted, samples, records)
            if newest is not None and not durable and self._counters.is_due(newest):
                self.fold_if_possible(newest)
        except _Refused as refusal:
            self._refused_upto |= {_stream(stretch): stretch.upto for stretch in counted}
            return StoreFailed("refused", str(refusal))
        except (sqlite3.Error, OSError, OverflowError, ValueError) as error:
            return schema.failure(error, self._path)
        return Committed(seq, head, len(counted) - len(fresh))

    def fold(self, at: float) -> None:
        """Put new counts and old measurements into packs and drop what is too old at `at`; totals stay."""
        with self._transaction():
            self._counters.fold(at)
            pack_samples(self._connection, at)

    def fold_if_possible(self, at: float) -> None:
        """Fold as `fold` does; where the disk is full or the file cannot be written, it waits for the next time."""
        with suppress(*_NOT_FOLDED):
            self.fold(at)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._counters.undone()
            self._values.clear()
            raise
        finally:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    def _check_still_there(self) -> None:
        if self._path.stat().st_ino != self._inode:
            raise FileNotFoundError(f"{self._path} was replaced while it was in use")

    def _synchronise(self, is_full: bool) -> None:
        """Choose what a commit waits for: without full synchronisation a power cut may undo the last ones."""
        if is_full != self._is_full_sync:
            self._connection.execute("PRAGMA synchronous=" + ("FULL" if is_full else "NORMAL"))
            self._is_full_sync = is_full

    def _move_position(self, stretch: LinesCounted) -> bool:
        """Move a stream's position to the end of a stretch; return whether it was new. Raises `_Refused`."""
        stream = _stream(stretch)
        found = self._connection.execute(
            "SELECT position FROM positions WHERE source = ? AND origin = ? AND stream = ?", stream
        ).fetchone()
        position = -1 if found is None else int(found[0])
        if position >= stretch.upto:
            return False
        if found is not None and stretch.after not in (position, self._refused_upto.get(stream)):
            how = "overlaps" if stretch.after < position else "leaves out"
            raise _Refused(
                f"lines {stretch.after} to {stretch.upto} of {'/'.join(stream)}: it {how} lines;"
                f" the file has them up to {position}"
            )
        self._connection.execute(
            "INSERT INTO positions VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position",
            (*stream, stretch.upto),
        )
        return True

    def _add_counts(self, stretches: Sequence[LinesCounted]) -> None:
        """Add what stretches of lines counted."""
        self._counters.add(stretches)
        self._connection.executemany(
            "INSERT INTO labels VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [
                (cell.track, cell.event, cell.label, self._value(cell), n)
                for stretch in stretches
                for cell, n in stretch.labels.items()
            ],
        )
        self._connection.executemany(
            "INSERT INTO lines VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
            " SET lines = lines + excluded.lines, unclassified = unclassified + excluded.unclassified",
            ((stretch.source, stretch.lines, stretch.unclassified) for stretch in stretches),
        )

    def _value(self, cell: LabelCell) -> str:
        """Return the value a label is counted under: its own, or `OTHER` when enough are kept apart already."""
        value = self._safe(cell.value)
        values = self._values.get((cell.event, cell.label))
        if values is None:
            found = self._connection.execute(
                "SELECT DISTINCT value FROM labels WHERE event = ? AND label = ?", (cell.event, cell.label)
            )
            values = self._values[cell.event, cell.label] = {row[0] for row in found}
        if value not in values and len(values) - (OTHER in values) >= LABEL_LIMIT:
            value = OTHER
        values.add(value)
        return value

    def _forget(self, gone: Iterable[tuple[str, str]]) -> None:
        self._connection.executemany("DELETE FROM positions WHERE source = ? AND origin = ?", gone)

    def _add_records(self, records: Iterable[Record]) -> tuple[int, str]:
        seq, head = self._journal_end()
        for written in records:
            body = self._redactor.clean(written.body)
            record = Record(float(written.at), written.kind, self._safe(written.text), body)
            seq, head = seq + 1, chain(head, seq + 1, record)
            self._connection.execute(
                "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)",
                (seq, record.at, record.kind, record.text, canonical(body), head),
            )
        if records:
            self._put_meta("journal_seq", str(seq))
            self._put_meta("journal_head", head)
        return seq, head

    def _put_docs(self, docs: Mapping[str, str]) -> None:
        self._connection.executemany(
            "INSERT INTO docs VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json",
            ((name, self._redactor.clean_json(text)) for name, text in docs.items()),
        )

    def _note_time(
        self,
        counted: Sequence[LinesCounted],
        samples: Sequence[SampleTaken | SampleFailed],
        records: Sequence[Record],
    ) -> float | None:
        newest = max((part.at for parts in (counted, samples, records) for part in parts), default=None)
        if newest is not None:
            self._put_meta("last_seen", repr(max(newest, self._meta_number("last_seen") or 0.0)))
        return newest

    def _put_meta(self, key: str, value: str) -> None:
        self._connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value)
        )

    def _safe(self, text: str) -> str:
        """Return the text without secrets and without what SQLite cannot store."""
        return self._redactor.redact(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _stream(stretch: LinesCounted) -> tuple[str, str, str]:
    return (stretch.source, stretch.origin, stretch.stream)


class _Refused(Exception):
    """Lines that do not follow those in the file."""
