"""`rollout-console count`: finished logs, classified into counts by the rules of a rollout file."""

import argparse
import contextlib
import json
import os
import pickle
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from console.core.classify import OTHER, Classifier
from console.core.inputs import LinesCounted
from console.core.lines import LINE_LIMIT_BYTES
from console.core.quantiles import quantile
from console.core.rollout import EventRule
from console.core.rollup import Rollup
from console.core.tally import GIVEN_UP, count_text
from console.core.text import visible
from console.core.words import count_of
from console.spec.load import load
from console.spec.problems import RolloutFileError

UNUSABLE = 4
"""Exit code of a bad rollout file, and of a log that cannot be read."""
STDIN = "-"
CHUNK_BYTES = 1 << 20
PART_BYTES = 32 << 20
"""A process of its own is worth it for so much of a file."""
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_VALUES_SHOWN = 8
_WHENEVER = 0.0
"""The time of every line: finished logs are counted, not placed in time."""


@dataclass(slots=True)
class Counted:
    """What was counted in logs; sums of logs are sums of this."""

    lines: int = 0
    unclassified: int = 0
    rollup: Rollup = field(default_factory=Rollup)

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

    def quantiles(self, event: str) -> dict[str, float | None]:
        """Return the quantiles of an event's number within 1 %, `None` where no number was captured."""
        bins = self.rollup.bins("", event, since=_WHENEVER, until=_WHENEVER + 1)
        return {name: _short(quantile(bins, q)) for name, q in QUANTILES.items()}

    def given_up(self, event: str) -> int:
        """Return on how many lines the search of an event's rule was given up (`core.patterns`)."""
        return self.rollup.total(None, GIVEN_UP + event)

    def labels(self, event: str, names: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return for each label its values with their counts, most frequent first and `OTHER` last."""
        found = self.rollup.labels("", event)
        return {
            name: dict(sorted(found.get(name, {}).items(), key=lambda pair: (pair[0] == OTHER, -pair[1], pair[0])))
            for name in names
        }


def count_stream(classifier: Classifier, stream: BinaryIO, size_bytes: int | None = None) -> Counted:
    """Return what is counted in a stream of bytes, in all of it or its next `size_bytes`; raises `OSError`."""
    counted = Counted()
    for text in _texts(stream, size_bytes):
        counted.add(count_text(classifier, text))
    return counted


def _texts(stream: BinaryIO, size_bytes: int | None) -> Iterator[bytes]:
    """Yield a stream in pieces of whole lines; of a line that never ends, only what is looked at is kept."""
    left = sys.maxsize if size_bytes is None else size_bytes
    while left > 0 and (text := stream.read(min(CHUNK_BYTES, left))):
        if not text.endswith(b"\n"):
            text += stream.readline(LINE_LIMIT_BYTES + 2)
        left -= len(text)
        yield text
        if not text.endswith(b"\n"):
            while (more := stream.readline(CHUNK_BYTES)) and not more.endswith(b"\n"):
                left -= len(more)
            left -= len(more)


def count_file(classifier: Classifier, path: Path) -> Counted:
    """Return what is counted in a log; a large file is counted by several processes. Raises `OSError`."""
    with path.open("rb") as stream:
        found = os.fstat(stream.fileno())
        edges = _edges(stream, found.st_size) if stat.S_ISREG(found.st_mode) else []
        if len(edges) < 3:
            return count_stream(classifier, stream)
    parts = [_in_process(classifier, path, first, end) for first, end in pairwise(edges)]
    answers = [part() for part in parts]
    counted = Counted()
    for number, (answer, (first, end)) in enumerate(zip(answers, pairwise(edges), strict=True)):
        if answer is None:
            raise OSError(f"process {number + 1} of {len(answers)} ended early, at bytes {first} to {end}")
        counted.join(answer)
    return counted


def _edges(stream: BinaryIO, size_bytes: int) -> list[int]:
    """Return where to cut a file so that every processor has whole lines to count; the stream's place stays."""
    parts = min(len(os.sched_getaffinity(0)), size_bytes // PART_BYTES) if hasattr(os, "sched_getaffinity") else 1
    edges = [0]
    for number in range(1, parts):
        stream.seek(size_bytes * number // parts)
        stream.readline()
        edges.append(stream.tell())
    stream.seek(0)
    return sorted({*edges, size_bytes})


def _in_process(classifier: Classifier, path: Path, first: int, end: int) -> Callable[[], Counted | None]:
    """Begin to count a part of a file in a process of its own; return what waits for it, `None` if it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(reading)
            with path.open("rb") as stream, open(writing, "wb") as out:  # noqa: PTH123 - a descriptor
                stream.seek(first)
                pickle.dump(count_stream(classifier, stream, end - first), out)
                out.flush()
                os._exit(0)
        os._exit(1)
    os.close(writing)

    def result() -> Counted | None:
        with open(reading, "rb") as answer:  # noqa: PTH123 - a descriptor
            told = answer.read()
        _, status = os.waitpid(child, 0)
        counted: Counted | None = None if status else pickle.loads(told)  # noqa: S301 - from our own child
        return counted

    return result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", help="a rollout file, or the name of a shipped rollout")
    parser.add_argument("logs", metavar="LOG", nargs="*", help="log files; - or none at all is standard input")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Count the logs together, print the counts and return 0, or 4 if something could not be read.

    A log that cannot be read is told on standard error and adds nothing; the others are counted all the same.
    """
    try:
        rules = load(args.file, os.environ).rollout.events
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    classifier = Classifier(rules)
    counted = Counted()
    code = 0
    for log in args.logs or [STDIN]:
        try:
            counted.join(
                count_stream(classifier, sys.stdin.buffer) if log == STDIN else count_file(classifier, Path(log))
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            print(f"rollout-console count: {visible(log)}: {reason}; its lines are not counted", file=sys.stderr)
            code = UNUSABLE
    for event in rules:
        if given_up := counted.given_up(event):
            said = f"the search of rule {event} was given up on {count_of(given_up, 'line')}: its count is short"
            print(f"rollout-console count: {said}; `validate` says why", file=sys.stderr)
    _print(json.dumps(as_json(rules, counted), indent=2) if args.json else as_text(rules, counted))
    return code


def as_json(rules: Mapping[str, EventRule], counted: Counted) -> dict[str, Any]:
    """Return the counts as `count --json` prints them: every rule of the file, counted or not."""
    events: dict[str, Any] = {}
    for event, rule in rules.items():
        events[event] = {"count": counted.rollup.total("", event)}
        names = label_names(rule)
        if names:
            events[event]["labels"] = counted.labels(event, names)
        if rule.number is not None:
            events[event]["quantiles"] = counted.quantiles(event)
        if given_up := counted.given_up(event):
            events[event]["given_up"] = given_up
    return {"lines": counted.lines, "unclassified": counted.unclassified, "events": events}


def as_text(rules: Mapping[str, EventRule], counted: Counted) -> str:
    """Return the counts as a table for people."""
    has_numbers = any(rule.number is not None for rule in rules.values())
    rows = [("event", "kind", "count", *(QUANTILES if has_numbers else ()))]
    below: dict[int, list[str]] = {}
    for event, rule in rules.items():
        quantiles = counted.quantiles(event).values() if rule.number is not None else ()
        numbers = [f"{value:,.6g}" if value is not None else "no data" for value in quantiles]
        numbers += [""] * (len(rows[0]) - 3 - len(numbers))
        rows.append((event, visible(rule.kind), f"{counted.rollup.total('', event):,}", *numbers))
        found = counted.labels(event, label_names(rule))
        below[len(rows) - 1] = [f"  {name}: {_values(values)}" for name, values in found.items() if values]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = []
    for index, row in enumerate(rows):
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        table += ["  ".join(cells).rstrip(), *below.get(index, ())]
    share = f" ({100 * counted.unclassified / counted.lines:.1f} %)" if counted.lines else ""
    return "\n".join([*table, "", f"{counted.lines:,} lines, {counted.unclassified:,} unclassified{share}"])


def label_names(rule: EventRule) -> list[str]:
    """Return the named groups of a rule that are labels, in the order of the pattern."""
    return [name for name in re.compile(rule.match).groupindex if name != rule.number]


def _values(values: Mapping[str, int]) -> str:
    shown = [f"{value or '(empty)'} {count:,}" for value, count in list(values.items())[:_VALUES_SHOWN]]
    hidden = len(values) - len(shown)
    return ", ".join([*shown, f"and {hidden} more"] if hidden else shown)


def _short(value: float | None) -> float | None:
    """Leave out the digits that are no knowledge."""
    return None if value is None else float(f"{value:.6g}")


def _print(text: str) -> None:
    """Print, also to a reader that has had enough."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # What is still buffered would be written again, and fail again, when the interpreter leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
