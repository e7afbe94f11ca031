"""The nodes of a rollout file: YAML that knows where it stands."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from console.spec.problems import Place

Plain = str | int | float | bool | None

# YAML 1.2.2, section 10.3.2, the core schema.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value."""

    place: Place
    written: str
    """As the file says it, before variables are put in."""
    value: Plain
    is_substituted: bool = False
    """Whether part of the value came from the environment, and so must not be repeated in a message."""


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list of nodes."""

    place: Place
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping and what belongs to it."""

    place: Place
    node: "Node"


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping; keys are text, in the order of the file."""

    place: Place
    entries: dict[str, Entry]


Node = ScalarNode | ListNode | MapNode
Path = tuple[str | int, ...]


def is_json(path: Path) -> bool:
    """Return whether a path is inside the JSON body of an HTTP request, where null and numbers are values."""
    return ("http", "json") in pairwise(path)


def plain(node: Node, path: Path = ()) -> Any:
    """Return a node as the model takes it.

    Numbers and truth values are given as they are written, because the model knows where a number is wanted: so
    `[sleep, 5]` is a command and `every: 5` is not taken for seconds. Inside a JSON body they keep their type.
    """
    if isinstance(node, MapNode):
        return {name: plain(entry.node, (*path, name)) for name, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item, (*path, index)) for index, item in enumerate(node.items)]
    if node.value is None or isinstance(node.value, str) or is_json(path):
        return node.value
    return node.written


def resolve(text: str) -> Plain:
    """Return what a scalar without quotes means in the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
