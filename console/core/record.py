"""The journal's records, chained so that a change, a removal or a swap shows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

GENESIS = "0" * 64
"""What stands before the first record."""


@dataclass(frozen=True, slots=True)
class Record:
    """Something that happened, as it is written down."""

    at: float
    kind: str
    text: str
    """One line for people."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs: anything JSON can say."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A record at its place in the journal."""

    seq: int
    """1 for the first."""
    record: Record
    hash: str


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first place where the journal is not what was written."""

    seq: int
    reason: str


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII.

    Raises `ValueError` for a number that is not finite and `TypeError` for what JSON cannot say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def chain(prev_hash: str, seq: int, record: Record) -> str:
    """Return the SHA-256, in hex, of a record, its place and the hash before it."""
    text = canonical([prev_hash, seq, float(record.at), record.kind, record.text, record.body])
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_chain(rows: Iterable[JournalRow], *, prev_hash: str = GENESIS, head: str | None = None) -> ChainBreak | None:
    """Return the first changed, removed or reordered record, or `None` if the journal is whole.

    `rows` are in the order in which they are kept and begin after `prev_hash`. `head` is the hash that the last
    one must have; without it a journal cut short at its end cannot be told from a shorter one.
    """
    expected: int | None = None
    for row in rows:
        if expected is None:
            expected = row.seq if prev_hash != GENESIS else 1
        if row.seq > expected:
            return ChainBreak(expected, f"record {expected} was removed")
        if row.seq < expected:
            return ChainBreak(row.seq, f"record {row.seq} is not in its place")
        if chain(prev_hash, row.seq, row.record) != row.hash:
            return ChainBreak(row.seq, f"record {row.seq} was changed")
        prev_hash, expected = row.hash, row.seq + 1
    if head is not None and prev_hash != head:
        last = (expected or 1) - 1
        return ChainBreak(last + 1, f"records after {last} were removed")
    return None
