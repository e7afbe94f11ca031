"""Checks of events: every rule must do what its samples promise, in the order in which rules are tried."""

import math
import re
import warnings
from collections.abc import Mapping

from console.core.patterns import BoundedPattern, Found, GaveUp
from console.core.rollout import EventRule
from console.core.text import decode
from console.spec.nodes import Path
from console.spec.problems import quoted, suggestion
from console.spec.review import Review

_SIMPLER = "let what is repeated begin with a fixed character, so that a line can be cut in one way only"


def check_events(review: Review) -> None:
    """Check patterns, numbers and samples."""
    compiled: dict[str, BoundedPattern] = {}
    for name, rule in review.rollout.events.items():
        pattern = _compiled(review, ("events", name, "match"), rule.match)
        if pattern is None:
            continue
        compiled[name] = pattern
        _check_number(review, name, rule, pattern)
        _check_matrix(review, name, rule, pattern)
        if pattern.quick("") is not None:
            review.doubt(("events", name, "match"), "this matches every line", "say what the line must contain")
        if not rule.sample:
            review.doubt(
                ("events", name), "this rule has no sample", "add a line that it must match, so that it is checked"
            )
    for name in compiled:
        _check_samples(review, name, review.rollout.events[name], compiled)


def _compiled(review: Review, path: Path, text: str) -> BoundedPattern | None:
    try:
        with warnings.catch_warnings():
            # Patterns that Python may read differently one day would print a warning over the screen.
            warnings.simplefilter("error")
            return BoundedPattern(text)
    except re.error as error:
        why = "" if review.is_hidden(path) else f": {error.msg}"
        at = f" at position {error.pos + 1}" if error.pos is not None else ""
        found = f"{review.written(path)} is no regular expression{why}{at}"
        review.wrong(path, found, "correct it; single quotes keep backslashes as they are")
    except (FutureWarning, DeprecationWarning) as warning:
        review.wrong(path, f"{review.written(path)} is ambiguous: {warning}", "put a backslash before the brackets")
    except (OverflowError, RecursionError):
        review.wrong(path, f"{review.written(path)} is too large for a regular expression", "make it simpler")
    return None


def _check_number(review: Review, name: str, rule: EventRule, pattern: BoundedPattern) -> None:
    if rule.number is None or rule.number in pattern.groups:
        return
    path: Path = ("events", name, "number")
    expected = "write the number in the pattern as (?P<name>\\d+), with this name"
    if pattern.groups:
        expected = suggestion(rule.number, pattern.groups, "named groups")
    review.wrong(path, f"{review.written(path)} is no named group of the pattern", expected)


def _check_matrix(review: Review, name: str, rule: EventRule, pattern: BoundedPattern) -> None:
    """Check that a matrix names groups that the pattern has, and an event of what was refused that has one too."""
    if rule.matrix is None:
        return
    path: Path = ("events", name, "matrix")
    for key, group in (("from", rule.matrix.from_), ("to", rule.matrix.to)):
        if group not in pattern.groups or group == rule.number:
            words = [one for one in pattern.groups if one != rule.number]
            expected = suggestion(group, words, "named groups") if words else "name a part of the pattern: (?P<from>…)"
            review.wrong((*path, key), f"{review.written((*path, key))} is no named group of words", expected)
    rejected = rule.matrix.rejected
    if rejected is None or not review.knows((*path, "rejected"), rejected, "events", "event"):
        return
    if rejected in review.rollout.events and review.rollout.events[rejected].matrix is None:
        expected = f"add `matrix:` to the event {rejected}, with the group that says from where"
        review.wrong((*path, "rejected"), f"the pairs of {rejected} are not counted", expected)


def _check_samples(review: Review, name: str, rule: EventRule, compiled: Mapping[str, BoundedPattern]) -> None:
    pattern = compiled[name]
    for index, sample in enumerate(rule.sample):
        path: Path = ("events", name, "sample", index)
        line = _as_read(sample)
        if "\n" in line:
            review.wrong(path, "this sample has more than one line", "a rule sees one line at a time")
            continue
        try:
            found = pattern.search(line)
            first = next(other for other in compiled if other == name or compiled[other].search(line) is not None)
        except GaveUp:
            review.wrong(path, "the search of this sample was given up: it takes too long", _SIMPLER)
            continue
        if found is None:
            review.wrong(
                path, f"the pattern does not match {review.written(path)}", "correct the pattern or the sample"
            )
            continue
        if first != name:
            expected = f"rules are tried in order: put {name} above {first}, or narrow {first}"
            review.wrong(path, f"{review.written(path)} is named {first} before {name} is tried", expected)
        _check_captured(review, path, rule, found)
    for index, other in enumerate(rule.not_):
        path = ("events", name, "not", index)
        try:
            is_matched = pattern.search(_as_read(other)) is not None
        except GaveUp:
            review.wrong(path, "the search of this line was given up: it takes too long", _SIMPLER)
            continue
        if is_matched:
            review.wrong(path, f"the pattern matches {review.written(path)}, which it must not", "narrow the pattern")


def _check_captured(review: Review, path: Path, rule: EventRule, found: Found) -> None:
    if rule.number is None or rule.number not in found.re.groupindex:
        return
    text = str(found[rule.number]) if found[rule.number] is not None else None
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        captured = "nothing" if text is None else quoted(text)
        if review.is_hidden(path):
            captured = f"part of {review.written(path)}"
        review.wrong(path, f"{rule.number} is {captured} in this sample, not a number", "capture digits, such as \\d+")


def _as_read(line: str) -> str:
    """A line as the classification sees it."""
    return decode(line.encode("utf-8", "replace"))
