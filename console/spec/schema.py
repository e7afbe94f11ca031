"""The JSON Schema of rollout files, for completion and checks while one types."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from console.core import dashboards, event_rules, incident_rules, probes, redis_question, rule_tests, stages
from console.core import rollout as model
from console.core.durations import format_duration
from console.core.rollout import Rollout

Schema = dict[str, Any]

_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{", "description": "A variable of the environment."}
_TYPED = frozenset({"integer", "number", "boolean"})
_OVERLAID = ("EventRule", "Action")
"""What a file that `extends` another may say in part, so that nothing in it is required."""


def schema() -> Schema:
    """Return the JSON Schema, draft 2020-12, of a rollout file.

    Every key that has a docstring in the model has it as its description. A file that `extends` another fits too.
    """
    written: Schema = Rollout.model_json_schema(by_alias=True)
    parts: dict[str, Schema] = written.pop("$defs")
    parts["Rollout"] = written
    described = (dashboards, event_rules, incident_rules, probes, redis_question, stages, model)
    for name, docs in _field_docs(*described).items():
        if parts.get(name, {}).get("properties"):
            _describe(parts[name], getattr(model, name), docs)
    for part in parts.values():
        for key, field in part.get("properties", {}).items():
            part["properties"][key] = _widened(key, field)
    for name in _OVERLAID:
        parts[name].pop("required", None)
    for section in ("sources", "events", "metrics", "actions", "tracks", "slo", "kpis", "views"):
        _let_remove(written["properties"][section])
    written["anyOf"] = [{"required": written.pop("required")}, {"required": ["extends"]}]
    del parts["Rollout"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **written,
        "title": "Rollout file of rollout-console",
        "$defs": parts,
    }


def tests_schema() -> Schema:
    """Return the JSON Schema, draft 2020-12, of a file of rule tests."""
    written: Schema = rule_tests.RuleTests.model_json_schema(by_alias=True)
    parts: dict[str, Schema] = written["$defs"]
    for name, docs in _field_docs(rule_tests).items():
        part = written if name == "RuleTests" else parts.get(name, {})
        if part.get("properties"):
            _describe(part, getattr(rule_tests, name), docs)
    for part in (written, *parts.values()):
        for field in part.get("properties", {}).values():
            field.pop("title", None)
            _default(field)
    test = parts["RuleTest"]["properties"]
    for key in ("lines", "gap"):
        test[key] = {
            "description": test[key]["description"],
            "anyOf": [test[key]["items"], {"type": "array", **test[key]}],
        }
        del test[key]["anyOf"][1]["description"]
    for key in ("series", "evidence"):
        by_track = test[key]["additionalProperties"]
        test[key]["additionalProperties"] = {"anyOf": [{"type": "string"}, by_track]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **written,
        "title": "Rule tests of rollout-console",
    }


def _field_docs(*modules: ModuleType) -> dict[str, dict[str, str]]:
    """Return the docstring under each field of each class of the model, by class and field.

    They are read from the source when a schema is wanted, so that no other command pays for it at import.
    """
    sources = (ast.parse(inspect.getsource(module)) for module in modules)
    classes = (found for source in sources for found in source.body if isinstance(found, ast.ClassDef))
    return {found.name: dict(_documented(found.body)) for found in classes}


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, following in pairwise(body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            yield statement.target.id, inspect.cleandoc(str(following.value.value))


def _describe(part: Schema, described: type[BaseModel], docs: dict[str, str]) -> None:
    fields = described.model_fields
    for name, text in docs.items():
        if name in fields:
            part["properties"][fields[name].alias or name]["description"] = text


def _widened(key: str, field: Schema) -> Schema:
    """Return the schema of a key with what the loader understands beyond the model: variables, and short forms."""
    described = {"description": field.pop("description")} if "description" in field else {}
    field.pop("title", None)
    default = _default(field)
    if key in ("of", "over"):
        field = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    elif key == "redis" and "RedisProbe" in str(field):
        field = {"anyOf": [{"const": "ping"}, {"$ref": "#/$defs/RedisProbe"}]}
    elif key == "sign_off":
        field = {**field, "items": {"anyOf": [{"type": "string"}, field["items"]]}}
    elif "type" in field and (field["type"] in _TYPED or "pattern" in field or "enum" in field):
        field = {"anyOf": [field, _VARIABLE]}
    elif "anyOf" in field:
        choices = [choice for choice in field["anyOf"] if choice != {"type": "null"}]
        is_typed = any(choice.get("type") in _TYPED or "pattern" in choice for choice in choices)
        field = {**field, "anyOf": [*choices, _VARIABLE]} if is_typed else _only(field, choices)
    return {**field, **described, **default}


def _default(field: Schema) -> Schema:
    """Take the default out of a field and return it as somebody would write it; nothing for empty ones."""
    value = field.pop("default", None)
    if isinstance(value, float) and "ms|s|m|h|d" in str(field):
        value = format_duration(value).replace(" ", "")
    return {"default": value} if isinstance(value, str | int | float) and value != "" else {}


def _only(field: Schema, choices: list[Schema]) -> Schema:
    return choices[0] if len(choices) == 1 else {**field, "anyOf": choices}


def _let_remove(section: Schema) -> None:
    """Let every entry of a section be null, which takes away the entry of the file that is extended."""
    for key in ("additionalProperties", "patternProperties"):
        inner = section.get(key)
        if key == "additionalProperties" and isinstance(inner, dict):
            section[key] = {"anyOf": [inner, {"type": "null"}]}
        elif isinstance(inner, dict):
            section[key] = {pattern: {"anyOf": [held, {"type": "null"}]} for pattern, held in inner.items()}
