"""Checks of what the operator can do: actions, their steps and their verifications."""

import re
from collections.abc import Mapping
from itertools import product
from urllib.parse import urlsplit

from console.core.conditions import ConditionError, parse_condition
from console.core.patterns import BoundedPattern
from console.core.probes import OWN_CHECKS
from console.core.rollout import Action, ActionKind, Check, HttpProbe, Parameter, SqlStep, Step
from console.core.text import visible
from console.spec.nodes import ListNode, MapNode, Node, Path, ScalarNode
from console.spec.problems import suggestion
from console.spec.review import Review
from console.spec.shape import find
from queries.loader import QueryFileError, parse_query

HOLD = "hold"
"""What `on` says to stop the phase from advancing."""
RESERVED_KEYS = frozenset("123456Shqnzx")
"""Keys that an action may not take: the console's places, its snapshot, leaving, steering a ladder, and halting what
begins by itself."""
COVERED_KEYS = frozenset("acdefgijklmoptwJ")
"""Keys of the console that an action may take; the console's own is then only in the palette."""

_SQL_QUOTED = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$\w*\$.*?\$\w*\$""",
    re.DOTALL,
)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


TO_IS_ELSEWHERE = ("this is asked on the way into no phase", "take this key away; it belongs to `before` of an advance")
"""What is wrong with `to` on a check that no advance looks at."""


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


def check_actions(review: Review) -> None:
    """Check every action: its key, its steps, its verifications."""
    keys: dict[str, str] = {}
    for name, action in review.rollout.actions.items():
        path: Path = ("actions", name)
        if name == HOLD:
            review.wrong(path, "hold is what `on` says to stop a phase", "give the action another name")
        check_text(review, (*path, "title"), action.title)
        _check_key(review, path, action, keys)
        _check_parameters(review, path, action)
        _check_its_phases(review, path, action)
        for index, step in enumerate(action.steps):
            _check_step(review, (*path, "steps", index), step, action.parameters)
            _check_to(review, (*path, "steps", index, "to"), action, step)
        for part in ("before", "verify"):
            for index, check in enumerate(getattr(action, part)):
                check_check(review, (*path, part, index), check)
                if check.kind in OWN_CHECKS:
                    expected = "verify an item of a checklist by it, and let `phases` say when a task may begin"
                    review.wrong((*path, part, index), f"an action cannot look at `{check.kind}`", expected)
                if part == "before":
                    _check_to(review, (*path, part, index, "to"), action, check)
                elif check.to:
                    review.wrong((*path, part, index, "to"), *TO_IS_ELSEWHERE)
        if action.way_back and action.kind is not ActionKind.TASK:
            is_advance = action.kind is ActionKind.ADVANCE
            found = "an advance takes nothing back" if is_advance else f"a {action.kind} is a way back anyway"
            review.wrong((*path, "way_back"), found, "take this key away; it belongs to a task")
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


def _check_parameters(review: Review, path: Path, action: Action) -> None:
    """Check what is chosen before an action."""
    if action.parameters and action.kind is not ActionKind.TASK:
        found = f"a {action.kind} changes the share of all traffic and takes no parameters"
        review.wrong((*path, "parameters"), found, "make it an action of its own without a kind: a task")
    for name, parameter in action.parameters.items():
        where: Path = (*path, "parameters", name)
        if _ENV_NAME.fullmatch(name) is None or name == "traffic":
            review.wrong(where, "this is no name of a parameter", "use letters, digits and _; traffic is the share")
        if parameter.title is not None:
            check_text(review, (*where, "title"), parameter.title)
        listed = parameter.from_
        if listed is not None and listed.query is not None:
            review.source((*where, "from", "source"), listed.source or "", ("postgres",), "a query")
            review.query((*where, "from", "query"), listed.query)
        for value in () if listed is None else listed.values or ():
            if re.fullmatch(parameter.pattern, value) is None:
                expected = f"values must match {parameter.pattern}; give a pattern that they match"
                review.wrong((*where, "from", "values"), f"{visible(value, 80)} cannot be chosen", expected)
        _check_places(review, path, action, name)


def _check_places(review: Review, path: Path, action: Action, name: str) -> None:
    """Check that the value of a parameter is never read as code by a shell or a database."""
    place = f"${{{name}}}"
    for part in ("steps", "verify"):
        for index, asked in enumerate(getattr(action, part)):
            if asked.sql is not None and place in " ".join(_SQL_QUOTED.findall(asked.sql.statement)):
                expected = f"write {place} without quotes: it is bound, never pasted"
                review.wrong((*path, part, index, "sql", "statement"), f"{place} stands in quotes", expected)
    for index, step in enumerate(action.steps):
        if step.shell and step.run is not None and place in step.run[0]:
            expected = f"give it as a variable: env: {{{name.upper()}: {place!r}}}, and write ${name.upper()}"
            review.wrong((*path, "steps", index, "run"), f"a shell would read the value of {name}", expected)


def _check_its_phases(review: Review, path: Path, action: Action) -> None:
    """Check that only a task belongs to phases, so that no way out is hindered, and that there are such phases."""
    path = (*path, "phases")
    if action.phases and action.kind is not ActionKind.TASK:
        found = f"a {action.kind} belongs to every phase"
        review.wrong(path, found, "take this key away; only a task, an action without a kind, is held to phases")
        return
    _check_phase_names(review, path, action.phases)


def _check_to(review: Review, path: Path, action: Action, step: Step | Check) -> None:
    """Check that a step or look that is only for the way into some phases names those there are."""
    if step.to and action.kind is not ActionKind.ADVANCE:
        review.wrong(path, f"a {action.kind} enters no phase", "take this key away; it belongs to an advance")
        return
    _check_phase_names(review, path, step.to)


def _check_phase_names(review: Review, path: Path, named: tuple[str, ...]) -> None:
    names = [phase.name for phase in review.rollout.phases]
    for name in named:
        if name not in names:
            review.wrong(path, f"there is no phase {visible(name, 80)}", suggestion(name, names, "phases are"))


def _keys_of(name: str, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Return every key that one written with `${component}` may become; itself where the values are not listed."""
    places = [found for found in _PLACE.findall(name) if found in parameters]
    listed = [parameters[place].from_ for place in places]
    values = [() if one is None else one.values or () for one in listed]
    if not all(values):
        return (name,)
    keys = []
    for chosen in product(*values):
        key = name
        for place, value in zip(places, chosen, strict=True):
            key = key.replace(f"${{{place}}}", value)
        keys.append(key)
    return tuple(keys)


def _check_step(review: Review, path: Path, step: Step, parameters: Mapping[str, Parameter]) -> None:
    if step.timeout <= 0:
        review.wrong((*path, "timeout"), f"found {review.written((*path, 'timeout'))}", "expected more than 0s")
    if step.run is not None and not step.run[0].strip():
        review.wrong((*path, "run"), "this command is empty", "write its words, such as [docker, compose, up, -d]")
    _check_printed(review, path, step.prints)
    if step.env and step.run is None:
        review.wrong((*path, "env"), f"a {step.kind} step has no environment", "use it with run")
    if step.login is not None:
        review.source((*path, "login"), step.login, ("postgres",), "a login")
        if step.run is None:
            review.wrong((*path, "login"), f"a {step.kind} step logs in by itself", "use it with run")
    for name in step.env:
        _check_variable(review, (*path, "env", name), name, step.env[name])
    if step.env_file is not None:
        if not step.env_file.set:
            review.wrong((*path, "env_file", "set"), "this sets nothing", "name the keys and their values")
        for name, value in step.env_file.set.items():
            for one in _keys_of(name, parameters):
                _check_variable(review, (*path, "env_file", "set", name), one, value)
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


def check_http(review: Review, path: Path, probe: HttpProbe) -> None:
    """Check the address and headers of an HTTP request."""
    try:
        parts = urlsplit(probe.url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_address = False
    if not is_address:
        found = f"{review.written((*path, 'url'))} is no address of HTTP"
        review.wrong((*path, "url"), found, "write one such as http://127.0.0.1:8080/health")
    for header, value in probe.headers.items():
        if not header.isascii() or not header.isprintable() or not value.isprintable() or " " in header:
            review.wrong((*path, "headers", header), "this header cannot be sent", "use printable characters only")


def _check_variable(review: Review, path: Path, name: str, value: str) -> None:
    if _ENV_NAME.fullmatch(name) is None:
        review.wrong(path, "this is no name of a variable", "use letters, digits and _")
    if any(character in value for character in "\n\r\0"):
        review.wrong(path, "the value has more than one line", "an env file has one line for each key")


def check_check(review: Review, path: Path, check: Check) -> None:
    """Check a verification: its source, its question, its times."""
    kinds = {"redis": ("redis",), "query": ("postgres",), "container": ("docker",)}.get(check.kind)
    if kinds is not None and check.source is not None:
        review.source((*path, "source"), check.source, kinds, f"a {check.kind} check")
    if check.http is not None:
        check_http(review, (*path, "http"), check.http)
    if check.command is not None and not any(check.command):
        review.wrong((*path, "command"), "this command is empty", "write its words, such as [./verify.sh]")
    if check.sql is not None:
        _check_reading(review, (*path, "sql"), check.sql)
    _check_printed(review, path, check.prints)
    if check.is_compared:
        _check_compared(review, path)
    elif check.expect is not None:
        try:
            if parse_condition(check.expect, check.unit).needs_baseline:
                review.wrong((*path, "expect"), "a check has no baseline", "compare with a number, such as '== 0'")
        except ConditionError as error:
            review.refuse((*path, "expect"), error)
    elif _is_share(review, check):
        found = "any share but 0 passes, 1 % as well as 100 %"
        review.doubt((*path, check.kind), found, "say which: expect: '== 100%'")
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


def _check_compared(review: Review, path: Path) -> None:
    """Check that there is a before: only what verifies an action has one."""
    if path[0] != "actions" or "verify" not in path:
        found = f"{review.written((*path, 'expect'))} compares with before the steps of an action"
        review.wrong((*path, "expect"), found, "write it in `verify` of an action, here a number")


def _is_share(review: Review, check: Check) -> bool:
    """Return whether it is known that the number which is verified is a share of something."""
    if check.redis is not None:
        return check.redis.scan is not None
    asking = [metric for metric in review.rollout.metrics.values() if metric.query == check.query]
    return check.query is not None and any(metric.unit == "%" for metric in asking)


def _check_reading(review: Review, path: Path, asked: SqlStep) -> None:
    """Check that a statement that verifies something reads, and nothing else."""
    review.source((*path, "source"), asked.source, ("postgres",), "an sql check")
    try:
        parse_query("statement", asked.statement, "statement")
    except QueryFileError as error:
        review.wrong((*path, "statement"), error.found, error.expected)


def _check_printed(review: Review, path: Path, patterns: tuple[str, ...]) -> None:
    """Check what a command must print."""
    for index, pattern in enumerate(patterns):
        is_listed = review.written((*path, "prints")) == "a list"
        here = (*path, "prints", index) if is_listed else (*path, "prints")
        try:
            BoundedPattern(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            review.wrong(here, f"{review.written(here)} is no regular expression: {error}", "correct it")


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
