"""A large log, counted by several processes that share it part by part."""

import contextlib
import os
import pickle
import signal
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from console.commands.counted import CHUNK_BYTES, Counted, count_stream, is_text, texts_of
from console.core.classify import Classifier, Rule
from console.core.counts import LinesCounted
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


def count_file(rules: Mapping[str, Rule], path: Path) -> Counted:
    """Return what is counted in a log; a large file is counted by several processes. Raises `OSError`."""
    with begin(rules, path) as begun:
        return begun.finish()


def begin(rules: Mapping[str, Rule], path: Path) -> "Begun":
    """Let other processes begin to count a log, if it is large and there are processors for them; raises `OSError`."""
    found = path.stat()
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    processes = min(processors, found.st_size // PROCESS_BYTES)
    if processes < 2 or not stat.S_ISREG(found.st_mode):
        return Begun(rules, path, [], 0)
    with path.open("rb") as stream:
        has_nul = not is_text(stream.read(CHUNK_BYTES))
        return Begun(rules, path, _edges(stream, found.st_size), processes - 1, has_nul=has_nul)


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


@dataclass(frozen=True, slots=True)
class _Process:
    """Another process that counts."""

    pid: int
    answer: int
    """Where its counts by part can be read, pickled, when it has ended."""


class Begun:
    """A log that other processes may be counting already; leaving the context ends those that are not finished."""

    def __init__(
        self, rules: Mapping[str, Rule], path: Path, edges: list[int], others: int, *, has_nul: bool = False
    ) -> None:
        self._rules = rules
        self._classifier = Classifier(rules)
        self._path = path
        self._edges = edges
        self._has_nul = has_nul
        self._others: list[_Process] = []
        if edges:
            # Whoever reads a byte counts the part of that number; nobody needs to say who does what.
            self._parts, writing = os.pipe()
            os.write(writing, bytes(range(len(edges) - 1)))
            os.close(writing)
            self._others = [self._process() for _ in range(others)]

    def __enter__(self) -> "Begun":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for other in self._others:
            os.kill(other.pid, signal.SIGKILL)
        while self._others:
            self._answer()
        if self._edges:
            os.close(self._parts)

    def is_by(self, rules: Mapping[str, Rule]) -> bool:
        """Return whether the log is counted as these rules would count it."""
        return _meaning(rules) == _meaning(self._rules)

    def finish(self) -> Counted:
        """Take part in the counting until all is counted; raises `OSError`."""
        if not self._edges:
            with self._path.open("rb") as stream:
                return count_stream(self._classifier, stream)
        found = self._count_parts()
        while self._others:
            found |= self._answer()
        counted = Counted(has_nul=self._has_nul)
        for number, (first, end) in enumerate(zip(self._edges, self._edges[1:], strict=False)):
            if number not in found:
                raise OSError(f"a process ended early, at bytes {first} to {end}")
            for sums in found[number]:
                counted.add(sums)
        return counted

    def _count_parts(self) -> dict[int, list[LinesCounted]]:
        """Count the parts that nobody has taken, one after the other; return sums per part."""
        counted: dict[int, list[LinesCounted]] = {}
        with self._path.open("rb") as stream:
            while taken := os.read(self._parts, 1):
                first, end = self._edges[taken[0] : taken[0] + 2]
                stream.seek(first)
                labels = Rollup(label_limit=_LABELS_KEPT)
                counted[taken[0]] = [
                    replace(sums, labels=labels.add_labels(sums.labels))
                    for sums in count_texts(self._classifier, texts_of(stream, end - first))
                ]
        return counted

    def _process(self) -> _Process:
        """Begin to count parts in another process."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.close(reading)
                with open(writing, "wb") as answer:  # noqa: PTH123 - a descriptor
                    pickle.dump(self._count_parts(), answer)
                os._exit(0)
            os._exit(1)
        os.close(writing)
        return _Process(pid, reading)

    def _answer(self) -> dict[int, list[LinesCounted]]:
        """Wait for the end of a process and return what it counted, nothing if it failed."""
        other = self._others.pop()
        with open(other.answer, "rb") as answer:  # noqa: PTH123 - a descriptor
            told = answer.read()
        _, status = os.waitpid(other.pid, 0)
        return {} if status else pickle.loads(told)  # noqa: S301 - from our own process


def _meaning(rules: Mapping[str, Rule]) -> list[tuple[str, str, str, str | None]]:
    return [(event, rule.kind, rule.match, rule.number) for event, rule in rules.items()]
