"""Searches end, and until they are given up they find what `re` finds."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.patterns import BoundedPattern, GaveUp, quick_chars

ENDLESS = {
    r"^(a+)+$": "a" * 60 + "!",
    r"(?:a|aa)+$": "a" * 60 + "!",
    r"(?:a|ab|b)*c": "ab" * 40,
    r"(?:\w+\s?)+:$": "word " * 30,
    r"(x+x+)+y": "x" * 50,
    r"(?:(?:a?){20}){20}b": "a" * 40,
    r"(?:(?:a?){8}){4}b": "a" * 30,
    r"(?:\w{1,8} ?){1,8}: failed": "a" * 60 + "/: failed",
    "a?" * 24 + "b": "a" * 24,
}
SLOW = {
    r"(.*)a(.*)b(.*)c(.*)d": "ab" * 5_000,
    r"\w+\d+x": "1" * 200_000,
    r"\s*\S*\s*\S*$x": " a" * 20_000,
}
QUICK = [
    "denied",
    r"FSM transition: (?P<from>\w+) -> (?P<to>\w+)",
    r"completed in (?P<ms>\d+(?:\.\d+)?) ?ms\b",
    r"\b(?:ERROR|FATAL)\b|^Traceback ",
    r"(?i)\brequest failed\b(?:.*?\bstage=(?P<stage>[\w-]+))?",
]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_pattern_that_may_take_exponential_time_is_never_searched_without_a_limit(pattern: str) -> None:
    assert quick_chars(pattern) == 0


@pytest.mark.parametrize(("pattern", "line"), [*ENDLESS.items(), *SLOW.items()])
def test_a_search_ends_soon_on_any_line(pattern: str, line: str) -> None:
    bounded = BoundedPattern(pattern)

    began = time.process_time()
    try:
        bounded.search(line)
    except GaveUp:
        assert bounded.quick_chars < len(line)
    assert time.process_time() - began < 10, "a search without a limit would take hours"


@pytest.mark.parametrize("pattern", QUICK)
def test_usual_patterns_are_searched_by_re_on_usual_lines(pattern: str) -> None:
    assert quick_chars(pattern) >= 1_000


def test_after_many_searches_that_were_given_up_lines_are_refused_untried_until_others_passed() -> None:
    bounded = BoundedPattern(r"^(?:a|aa)+$")
    line = "a" * 60 + "!"
    for _ in range(10):
        with pytest.raises(GaveUp):
            bounded.search(line)

    with pytest.raises(GaveUp):
        bounded.search("aaaa")
    bounded.passed(20_000)

    assert bounded.search("aaaa") is not None


def patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(
        ["a", "b", ".", r"\w", "[ab]", "[^a]", r"\s", "é", "(?i:A)", r"\b", "^", "$", "(?=a)", "(?!b)"]
    )
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
            st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,20}", "+?", "*+"])).map(
                lambda two: f"(?P<g{abs(hash(two))}>{two[0]}){two[1]}"
            ),
        ),
        max_leaves=6,
    )


@settings(max_examples=500)
@given(pattern=patterns(), line=st.text("abAé _1", max_size=12))
def test_both_ways_of_searching_find_the_same(pattern: str, line: str) -> None:
    try:
        bounded = BoundedPattern(pattern)
    except re.error:
        return  # the same group twice
    expected = re.search(pattern, line)

    found = bounded.patient(line)

    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert found.span() == expected.span()


ASCII = bytes(range(128))


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\s+", r"\S+", r"\w+", r"\W+", r"\d+", r"\D+", r"\b.", "[^a]+", r"[\s\d]+", r"[^\s]+"),
        *(
            "(?i)k",
            "(?i)[\u212a]",
            r"(?i)\u017f",
            "(?i)İ|ı",
            r"(?i)[a-\u212a]+",
            "(?a)\\s+",
            "(?ai)ſ|k",
            "(?i:ß)",
            "(?i)µ",
        ),
        *(
            "é",
            "[^é]+",
            r"\xe9?a",
            r"[\x80-\xff]|b",
            r"\N{KELVIN SIGN}|c",
            "(?x) a b # c",
            "(?s).+",
            "(?m)^.+$",
            r"(?P<x>.)(?P=x)?",
        ),
    ],
)
def test_what_is_found_in_ascii_bytes_is_what_is_found_in_their_text(pattern: str) -> None:
    bounded = BoundedPattern(pattern)

    for line in (ASCII, ASCII.swapcase(), b"", b"k", b"ab", b"A\x1cB\x85"[:3], ASCII[::-1]):
        found = bounded.quick(line)
        expected = re.search(pattern, line.decode())
        assert (found and found.span()) == (expected and expected.span())
        assert (found and found.groupdict()) == (
            expected and {name: None if text is None else text.encode() for name, text in expected.groupdict().items()}
        )
