"""What the parts of the frozen model are made of: the base of all, and shapes that many of them have."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from console.core.conditions import parse_condition


class Part(BaseModel):
    """A part of the rollout file: frozen, and strict about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True, allow_inf_nan=False)


def one_of(part: BaseModel, names: tuple[str, ...]) -> str:
    """Return the single key among `names` that is set; raises `ValueError` for none or several."""
    found = [name for name in names if getattr(part, name) is not None]
    if len(found) != 1:
        said = ", ".join(found) if found else "none of them"
        raise ValueError(f"expected exactly one of {', '.join(names)}; found {said}")
    return found[0]


def _size(value: Any) -> Any:
    return value if isinstance(value, float) else parse_condition(f"> {value}", "B").bound


Size = Annotated[
    float,
    BeforeValidator(_size),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(B|[KMGT]B|[KMG]iB)$", "examples": ["5 KB", "1 MiB"]}
    ),
]
"""A size; written as text in the file, bytes in the program."""


def names(value: Any) -> Any:
    """Return a single name as a list of one, and everything else as it is."""
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(names)]
