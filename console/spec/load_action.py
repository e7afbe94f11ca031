"""One action of a rollout file, read without what it does not need: the way out opens although the rest is broken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from console.core.rollout import ActionKind
from console.spec.check_actions import check_actions
from console.spec.check_phases import check_rollout
from console.spec.loaded import Loaded, base_dir_of, find_query, with_a_phase
from console.spec.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from console.spec.problems import Problem, RolloutFileError
from console.spec.review import Review
from console.spec.shape import shaped
from console.spec.variables import key_of
from console.spec.written import Written, written

_HEAD = ("rollout", "title", "service")


@dataclass(frozen=True, slots=True)
class LoadedAction:
    """A rollout file as far as one of its actions needs it."""

    loaded: Loaded
    left_out: tuple[str, ...]
    """What is wrong with the rest of the file as it was read, as `file:line: key: text`."""


def load_action(
    file: str | Path, env: Mapping[str, str], action: str, *, takes_advance: bool = False
) -> LoadedAction | None:
    """Read one action of a rollout file with the sources that it names, and the phases if it needs them; nothing else.

    `None` where the file has no such action, and unless `takes_advance` for one that advances, because whether it may
    is decided by the whole file.
    Raises `RolloutFileError` with what is wrong with the action itself.
    """
    said = written(file, env)
    tree = _pruned(said.tree, action, takes_advance=takes_advance)
    if tree is None:
        return None
    try:
        return _loaded(said, tree, said.problems, action)
    except RolloutFileError as error:
        rest = _without_looks(tree, action)
        if rest is None:
            raise
        # A look that cannot be made must not stand in the way out. A task that deletes or restores is none.
        looks = (key_of(("actions", action, "before")),)
        found = _loaded(said, rest, [one for one in said.problems if not _is_under(one.key, looks)], action)
        return LoadedAction(found.loaded, (*found.left_out, *map(str, error.problems)))


def _loaded(said: Written, tree: MapNode, problems: Sequence[Problem], action: str) -> LoadedAction:
    kept, left_out = _parted(problems, tree, action)
    rollout = shaped(tree, kept)
    if rollout is None or kept:
        raise RolloutFileError(kept)
    base_dir = base_dir_of(said.path)
    review = Review(rollout, tree, lambda name: find_query(said.rollout_ids, name, base_dir))
    check_rollout(review)
    check_actions(review)
    if review.problems:
        raise RolloutFileError(review.problems)
    loaded = Loaded(
        rollout=with_a_phase(rollout),
        path=said.path,
        base_dir=base_dir,
        queries=review.queries,
        secrets=said.secrets,  # of the whole file: a command may print any of them
        text_sha256=sha256(said.text).hexdigest(),
        warnings=(),
    )
    return LoadedAction(loaded, tuple(map(str, left_out)))


def _without_looks(tree: MapNode, action: str) -> MapNode | None:
    """Return the tree of an action without what is looked at before it; `None` where nothing is, and for a task."""
    entry = _mapping(tree, "actions")[action]
    if not isinstance(entry.node, MapNode) or "before" not in entry.node.entries:
        return None
    if _kind_of(entry.node) in (None, ActionKind.TASK):
        return None
    kept = {name: part for name, part in entry.node.entries.items() if name != "before"}
    place = tree.entries["actions"].place
    node = MapNode(entry.node.place, kept)
    actions = MapNode(place, {action: Entry(entry.place, node)})
    return _pruned(MapNode(tree.place, {**tree.entries, "actions": Entry(place, actions)}), action, takes_advance=True)


def _pruned(tree: MapNode, action: str, *, takes_advance: bool) -> MapNode | None:
    actions = _mapping(tree, "actions")
    entry = actions.get(action)
    if entry is None or not isinstance(entry.node, MapNode):
        return None
    is_advance = _kind_of(entry.node) == ActionKind.ADVANCE
    if is_advance and not takes_advance:
        return None
    head = (*_HEAD, "phases") if is_advance or "phases" in entry.node.entries else _HEAD
    kept = {name: tree.entries[name] for name in head if name in tree.entries}
    kept["actions"] = Entry(tree.entries["actions"].place, MapNode(tree.entries["actions"].place, {action: entry}))
    named = set(_sources_of(entry.node))
    found = {name: source for name, source in _mapping(tree, "sources").items() if name in named}
    if found:
        kept["sources"] = Entry(tree.entries["sources"].place, MapNode(tree.entries["sources"].place, found))
    return MapNode(tree.place, kept)


def _kind_of(action: MapNode) -> object:
    kind = action.entries.get("kind")
    return kind.node.value if kind is not None and isinstance(kind.node, ScalarNode) else None


def _mapping(tree: MapNode, section: str) -> Mapping[str, Entry]:
    entry = tree.entries.get(section)
    return entry.node.entries if entry is not None and isinstance(entry.node, MapNode) else {}


def _sources_of(node: Node) -> Iterator[str]:
    """Yield every name that stands under a key `source` or `login`."""
    if isinstance(node, ListNode):
        for item in node.items:
            yield from _sources_of(item)
    elif isinstance(node, MapNode):
        for name, entry in node.entries.items():
            if name in ("source", "login") and isinstance(entry.node, ScalarNode):
                yield str(entry.node.value)
            yield from _sources_of(entry.node)


def _parted(problems: Sequence[Problem], tree: MapNode, action: str) -> tuple[list[Problem], list[Problem]]:
    """Return the problems of what is kept, and those of the rest."""
    sources = tuple(key_of(("sources", name)) for name in _mapping(tree, "sources"))
    ours = ("", *tree.entries.keys() - {"actions", "sources"}, "extends", key_of(("actions", action)), *sources)
    kept = [found for found in problems if _is_under(found.key, ours)]
    return kept, [found for found in problems if found not in kept]


def _is_under(key: str, roots: tuple[str, ...]) -> bool:
    return any(key == root or (root and key.startswith((f"{root}.", f"{root}["))) for root in roots)
