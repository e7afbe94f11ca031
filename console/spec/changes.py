"""A rollout changed by single settings, as `replay --set error_rate.critical="> 3%"` says them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from console.core.rollout import METRIC_KINDS, Rollout
from console.spec.check_metrics import check_metrics
from console.spec.check_phases import check_phases
from console.spec.compose import parse
from console.spec.merging import merge
from console.spec.nodes import Entry, ListNode, MapNode, Node, ScalarNode, resolve
from console.spec.problems import Place, Problem, RolloutFileError, problem, suggestion
from console.spec.review import Review
from console.spec.shape import find, fitting
from console.spec.variables import key_of

_RECORDED = Place("the recorded rollout", 0)


def changed(rollout: Rollout, settings: Sequence[str]) -> Rollout:
    """Return a rollout with settings of its metrics changed, each written `metric.key=value`.

    A value is written as in the rollout file; `null` takes the key away. Raises `RolloutFileError` with everything
    that is wrong with them; what was wrong before is not told.
    """
    said = rollout.model_dump(mode="json", by_alias=True, exclude_unset=True)
    before = tree = _tree(said)
    problems: list[Problem] = []
    for setting in settings:
        over = _overlay(setting, rollout, problems)
        if over is not None:
            tree = merge(tree, over, problems)
    if problems:
        raise RolloutFileError(problems)
    made = fitting(Rollout, _values(tree), tree, problems)
    if made is not None:
        known = {(found.key, found.found) for found in _found(rollout, before)}
        problems += [found for found in _found(made, tree) if (found.key, found.found) not in known]
        problems += _not_replayable(rollout, made, tree)
    if made is None or problems:
        raise RolloutFileError(_at_settings(problems, settings))
    return made


def _overlay(setting: str, rollout: Rollout, problems: list[Problem]) -> MapNode | None:
    """Return a setting as the part of a rollout file that says the same."""
    place = Place(f"--set {setting}", 0)
    key, equals, value = setting.partition("=")
    name, *keys = key.strip().split(".")
    if not equals or not keys or not all((name, *keys)):
        expected = "write metric.key=value, such as error_rate.critical='> 3%'"
        problems.append(problem(place, "", "this is no setting", expected))
        return None
    if name not in rollout.metrics:
        expected = suggestion(name, rollout.metrics, "metrics of the recorded rollout")
        problems.append(problem(place, key, f"there is no metric {name}", expected))
        return None
    node = _value(value.strip(), place, problems)
    for part in reversed(("metrics", name, *keys)):
        node = MapNode(place, {part: Entry(place, node)})
    return node if isinstance(node, MapNode) else None


def _value(text: str, place: Place, problems: list[Problem]) -> Node:
    if text[:1] in ("{", "["):
        return parse(text, place.file, problems) or ScalarNode(place, text, text)
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return ScalarNode(place, text, text[1:-1] if is_quoted else resolve(text))


def _tree(said: Mapping[str, Any]) -> MapNode:
    """Return the recorded rollout as nodes, so that it can be merged and checked like a file."""
    return MapNode(_RECORDED, {key: Entry(_RECORDED, _node(value)) for key, value in said.items()})


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        return _tree(value)
    if isinstance(value, list):
        return ListNode(_RECORDED, tuple(map(_node, value)))
    return ScalarNode(_RECORDED, str(value), value)


def _values(node: Node) -> Any:
    """Return a node as the model takes it: what was recorded as it was, what is set as it is written."""
    if isinstance(node, MapNode):
        return {key: _values(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [_values(item) for item in node.items]
    is_written = node.place != _RECORDED and not isinstance(node.value, str | None)
    return node.written if is_written else node.value


def _found(rollout: Rollout, tree: MapNode) -> list[Problem]:
    """Return what is wrong with the metrics and phases of a rollout; its queries need not be there."""
    review = Review(rollout, tree, lambda _: None)
    check_metrics(review)
    check_phases(review)
    return review.problems


def _not_replayable(before: Rollout, after: Rollout, tree: MapNode) -> Iterator[Problem]:
    """Yield the settings that would measure otherwise what was asked of a source then and cannot be asked again."""
    for name, metric in after.metrics.items():
        for key in (*METRIC_KINDS, "source", "window", "unit"):
            if metric.is_probed and getattr(metric, key) != getattr(before.metrics[name], key):
                _, place, path = find(tree, ("metrics", name, key))
                found = f"a {before.metrics[name].kind} metric was measured then, and cannot be measured otherwise now"
                expected = "change its conditions; what is measured can be changed for metrics of events"
                yield problem(place, key_of(path), found, expected)


def _at_settings(problems: Iterable[Problem], settings: Sequence[str]) -> list[Problem]:
    """Return problems at the setting that brought them about, where they stand in the recorded rollout."""
    found = []
    for one in problems:
        metric = one.key.removeprefix("metrics.").partition(".")[0]
        cause = next((setting for setting in settings if setting.strip().startswith(f"{metric}.")), settings[0])
        found.append(replace(one, file=f"--set {cause}") if one.file == _RECORDED.file else one)
    return found
