"""Checks of what is done: tracks, sources, phases and actions."""

import re

from console.core.conditions import ConditionError, split_pause
from console.core.rollout import Action, ActionKind, Check, ChecklistItem, Phase, SourceSpec, Step
from console.core.text import visible
from console.spec.check_metrics import HOLD, check_http
from console.spec.nodes import ListNode, MapNode, Node, Path, ScalarNode
from console.spec.problems import suggestion
from console.spec.review import Review
from console.spec.shape import find

TRACKS = ("canary", "baseline")
RESERVED_KEYS = frozenset("123456Sqnzx")
"""Keys that an action may not take: the console's places, its snapshot, leaving, and steering a ladder."""
COVERED_KEYS = frozenset("acdefijkmotwJ")
"""Keys of the console that an action may take; the console's own is then only in the palette."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEMES = {
    "postgres": ("postgres://", "postgresql://"),
    "redis": ("redis://", "rediss://", "unix://"),
    "host": ("unix://", "tcp://", "ssh://", "http://", "https://"),
}


def check_rollout(review: Review) -> None:
    """Check the names at the top, tracks and sources."""
    check_text(review, ("title",), review.rollout.title)
    check_text(review, ("service",), review.rollout.service)
    for name in review.names("tracks"):
        _check_track(review, ("tracks", name), name)
    for name, source in review.rollout.sources.items():
        _check_source(review, ("sources", name), source)


def check_text(review: Review, path: Path, text: str) -> None:
    """A text that is drawn, and perhaps typed by the operator to confirm something."""
    if not text.strip():
        review.wrong(path, "this is empty", "write what the operator shall read here")
    elif visible(text) != text:
        review.wrong(
            path, f"{review.written(path)} has characters that cannot be shown", "use printable characters only"
        )
    elif text != text.strip():
        review.wrong(path, f"{review.written(path)} has spaces around it", "remove them")


def _check_track(review: Review, path: Path, track: str) -> None:
    if track not in TRACKS:
        review.wrong(path, f"there is no track {visible(track, 80)}", suggestion(track, TRACKS, "tracks are"))


def _check_source(review: Review, path: Path, source: SourceSpec) -> None:
    if source.track is not None and source.track not in TRACKS:
        expected = suggestion(source.track, TRACKS, "tracks are")
        review.wrong((*path, "track"), f"there is no track {review.written((*path, 'track'))}", expected)
    for key, schemes in _SCHEMES.items():
        address = getattr(source, key)
        if address is not None and not address.startswith(schemes):
            found = f"{review.written((*path, key))} is no address of {'a Docker engine' if key == 'host' else key}"
            review.wrong((*path, key), found, f"expected it to begin with {' or '.join(schemes)}")
    if source.file is not None and not source.file.strip():
        review.wrong((*path, "file"), "this is empty", "write a path such as logs/*.log")
    if source.command is not None and not any(source.command):
        review.wrong(
            (*path, "command"), "this command is empty", "write its words, such as [kubectl, logs, -f, deploy/app]"
        )


def check_phases(review: Review) -> None:
    """Check every phase: its names, its criteria, its checklist."""
    seen: dict[str, int] = {}
    for index, phase in enumerate(review.rollout.phases):
        path: Path = ("phases", index)
        check_text(review, (*path, "name"), phase.name)
        if phase.name in seen:
            found = f"phases[{seen[phase.name]}] is named {review.written((*path, 'name'))} too"
            review.wrong((*path, "name"), found, "give every phase a name of its own")
        seen.setdefault(phase.name, index)
        _check_criteria(review, path, phase)
        _check_checklist(review, path, phase)
    if not review.rollout.phases and not review.names("phases"):
        review.doubt((), "there are no phases", "the rollout is watched as one phase at 100%; add `phases:`")


def _check_criteria(review: Review, path: Path, phase: Phase) -> None:
    for index, name in enumerate(phase.advance):
        review.knows((*path, "advance", index), name, "metrics", "metric")
    for index, text in enumerate(phase.pause):
        item = (*path, "pause", index)
        try:
            name, said = split_pause(text)
        except ConditionError as error:
            review.refuse(item, error)
            continue
        if name not in review.names("metrics"):
            expected = suggestion(name, review.names("metrics"), "metrics of this file")
            review.wrong(item, f"{review.written(item)} names a metric that is not there", expected)
        elif name in review.rollout.metrics:
            review.condition(item, said, name)


def _check_checklist(review: Review, path: Path, phase: Phase) -> None:
    seen: set[str] = set()
    for index, item in enumerate(phase.checklist):
        check_item(review, (*path, "checklist", index), item, seen, "in this phase")
    for index, role in enumerate(phase.sign_off):
        check_text(review, (*path, "sign_off", index), role)


def check_item(review: Review, where: Path, item: ChecklistItem, seen: set[str], place: str) -> None:
    """Check a checklist item: its id, which is added to those `seen` in a place, its text and how it is verified."""
    if item.id in seen:
        review.wrong(
            (*where, "id"), f"{review.written((*where, 'id'))} stands twice {place}", "give every item its own id"
        )
    seen.add(item.id)
    check_text(review, (*where, "text"), item.text)
    if item.verify is not None:
        _check_check(review, (*where, "verify"), item.verify)


def check_actions(review: Review) -> None:
    """Check every action: its key, its steps, its verifications."""
    keys: dict[str, str] = {}
    for name, action in review.rollout.actions.items():
        path: Path = ("actions", name)
        if name == HOLD:
            review.wrong(path, "hold is what `on` says to stop a phase", "give the action another name")
        check_text(review, (*path, "title"), action.title)
        _check_key(review, path, action, keys)
        for index, step in enumerate(action.steps):
            _check_step(review, (*path, "steps", index), step)
        for index, check in enumerate(action.verify):
            _check_check(review, (*path, "verify", index), check)
        if action.kind is ActionKind.TASK:
            _check_no_traffic(review, path)
    has_share = any(phase.traffic > 0 for phase in review.rollout.phases)
    if has_share and not any(action.kind is ActionKind.ROLLBACK for action in review.rollout.actions.values()):
        review.doubt(("actions",), "there is no action of kind rollback", "add one, so that the way out is on a key")


def _check_key(review: Review, path: Path, action: Action, keys: dict[str, str]) -> None:
    if action.key is None:
        return
    if action.key in RESERVED_KEYS:
        expected = "take another; the console keeps " + ", ".join(sorted(RESERVED_KEYS))
        review.wrong((*path, "key"), f"the key {review.written((*path, 'key'))} belongs to the console", expected)
    elif action.key in keys:
        review.wrong(
            (*path, "key"), f"the key {action.key} belongs to {keys[action.key]}", "give every action a key of its own"
        )
    if action.key in COVERED_KEYS:
        review.doubt((*path, "key"), f"this covers the console's own key {action.key}", "a capital letter is better")
    keys.setdefault(action.key, str(path[1]))


def _check_step(review: Review, path: Path, step: Step) -> None:
    if step.timeout <= 0:
        review.wrong((*path, "timeout"), f"found {review.written((*path, 'timeout'))}", "expected more than 0s")
    if step.run is not None and not step.run[0].strip():
        review.wrong((*path, "run"), "this command is empty", "write its words, such as [docker, compose, up, -d]")
    if step.env and step.run is None:
        review.wrong((*path, "env"), f"a {step.kind} step has no environment", "use it with run")
    for name in step.env:
        _check_variable(review, (*path, "env", name), name, step.env[name])
    if step.env_file is not None:
        if not step.env_file.set:
            review.wrong((*path, "env_file", "set"), "this sets nothing", "name the keys and their values")
        for name, value in step.env_file.set.items():
            _check_variable(review, (*path, "env_file", "set", name), name, value)
    if step.sql is not None:
        review.source((*path, "sql", "source"), step.sql.source, ("postgres",), "an sql step")
        if not step.sql.statement.strip():
            review.wrong((*path, "sql", "statement"), "this is empty", "write one statement")
    if step.redis is not None:
        review.source((*path, "redis", "source"), step.redis.source, ("redis",), "a redis step")
        if not any(step.redis.command):
            review.wrong(
                (*path, "redis", "command"), "this command is empty", "write its words, such as [DEL, some-key]"
            )
    if step.http is not None:
        check_http(review, (*path, "http"), step.http)


def _check_variable(review: Review, path: Path, name: str, value: str) -> None:
    if _ENV_NAME.fullmatch(name) is None:
        review.wrong(path, "this is no name of a variable", "use letters, digits and _")
    if any(character in value for character in "\n\r\0"):
        review.wrong(path, "the value has more than one line", "an env file has one line for each key")


def _check_check(review: Review, path: Path, check: Check) -> None:
    kinds = {"redis": ("redis",), "query": ("postgres",), "container": ("docker",)}.get(check.kind)
    if kinds is not None and check.source is not None:
        review.source((*path, "source"), check.source, kinds, f"a {check.kind} check")
    if check.http is not None:
        check_http(review, (*path, "http"), check.http)
    if check.command is not None and not any(check.command):
        review.wrong((*path, "command"), "this command is empty", "write its words, such as [./verify.sh]")
    if check.for_ > check.within:
        review.doubt((*path, "for"), "this is longer than `within`", "it can never pass in time; use a longer `within`")
    if check.query is not None:
        query = review.query((*path, "query"), check.query)
        if query is not None and query.takes_window and query.window_s is None:
            review.wrong(
                (*path, "query"),
                "the query uses :window and its header does not say how long that is",
                "add `-- window: 1h` to it",
            )


def _check_no_traffic(review: Review, path: Path) -> None:
    for part in ("steps", "verify"):
        node, _, reached = find(review.tree, (*path, part))
        if reached == (*path, part):
            _refuse_traffic(review, node, reached)


def _refuse_traffic(review: Review, node: Node, path: Path) -> None:
    if isinstance(node, MapNode):
        for name, entry in node.entries.items():
            _refuse_traffic(review, entry.node, (*path, name))
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            _refuse_traffic(review, item, (*path, index))
    elif isinstance(node, ScalarNode) and "${traffic}" in str(node.value):
        expected = "write the number, or make the action a rollback, step_down or advance"
        review.wrong(path, "a task changes no share of traffic, so ${traffic} is not known", expected)
