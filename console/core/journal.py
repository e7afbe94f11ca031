"""Reading a journal: which records are shown, and what there is to say of one."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from console.core.actors import actor_of
from console.core.export import iso
from console.core.record import JournalRow, Record

_BEHIND_BY = ("session", "checklist")
"""Kinds of records that name who did it only in their text, in sessions from before the body did."""


def actor_text(record: Record) -> str:
    """Return who a record is of, as `anna@ops1 (pts/3)`; empty for what the console saw by itself."""
    said = record.body.get("actor")
    if isinstance(said, str):
        return said
    if record.kind in _BEHIND_BY and " by " in record.text:
        text = record.text.removesuffix(f": {record.body['note']}") if record.body.get("note") else record.text
        return str(actor_of(text))
    return ""


@cache
def _naming(metric: str) -> re.Pattern[str]:
    """Return what finds the name of a metric in a line, and not within another name."""
    return re.compile(rf"(?<![\w.-]){re.escape(metric)}(?![\w-])(?!\.\w)")


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records of a journal are shown; what is empty lets everything pass."""

    text: str = ""
    """What the line or the body contains, whatever its case."""
    kind: str = ""
    metric: str = ""
    """The metric that a record is about, or that its line names."""
    actor: str = ""
    """What the name of who did it contains, whatever its case."""
    since: float | None = None
    """Seconds since the epoch; what was written before is left out."""

    @property
    def is_open(self) -> bool:
        """Whether every record passes."""
        return not (self.text or self.kind or self.metric or self.actor) and self.since is None

    def passes(self, record: Record) -> bool:
        """Whether a record is shown."""
        if self.kind and record.kind != self.kind:
            return False
        if self.since is not None and record.at < self.since:
            return False
        if self.metric and record.body.get("metric") != self.metric and not _naming(self.metric).search(record.text):
            return False
        if self.actor and self.actor.casefold() not in actor_text(record).casefold():
            return False
        return not self.text or self._contains(record)

    def _contains(self, record: Record) -> bool:
        needle = self.text.casefold()
        if needle in record.text.casefold():
            return True
        return needle in json.dumps(record.body, sort_keys=True, ensure_ascii=False).casefold()


@dataclass(frozen=True, slots=True)
class Found:
    """What a stretch of the journal has for a filter."""

    passed: tuple[int, ...]
    """Numbers of the records that pass, in their order."""
    first: int
    """Number of the first record that was looked at."""
    last: int
    """Number of the last one; less than `first` where there was none."""
    kinds: frozenset[str] = field(default_factory=frozenset)
    """The kinds of all that were looked at, whether they pass or not."""
    actors: frozenset[str] = field(default_factory=frozenset)
    """Who they are of."""

    def __add__(self, later: "Found") -> "Found":
        """Return what this stretch has and the one that follows it."""
        kinds, actors = self.kinds | later.kinds, self.actors | later.actors
        return Found(self.passed + later.passed, self.first, later.last, kinds, actors)


def found_in(rows: Iterable[JournalRow], wanted: RecordFilter, first: int, last: int) -> Found:
    """Return what there is for a filter among rows, which are the records from one number to another."""
    passed: list[int] = []
    kinds: set[str] = set()
    actors: set[str] = set()
    for row in rows:
        kinds.add(row.record.kind)
        actors.add(actor_text(row.record))
        if wanted.passes(row.record):
            passed.append(row.seq)
    return Found(tuple(passed), first, last, frozenset(kinds), frozenset(actors - {""}))


def record_json(row: JournalRow) -> dict[str, Any]:
    """Return a record for programs: every field that its hash is of, its time in words, and who it is of in parts."""
    record = row.record
    actor = actor_text(record)
    return {
        "seq": row.seq,
        "at": record.at,
        "time": iso(record.at),
        "kind": record.kind,
        "text": record.text,
        "actor": asdict(actor_of(actor)) if actor else None,
        "body": record.body,
        "hash": row.hash,
    }


def said_of(record: Record) -> str:
    """Return a record's line, with who did it where the line does not say so."""
    actor = actor_text(record)
    return f"{record.text} — {actor}" if actor and actor not in record.text else record.text


def body_lines(record: Record) -> Iterator[tuple[str, str]]:
    """Yield what the body of a record says as pairs of a name and a text; of a mapping, one pair for each entry."""
    for name, value in record.body.items():
        if isinstance(value, dict) and value:
            yield from ((f"{name} {key}", _plain(one)) for key, one in value.items())
        elif isinstance(value, list) and value:
            yield from ((f"{name} {number}", _plain(one)) for number, one in enumerate(value, 1))
        else:
            yield name, _plain(value)


def _plain(value: object) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
