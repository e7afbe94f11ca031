"""A large log, counted by several processes that share it part by part."""

import os
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from console.commands.counted import CHUNK_BYTES, Counted, count_stream, is_text, texts_of
from console.commands.forked import Forked
from console.core.classify import Classifier, Rule
from console.core.counts import Cell, LabelCell
from console.core.rollup import Rollup
from console.core.tally import count_texts

PROCESS_BYTES = 32 << 20
"""A process of its own is worth it for so much of a file."""
PART_BYTES = 8 << 20
"""A part is at least so large. How a file is cut depends on nothing but its size, and so do its counts."""
_PARTS_AT_MOST = 255
"""The number of a part is a byte."""
_LABELS_KEPT = 1000
"""Values kept apart per event and label in one part: many more than in the end, so that the first are exact."""


Meaning = list[tuple[str, str, str, str | None]]
"""Event, kind, pattern and number of each rule."""


def count_file(rules: Mapping[str, Rule], path: Path) -> Counted:
    """Return what is counted in a log; a large file is counted by several processes. Raises `OSError`."""
    with begin(rules, path) as begun:
        return begun.finish()


def begin(rules: Mapping[str, Rule], path: Path) -> "Begun":
    """Let other processes begin to count a log, if it is large and there are processors for them; raises `OSError`."""
    processes = processes_for(path)
    if processes < 2:
        return Begun(rules, path, [], 0)
    with path.open("rb") as stream:
        has_nul = not is_text(stream.read(CHUNK_BYTES))
        return Begun(rules, path, _edges(stream, path.stat().st_size), processes - 1, has_nul=has_nul)


def processes_for(path: Path) -> int:
    """Return how many processes are to count a log, none or one if it is small or no file; raises `OSError`."""
    found = path.stat()
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return min(processors, found.st_size // PROCESS_BYTES) if stat.S_ISREG(found.st_mode) else 1


def _edges(stream: BinaryIO, size_bytes: int) -> list[int]:
    """Return where the parts of a file begin, each with a whole line, and where the last one ends."""
    parts = max(1, min(_PARTS_AT_MOST, size_bytes // PART_BYTES))
    edges = [0]
    for number in range(1, parts):
        edge = size_bytes * number // parts
        if edge <= edges[-1]:
            continue
        stream.seek(edge)
        while (more := stream.readline(CHUNK_BYTES)) and not more.endswith(b"\n"):
            pass
        edges.append(stream.tell())
    return sorted({*edges, size_bytes})


@dataclass(slots=True)
class _Share:
    """What one process counted of a log."""

    lines: int = 0
    unclassified: int = 0
    counts: Counter[Cell] = field(default_factory=Counter)
    labels: dict[int, dict[LabelCell, int]] = field(default_factory=dict)
    """By part: which values are kept apart in the end depends on their order in the log."""


class Begun:
    """A log that other processes may be counting already; leaving the context ends those that are not finished."""

    def __init__(
        self, rules: Mapping[str, Rule], path: Path, edges: list[int], others: int, *, has_nul: bool = False
    ) -> None:
        self.rules = rules
        self._classifier = Classifier(rules)
        self._path = path
        self._edges = edges
        self._has_nul = has_nul
        self._here: _Share | OSError | None = None
        self._others: list[Forked[_Share]] = []
        if edges:
            # Whoever reads a byte counts the part of that number; nobody needs to say who does what.
            self._parts, writing = os.pipe()
            os.write(writing, bytes(range(len(edges) - 1)))
            os.close(writing)
            self._others = [Forked(self._count_parts) for _ in range(others)]

    def __enter__(self) -> "Begun":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for other in self._others:
            other.__exit__(kind, error, trace)
        if self._edges:
            os.close(self._parts)

    def take_part(self) -> None:
        """Count parts here too until all are taken; whether that went well, `finish` tells."""
        try:
            self._here = self._count_parts()
        except OSError as error:
            self._here = error

    def finish(self) -> Counted:
        """Take part in the counting until all is counted; raises `OSError`."""
        if not self._edges:
            with self._path.open("rb") as stream:
                return count_stream(self._classifier, stream)
        if self._here is None:
            self.take_part()
        if isinstance(self._here, OSError):
            raise self._here
        shares = [share for share in (self._here, *(other.answer() for other in self._others)) if share is not None]
        counted = Counted(has_nul=self._has_nul)
        for share in shares:
            counted.lines += share.lines
            counted.unclassified += share.unclassified
            counted.rollup.add(share.counts)
        labels = {part: cells for share in shares for part, cells in share.labels.items()}
        for part, (first, end) in enumerate(zip(self._edges, self._edges[1:], strict=False)):
            if part not in labels:
                raise OSError(f"a process ended early, at bytes {first} to {end}")
            counted.rollup.add_labels(labels[part])
        return counted

    def _count_parts(self) -> _Share:
        """Count the parts that nobody has taken, one after the other."""
        share = _Share()
        with self._path.open("rb") as stream:
            while taken := os.read(self._parts, 1):
                first, end = self._edges[taken[0] : taken[0] + 2]
                stream.seek(first)
                labels = Rollup(label_limit=_LABELS_KEPT)
                for sums in count_texts(self._classifier, texts_of(stream, end - first)):
                    share.lines += sums.lines
                    share.unclassified += sums.unclassified
                    share.counts.update(sums.counts)
                    labels.add_labels(sums.labels)
                share.labels[taken[0]] = labels.label_cells()
        return share


def meaning(rules: Mapping[str, Rule]) -> Meaning:
    """Return all that counts depend on, equal for rules that count alike."""
    return [(event, rule.kind, rule.match, rule.number) for event, rule in rules.items()]
