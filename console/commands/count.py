"""`rollout-console count`: finished logs, classified into counts by the rules of a rollout file."""

import argparse
import contextlib
import json
import os
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from console.commands.counted import QUANTILES, Counted, count_stream
from console.commands.forked import Forked
from console.commands.parts import Begun, Meaning, begin, count_file, meaning, processes_for
from console.core.classify import Classifier, Rule
from console.core.exits import Exit
from console.core.lines import cut_text
from console.core.patterns import BoundedPattern
from console.core.redact import Redactor
from console.core.text import visible
from console.core.words import SHORT_MARK, count_of
from console.lasting import lasting
from console.spec.problems import RolloutFileError
from console.spec.written import Written, written, written_rules

STDIN = "-"
_VALUES_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", help="a rollout file, or the name of a shipped rollout")
    parser.add_argument("logs", metavar="LOG", nargs="*", help="log files; - or none at all is standard input")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Count the logs together, print the counts and return 0, 1 if counts are short, or 4 if a log was not counted.

    A log that cannot be read is told on standard error and adds nothing; the others are counted all the same.
    """
    log, *logs = args.logs or [STDIN]
    if sys.stdin is None and STDIN in (log, *logs):
        print("rollout-console count: standard input is closed; name a log file", file=sys.stderr)
        return Exit.USAGE
    try:
        with contextlib.ExitStack() as others:
            checking = others.enter_context(Forked(partial(_checked_meaning, args.file))) if _is_large(log) else None
            said = written(args.file, os.environ)
            begun = others.enter_context(_begun(said, log))
            return _count(_rules(said, begun, checking), begun, [log, *logs], Redactor(said.secrets), is_json=args.json)
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE


def _is_large(log: str) -> bool:
    """Return whether several processes count a log."""
    try:
        return log != STDIN and processes_for(Path(log)) > 1
    except OSError:
        return False


def _rules(said: Written, begun: Begun | None, checking: "Forked[Meaning] | None") -> Mapping[str, Rule]:
    """Return the rules of a rollout file in which nothing is wrong; raises `RolloutFileError`.

    Where another process checks them, this one counts what has begun until it is told.
    """
    if begun is not None and checking is not None:
        begun.take_part()
        if checking.answer() == meaning(begun.rules):
            return begun.rules
    return _checked(said)


def _checked_meaning(file: str) -> Meaning:
    return meaning(_checked(written(file, os.environ)))


def _checked(said: Written) -> Mapping[str, Rule]:
    """Return the rules of a rollout file in which nothing is wrong; raises `RolloutFileError`."""
    # The model of the file takes longer to import than many a log to count.
    with lasting():
        from console.spec.load import checked  # noqa: PLC0415

        return checked(said).rollout.events


def _begun(said: Written, log: str) -> contextlib.AbstractContextManager[Begun | None]:
    """Begin to count a log by rules that nobody has checked; where that is not possible, whoever checks says why."""
    if log == STDIN:
        return contextlib.nullcontext()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return begin(written_rules(said), Path(log))
    except (OSError, ValueError, re.error, Warning, OverflowError, RecursionError):
        return contextlib.nullcontext()


def _count(
    rules: Mapping[str, Rule], begun: Begun | None, logs: Sequence[str], redactor: Redactor, *, is_json: bool
) -> int:
    """Count the logs, of which the first may have been begun, print the counts and return the exit code."""
    counted = Counted()
    code = Exit.DONE
    for log in logs:
        try:
            if log == STDIN:
                found = count_stream(Classifier(rules), sys.stdin.buffer)
            elif begun is not None and meaning(begun.rules) == meaning(rules):
                found = begun.finish()
            else:
                found = count_file(rules, Path(log))
            counted.join(found)
            if found.has_nul:
                hint = "it has NUL bytes and may be no text; its lines are counted as they are"
                print(f"rollout-console count: {visible(log)}: {hint}", file=sys.stderr)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            print(f"rollout-console count: {visible(log)}: {reason}; its lines are not counted", file=sys.stderr)
            code = Exit.USAGE
        begun = None
    if counted.cut:
        print(f"rollout-console count: {cut_text(counted.cut)}", file=sys.stderr)
    for event in rules:
        if given_up := counted.given_up(event):
            said = f"the search of rule {event} was given up on {count_of(given_up, 'line')}: its count is short"
            print(f"rollout-console count: {said}; `validate` says why", file=sys.stderr)
            code = code or Exit.WARNING
    _print(json.dumps(as_json(rules, counted, redactor), indent=2) if is_json else as_text(rules, counted, redactor))
    return code


def as_json(rules: Mapping[str, Rule], counted: Counted, redactor: Redactor) -> dict[str, Any]:
    """Return the counts as `count --json` prints them: every rule of the file, counted or not."""
    events: dict[str, Any] = {}
    for event, rule in rules.items():
        events[event] = {"count": counted.rollup.total("", event)}
        names = label_names(rule)
        if names:
            events[event]["labels"] = counted.labels(event, names, redactor)
        if rule.number is not None:
            events[event]["quantiles"] = counted.quantiles(event)
        if given_up := counted.given_up(event):
            events[event]["given_up"] = given_up
    return {"lines": counted.lines, "unclassified": counted.unclassified, "cut": counted.cut, "events": events}


def as_text(rules: Mapping[str, Rule], counted: Counted, redactor: Redactor) -> str:
    """Return the counts as a table for people."""
    has_numbers = any(rule.number is not None for rule in rules.values())
    rows = [("event", "kind", "count", *(QUANTILES if has_numbers else ()))]
    below: dict[int, list[str]] = {}
    for event, rule in rules.items():
        quantiles = counted.quantiles(event).values() if rule.number is not None else ()
        numbers = [f"{value:,.6g}" if value is not None else "no data" for value in quantiles]
        numbers += [""] * (len(rows[0]) - 3 - len(numbers))
        mark = SHORT_MARK if counted.given_up(event) else ""
        rows.append((event, visible(rule.kind), f"{mark}{counted.rollup.total('', event):,}", *numbers))
        found = counted.labels(event, label_names(rule), redactor)
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
    return "\n".join([*table, "", f"{count_of(counted.lines, 'line')}, {counted.unclassified:,} unclassified{share}"])


def label_names(rule: Rule) -> list[str]:
    """Return the named groups of a rule that are labels, in the order of the pattern."""
    return [name for name in BoundedPattern(rule.match).groups if name != rule.number]


def _values(values: Mapping[str, int]) -> str:
    shown = [f"{value or '(empty)'} {count:,}" for value, count in list(values.items())[:_VALUES_SHOWN]]
    hidden = len(values) - len(shown)
    return ", ".join([*shown, f"and {hidden} more"] if hidden else shown)


def _print(text: str) -> None:
    """Print, also to a reader that has had enough."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # What is still buffered would be written again, and fail again, when the interpreter leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
