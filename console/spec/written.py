"""What a rollout file says together with those that it extends, before anybody has checked it; light to import."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.spec.files import located, read, tree
from console.spec.merging import merge
from console.spec.nodes import MapNode, ScalarNode, plain
from console.spec.problems import Place, Problem, RolloutFileError, problem
from console.spec.variables import Variables

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Written:
    """A rollout file that was read."""

    path: Path
    tree: MapNode
    """What it says, with what it extends, and with variables put in."""
    rollout_ids: list[str]
    """The rollout that each file of the chain names, nearest first, where it does and where it is a good name."""
    text: bytes
    """The file, followed by the files that it extends."""
    secrets: tuple[str, ...]
    """Values that must never be written or shown, longest first."""
    problems: list[Problem]
    """What is wrong already."""
    notes: list[Problem]
    """What works and is probably not meant."""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule of events as it is written: what a checked rule says too, if nothing is wrong with it."""

    match: str
    kind: str
    number: str | None
    pair: None = None
    """Pairs are counted of what is watched, not of finished logs."""


@dataclass(slots=True)
class _Chain:
    """A rollout file with everything that it extends, nearest first."""

    trees: list[MapNode]
    ids: list[str]
    """The rollout that each file names, where it does and where it is a good name."""
    text: bytes = b""
    """Of all files, one after the other."""


def written(file: str | Path, env: Mapping[str, str]) -> Written:
    """Read a rollout file, given by path or by the name of a shipped one; `env` is where variables come from.

    Raises `RolloutFileError` if it cannot be read to its end.
    """
    path = located(str(file), Path())
    problems: list[Problem] = []
    notes: list[Problem] = []
    variables = Variables(env, problems)
    chain = _read_chain(path, variables, problems)
    whole = chain.trees[-1]
    for over in reversed(chain.trees[:-1]):
        whole = merge(whole, over, notes)
    filled = variables.put_in(whole)
    if not isinstance(filled, MapNode):  # put_in keeps the kind of node; mypy cannot know
        raise TypeError("expected a mapping")
    return Written(path, filled, chain.ids, chain.text, variables.secrets, problems, notes)


def written_rules(said: Written) -> dict[str, WrittenRule]:
    """Return the rules of a file's events that are written as rules are."""
    events = plain(said.tree).get("events")
    rules: dict[str, WrittenRule] = {}
    for name, rule in events.items() if isinstance(events, dict) else ():
        match rule:
            case {"match": str(match)}:
                rules[name] = WrittenRule(match, rule.get("kind", "event"), rule.get("number"))
    return rules


def _read_chain(path: Path, variables: Variables, problems: list[Problem]) -> _Chain:
    chain = _Chain([], [])
    seen: list[Path] = []
    place, following = Place(str(path), 0), path
    while True:
        raw = read(following, place)
        chain.text += raw
        node = tree(raw, str(following), problems)
        seen.append(following.resolve())
        extends = node.entries.get("extends")
        name = _text(variables, node, "rollout")
        if _ID.fullmatch(name) and name not in chain.ids:
            chain.ids.append(name)
        # The base's own `extends` is not part of what the outer file says.
        own = (
            node.entries if not chain.trees else {key: entry for key, entry in node.entries.items() if key != "extends"}
        )
        chain.trees.append(MapNode(node.place, own))
        found_before = len(problems)
        base = _text(variables, node, "extends")
        if len(problems) > found_before:
            raise RolloutFileError(problems)
        if extends is None or not base:
            break
        place, following = extends.node.place, located(base, following.parent)
        if following.resolve() in seen:
            shown = " → ".join(found.name for found in [*seen, following])
            raise RolloutFileError(
                [*problems, problem(place, "extends", f"this goes in a circle: {shown}", "break it")]
            )
    return chain


def _text(variables: Variables, node: MapNode, key: str) -> str:
    """What a top-level key says, if it is text; anything else is found wrong when the form is checked."""
    entry = node.entries.get(key)
    if entry is None or not isinstance(entry.node, ScalarNode) or not isinstance(entry.node.value, str):
        return ""
    filled = variables.put_in(entry.node, (key,))
    return str(filled.value) if isinstance(filled, ScalarNode) else ""
