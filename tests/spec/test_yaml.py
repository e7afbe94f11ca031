"""YAML as rollout files are written in it."""

import math

import pytest
import yaml

from console.spec import compose
from console.spec.compose import NODE_LIMIT, parse
from console.spec.nodes import ListNode, MapNode, Node, Plain, ScalarNode
from console.spec.problems import Problem


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run everything here with libyaml and with PyYAML's own parser."""
    monkeypatch.setattr(compose, "Loader", yaml.CSafeLoader if request.param == "libyaml" else yaml.SafeLoader)
    return str(request.param)


def read(text: str) -> Node:
    found: list[Problem] = []
    node = parse(text, "f.yaml", found)
    assert node is not None
    assert not found
    return node


def refusal(text: str) -> str:
    found: list[Problem] = []
    parse(text, "f.yaml", found)
    return "\n".join(map(str, found))


def scalar(text: str) -> Plain:
    node = read(f"key: {text}\n")
    assert isinstance(node, MapNode)
    held = node.entries["key"].node
    assert isinstance(held, ScalarNode)
    return held.value


@pytest.mark.parametrize(
    "word", ["on", "off", "yes", "no", "On", "NO", "y", "n", "0b1", "1_000", "12:30", "2024-01-01", "1.2.3"]
)
def test_words_that_older_yaml_takes_for_something_else_are_text(word: str) -> None:
    assert scalar(word) == word


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-7", -7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("-.5e3", -500.0),
        (".inf", math.inf),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("5%", "5%"),
        ("< 1%", "< 1%"),
    ],
)
def test_only_the_core_schema_of_yaml_1_2_is_not_text(text: str, value: Plain) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_key_is_text_whatever_it_looks_like() -> None:
    node = read("on: a\n5: b\ntrue: c\nnull: d\n")

    assert isinstance(node, MapNode)
    assert list(node.entries) == ["on", "5", "true", "null"]


def test_every_node_knows_its_line() -> None:
    node = read("a: 1\n\nb:\n  - x\n  - y: z\n")

    assert isinstance(node, MapNode)
    listing = node.entries["b"].node
    assert isinstance(listing, ListNode)
    assert node.entries["b"].place.line == 3
    assert [item.place.line for item in listing.items] == [4, 5]


def test_a_key_that_stands_twice_is_named_with_both_lines() -> None:
    said = refusal("events:\n  a: {match: x}\n  b:\n    match: y\n    kind: z\n    match: w\n")

    assert said == "f.yaml:6: events.b.match: this key stands twice, first in line 4; keep one of the two"


def test_aliases_and_merge_keys_give_what_they_stand_for() -> None:
    node = read("base: &b {every: 5s, unit: s}\nother:\n  <<: *b\n  unit: ms\nlist: [*b, *b]\n")

    assert isinstance(node, MapNode)
    other = node.entries["other"].node
    assert isinstance(other, MapNode)
    assert {name: getattr(entry.node, "value", None) for name, entry in other.entries.items()} == {
        "unit": "ms",
        "every": "5s",
    }


def test_a_quoted_merge_key_is_a_plain_key() -> None:
    node = read('"<<": {a: 1}\n')

    assert isinstance(node, MapNode)
    assert list(node.entries) == ["<<"]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{name}'] * 10)}]\n" for name, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, f"f.yaml:4: more than {NODE_LIMIT:,} values"),
        ("a: &a [*a]\n", "f.yaml:1: *a stands inside &a"),
        ("a:\n  b: *c\n", "f.yaml:2: *c refers to nothing above it"),
        ("[" * 10_000, "f.yaml:1: more than 40 levels of nesting"),
        ("{a: " * 10_000, "f.yaml:1: more than 40 levels of nesting"),
        ("a: &a " + "[" * 30 + "]" * 30 + "\nb: " + "[" * 30 + "*a" + "]" * 30, "f.yaml:2: more than 40 levels"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document begins here"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "f.yaml:1: the tag tag:yaml.org,2002:python/object/apply:os.system",
        ),
        ("target: != 5\n", "put text that begins with ! in quotes"),
        ("? [a]\n: b\n", "f.yaml:1: a mapping or list as a key"),
        ("&x a: 1\n*x : 2\n", "f.yaml:2: *x refers to nothing"),
        ("<<: 5\n", "f.yaml:1: <<: this merges something that is no mapping"),
        ("a: 1\nb: x\x07y\n", "f.yaml:2: the character '\\x07'; remove it"),
        ("a:\n\tb: 1\n", "f.yaml:2: not YAML:"),
        ("a:\n\tb: 1\n", "indent with spaces, not tabs"),
        ("a:\n  target: > 95%\n", 'goes in quotes, such as target: "> 95%"'),
        ("unit: %\n", "put a value that begins with %, @ or ` in quotes"),
        ("image: *:new\n", "put a value that begins with * or & in quotes"),
        ("a: b: c\n", "put a value that contains ': ' in quotes"),
        ("a: 'b\n", "close the quotes"),
        ('a: "\\d"\n', "or use single quotes"),
        ("a: [b\nc: d\n", "close every bracket"),
        ("a:\n  b: 1\n c: 2\n", "f.yaml:3: not YAML:"),
    ],
)
def test_what_cannot_be_read_is_one_problem_with_its_line_and_a_remedy(text: str, said: str) -> None:
    problem = refusal(text)

    assert said in problem
    assert "\n" not in problem
