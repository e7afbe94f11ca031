"""Log lines named by rules, a whole block at a time."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from operator import attrgetter, methodcaller
from typing import Protocol

from console.core.lines import LINE_LIMIT_BYTES, TRUNCATED, lines_in, starts_of
from console.core.literals import FOLDING_TO_ASCII, Needle, beginning, required
from console.core.patterns import BoundedPattern, Found, GaveUp
from console.core.scan import PlainScanner, Scanner, scanner_of
from console.core.text import decode, visible

LABEL_LIMIT = 100
"""Values kept apart per event and label; those that arrive later are counted as `OTHER`."""
OTHER = "other"
PAIR = "from → to"
"""The label under which a rule's pairs count; no named group has such a name."""
ARROW = " → "
UNSAID = "?"
"""Stands for a side of a pair that a line does not tell."""
_LABEL_LENGTH = 80
_RETURN = ord("\r")
_REMEMBERED = 4000
"""Combinations of captured texts per rule whose meaning is kept at hand."""

Labels = tuple[tuple[str, str], ...]


class Rule(Protocol):
    """A class of log line: `core.rollout.EventRule`, or what is written of one."""

    @property
    def kind(self) -> str: ...
    @property
    def match(self) -> str: ...
    @property
    def number(self) -> str | None: ...
    @property
    def pair(self) -> tuple[str, str] | None: ...


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule says of a line."""

    event: str
    kind: str
    labels: Labels
    """Named groups that took part, safe to draw; the group that is a number is not among them."""
    number: float | None
    """The captured number, `None` if the rule has none or the text is no finite number."""


@dataclass(frozen=True, slots=True)
class Named:
    """Which lines of a block a rule names, by their places: indexes of lines, or offsets in a text."""

    lines: int
    """How many lines the block has."""
    matches: dict[int, Match] = field(default_factory=dict)
    """In no particular order."""
    given_up: list[tuple[int, str]] = field(default_factory=list)
    """Lines, and the events of rules whose search was given up on them (`core.patterns`); others may name the line."""


class Classifier:
    """Names lines: the first rule, in the order of the file, whose pattern is found in a line names it.

    A pattern is searched in the line decoded as UTF-8 with invalid bytes replaced; a line that is all ASCII need not be
    decoded for that (`core.patterns`). Blocks are first scanned as bytes
    for the literals that each pattern needs (`core.literals`, `core.scan`), so that patterns only run on lines that may
    match; the answer is that of trying every rule on every line, whatever the scanner. Safe to use from several
    threads. Raises `re.error` for a pattern that does not compile.
    """

    def __init__(
        self, rules: Mapping[str, Rule], scanner_for: Callable[[Sequence[Needle]], Scanner] = scanner_of
    ) -> None:
        needles: dict[Needle, int] = {}
        self._rules = tuple(_Rule(event, rule, needles) for event, rule in rules.items())
        self._scanner = scanner_for(tuple(needles))
        self._folding = PlainScanner([Needle(text) for text in FOLDING_TO_ASCII])
        self._is_folded = any(needle.is_folded for needle in needles)

    def classify(self, line: bytes) -> Match | None:
        """Return what names one line, `None` if no rule does."""
        return self.named((line,)).matches.get(0)

    def named(self, lines: Sequence[bytes]) -> Named:
        """Return the lines that a rule names, by their index."""
        return self._name(_Listed(lines))

    def named_in(self, text: bytes) -> Named:
        """Return the lines of a text that a rule names, by the offset at which they begin.

        Lines are cut as `core.lines.LineSplitter` cuts them, at most `LINE_LIMIT_BYTES` long.
        """
        return self._name(_Text(text), in_place=text if text.isascii() else None)

    def _name(self, block: "_Block", *, in_place: bytes | None = None) -> Named:
        found = self._scanner.scan(block.content, block.next_line)
        folding: list[int] = []
        if self._is_folded and not block.content.isascii():
            folding = list(chain.from_iterable(self._folding.scan(block.content, block.next_line)))
        named = Named(block.count)
        matches, texts = named.matches, dict[int, str | bytes]()
        for rule in self._rules:
            rule.pattern.passed(block.count)
            quick, quick_chars, match = rule.pattern.quick, rule.pattern.quick_chars, rule.match
            if in_place is not None and rule.begins:
                candidates: Iterable[int] = _name_in_place(rule, in_place, found[rule.needles[0]], matches)
            else:
                candidates = _candidates(rule, block, found, folding)
            for place in candidates:
                if place in matches:
                    continue
                text = texts.get(place)
                if text is None:
                    line = block.line(place)
                    text = texts[place] = line if line.isascii() else decode(line)
                if len(text) <= quick_chars:
                    taken = quick(text)
                else:
                    try:
                        taken = rule.pattern.patient(text if isinstance(text, str) else decode(text))
                    except GaveUp:
                        named.given_up.append((place, rule.event))
                        continue
                if taken is not None:
                    matches[place] = match(taken)
        return named


def _candidates(rule: "_Rule", block: "_Block", found: list[list[int]], folding: list[int]) -> Iterable[int]:
    """Return the lines in which one of the rule's needles stands; all of them if it has none."""
    if not rule.needles:
        return block.places()
    offsets: Iterable[int] = found[rule.needles[0]]
    if len(rule.needles) > 1 or (rule.is_folded and folding):
        offsets = chain(*(found[number] for number in rule.needles), folding if rule.is_folded else ())
    return dict.fromkeys(map(block.place_of, offsets))


def _name_in_place(rule: "_Rule", text: bytes, offsets: Iterable[int], matches: dict[int, Match]) -> list[int]:
    """Name lines of an ASCII text by a rule without cutting them; return those that are too long for that.

    Every match of the rule begins at one of the offsets. A search that ends at the end of a line and begins behind its
    start is that of the line, as the pattern does not look back.
    """
    find, rfind, search = text.find, text.rfind, rule.pattern.quick_in
    values_of, known = rule.values_of, rule.remembered.get
    longest = min(rule.pattern.quick_chars, LINE_LIMIT_BYTES)
    too_long = []
    end = -1
    for offset in offsets:
        if offset <= end:
            continue
        place = rfind(b"\n", 0, offset) + 1
        end = find(b"\n", offset)
        if end < 0:
            end = line_end = len(text)
        else:
            line_end = end - 1 if text[end - 1] == _RETURN else end
        if place in matches:
            continue
        if line_end - place > longest:
            too_long.append(place)
            continue
        taken = search(text, offset, line_end)
        if taken is not None:
            matches[place] = known(values_of(taken)) or rule.match(taken)
    return too_long


class _Block(Protocol):
    """Lines to be searched at once."""

    content: bytes
    count: int
    """How many lines there are."""

    def places(self) -> Iterable[int]:
        """Return what stands for each line."""
        ...

    def place_of(self, offset: int) -> int:
        """Return what stands for the line in which an offset lies."""
        ...

    def next_line(self, offset: int) -> int:
        """Return where the line after that of an offset begins."""
        ...

    def line(self, place: int) -> bytes:
        """Return a line without its end."""
        ...


class _Listed:
    """Lines given one by one.

    Nothing stands between them: a needle across a border only makes a candidate that the pattern then refuses.
    """

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.content = b"".join(lines)
        self.count = len(lines)
        self.line = lines.__getitem__
        self._starts = list(accumulate(map(len, lines), initial=0))

    def places(self) -> Iterable[int]:
        return range(self.count)

    def place_of(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def next_line(self, offset: int) -> int:
        return self._starts[bisect_right(self._starts, offset)]


class _Text:
    """Lines that end with `\\n`, the last one perhaps without."""

    def __init__(self, text: bytes) -> None:
        self.content = text
        self.count = lines_in(text)

    def places(self) -> Iterable[int]:
        return starts_of(self.content)

    def place_of(self, offset: int) -> int:
        return self.content.rfind(b"\n", 0, offset) + 1

    def next_line(self, offset: int) -> int:
        return self.content.find(b"\n", offset) + 1 or len(self.content)

    def line(self, place: int) -> bytes:
        end = self.content.find(b"\n", place)
        line = self.content[place:] if end < 0 else self.content[place:end].removesuffix(b"\r")
        return line if len(line) <= LINE_LIMIT_BYTES else line[:LINE_LIMIT_BYTES] + TRUNCATED


class _Rule:
    """A rule, compiled."""

    def __init__(self, event: str, rule: Rule, needles: dict[Needle, int]) -> None:
        self.event = event
        self.pattern = BoundedPattern(rule.match)
        wanted = required(rule.match)
        self.needles = tuple(needles.setdefault(needle, len(needles)) for needle in wanted)
        """Numbers of the needles of which one is in every line that matches."""
        self.begins = wanted == (beginning(rule.match),)
        """Whether every match begins with the only needle, and depends on nothing before it."""
        self.is_folded = any(needle.is_folded for needle in wanted)
        self._kind = rule.kind
        self._groups = tuple(self.pattern.groups)
        self._number = rule.number
        self._pair = rule.pair
        places = tuple(self.pattern.groups.values())
        self.values_of: Callable[[Found], object] = (
            methodcaller("group", *places) if places else attrgetter("lastgroup")
        )
        """Gives what the named groups captured; `None`, the name of no group, where there are none."""
        self.remembered: dict[object, Match] = {}
        """What captured values say, of some lines."""

    def match(self, found: Found) -> Match:
        """Return what the rule says of a line in which its pattern was found."""
        values = self.values_of(found)
        known = self.remembered.get(values)
        if known is not None:
            return known
        texts = tuple(map(_text, map(found.group, self._groups)))
        match = self._read(texts)
        if sum(len(text or "") for text in texts) <= _LABEL_LENGTH * len(texts):
            if len(self.remembered) >= _REMEMBERED:
                self.remembered.clear()
            self.remembered[values] = match
        return match

    def _read(self, texts: tuple[str | None, ...]) -> Match:
        """Return what captured texts say."""
        captured = dict(zip(self._groups, texts, strict=True))
        number = None if self._number is None else _number(captured.pop(self._number, None))
        labels = tuple((name, visible(text, _LABEL_LENGTH)) for name, text in captured.items() if text is not None)
        return Match(self.event, self._kind, labels + self._paired(captured), number)

    def _paired(self, captured: Mapping[str, str | None]) -> Labels:
        """Return the pair of a line that says from where, as a label; to where it may leave open."""
        begins, ends = (captured.get(name) for name in self._pair or ("", ""))
        if begins is None:
            return ()
        sides = (visible(side or UNSAID, _LABEL_LENGTH).replace(ARROW, " -> ") for side in (begins, ends))
        return ((PAIR, ARROW.join(sides)),)


def _text(captured: object) -> str | None:
    return decode(captured) if isinstance(captured, bytes) else None if captured is None else str(captured)


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
