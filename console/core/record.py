"""The journal's records, chained so that a change, a removal or a swap shows."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

GENESIS = "0" * 64
"""What stands before the first record."""
_ANCHOR = re.compile(r"(?:(?P<seq>\d{1,18}):)?(?P<hash>[0-9a-f]{64})")


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


@dataclass(frozen=True, slots=True)
class Anchor:
    """A record's hash as it was noted outside the journal; it stands for that record and every one before it."""

    hash: str
    seq: int | None = None
    """Number of the record; `None` where only the hash was noted."""

    def __str__(self) -> str:
        return self.hash if self.seq is None else f"{self.seq}:{self.hash}"


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII.

    Raises `ValueError` for a number that is not finite and `TypeError` for what JSON cannot say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def chain(prev_hash: str, seq: int, record: Record) -> str:
    """Return the SHA-256, in hex, of a record, its place and the hash before it."""
    text = canonical([prev_hash, seq, float(record.at), record.kind, record.text, record.body])
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def as_written(kept: tuple[int, Any, Any, Any, Any, Any]) -> JournalRow:
    """Return a row of the file as a record; one that no console can have written has no hash that could be right.

    Every byte of it counts: the body must be the one JSON text of its value, and every field of its own type.
    """
    seq, at, kind, text, body, hash_ = kept
    try:
        row = JournalRow(seq, Record(at, kind, text, json.loads(body)), hash_)
        is_plain = isinstance(at, float) and all(isinstance(one, str) for one in (kind, text, hash_))
        if is_plain and canonical(row.record.body) == body:
            return row
    except (TypeError, ValueError, RecursionError):
        pass
    return JournalRow(seq, Record(0.0, "", ""), "")


def as_kept(kept: tuple[int, Any, Any, Any, Any, Any]) -> JournalRow:
    """Return a row of the file as a record to read, whatever somebody made of it."""
    seq, at, kind, text, body, hash_ = kept
    try:
        said = json.loads(body)
    except (TypeError, ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        said = {"unreadable": str(body)}
    when = float(at) if isinstance(at, float | int) else 0.0
    return JournalRow(seq, Record(when, str(kind), str(text), said), str(hash_))


def anchor_of(text: str) -> Anchor:
    """Return the anchor of a text such as `1234:9f2c…`, or the hash alone; raises `ValueError`."""
    match = _ANCHOR.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("an anchor is the 64 hexadecimal digits of a hash, or a record's number, a colon and its hash")
    return Anchor(match["hash"], None if match["seq"] is None else int(match["seq"]))


def check_chain(
    rows: Iterable[JournalRow],
    *,
    prev_hash: str = GENESIS,
    end: Anchor | None = None,
    anchors: Iterable[Anchor] = (),
) -> ChainBreak | None:
    """Return the first changed, removed, added or reordered record, or `None` if the journal is whole.

    `rows` are in the order in which they are kept and begin after `prev_hash`. `end` is the last record as it was
    noted beside them; without it a journal cut short at its end cannot be told from a shorter one. `anchors` are
    records as they were noted elsewhere: a journal that was written anew as a whole has none of them.
    """
    expected: int | None = None
    unseen = [one for one in anchors if one.hash != prev_hash]
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
        unseen = [one for one in unseen if not (one.hash == row.hash and one.seq in (None, row.seq))]
    last = (expected or 1) - 1
    if end is not None and (prev_hash != end.hash or end.seq not in (None, last)):
        return _wrong_end(last, end, prev_hash)
    if unseen:
        return _unlike(last, unseen[0])
    return None


def _wrong_end(last: int, end: Anchor, prev_hash: str) -> ChainBreak:
    if prev_hash == end.hash:
        return ChainBreak(last, f"record {last} is the last one and not record {end.seq}, as is noted")
    if end.seq is not None and end.seq < last:
        return ChainBreak(end.seq + 1, f"records after {end.seq} were added by something else than a console")
    if end.seq == last:
        return ChainBreak(last, f"record {last} is not the one that was noted as the last")
    return ChainBreak(last + 1, f"records after {last} were removed")


def _unlike(last: int, anchor: Anchor) -> ChainBreak:
    if anchor.seq is None:
        return ChainBreak(1, "no record has the hash of the anchor: the journal is not the one that it was taken from")
    if anchor.seq > last:
        return ChainBreak(last + 1, f"records after {last} were removed: the anchor is record {anchor.seq}")
    said = (
        f"record {anchor.seq} is not the one of the anchor: it, or one before it, was changed and the rest chained anew"
    )
    return ChainBreak(anchor.seq, said)
