"""The templates of messages: Jinja in its sandbox, with no function that could run for long or say much."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


class _Sandbox(SandboxedEnvironment):
    """An environment without functions and methods, and with operators that cannot make much of little."""

    intercepted_binops = frozenset(["*", "**", "%"])

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


def check(source: str, known: Mapping[str, object]) -> None:
    """Find what is wrong with a template, given the names that it may use; raises `TemplateWrong`."""
    if len(source) > SOURCE_LIMIT:
        raise TemplateWrong(f"longer than {SOURCE_LIMIT:,} characters")
    try:
        tree = _JINJA.parse(source)
        unknown = sorted(meta.find_undeclared_variables(tree) - set(known))
    except TemplateSyntaxError as error:
        raise TemplateWrong(error.message or "not a template", error.lineno) from error
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
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise TemplateWrong(f"with.{name}: {error}") from error
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
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise TemplateWrong(str(error) or type(error).__name__) from error


def _bounded(pieces: Iterator[str], limit: int) -> str:
    """Return what pieces say, cut at a length; the pieces after it are not asked for."""
    said = ""
    for piece in pieces:
        said += piece
        if len(said) > limit:
            return said[: limit - 1] + "…"
    return said.strip()
