"""Regular expressions that cannot run for ever.

Python's `re` holds the interpreter while it searches, and a search may take a time that grows with a power of the
line's length, or exponentially. How bad a pattern can get is read off its parse tree beforehand; a line on which that
could be long is searched by the `regex` module instead, which lets other threads run and gives up at a time limit.
The parse tree is that of CPython's `re._parser`; a kind of node that is not known here counts as the worst.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from re import IGNORECASE, MULTILINE, _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

GIVES_UP_AFTER_S = 0.02
"""How long one search of one line may take."""
_SEARCHES = 2
"""How often a line is searched before it is given up."""
_STEPS_LIMIT = 4_000_000
"""Steps that `re` takes in some 50 ms; a line on which a pattern may need more is searched with a time limit."""
_TRIES = 10
"""Searches in a row that may be given up before long lines are refused untried."""
_LINES_PER_TRY = 20_000
"""After so many lines another try is allowed."""
_MANY = 8
"""A repeat of at most so many times multiplies the steps by a constant, however long the line is."""
_OTHER = 256
"""Stands for every character beyond Latin-1 in a set of characters."""
_ALL = frozenset(range(_OTHER + 1))
_SPACES = frozenset(code for code in range(_OTHER) if chr(code).isspace())
_DIGITS = frozenset(code for code in range(_OTHER) if chr(code).isdecimal())
_WORDS = frozenset(code for code in range(_OTHER) if chr(code).isalnum() or code == ord("_"))
_CATEGORIES = {
    _constants.CATEGORY_SPACE: _SPACES | {_OTHER},
    _constants.CATEGORY_NOT_SPACE: _ALL - _SPACES,
    _constants.CATEGORY_DIGIT: _DIGITS | {_OTHER},
    _constants.CATEGORY_NOT_DIGIT: _ALL - _DIGITS,
    _constants.CATEGORY_WORD: _WORDS | {_OTHER},
    _constants.CATEGORY_NOT_WORD: _ALL - _WORDS,
}
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
_CHARACTERS = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN)

Nodes = Sequence[tuple[Any, Any]]
Found = re.Match[str] | re.Match[bytes]


class GaveUp(Exception):
    """A search took too long, or was not tried because others of the same pattern took too long."""


class BoundedPattern:
    """A regular expression whose search ends within `GIVES_UP_AFTER_S`, or nearly so, on any line.

    Finds what `re` finds, except that a search with a limit, where it ignores case, takes the Turkish `İ` and `ı` for
    no `i`. Raises `re.error` for a pattern that does not compile.
    """

    def __init__(self, pattern: str) -> None:
        compiled = _compiled(pattern)
        self.groups = compiled.groupindex
        self.pattern = pattern
        self.quick_chars = quick_chars(pattern)
        """Lines up to this length are safe to search by `quick`; 0 where hardly any line is."""
        self.quick: Callable[[str | bytes], Found | None] = compiled.search
        """Searches text, or bytes that are all ASCII: the match is that in their text, its groups are bytes."""
        self.quick_in: Callable[[bytes, int, int], Found | None] = compiled.search
        """Searches a part of such bytes, from one offset to another."""
        self._patient: Any = None
        self._tries: float = _TRIES

    def search(self, text: str) -> Found | None:
        """Return the first match. Raises `GaveUp`."""
        return self.quick(text) if len(text) <= self.quick_chars else self.patient(text)

    def patient(self, text: str) -> Found | None:
        """Return the first match in a line of any length, found by the slower way. Raises `GaveUp`."""
        if self._tries < 1:
            raise GaveUp
        if self._patient is None:
            import regex  # noqa: PLC0415 - most rollouts never need it

            self._patient = regex.compile(self.pattern).search
        # On a busy machine others may use up the time of a search that is none too long.
        for _ in range(_SEARCHES):
            with suppress(TimeoutError):
                found: Found | None = self._patient(text, timeout=GIVES_UP_AFTER_S, concurrent=True)
                return found
        self._tries -= 1
        raise GaveUp

    def passed(self, lines: int) -> None:
        """Allow more tries after so many lines."""
        if self._tries < _TRIES:
            self._tries = min(_TRIES, self._tries + lines / _LINES_PER_TRY)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    """Return what `re` compiles a pattern for text to, in a form that also searches bytes.

    `re` makes the same program of a parse tree as of the pattern, but knows no more that it was text, and so lets it
    run on bytes, as on text of the characters U+0000 to U+00FF. ASCII text is kept as such bytes: whatever the pattern
    says of case, words, spaces or characters beyond ASCII, the search of ASCII bytes is that of their text.
    """
    return _compiler.compile(_parser.parse(pattern))


@lru_cache(maxsize=512)
def quick_chars(pattern: str) -> int:
    """Return up to which length of a line a search takes at most some 50 ms; 0 if no length is known to be safe."""
    tree = _parser.parse(pattern)
    try:
        found = _sequence(list(tree), tree.state.flags, frozenset())
    except _Exponential:
        return 0
    is_anchored = (
        bool(tree)
        and tree[0][0] is _constants.AT
        and tree[0][1]
        in (
            _constants.AT_BEGINNING,
            _constants.AT_BEGINNING_STRING,
        )
        and not tree.state.flags & MULTILINE
    )
    power = (0 if is_anchored else 1) + max(found.ambiguous, int(found.has_repeat))
    return int((_STEPS_LIMIT / found.ways) ** (1 / max(1, power))) if found.ways < _STEPS_LIMIT else 0


class _Exponential(Exception):
    """No power of the length bounds the steps."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is known of a part of a pattern."""

    first: frozenset[int]
    """Characters that it may begin with."""
    is_nullable: bool
    """Whether it may match nothing."""
    ambiguous: int = 0
    """How many of its repeats may give characters back that what follows would take."""
    has_repeat: bool = False
    ways: int = 1
    """In how many ways its short repeats and alternatives may take the same text, at most."""


def _sequence(nodes: Nodes, flags: int, after: frozenset[int]) -> _Shape:
    """Return the shape of parts matched one after the other, of which the last is followed by one of `after`."""
    shape = _Shape(frozenset(), True)
    for node in reversed(nodes):
        follows = shape.first | after if shape.is_nullable else shape.first
        part = _part(node, flags, follows)
        shape = _Shape(
            part.first | shape.first if part.is_nullable else part.first,
            part.is_nullable and shape.is_nullable,
            part.ambiguous + shape.ambiguous,
            part.has_repeat or shape.has_repeat,
            min(part.ways * shape.ways, _STEPS_LIMIT),
        )
    return shape


def _part(node: tuple[Any, Any], flags: int, follows: frozenset[int]) -> _Shape:
    kind, value = node
    if kind in _CHARACTERS:
        return _Shape(_characters(kind, value, flags), False)
    if kind is _constants.AT:
        return _Shape(frozenset(), True)
    if kind is _constants.SUBPATTERN:
        _, added, removed, inner = value
        return _sequence(inner, (flags | added) & ~removed, follows)
    if kind is _constants.BRANCH:
        return _branches([_sequence(branch, flags, follows) for branch in value[1]])
    if kind in _REPEATS:
        return _repeat(value, flags, follows)
    if kind in (_constants.POSSESSIVE_REPEAT, _constants.ATOMIC_GROUP):
        inner = value if kind is _constants.ATOMIC_GROUP else value[2]
        shape = _sequence(inner, flags, _ALL)
        is_nullable = shape.is_nullable or (kind is _constants.POSSESSIVE_REPEAT and value[0] == 0)
        return _Shape(shape.first, is_nullable, shape.ambiguous, has_repeat=True)
    if kind in (_constants.ASSERT, _constants.ASSERT_NOT):
        shape = _sequence(value[1], flags, frozenset())
        return _Shape(_ALL, True, max(shape.ambiguous, int(shape.has_repeat)), shape.has_repeat)
    if kind is _constants.GROUPREF:
        return _Shape(_ALL, True, 1, has_repeat=True)
    raise _Exponential


def _branches(shapes: Iterable[_Shape]) -> _Shape:
    known = list(shapes)
    firsts = frozenset().union(*(shape.first for shape in known))
    is_nullable = any(shape.is_nullable for shape in known)
    ways = [shape.ways for shape in known]
    overlap = is_nullable or len(firsts) < sum(len(shape.first) for shape in known)
    return _Shape(
        firsts,
        is_nullable,
        max(shape.ambiguous for shape in known),
        any(shape.has_repeat for shape in known),
        min(sum(ways) if overlap else max(ways), _STEPS_LIMIT),
    )


def _repeat(value: tuple[int, Any, Nodes], flags: int, follows: frozenset[int]) -> _Shape:
    least, most, inner = value
    is_long = most is _constants.MAXREPEAT or int(most) > _MANY
    once = _sequence(inner, flags, frozenset())
    if not is_long:
        shape = _sequence(inner, flags, once.first | follows if int(most) > 1 else follows)
        times = int(most) if shape.ambiguous else 1
        stops = int(most) - least + 1 if shape.is_nullable or shape.first & follows else 1
        ways = min(shape.ways ** int(most) * stops, _STEPS_LIMIT)
        return _Shape(shape.first, shape.is_nullable or least == 0, shape.ambiguous * times, shape.has_repeat, ways)
    shape = _sequence(inner, flags, once.first | follows)
    is_simple = len(inner) == 1 and inner[0][0] in _CHARACTERS
    # Repeated parts that can be cut in several ways multiply with every turn.
    if not is_simple and (shape.is_nullable or shape.ambiguous or _has_choice(inner)):
        raise _Exponential
    return _Shape(shape.first, least == 0, int(bool(shape.first & follows)), has_repeat=True)


def _has_choice(nodes: Iterable[tuple[Any, Any]]) -> bool:
    """Return whether parts hold alternatives or optional parts, which may overlap."""
    for kind, value in nodes:
        if kind is _constants.BRANCH or (kind in _REPEATS and value[0] != value[1] and int(value[1]) <= _MANY):
            return True
        if kind is _constants.SUBPATTERN and _has_choice(value[3]):
            return True
    return False


def _characters(kind: Any, value: Any, flags: int) -> frozenset[int]:
    """Return the characters that one position of a pattern takes."""
    if kind is _constants.ANY:
        return _ALL
    if kind is _constants.LITERAL:
        return _literal(value, flags)
    if kind is _constants.NOT_LITERAL:
        return _ALL - (_literal(value, flags) - {_OTHER})
    found: frozenset[int] = frozenset()
    is_negated = False
    for part, detail in value:
        if part is _constants.NEGATE:
            is_negated = True
        elif part is _constants.LITERAL:
            found |= _literal(detail, flags)
        elif part is _constants.RANGE:
            low, high = detail
            found = found.union(*(_literal(code, flags) for code in range(low, min(high, _OTHER) + 1)))
        else:
            found |= _CATEGORIES.get(detail, _ALL)
    return (_ALL - found) | {_OTHER} if is_negated else found


def _literal(code: int, flags: int) -> frozenset[int]:
    if not flags & IGNORECASE:
        return frozenset({min(code, _OTHER)})
    return frozenset({min(ord(cased), _OTHER) for cased in {chr(code), *chr(code).lower(), *chr(code).upper()}})
