"""What is counted in finished logs, and how one process counts."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from console.core.classify import OTHER, Classifier
from console.core.counts import LinesCounted
from console.core.lines import LINE_LIMIT_BYTES
from console.core.quantiles import quantile
from console.core.redact import Redactor
from console.core.rollup import Rollup
from console.core.tally import CUT, GIVEN_UP, count_texts

CHUNK_BYTES = 1 << 20
_UNPACKERS = {b"\x1f\x8b": "zcat", b"\xfd7zXZ\0": "xzcat", b"\x28\xb5\x2f\xfd": "zstdcat", b"BZh": "bzcat"}
"""What a compressed file begins with, and the program that prints what is in it."""
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_WHENEVER = 0.0
"""The time of every line: finished logs are counted, not placed in time."""


@dataclass(slots=True)
class Counted:
    """What was counted in logs; sums of logs are sums of this."""

    lines: int = 0
    unclassified: int = 0
    rollup: Rollup = field(default_factory=Rollup)
    has_nul: bool = False
    """Whether a NUL byte, which no text has, stands in the first megabyte of a log."""

    def add(self, block: LinesCounted) -> None:
        """Add a block of lines."""
        self.lines += block.lines
        self.unclassified += block.unclassified
        self.rollup.add(block.counts)
        self.rollup.add_labels(block.labels)

    def join(self, other: "Counted") -> None:
        """Add what was counted in another log."""
        self.lines += other.lines
        self.unclassified += other.unclassified
        self.rollup.add(dict(other.rollup.cells(_WHENEVER)))
        self.rollup.add_labels(other.rollup.label_cells())
        self.has_nul = self.has_nul or other.has_nul

    def quantiles(self, event: str) -> dict[str, float | None]:
        """Return the quantiles of an event's number within 1 %, `None` where no number was captured."""
        bins = self.rollup.bins("", event, since=_WHENEVER, until=_WHENEVER + 1)
        return {name: _short(quantile(bins, q)) for name, q in QUANTILES.items()}

    @property
    def cut(self) -> int:
        """How many lines were longer than the limit, so that only their beginning was looked at."""
        return self.rollup.total(None, CUT)

    def given_up(self, event: str) -> int:
        """Return on how many lines the search of an event's rule was given up (`core.patterns`)."""
        return self.rollup.total(None, GIVEN_UP + event)

    def labels(self, event: str, names: Iterable[str], redactor: Redactor) -> dict[str, dict[str, int]]:
        """Return for each label its values with their counts, most frequent first and `OTHER` last.

        Values that are secrets are replaced, and added up where they became alike.
        """
        found = self.rollup.labels("", event)
        safe: dict[str, Counter[str]] = {name: Counter() for name in names}
        for name, values in safe.items():
            for value, count in found.get(name, {}).items():
                values[value if value == OTHER else redactor.named(name, value)] += count
        return {
            name: dict(sorted(values.items(), key=lambda pair: (pair[0] == OTHER, -pair[1], pair[0])))
            for name, values in safe.items()
        }


class NoLog(ValueError):
    """Bytes whose lines mean nothing; the text says what they are and how they can be counted."""


def count_stream(classifier: Classifier, stream: BinaryIO) -> Counted:
    """Return what is counted in a stream of bytes; raises `OSError`, and `NoLog` for compressed ones."""
    counted = Counted()
    for sums in count_texts(classifier, _looked_at(texts_of(stream), counted)):
        counted.add(sums)
    return counted


def is_text(beginning: bytes) -> bool:
    """Return whether the first bytes of a log may be text; raises `NoLog` if they are those of a compressed file."""
    for magic, program in _UNPACKERS.items():
        if beginning.startswith(magic):
            raise NoLog(f"it is compressed; unpack it on the way: {program} FILE | rollout-console count ROLLOUT -")
    return b"\0" not in beginning


def _looked_at(texts: Iterable[bytes], counted: Counted) -> Iterator[bytes]:
    """Yield texts, with a look at the first."""
    following = iter(texts)
    for text in islice(following, 1):
        counted.has_nul = not is_text(text)
        yield text
    yield from following


def texts_of(stream: BinaryIO, size_bytes: int = sys.maxsize) -> Iterator[bytes]:
    """Yield a stream, or its next `size_bytes`, in pieces of whole lines.

    Of a line that never ends, only what is looked at is kept.
    """
    # The C library gives freed pieces back to the system, to fault them in again for the next ones, until it has seen a
    # larger piece freed (mallopt(3), M_MMAP_THRESHOLD). This one is never touched and takes no memory.
    bytes(4 * CHUNK_BYTES)
    left = size_bytes
    while left > 0 and (text := stream.read(min(CHUNK_BYTES, left))):
        if not text.endswith(b"\n"):
            text += stream.readline(LINE_LIMIT_BYTES + 2)
        left -= len(text)
        yield text
        if not text.endswith(b"\n"):
            while (more := stream.readline(CHUNK_BYTES)) and not more.endswith(b"\n"):
                left -= len(more)
            left -= len(more)


def _short(value: float | None) -> float | None:
    """Leave out the digits that are no knowledge."""
    return None if value is None else float(f"{value:.6g}")
