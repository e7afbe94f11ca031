"""A block is classified as if every rule were tried on every line."""

import math
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from console.core.classify import Classifier, Match
from console.core.lines import LINE_LIMIT_BYTES, LineSplitter, starts_of
from console.core.patterns import quick_chars
from console.core.rollout import EventRule
from console.core.scan import PlainScanner, scanner_of
from console.core.text import decode, visible

PATTERNS = {
    "literal": r"FSM transition rejected",
    "labels": r"FSM transition: (?P<from>\w+) -> (?P<to>\w+)",
    "optional_label": r"tool=(?P<tool>\w+)(?: reason=(?P<reason>\w*))?",
    "alternation": r"refused|timed out|\bdenied\b",
    "inner_alternation": r"state (?:lost|gone): (?P<what>.+)",
    "folded": r"(?i)task failed: kiss",
    "folded_part": r"(?i:error) \d+",
    "ahead": r"^(?=.*both)(?=.*here)",
    "not_ahead": r"status(?! ok)\W",
    "behind": r"(?<=id=)[0-9a-f]{4}",
    "anchored": r"^\S+ END$",
    "multiline": r"(?m)^second$",
    "repeat": r"(?:ab){2,}c?",
    "optional": r"(?:maybe )?\d{3}%",
    "non_ascii": r"größer → (?P<größe>\w)",
    "conditional": r"(?P<quote>\")?val(?(quote)\"|;)",
    "newline": r"x\ny|x\ry",
    "replaced": "bad \ufffd byte",
    "class": r"[^\x00-\x7f]{3}",
    "metacharacters": r"\[\*\]\.\(\$\^\|\?\\",
    "verbose": r"(?x) v e r # spelt out",
    "number": r"completed in (?P<ms>\S+)ms for (?P<who>\w+)",
    "rest": r"\w\d\w",
}
FRAGMENTS = [
    b"FSM transition",
    b" rejected",
    b": A -> B",
    b": \xc3\xa9 -> X_1",
    b"tool=book",
    b" reason=",
    b"refused",
    b"timed out",
    b"denied",
    b"state lost: ",
    b"state gone: x",
    b"TASK FAILED: KISS",
    "TAſK faıled: Kiss".encode(),
    "task faİled: kiss".encode(),
    b"Error 7",
    b"both",
    b"here",
    b"status",
    b" ok",
    b"id=",
    b"beef",
    b"END",
    b"second",
    b"ab",
    b"c",
    b"maybe ",
    b"123%",
    "größer → ".encode(),
    b"\xc3",
    b"\xb6",
    b'"val"',
    b"val;",
    b"x\ry",
    b"x\ny",
    b"bad \xff byte",
    b"bad \xef\xbf\xbd byte",
    b"\xed\xa0\x80",
    b"[*].($^|?\\",
    b"ver",
    b"completed in ",
    b"12.5",
    b"1,234",
    b"1e400",
    b"nan",
    b"ms for me",
    b"\x00",
    b"\r",
    b"\n",
    b" ",
    b"\x1b[31m",
]


def rules_of(patterns: Mapping[str, str]) -> dict[str, EventRule]:
    return {
        event: EventRule(kind=f"k-{event}", match=pattern, number="ms" if "?P<ms>" in pattern else None)
        for event, pattern in patterns.items()
    }


def oracle(rules: Mapping[str, EventRule], line: bytes) -> Match | None:
    """Try every rule on the line, in order."""
    text = line.decode("utf-8", errors="replace")
    for event, rule in rules.items():
        found = re.search(rule.match, text)
        if found is None:
            continue
        captured = found.groupdict()
        number = captured.pop(rule.number, None) if rule.number else None
        labels = tuple((name, visible(value, 80)) for name, value in captured.items() if value is not None)
        try:
            value = float(number) if number is not None else None
        except ValueError:
            value = None
        return Match(event, rule.kind, labels, value if value is not None and math.isfinite(value) else None)
    return None


line_bytes = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=8).map(b"".join)
blocks = st.lists(line_bytes, max_size=20)
ALL = rules_of(PATTERNS)


def classified(classifier: Classifier, lines: Sequence[bytes]) -> list[Match | None]:
    """Return for every line what names it."""
    named = classifier.named(lines).matches
    return [named.get(index) for index in range(len(lines))]


CLASSIFIER = Classifier(ALL)
PLAIN = Classifier(ALL, PlainScanner)


@settings(max_examples=400)
@given(lines=blocks)
@example(lines=[b"FSM transition", b" rejected", b"", b"", b"FSM transition rejected"])
@example(lines=["taſk failed: \u212aiss".encode(), b"task failed: kiss"])
def test_a_block_is_named_as_if_every_rule_were_tried_on_every_line(lines: list[bytes]) -> None:
    expected = [oracle(ALL, line) for line in lines]

    assert classified(CLASSIFIER, lines) == expected
    assert classified(PLAIN, lines) == expected


@settings(max_examples=400)
@given(text=blocks.map(b"\n".join) | st.lists(line_bytes).map(b"\r\n".join))
@example(text=b"refused")
@example(text=b"refused\r")
@example(text=b"\n\nrefused\r\n\nboth here")
def test_a_text_is_named_as_its_lines_are(text: bytes) -> None:
    splitter = LineSplitter()
    lines = splitter.feed(text)
    last = splitter.finish()
    if last is not None:
        lines.append(last)
    expected = [match for match in (oracle(ALL, line) for line in lines) if match is not None]

    for classifier in (CLASSIFIER, PLAIN):
        named = classifier.named_in(text)
        assert named.lines == len(lines)
        assert [named.matches[place] for place in sorted(named.matches)] == expected


ascii_lines = st.lists(
    st.lists(
        st.sampled_from([fragment for fragment in FRAGMENTS if fragment.isascii()])
        | st.text(st.characters(max_codepoint=127), max_size=3).map(str.encode),
        max_size=8,
    ).map(b"".join),
    max_size=20,
)


@settings(max_examples=400)
@given(text=ascii_lines.map(b"\n".join) | ascii_lines.map(b"\r\n".join))
@example(text=b"denied\r\nFSM transition: A -> B\r\n\r\nid=beef\r")
@example(text=b"state lost: \r\r\nstate gone: x\r")
@example(text=b"FSM transition: A -> FSM transition: A -> B")
def test_a_text_that_is_all_ascii_is_named_as_its_lines_are(text: bytes) -> None:
    splitter = LineSplitter()
    lines = [*splitter.feed(text), *filter(None, [splitter.finish()])]
    expected = [match for match in (oracle(ALL, line) for line in lines) if match is not None]

    for classifier in (CLASSIFIER, PLAIN):
        named = classifier.named_in(text)
        assert [named.matches[place] for place in sorted(named.matches)] == expected
        assert [match for match in classified(classifier, lines) if match is not None] == expected


@settings(max_examples=200)
@given(order=st.permutations(list(PATTERNS)), count=st.integers(0, 6), lines=blocks)
def test_the_first_rule_in_the_order_of_the_file_names_the_line(
    order: list[str], count: int, lines: list[bytes]
) -> None:
    rules = rules_of({event: PATTERNS[event] for event in order[:count]})

    assert classified(Classifier(rules), lines) == [oracle(rules, line) for line in lines]


@settings(max_examples=200)
@given(line=line_bytes)
def test_a_line_alone_is_named_as_in_a_block(line: bytes) -> None:
    assert CLASSIFIER.classify(line) == oracle(ALL, line)


@settings(max_examples=200)
@given(lines=blocks, cut=st.integers(0, 20))
def test_a_line_is_named_the_same_wherever_blocks_are_cut(lines: list[bytes], cut: int) -> None:
    halves = classified(CLASSIFIER, lines[:cut]) + classified(CLASSIFIER, lines[cut:])

    assert halves == classified(CLASSIFIER, lines)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """A regular expression over a small alphabet, of any shape."""
    atoms = st.sampled_from(
        ["a", "b", "ab", "K", "s", "é", ".", r"\w", r"\s", r"\S", r"\d", "[ab]", "[^a]", "^", "$", r"\b", r"\B", r"\Z"]
    ) | st.sampled_from(
        ["(?i:i)", "(?i:aſ)", r"(?i:\u212a)", "(?<=a)", "(?<!b)", r"(?<=\n)", "(?m:^)", "(?m:$)", r"(?s:.)", r"\r"]
    )
    shapes = [
        lambda inner: st.tuples(inner, inner).map("".join),
        lambda inner: st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        lambda inner: st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,1}", "+?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
        lambda inner: st.tuples(st.sampled_from(["(?=", "(?!", "(", "(?>"]), inner).map(
            lambda two: f"{two[0]}{two[1]})"
        ),
    ]
    pattern = draw(st.recursive(atoms, lambda inner: st.one_of([shape(inner) for shape in shapes]), max_leaves=8))
    return draw(st.sampled_from(["", "(?i)"])) + pattern


@settings(max_examples=400)
@given(
    pattern=patterns(),
    lines=st.lists(st.text("abABkKsSiIſıİKéÉ\n ", max_size=6).map(str.encode), max_size=10),
)
def test_any_pattern_finds_what_it_finds_on_single_lines(pattern: str, lines: list[bytes]) -> None:
    # A search with a limit knows the Turkish letters otherwise (`core.patterns`).
    assume(quick_chars(pattern) >= 6 or not any(letter.encode() in line for line in lines for letter in "İı"))
    expected = [bool(re.search(pattern, decode(line))) for line in lines]

    for scanner_for in (scanner_of, PlainScanner):
        named = classified(Classifier({"e": EventRule(match=pattern)}, scanner_for), lines)
        assert [match is not None for match in named] == expected


@settings(max_examples=250)
@given(
    pattern=st.tuples(st.sampled_from(["", "a", "ab", "(?i)ab", "(?i)K", " "]), patterns())
    .filter(lambda two: not two[1].startswith("(?i)"))
    .map("".join),
    lines=st.lists(st.text("aAbBkKsSiI\x1c\x85 \x000_\r", max_size=8).map(str.encode), max_size=10),
    end=st.sampled_from([b"\n", b"\r\n"]),
    is_ended=st.booleans(),
)
@example(pattern=r"a\s", lines=[b"a\x1c", b"a"], end=b"\n", is_ended=True)
@example(pattern=r"a[^b]", lines=[b"a", b"a"], end=b"\r\n", is_ended=True)
@example(pattern=r"b(?<=ab)", lines=[b"a", b"b", b"ab"], end=b"\n", is_ended=False)
@example(pattern=r"a(?<!^a)", lines=[b"a", b"ba"], end=b"\n", is_ended=False)
def test_any_pattern_finds_in_a_text_what_it_finds_on_its_lines(
    pattern: str, lines: list[bytes], end: bytes, is_ended: bool
) -> None:
    text = end.join(lines) + end * is_ended
    splitter = LineSplitter()
    cut = [*splitter.feed(text), *filter(None, [splitter.finish()])]
    expected = [number for number, line in enumerate(cut) if re.search(pattern, decode(line))]
    starts = list(starts_of(text))

    for scanner_for in (scanner_of, PlainScanner):
        named = Classifier({"e": EventRule(match=pattern)}, scanner_for).named_in(text)
        assert sorted(named.matches) == [starts[number] for number in expected]


def test_nothing_is_named_without_lines_or_without_rules() -> None:
    assert classified(CLASSIFIER, []) == []
    assert classified(Classifier({}), [b"a", b""]) == [None, None]


def test_an_empty_line_may_be_named() -> None:
    classifier = Classifier(rules_of({"empty": r"^$"}))

    named = classified(classifier, [b"", b"a", b"", b""])

    assert [match is not None for match in named] == [True, False, True, True]


def test_a_group_that_took_no_part_is_no_label_and_an_empty_one_is() -> None:
    classifier = Classifier(rules_of({"tool": PATTERNS["optional_label"]}))

    named = classified(classifier, [b"tool=book", b"tool=book reason="])

    assert [match.labels for match in named if match] == [(("tool", "book"),), (("tool", "book"), ("reason", ""))]


def test_the_number_is_no_label() -> None:
    found = Classifier(rules_of({"n": PATTERNS["number"]})).classify(b"completed in 12.5ms for me")

    assert found == Match("n", "k-n", (("who", "me"),), 12.5)


@pytest.mark.parametrize("text", ["1,234", "nan", "inf", "-inf", "1e400", "0x10", "12ms", "-"])
def test_what_is_not_a_finite_number_is_no_number_and_still_an_event(text: str) -> None:
    found = Classifier(rules_of({"n": PATTERNS["number"]})).classify(f"completed in {text}ms for me".encode())

    assert found is not None
    assert found.number is None


def test_a_number_group_that_the_pattern_lacks_gives_no_number() -> None:
    found = Classifier({"n": EventRule(match="done", number="ms")}).classify(b"done")

    assert found == Match("n", "event", (), None)


def test_a_label_is_safe_to_draw_and_short() -> None:
    classifier = Classifier({"e": EventRule(match=r"why=(?P<why>.*)")})

    hostile = classifier.classify(b"why=\x1b[31m\xe2\x80\xae[bold]")
    long = classifier.classify(b"why=" + b"x" * 1000)

    assert hostile is not None
    assert hostile.labels == (("why", "\\x1b[31m\\u202e[bold]"),)
    assert long is not None
    assert long.labels == (("why", "x" * 79 + "…"),)


def test_labels_of_ever_new_values_do_not_pile_up() -> None:
    classifier = Classifier({"e": EventRule(match=r"id=(?P<id>\d+)")})

    named = classified(classifier, [f"id={number}".encode() for number in range(5000)])

    assert [match.labels[0][1] for match in named if match] == [str(number) for number in range(5000)]
    assert len(classifier._rules[0].remembered) <= 4000


def test_a_line_of_a_megabyte_is_named_in_good_time() -> None:
    began = time.process_time()
    long = b"x" * 1_500_000

    named = classified(CLASSIFIER, [long + b" refused", long, b"refused" + long])

    assert [match.event if match else None for match in named] == ["alternation", None, "alternation"]
    assert time.process_time() - began < 10


def test_lines_over_the_limit_are_cut_in_a_text() -> None:
    long = b"refused" + b"x" * LINE_LIMIT_BYTES + b"denied\n"

    named = Classifier({"denied": EventRule(match="denied"), "refused": EventRule(match="refused")}).named_in(long)

    assert [match.event for match in named.matches.values()] == ["refused"]


@pytest.mark.parametrize("size", [1_900, 2_100, LINE_LIMIT_BYTES - 20, LINE_LIMIT_BYTES, LINE_LIMIT_BYTES + 1])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_line_of_any_length_is_named_in_a_text_as_alone(size: int, end: bytes) -> None:
    rules = rules_of({"moved": r"FSM transition: (?P<from>\w+) -> (?P<to>\w+)", "end": r"here\Z", "cut": "here"})
    line = b"FSM transition: A" + b"x" * (size - 21) + b"here"
    splitter = LineSplitter(LINE_LIMIT_BYTES)
    lines = [*splitter.feed(b"a\n" + line + end), *filter(None, [splitter.finish()])]

    named = Classifier(rules).named_in(b"a\n" + line + end)

    assert named.matches.get(2) == oracle(rules, lines[1])


def test_a_literal_that_stands_thousands_of_times_in_a_line_is_searched_once() -> None:
    began = time.process_time()
    text = (b"ab" * 100_000 + b"\n") * 20

    named = Classifier(rules_of({"e": "ab(?P<rest>c)"})).named_in(text)

    assert not named.matches
    assert time.process_time() - began < 5


def test_several_threads_may_share_a_classifier() -> None:
    lines = [b"x" * 200 + b" refused", b"nothing", b"tool=book"] * 500
    expected = CLASSIFIER.named(lines)

    with ThreadPoolExecutor(4) as pool:
        assert all(named == expected for named in pool.map(CLASSIFIER.named, [lines] * 40))


def test_a_rule_that_backtracks_without_end_is_given_up_and_named() -> None:
    rules = {"endless": EventRule(match=r"^(?:a|aa)+$"), "rest": EventRule(match="a+!")}
    line = b"a" * 60 + b"!"

    named = Classifier(rules).named([line, b"aaa", b"b"])

    assert named.given_up == [(0, "endless")]
    assert {place: match.event for place, match in named.matches.items()} == {0: "rest", 1: "endless"}


def test_a_pattern_that_does_not_compile_is_refused() -> None:
    with pytest.raises(re.error):
        Classifier({"e": EventRule(match="(unclosed")})
