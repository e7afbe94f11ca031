"""The form of a rollout file: nodes become the frozen model, and what does not fit becomes problems in plain words."""

import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from console.core.rollout import Rollout
from console.spec.nodes import ListNode, MapNode, Node, Path, ScalarNode, plain
from console.spec.problems import Place, Problem, problem, quoted, suggestion
from console.spec.variables import key_of

M = TypeVar("M", bound=BaseModel)
SECTIONS = (
    "tracks",
    "sources",
    "events",
    "metrics",
    "phases",
    "validation",
    "slo",
    "kpis",
    "views",
    "actions",
    "alerts",
)


def shaped(tree: MapNode, problems: list[Problem]) -> Rollout | None:
    """Return the rollout that the nodes describe.

    What does not fit is added to `problems`; then the entries that fit are returned without those that do not, so
    that their meaning can be checked too. `None` when not even that makes a rollout.
    """
    said = _without_empty_sections(plain(tree))
    for attempt in range(_ATTEMPTS):
        errors = _errors(said)
        if not errors:
            return Rollout.model_validate(said, by_alias=True, by_name=False)
        # What a metric lacks as a whole is only looked for when each of its keys fits.
        told = errors if attempt == 0 else [error for error in errors if error["loc"][:1] == ("metrics",)]
        problems.extend(_problems(told, tree))
        for error in errors:
            _drop(said, error)
    return None


def fitting(model: type[M], said: Any, tree: MapNode, problems: list[Problem]) -> M | None:
    """Return the `model` that `said` describes; what does not fit is added to `problems`, with its place in `tree`."""
    try:
        return model.model_validate(said, by_alias=True, by_name=False)
    except ValidationError as error:
        problems.extend(_problems(error.errors(include_url=False), tree, model))
    return None


def find(tree: Node, path: Path) -> tuple[Node, Place, Path]:
    """Return the node at a path, or the nearest one above it, with the place of its key and the path up to it.

    Parts that pydantic puts into its locations, and that are not in the file, are passed over.
    """
    node, place, reached = tree, tree.place, ()  # type: Node, Place, Path
    for part in path:
        if isinstance(node, MapNode) and isinstance(part, str) and part in node.entries:
            place, node = node.entries[part].place, node.entries[part].node
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            place = node.place
        elif _is_branch(part):
            continue
        else:
            break
        reached = (*reached, part)
    return node, place, reached


def described(node: Node) -> str:
    """Return what stands at a node, as it is written in the file."""
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, str):
        return quoted(node.written)
    return f"the {'truth value' if isinstance(node.value, bool) else 'number'} {node.written}"


def explained(error: ValueError, node: Node) -> tuple[str, str]:
    """Return what was found and what was expected, from an error about the value of a node.

    A value that came from the environment is never repeated: then only what was expected is kept of the error.
    """
    text = str(error)
    match = re.fullmatch(r"(expected .*?)[,;] found (.*)", text, re.DOTALL)
    is_hidden = isinstance(node, ScalarNode) and node.is_substituted
    if match is not None and isinstance(node, ScalarNode):
        return f"found {described(node)}", match.group(1)
    if match is not None:
        return f"found {match.group(2)}", match.group(1)
    if is_hidden:
        return f"the value of {described(node)} does not fit", "correct the variable"
    return text, ""


def _without_empty_sections(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None or name not in SECTIONS}


def _errors(said: Mapping[str, Any]) -> list[ErrorDetails]:
    try:
        Rollout.model_validate(said, by_alias=True, by_name=False)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _drop(said: dict[str, Any], error: ErrorDetails) -> None:
    """Take out an unknown key or the entry of a section that an error is about; a top-level value gets a stand-in."""
    loc = error["loc"]
    if not loc or (error["type"] == "extra_forbidden" and _is_taken_out(said, loc)):
        return
    section = said.get(str(loc[0]))
    if _is_alone(loc) and _is_taken_out(said, loc[:3]):
        return
    if loc[0] in ("rollout", "title", "service"):
        said[str(loc[0])] = "unknown"
    elif len(loc) > 1 and isinstance(section, dict) and loc[0] != "alerts":
        section.pop(str(loc[1]), None)
    elif len(loc) > 1 and isinstance(section, list) and isinstance(loc[1], int):
        section[loc[1]] = {"name": f"unknown {loc[1]}", **_STAND_IN[str(loc[0])]}
    else:
        said.pop(str(loc[0]), None)


_ATTEMPTS = 4
_ALONE = frozenset(
    {"title", "every", "timeout", "stale_after", "for", "keep_for", "min_samples", "broken_after", "investigate"}
)
"""Keys of a metric without which the rest of it means the same: its conditions are checked all the same."""


def _is_alone(loc: tuple[int | str, ...]) -> bool:
    return len(loc) > 2 and loc[0] == "metrics" and loc[2] in _ALONE


_STAND_IN: dict[str, dict[str, Any]] = {
    "phases": {"traffic": "0%"},
    "validation": {"until": "1s", "checklist": [{"id": "unknown", "text": "-"}]},
}
"""What makes an entry of a list that does not fit one that does."""


def _is_taken_out(said: Any, loc: tuple[int | str, ...]) -> bool:
    for part in loc[:-1]:
        if isinstance(said, dict):
            said = said.get(part)
        elif isinstance(said, list) and isinstance(part, int) and part < len(said):
            said = said[part]
    return isinstance(said, dict) and said.pop(loc[-1], loc) is not loc


def _problems(errors: list[ErrorDetails], tree: MapNode, root: type[BaseModel] = Rollout) -> Iterator[Problem]:
    seen: set[Path] = set()
    for error in errors:
        node, place, reached = find(tree, error["loc"])
        is_key = bool(error["loc"]) and error["loc"][-1] == "[key]"
        path = reached if error["type"] != "missing" else (*reached, error["loc"][-1])
        if path in seen:
            continue
        seen.add(path)
        found, expected = _said(error, node, path, root, is_key=is_key)
        yield problem(place, key_of(path), found, expected)


def _is_branch(part: int | str) -> bool:
    """Whether part of pydantic's location stands for no key of the file: a branch of a union, or `[key]`."""
    return isinstance(part, str) and "[" in part


_KEY_RULES = {
    "^[a-z0-9][a-z0-9_-]*$": "use small letters, digits, - and _",
    "^[A-Za-z_][A-Za-z0-9_-]*$": "use letters, digits, - and _, and begin with a letter",
    "^[A-Za-z0-9]$": "expected one letter or digit",
}
_EXPECTED = {
    "missing": "this key is needed",
    "string_type": "expected text",
    "int_parsing": "expected a whole number",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "finite_number": "expected a number within reason",
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "dict_type": "expected a mapping of names to settings",
}
_BOUNDS = {
    "greater_than": ("gt", "expected a number greater than"),
    "greater_than_equal": ("ge", "expected a number of at least"),
    "less_than": ("lt", "expected a number less than"),
    "less_than_equal": ("le", "expected a number of at most"),
}


def _said(error: ErrorDetails, node: Node, path: Path, root: type[BaseModel], *, is_key: bool) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    found = f"found {described(node)}"
    if path[:1] == ("metrics",) and path[-1] == "window":
        return found, "expected a duration such as 15m, or the word phase"
    if kind == "missing":
        return "missing", _EXPECTED[kind]
    if kind == "string_type" and path[-2:-1] in (("set",), ("env",), ("headers",)) and found == "found nothing":
        return found, 'write "" for an empty value'
    if kind == "extra_forbidden":
        return "this key is not known here", suggestion(str(path[-1]), known_keys(path[:-1], root))
    if kind == "string_pattern_mismatch":
        name = quoted(str(path[-1])) if is_key else described(node)
        return f"found {name}", _KEY_RULES.get(context["pattern"], "use letters, digits, - and _")
    if kind == "model_type":
        keys = known_keys(path, root)
        return found, f"expected a mapping with keys such as {', '.join(keys[:6])}"
    if kind == "tuple_type":
        return found, _list_wanted(node, path)
    if kind in ("literal_error", "enum"):
        return found, f"expected {str(context['expected']).replace(chr(39), '')}"
    if kind in _BOUNDS:
        name, text = _BOUNDS[kind]
        return found, f"{text} {context[name]:g}"
    if kind == "value_error":
        return explained(context["error"], node)
    return found, _EXPECTED.get(kind, "something else was expected here")


def _list_wanted(node: Node, path: Path) -> str:
    if path[-1] in ("run", "command"):
        return "expected the words of a command, such as [docker, compose, ps]"
    if isinstance(node, ScalarNode) and node.value is not None:
        return f"expected a list: put it in brackets, [{quoted(node.written)}]"
    return "expected a list"


def known_keys(path: Path, root: type[BaseModel] = Rollout) -> tuple[str, ...]:
    """Return the keys that the model knows at a path of the file; none where any name may stand."""
    model = _model_at(path, root)
    if model is None:
        return ()
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _model_at(path: Path, root: type[BaseModel]) -> type[BaseModel] | None:
    kind: Any = root
    for part in path:
        model = _model_in(kind)
        if model is not None:
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            if part not in fields:
                return None
            kind = fields[str(part)].annotation
        else:
            kind = _item_of(kind)
    return _model_in(kind)


def _model_in(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Annotated, Union, types.UnionType):
        return next((model for inner in get_args(kind) if (model := _model_in(inner)) is not None), None)
    return None


def _item_of(kind: Any) -> Any:
    """What a list or mapping contains."""
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    inner = [found for inner in get_args(kind) if (found := _item_of(inner)) is not None]
    return inner[0] if inner else None
