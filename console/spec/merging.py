"""How a rollout file changes the one that it extends."""

from console.core.kinds import METRIC_KINDS, REDIS_KINDS, SOURCE_KINDS
from console.spec.nodes import Entry, MapNode, Node, Path, ScalarNode, is_json
from console.spec.problems import Problem, problem, suggestion
from console.spec.variables import key_of

TRACK_KINDS = ("label", "image", "name")


def merge(base: MapNode, over: MapNode, notes: list[Problem], path: Path = ()) -> MapNode:
    """Return `base` changed by `over`; every node keeps the place where it was written.

    Mappings merge, key by key: the order of the base is kept and new keys come after. A key whose value is null takes
    the base's key away. Everything else replaces. An entry that says it is of another kind (a file instead of a Docker
    source, a query instead of a ratio of events, an event with a `match` of its own) replaces the base's entry as a
    whole, because what belonged to the old kind would contradict the new one. A null with nothing to take away is
    added to `notes`.
    """
    merged = dict(base.entries)
    for name, entry in over.entries.items():
        before = merged.get(name)
        if _is_null(entry.node) and not is_json(path):
            if before is None:
                notes.append(
                    problem(
                        entry.place,
                        key_of((*path, name)),
                        "there is nothing to take away",
                        suggestion(name, merged, "the base has"),
                    )
                )
            merged.pop(name, None)
            continue
        merged[name] = (
            entry if before is None else Entry(entry.place, _merged(before.node, entry.node, notes, (*path, name)))
        )
    return MapNode(over.place, merged)


def _merged(before: Node, after: Node, notes: list[Problem], path: Path) -> Node:
    if not isinstance(before, MapNode) or not isinstance(after, MapNode) or _is_another_kind(before, after, path):
        return after
    return merge(before, after, notes, path)


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None


def _is_another_kind(before: MapNode, after: MapNode, path: Path) -> bool:
    match path:
        case ("events", _):
            return "match" in after.entries
        case ("sources", _):
            kinds: tuple[str, ...] = SOURCE_KINDS
        case ("metrics", _):
            kinds = METRIC_KINDS
        case ("tracks", _):
            kinds = TRACK_KINDS
        case ("metrics", _, "redis"):
            kinds = REDIS_KINDS
        case _:
            return False
    said = _kinds_of(after, kinds)
    return bool(said) and said != _kinds_of(before, kinds)


def _kinds_of(node: MapNode, kinds: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        kind for kind in kinds if (entry := node.entries.get(kind)) is not None and not _is_null(entry.node)
    )
