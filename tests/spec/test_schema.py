"""The JSON Schema for editors."""

import json
from typing import Any

import pytest

from console.spec.compose import parse
from console.spec.files import shipped, shipped_folder
from console.spec.nodes import plain
from console.spec.problems import Problem
from console.spec.schema import schema
from console.spec.schema import tests_schema as schema_of_tests
from console.spec.shape import known_keys


def properties(part: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any] | None:
    """Return the properties that a mapping has at a part of the schema; `None` where any key may stand."""
    for choice in (part, *part.get("anyOf", ())):
        target = whole["$defs"][choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice
        if "properties" in target:
            return dict(target["properties"])
        named = [*target.get("patternProperties", {}).values()]
        if isinstance(target.get("additionalProperties"), dict):
            named.append(target["additionalProperties"])
        if named:
            return {"*": named[0]}
    return None


def unknown_keys(value: Any, part: dict[str, Any], whole: dict[str, Any], path: str = "") -> list[str]:
    if isinstance(value, list):
        items = [choice["items"] for choice in (part, *part.get("anyOf", ())) if "items" in choice]
        return [found for item in value for found in unknown_keys(item, items[0] if items else {}, whole, f"{path}[]")]
    if not isinstance(value, dict):
        return []
    known = properties(part, whole)
    if known is None:
        return []
    found = [] if "*" in known else [f"{path}.{key}" for key in value if key not in known]
    for key, inner in value.items():
        found += unknown_keys(inner, known.get(key, known.get("*", {})), whole, f"{path}.{key}")
    return found


def test_it_is_json_of_draft_2020_12_with_every_reference_resolved() -> None:
    whole = schema()

    text = json.dumps(whole)
    assert whole["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    used = {piece.split('"')[0] for piece in text.split("#/$defs/")[1:]}
    assert used == set(whole["$defs"])
    assert {"required": ["extends"]} in whole["anyOf"]


@pytest.mark.parametrize("name", shipped())
def test_it_knows_every_key_of_the_shipped_files(name: str) -> None:
    problems: list[Problem] = []
    node = parse((shipped_folder() / f"{name}.yaml").read_text(encoding="utf-8"), name, problems)
    assert node is not None

    whole = schema()

    assert unknown_keys(plain(node), whole, whole) == []
    assert unknown_keys({"metrics": {"m": {"evry": "5s"}}}, whole, whole) == [".metrics.m.evry"]


def test_keys_are_described_in_the_words_of_the_model() -> None:
    definitions = schema()["$defs"]

    assert (
        definitions["Metric"]["properties"]["min_samples"]["description"]
        == "With fewer samples the verdict is UNKNOWN."
    )
    assert definitions["Metric"]["properties"]["every"]["default"] == "30s"
    assert definitions["EventRule"]["properties"]["not"]["description"] == "Lines that must not match; checked at load."
    assert all("description" in field for field in schema()["properties"].values())


def test_a_number_may_also_be_a_variable() -> None:
    min_samples = schema()["$defs"]["Metric"]["properties"]["min_samples"]

    assert [choice["type"] for choice in min_samples["anyOf"]] == ["integer", "string"]


def test_the_keys_of_the_schema_are_those_of_the_messages() -> None:
    whole = schema()

    assert tuple(whole["properties"]) == known_keys(())
    assert tuple(whole["$defs"]["Check"]["properties"]) == known_keys(("actions", "x", "verify", 0))


@pytest.mark.parametrize("name", shipped())
def test_the_schema_of_rule_tests_knows_every_key_of_the_shipped_ones(name: str) -> None:
    problems: list[Problem] = []
    text = (shipped_folder() / "tests" / f"{name}.yaml").read_text(encoding="utf-8")
    node = parse(text, name, problems)
    assert node is not None

    whole = schema_of_tests()

    assert unknown_keys(plain(node), whole, whole) == []
    assert unknown_keys({"tests": [{"nam": "a"}]}, whole, whole) == [".tests[].nam"]
    assert whole["properties"]["tests"]["items"] == {"$ref": "#/$defs/RuleTest"}
    undescribed = [key for key, field in whole["$defs"]["RuleTest"]["properties"].items() if "description" not in field]
    assert undescribed == ["name"]
