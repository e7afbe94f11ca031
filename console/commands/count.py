"""`rollout-console count`: finished logs, classified into counts by the rules of a rollout file."""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from console.core.classify import OTHER, Classifier
from console.core.inputs import LinesCounted
from console.core.lines import LineSplitter
from console.core.quantiles import quantile
from console.core.rollout import EventRule
from console.core.rollup import Rollup
from console.core.tally import count_lines
from console.core.text import visible
from console.spec.load import load
from console.spec.problems import RolloutFileError

UNUSABLE = 4
"""Exit code of a bad rollout file, and of a log that cannot be read."""
STDIN = "-"
CHUNK_BYTES = 1 << 20
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

    def labels(self, event: str, names: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return for each label its values with their counts, most frequent first and `OTHER` last."""
        found = self.rollup.labels("", event)
        return {
            name: dict(sorted(found.get(name, {}).items(), key=lambda pair: (pair[0] == OTHER, -pair[1], pair[0])))
            for name in names
        }


def count_stream(classifier: Classifier, stream: BinaryIO) -> Counted:
    """Return what is counted in a stream of bytes, read to its end in chunks; raises `OSError` as reading does."""
    counted = Counted()
    splitter = LineSplitter()
    while chunk := stream.read(CHUNK_BYTES):
        counted.add(_block(classifier, splitter.feed(chunk)))
    last = splitter.finish()
    if last is not None:
        counted.add(_block(classifier, [last]))
    return counted


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
            with _opened(log) as stream:
                counted.join(count_stream(classifier, stream))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            print(f"rollout-console count: {visible(log)}: {reason}; its lines are not counted", file=sys.stderr)
            code = UNUSABLE
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


def _block(classifier: Classifier, lines: list[bytes]) -> LinesCounted:
    return count_lines(
        classifier,
        at=_WHENEVER,
        source="",
        origin="",
        stream="",
        name="",
        track="",
        after=-1,
        keys=range(len(lines)),
        times=[_WHENEVER] * len(lines),
        lines=lines,
        rows_limit=0,
    )


def _opened(log: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if log == STDIN else Path(log).open("rb")


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
