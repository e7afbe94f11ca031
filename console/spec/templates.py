"""The templates of messages: Jinja in its sandbox, without functions.

What the file says may still run without end: it is tried and filled by `console.spec.filling`, never here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from console.core.alert_values import Values
from console.core.rollout import AlertTemplate
from console.core.values import bare_number

TITLE_LIMIT = 250
TEXT_LIMIT = 4000
"""Longest message of one alert, in characters; what is longer is cut and says so."""
SOURCE_LIMIT = 20_000
"""Longest template."""
_FILTERS = (
    "abs", "capitalize", "d", "default", "first", "float", "int", "join", "last", "length", "list", "lower", "max",
    "min", "replace", "reverse", "round", "sort", "string", "sum", "title", "trim", "truncate", "unique", "upper",
)  # fmt: skip

DEFAULT = AlertTemplate(
    title="{{ severity | upper }} {{ rollout }}: {{ text }}",
    message="""\
{{ text }}
{% if value_text %}{{ metric }} is {{ value_text }}\
{% if baseline_text %}, baseline {{ baseline_text }}{% endif %}\
{% if threshold %}, threshold {{ threshold }}{% endif %}{% if target %}, target {{ target }}{% endif %}
{% endif -%}
{% if phase %}phase {{ phase }}, {{ traffic }} % canary
{% endif -%}
since {{ started_at }}, for {{ duration }}
{% if actions %}to get out: {% for action in actions %}\
{{ action.key }} {{ action.title }}{% if not loop.last %}, {% endif %}{% endfor %}
{% endif -%}
service {{ service }}, session {{ session }}""",
    resolved="""\
over: {{ text }}
{% if value_text %}{{ metric }} was {{ value_text }} the last time it was bad
{% endif -%}
from {{ started_at }} to {{ resolved_at }}, for {{ duration }}
service {{ service }}, session {{ session }}""",
)
"""What is said where the file says nothing."""


class TemplateWrong(Exception):
    """A template that cannot be used; the text says why."""

    def __init__(self, said: str, line: int = 1, name: str = "") -> None:
        super().__init__(said)
        self.line = line
        """Line inside the template, from 1."""
        self.name = name
        """The name that is not known, where that is what is wrong."""


_WRONG = (
    *(TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError),
    *(RecursionError, SyntaxError, MemoryError),
)
"""What a template may end with."""


def _why(error: BaseException) -> str:
    if isinstance(error, RecursionError | SyntaxError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it needs too much memory"
    return str(error) or type(error).__name__


class _Sandbox(SandboxedEnvironment):
    """An environment without functions and methods, and with operators that cannot make much of little."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what stands after a dot; of `row` and `labels` it is an entry, also where a method has its name."""
        if not isinstance(obj, dict):
            return super().getattr(obj, attribute)
        try:
            return obj[attribute]
        except KeyError:
            return self.undefined(obj=obj, name=attribute)

    def call(self, context: Any, obj: Any, *given: Any, **named: Any) -> Any:
        """Refuse: what a template needs are filters."""
        raise SecurityError("a template calls nothing; filters such as `value | round(1)` are there")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse what repeats a text or makes a number without end."""
        if operator == "**" or any(isinstance(side, str | list | tuple) for side in (left, right)):
            raise SecurityError(f"the operator {operator} works on small numbers only")
        return super().call_binop(context, operator, left, right)


def _said(value: Any) -> Any:
    if value is None:
        return "unknown"
    return bare_number(value) if isinstance(value, float) else value


def _environment() -> _Sandbox:
    made = _Sandbox(undefined=StrictUndefined, finalize=_said, autoescape=False, keep_trailing_newline=False)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS}
    return made


_JINJA = _environment()


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of one alert."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with a template."""

    where: tuple[str, ...]
    """The key in the template, such as `with`, `users`; empty for the whole."""
    text: str
    line: int = 1
    name: str = ""
    """As in `TemplateWrong`."""
    is_doubt: bool = False
    """It works, and not with every alert."""


def faults(template: AlertTemplate, whole: Values, blank: Values) -> Iterator[Fault]:
    """Yield what is wrong with a template, tried with an alert of which all is known and one of which nothing is."""
    own = {**whole, **dict.fromkeys(template.with_)}
    looks: list[tuple[tuple[str, ...], partial[None]]] = [
        (("with", name), partial(check_expression, source, whole)) for name, source in template.with_.items()
    ]
    texts = {"title": template.title, "message": template.message, "resolved": template.resolved}
    looks += [((key,), partial(check, text, own)) for key, text in texts.items() if text is not None]
    is_whole = True
    for where, look in looks:
        try:
            look()
        except TemplateWrong as error:
            is_whole = False
            yield Fault(where, str(error), error.line, error.name)
    if is_whole:
        yield from _tried(template, whole, blank)


def _tried(template: AlertTemplate, whole: Values, blank: Values) -> Iterator[Fault]:
    try:
        for is_resolved in (False, True):
            render(template, whole, is_resolved=is_resolved)
    except TemplateWrong as error:
        yield Fault((), f"this template fails: {error}")
        return
    try:
        render(template, blank, is_resolved=False)
    except TemplateWrong as error:
        yield Fault((), f"this template fails where a value is not known: {error}", is_doubt=True)


def check(source: str, known: Mapping[str, object]) -> None:
    """Find what is wrong with a template, given the names that it may use; raises `TemplateWrong`."""
    if len(source) > SOURCE_LIMIT:
        raise TemplateWrong(f"longer than {SOURCE_LIMIT:,} characters")
    try:
        tree = _JINJA.parse(source)
        unknown = sorted(meta.find_undeclared_variables(tree) - set(known))
    except TemplateSyntaxError as error:
        raise TemplateWrong(error.message or "not a template", error.lineno) from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise TemplateWrong(_why(error)) from error
    if unknown:
        line = next((n for n, text in enumerate(source.splitlines(), 1) if unknown[0] in text), 1)
        raise TemplateWrong(f"there is no value {unknown[0]}", line, unknown[0])


def check_expression(source: str, known: Mapping[str, object]) -> None:
    """Find what is wrong with an expression; raises `TemplateWrong`."""
    check("{{ " + source + " }}", known)


def with_own(template: AlertTemplate, values: Values) -> Values:
    """Return the values with the template's own names among them; raises `TemplateWrong`."""
    own: Values = {}
    for name, source in template.with_.items():
        try:
            own[name] = _JINJA.compile_expression(source, undefined_to_none=False)(**values)
            str(own[name])  # a name that is not known shows itself here
        except _WRONG as error:
            raise TemplateWrong(f"with.{name}: {_why(error)}") from error
    return {**values, **own}


def render(template: AlertTemplate, values: Values, *, is_resolved: bool) -> Message:
    """Return the message of an alert; raises `TemplateWrong` where a value does not fit the template."""
    named = with_own(template, values)
    text = template.message
    if is_resolved:
        text = template.resolved or DEFAULT.resolved or ""
    return Message(" ".join(_filled(template.title, named, TITLE_LIMIT).split()), _filled(text, named, TEXT_LIMIT))


def _filled(source: str, values: Values, limit: int) -> str:
    try:
        return _bounded(_JINJA.from_string(source).generate(**values), limit)
    except _WRONG as error:
        raise TemplateWrong(_why(error)) from error


def _bounded(pieces: Iterator[str], limit: int) -> str:
    """Return what pieces say, cut at a length; the pieces after it are not asked for."""
    said = ""
    for piece in pieces:
        said += piece
        if len(said) > limit:
            return said[: limit - 1] + "…"
    return said.strip()
