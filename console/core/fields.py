"""Durations and shares as fields of the model."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from console.core.durations import parse_duration, parse_share


def _duration(value: Any) -> Any:
    return value if isinstance(value, float) else parse_duration(value)


Seconds = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(\d+(\.\d+)?(ms|s|m|h|d))+$",
            "examples": ["500ms", "30s", "5m", "48h", "7d"],
        }
    ),
]
"""A duration; written as text in the file, seconds in the program."""

Share = Annotated[
    float,
    BeforeValidator(parse_share),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}, {"type": "number"}]}),
]
"""A share of traffic in percent."""
