"""What a pattern needs is found, and never more than that."""

import re
import sys

import pytest

from console.core.literals import FOLDING_TO_ASCII, Needle, beginning, required


def exact(*texts: str) -> tuple[Needle, ...]:
    return tuple(Needle(text.encode()) for text in texts)


@pytest.mark.parametrize(
    ("pattern", "needles"),
    [
        (r"FSM transition rejected: (?P<state>\w+)", exact("FSM transition rejected: ")),
        (r"\d+ FSM (?P<what>transition: \w)", exact("transition: ")),
        (r"a.*longest", exact("longest")),
        (r"(?:abc)?de", exact("de")),
        (r"(?:abcd)*de", exact("de")),
        (r"(?:abcd){2,3}de", exact("abcd")),
        (r"(?:abcd){0,3}de", exact("de")),
        (r"(abcd)+?e", exact("abcd")),
        (r"(?>abcd)e", exact("abcd")),
        (r"(?:abcd)++e", exact("abcd")),
        (r"refused|timed out|denied", exact("refused", "timed out", "denied")),
        (r"x(?:refused|timed out)", exact("refused", "timed out")),
        (r"refused|\d+", ()),
        (r"refused|", ()),
        (r"(?=.*both)\w", exact("both")),
        (r"(?<=after )\w", exact("after ")),
        (r"(?!not this)\w", ()),
        (r"(?<!not this)ok", exact("ok")),
        (r"(a)?b(?(1)cdef|ghij)", exact("b")),
        (r"^start$", exact("start")),
        (r"foo\b bar", exact(" bar")),
        (r"[abc]\w\d\s.", ()),
        (r"", ()),
        (r"größer", exact("größer")),
        ("abc\ufffdde", exact("abc")),
        ("ab\ud800c", exact("ab")),
        (r"1,234\.5\+", exact("1,234.5+")),
        (r"(?x) a b  c # comment", exact("abc")),
        (r"(?i)Refused", (Needle(b"refused", is_folded=True),)),
        (r"(?i:Failed) HERE", (Needle(b"failed", is_folded=True),)),
        (r"(?i)x(?-i:ABCD)e", exact("ABCD")),
        (r"(?i)größer", (Needle(b"gr", is_folded=True),)),
    ],
)
def test_a_pattern_needs_the_literals_it_cannot_match_without(pattern: str, needles: tuple[Needle, ...]) -> None:
    assert required(pattern) == needles


def test_too_many_alternatives_are_not_worth_a_search_each() -> None:
    words = [f"{letter}bc" for letter in "defghijklmnopqrstuvw"]

    assert len(required("|".join(words[:16]))) == 16
    assert required("|".join(words)) == ()


def test_a_pattern_that_does_not_parse_is_refused() -> None:
    with pytest.raises(re.error):
        required("(unclosed")


def test_only_known_characters_pass_for_an_ascii_letter_without_regard_to_case() -> None:
    """The fold search relies on it; a newer Unicode would show here."""
    beyond = "".join(chr(code) for code in range(0x80, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)

    passing = set(re.findall(r"(?i)[\x00-\x7f]", beyond))

    assert {character.encode() for character in passing} == set(FOLDING_TO_ASCII)


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [
        ("moved (?P<to>\\w)", Needle(b"moved ")),
        ("(?i)Moved", Needle(b"moved", is_folded=True)),
        ("moved to|moved from", Needle(b"moved ")),
        ("took (?=it)x$", Needle(b"took ")),
        *((f"moved(?:ab){{{least},9}}", Needle(b"moved")) for least in range(9)),
        ("^moved", None),
        ("(moved)", None),
        ("a|b", None),
        (".moved", None),
        ("moved(?<=ed)", None),
        ("moved(?:(?<!x)y)*", None),
        ("moved(a|(?<!x)y)?", None),
        ("", None),
    ],
)
def test_a_literal_that_every_match_begins_with_is_known(pattern: str, begins: Needle | None) -> None:
    assert beginning(pattern) == begins
