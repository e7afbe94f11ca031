"""Log lines named by rules, a whole block at a time."""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from console.core.literals import FOLDING_TO_ASCII, Needle, required
from console.core.rollout import EventRule
from console.core.text import decode, visible

LABEL_LIMIT = 100
"""Values kept apart per event and label; those that arrive later are counted as `OTHER`."""
OTHER = "other"
_LABEL_LENGTH = 80
_REMEMBERED = 1000
"""Combinations of captured labels per rule whose safe text is kept at hand."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule says of a line."""

    event: str
    kind: str
    labels: Labels
    """Named groups that took part, safe to draw; the group that is a number is not among them."""
    number: float | None
    """The captured number, `None` if the rule has none or the text is no finite number."""


class Classifier:
    """Names lines: the first rule, in the order of the file, whose pattern is found in a line names it.

    A pattern is searched in the line decoded as UTF-8 with invalid bytes replaced. Blocks are first scanned as bytes
    for the literals that each pattern needs (`core.literals`), so that patterns only run on lines that may match;
    the answer is that of trying every rule on every line. Safe to use from several threads. Raises `re.error` for a
    pattern that does not compile.
    """

    def __init__(self, rules: Mapping[str, EventRule]) -> None:
        self._rules = tuple(_Rule(event, rule) for event, rule in rules.items())

    def classify(self, line: bytes) -> Match | None:
        """Return what names one line, `None` if no rule does."""
        return self.named((line,)).get(0)

    def classify_block(self, lines: Sequence[bytes]) -> list[Match | None]:
        """Return for every line what names it."""
        named = self.named(lines)
        return [named.get(index) for index in range(len(lines))]

    def named(self, lines: Sequence[bytes]) -> dict[int, Match]:
        """Return the lines that a rule names, by their index, in no particular order."""
        block = _Block(lines)
        named: dict[int, Match] = {}
        texts: dict[int, str] = {}
        for rule in self._rules:
            for index in block.candidates(rule.needles):
                if index in named:
                    continue
                text = texts.get(index)
                if text is None:
                    text = texts[index] = decode(lines[index])
                found = rule.search(text)
                if found is not None:
                    named[index] = rule.match(found)
        return named


class _Block:
    """Lines side by side, to be searched at once.

    Nothing stands between the lines: a needle across a border only makes a candidate that the pattern then refuses.
    """

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._bytes = b"".join(lines)
        self._starts = list(accumulate(map(len, lines), initial=0))
        self._folded: bytes | None = None
        self._found: dict[Needle, list[int]] = {}

    def candidates(self, needles: tuple[Needle, ...]) -> Iterable[int]:
        """Return the lines in which one of the needles begins; all of them if there is no needle."""
        if not needles:
            return range(len(self._starts) - 1)
        if len(needles) == 1 and not needles[0].is_folded:
            return self._having(needles[0])
        found = {index: None for needle in needles for index in self._having(needle)}
        if any(needle.is_folded for needle in needles) and not self._bytes.isascii():
            found.update({index: None for text in FOLDING_TO_ASCII for index in self._having(Needle(text))})
        return found

    def _having(self, needle: Needle) -> list[int]:
        known = self._found.get(needle)
        if known is None:
            known = self._found[needle] = self._search(needle)
        return known

    def _search(self, needle: Needle) -> list[int]:
        find = (self._lower() if needle.is_folded else self._bytes).find
        starts, text = self._starts, needle.text
        found: list[int] = []
        after = 0
        at = find(text)
        while at >= 0:
            after = bisect_right(starts, at, after)
            found.append(after - 1)
            at = find(text, starts[after])
        return found

    def _lower(self) -> bytes:
        if self._folded is None:
            self._folded = self._bytes.lower()
        return self._folded


class _Rule:
    """A rule, compiled."""

    def __init__(self, event: str, rule: EventRule) -> None:
        pattern = re.compile(rule.match)
        groups = pattern.groupindex
        self.needles = required(rule.match)
        self.search = pattern.search
        self._event = event
        self._kind = rule.kind
        self._labels = tuple((name, group) for name, group in groups.items() if name != rule.number)
        self._number = groups.get(rule.number) if rule.number is not None else None
        self._plain = Match(event, rule.kind, (), None)
        self._remembered: dict[tuple[str | None, ...], Labels] = {}

    def match(self, found: re.Match[str]) -> Match:
        """Return what the rule says of a line in which its pattern was found."""
        if not self._labels and self._number is None:
            return self._plain
        number = None if self._number is None else _number(found[self._number])
        return Match(self._event, self._kind, self._labels_of(found), number)

    def _labels_of(self, found: re.Match[str]) -> Labels:
        values = tuple(found[group] for _, group in self._labels)
        known = self._remembered.get(values)
        if known is not None:
            return known
        labels = tuple(
            (name, visible(value, _LABEL_LENGTH))
            for (name, _), value in zip(self._labels, values, strict=True)
            if value is not None
        )
        if sum(len(value or "") for value in values) <= _LABEL_LENGTH * len(values):
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[values] = labels
        return labels


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
