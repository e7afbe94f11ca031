"""Reading a session's file: what the engine starts from, the journal and the measurements."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from console.core.counts import LabelCell
from console.core.grains import Packed
from console.core.inputs import SampleFailed, SampleTaken
from console.core.journal import Found, RecordFilter, found_in
from console.core.points import Points
from console.core.record import GENESIS, Anchor, ChainBreak, JournalRow, as_kept, as_written, check_chain
from console.effects import session_counts, session_samples, session_upgrade
from console.effects import session_schema as schema

_RECORDS = "SELECT seq, at, kind, text, body, hash FROM journal"
SAMPLES_S = 3600.0
"""How far back the measurements reach that a session starts from."""


@dataclass(frozen=True, slots=True)
class Known:
    """How far somebody has read a session that goes on being written."""

    counted: int = 0
    """Number of the newest counts."""
    sampled: int = 0
    """Number of the newest measurement."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a session starts from when it is taken up again."""

    positions: Mapping[tuple[str, str, str], int]
    """Key of the last counted line by source, origin and stream."""
    counts: Packed
    """Counts over time, as finely as `core.grains` says."""
    totals: Mapping[tuple[str, str], int]
    """How often each event happened since the session began, by track and event."""
    lines: Mapping[str, int]
    """Lines counted, by source."""
    unclassified: Mapping[str, int]
    labels: Mapping[LabelCell, int]
    docs: Mapping[str, str]
    last_seen: float | None
    """Time of the newest input in the file; `None` for a session nothing was written to."""
    seq: int
    head: str
    samples: Sequence[SampleTaken | SampleFailed]
    """The measurements of the last hour."""
    known: Known
    is_whole: bool
    """Whether `counts` and `samples` are all there are, and not only those that came after what was known before."""


class SessionReader:
    """A session's file, open for reading; used from the thread that opened it and from no other."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open_read_only(cls, folder: Path) -> Self:
        """Open for reading while another process may be writing; raises `SessionUnreadable`."""
        return cls(schema.open_read_only(folder), folder / schema.FILE_NAME)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def load(self, known: Known | None = None) -> Stored:
        """Return what the session starts from; to somebody who read it before, as little of it again as possible."""
        with self._snapshot():
            return self._load(known or Known())

    def _load(self, known: Known) -> Stored:
        rows = self._connection.execute
        per_source = rows("SELECT source, lines, unclassified FROM lines").fetchall()
        seq, head = self._journal_end()
        last_seen = self._meta_number("last_seen")
        known, counts, is_whole = self._counts(known)
        return Stored(
            positions={(row[0], row[1], row[2]): row[3] for row in rows("SELECT * FROM positions")},
            counts=counts,
            totals={(track, event): n for track, event, n in rows("SELECT track, event, n FROM totals")},
            lines={source: lines for source, lines, _ in per_source},
            unclassified={source: unclassified for source, _, unclassified in per_source},
            labels={LabelCell(*row[:4]): row[4] for row in rows("SELECT track, event, label, value, n FROM labels")},
            docs=dict(rows("SELECT name, json FROM docs")),
            last_seen=last_seen,
            seq=seq,
            head=head,
            samples=self._samples((last_seen or 0.0) - SAMPLES_S, known.sampled),
            known=replace(known, sampled=session_samples.newest_row(self._connection)),
            is_whole=is_whole,
        )

    def _counts(self, known: Known) -> tuple[Known, Packed, bool]:
        """Return the counts that came after those known; all of them where that cannot be told apart any more."""
        if self._is_old:
            return Known(), session_upgrade.read_counts(self._connection), True
        added = session_counts.read_added(self._connection, known.counted) if known.counted else None
        if added is not None:
            return replace(known, counted=added[0]), Packed(loose=added[1]), False
        counted, counts = session_counts.read_counts(self._connection)
        return Known(counted), counts, True

    def moment(self) -> tuple[float | None, int]:
        """Return when the session was last written to and its newest journal record, which costs next to nothing."""
        return self._meta_number("last_seen"), self._journal_end()[0]

    def records(self, after: int = 0, limit: int | None = None) -> list[JournalRow]:
        """Return the journal's records numbered above `after`, in order."""
        found = self._connection.execute(
            _RECORDS + " WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, -1 if limit is None else limit),
        )
        return [as_kept(row) for row in found]

    def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        """Return which of the records from one number to another pass a filter, and what kinds and actors they have."""
        found = self._connection.execute(_RECORDS + " WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last))
        return found_in([as_kept(row) for row in found], wanted, first, min(last, self._journal_end()[0]))

    def records_of(self, numbers: Iterable[int]) -> list[JournalRow]:
        """Return some records by their numbers, in order; those that are not there are left out."""
        asked = sorted(numbers)
        found = self._connection.execute(
            _RECORDS + f" WHERE seq IN ({','.join('?' * len(asked))}) ORDER BY seq",
            asked,
        )
        return [as_kept(row) for row in found]

    def newest_records(self, limit: int) -> list[JournalRow]:
        """Return the newest records, in the order of the journal."""
        return self.records(after=max(0, self._journal_end()[0] - limit))

    def check_journal(self, anchors: Iterable[Anchor] = ()) -> ChainBreak | None:
        """Return the first record that was changed, removed, added or reordered; raises `sqlite3.Error`."""
        with self._snapshot(), self._any_bytes():
            noted = self._meta("journal_seq") or "0"
            end = Anchor(self._journal_head(), int(noted) if noted.isdecimal() else -1)
            rows = self._connection.execute(_RECORDS + " ORDER BY seq")
            return check_chain((as_written(row) for row in rows), end=end, anchors=anchors)

    def journal_end(self) -> Anchor:
        """Return the number and the hash of the newest record, as they are noted beside the journal."""
        seq, head = self._journal_end()
        return Anchor(head, seq)

    def doc(self, name: str) -> str | None:
        """Return one document's JSON text."""
        found = self._connection.execute("SELECT json FROM docs WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def samples(self, since: float = 0.0) -> list[SampleTaken | SampleFailed]:
        """Return the measurements taken at or after a time; those of a metric in the order of their writing."""
        return self._samples(since, 0)

    def _samples(self, since: float, after: int) -> list[SampleTaken | SampleFailed]:
        return session_samples.read_samples(self._connection, since, after, has_packs=not self._is_old)

    def history(self) -> dict[tuple[str, str], Points]:
        """Return every metric by metric and track, since the session began; a failed measurement is a gap."""
        return session_samples.read_history(self._connection, has_packs=not self._is_old)

    def copy_to(self, target: Path) -> None:
        """Write a whole and compact copy of the session to a new file."""
        self._connection.execute("VACUUM INTO ?", (str(target),))
        target.chmod(0o600)

    @property
    def _is_old(self) -> bool:
        """Whether it was written in version 1 and never opened for writing since; it is read as it is."""
        return schema.version_of(self._connection) < schema.VERSION

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """See the file as it is at one moment, whatever the writer does meanwhile."""
        self._connection.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @contextmanager
    def _any_bytes(self) -> Iterator[None]:
        """Read texts that are no UTF-8 too: nobody but a console wrote those that are."""
        strict = self._connection.text_factory
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            yield
        finally:
            self._connection.text_factory = strict

    def _journal_end(self) -> tuple[int, str]:
        return int(self._meta("journal_seq") or 0), self._journal_head()

    def _journal_head(self) -> str:
        return self._meta("journal_head") or GENESIS

    def _meta(self, key: str) -> str | None:
        found = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    def _meta_number(self, key: str) -> float | None:
        value = self._meta(key)
        return None if value is None else float(value)
