"""What a regular expression cannot do without: the literals that let whole blocks be skipped."""

from collections.abc import Iterable
from dataclasses import dataclass
from re import IGNORECASE, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

_BRANCHES_LIMIT = 16
"""More alternatives than this are not worth a search each."""
FOLDING_TO_ASCII = tuple(character.encode() for character in "\u0130\u0131\u017f\u212a")
"""The characters outside ASCII that a case-insensitive expression takes for an ASCII letter: İ ı, ſ, K (kelvin)."""


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for in a line."""

    text: bytes
    is_folded: bool = False
    """Look for it in the line with its ASCII letters in lower case; what is in `FOLDING_TO_ASCII` passes for it."""


def required(pattern: str) -> tuple[Needle, ...]:
    """Return needles of which at least one is in every line that the pattern is found in; none if nothing is sure.

    The line is bytes, decoded as UTF-8 with invalid bytes replaced before the pattern is searched. Only what must
    be matched is taken: runs of literal characters outside optional parts, one per branch of an alternation.
    Raises `re.error` for a pattern that does not parse. The parse tree is that of CPython's `re._parser`; a kind of
    node that is not known here promises nothing.
    """
    tree = _parser.parse(pattern)
    return _of_sequence(tree, tree.state.flags) or ()


def beginning(pattern: str) -> Needle | None:
    """Return the literal that every match of a pattern begins with, if a match depends on nothing before it.

    In a line that is all ASCII a match then is what a search from the literal's first place finds.
    """
    tree = _parser.parse(pattern)
    if _looks_back(tree):
        return None
    is_folded = bool(tree.state.flags & IGNORECASE)
    run = ""
    for kind, value in tree:
        character = _literal(value, is_folded=is_folded) if kind is _constants.LITERAL else ""
        if not character:
            break
        run += character
    return Needle(run.encode(), is_folded) if run else None


def _looks_back(part: Any) -> bool:
    """Return whether any part of a parse tree asserts what stands before it; `\\b` and `^` see no other line."""
    # By identity: the kinds of node are numbers, and so are the bounds of a repeat.
    if isinstance(part, tuple) and any(part[0] is kind for kind in (_constants.ASSERT, _constants.ASSERT_NOT)):
        return bool(part[1][0] < 0) or _looks_back(part[1][1])
    return isinstance(part, tuple | list | _parser.SubPattern) and any(map(_looks_back, part))


def _of_sequence(nodes: Iterable[tuple[Any, Any]], flags: int) -> tuple[Needle, ...] | None:
    """Return the best needles of parts that are all matched, one after the other."""
    is_folded = bool(flags & IGNORECASE)
    found: list[tuple[Needle, ...] | None] = []
    run = ""
    for kind, value in nodes:
        character = _literal(value, is_folded=is_folded) if kind is _constants.LITERAL else ""
        if character:
            run += character
            continue
        found += [_of_run(run, is_folded=is_folded), _of_node(kind, value, flags)]
        run = ""
    found.append(_of_run(run, is_folded=is_folded))
    return max((needles for needles in found if needles), key=_worth, default=None)


def _worth(needles: tuple[Needle, ...]) -> tuple[int, int]:
    """Longer is rarer; among equals fewer searches."""
    return min(len(needle.text) for needle in needles), -len(needles)


def _literal(code: int, *, is_folded: bool) -> str:
    """Return the character to look for, or nothing where finding it in the bytes would prove nothing.

    U+FFFD also stands for bytes that are not valid UTF-8; a lone surrogate has no bytes.
    """
    character = chr(code)
    if is_folded:
        return character.lower() if character.isascii() else ""
    return "" if code == 0xFFFD or 0xD800 <= code <= 0xDFFF else character


def _of_run(run: str, *, is_folded: bool) -> tuple[Needle, ...] | None:
    return (Needle(run.encode(), is_folded),) if run else None


def _of_node(kind: Any, value: Any, flags: int) -> tuple[Needle, ...] | None:
    """Return what one part that is matched needs; for anything that may be left out, nothing."""
    if kind is _constants.SUBPATTERN:
        _, added, removed, inner = value
        return _of_sequence(inner, (flags | added) & ~removed)
    if kind is _constants.ATOMIC_GROUP:
        return _of_sequence(value, flags)
    if kind is _constants.ASSERT:
        return _of_sequence(value[1], flags)
    if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        least, _, inner = value
        return _of_sequence(inner, flags) if least >= 1 else None
    if kind is _constants.BRANCH:
        return _of_branches(value[1], flags)
    return None


def _of_branches(branches: Iterable[Iterable[tuple[Any, Any]]], flags: int) -> tuple[Needle, ...] | None:
    """Return one needle or more per branch; nothing as soon as one branch needs nothing."""
    together: dict[Needle, None] = {}
    for branch in branches:
        needles = _of_sequence(branch, flags)
        if needles is None:
            return None
        together.update(dict.fromkeys(needles))
    return tuple(together) if len(together) <= _BRANCHES_LIMIT else None
