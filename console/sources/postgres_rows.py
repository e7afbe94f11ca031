"""What the rows of a query mean: readings by their column names, and a table that is safe to draw."""

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from console.core.conditions import share_scale
from console.core.durations import format_duration
from console.core.inputs import Reading
from console.core.text import visible
from console.core.words import Table
from console.sources.base import Answer, ProbeFailed

TABLE_ROWS = 50
"""Most rows of a table; that there are more is said beside it."""
_CELL_LIMIT = 200
_MEANT = frozenset({"total", "bad", "value", "samples", "track"})


def answer_of(columns: Sequence[str], rows: Sequence[Sequence[Any]], unit: str) -> Answer:
    """Return the readings that the columns say, with all rows as a table.

    `total` and `bad` are counts, and the value is their ratio in `unit`; or `value` with an optional `samples`; an
    optional `track` splits either. NULL and NaN are no value. Other columns are a table only. Raises `ProbeFailed`
    when a number is none, or when one track has several rows.
    """
    table = table_of(columns, rows)
    at = {name: number for number, name in enumerate(columns)}
    is_ratio = {"total", "bad"} <= at.keys()
    if not is_ratio and "value" not in at:
        return Answer((), table)
    readings: dict[str, Reading] = {}
    for row in rows:
        cell = {name: row[at[name]] for name in _MEANT & at.keys()}
        track = visible(str(cell["track"]), 60) if cell.get("track") is not None else ""
        if track in readings:
            if set(columns) - _MEANT:
                return Answer((), table)
            raise ProbeFailed(f"the query gave {len(rows)} rows; expected one{' per track' if 'track' in at else ''}")
        readings[track] = _ratio(track, cell, unit) if is_ratio else _value(track, cell)
    if not readings:
        return Answer((Reading("", None, samples=0),), table)
    return Answer(tuple(readings.values()), table)


def table_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Return rows as text that is safe to draw."""
    shown = tuple(tuple(cell_text(cell) for cell in row) for row in rows[:TABLE_ROWS])
    return Table(tuple(visible(name, 60) for name in columns), shown, is_cut=len(rows) > TABLE_ROWS)


def cell_text(cell: Any) -> str:
    """Return a value of the database as it is shown; NULL is empty."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            return f"{cell:.6g}"
        case Decimal():
            return visible(f"{cell:f}" if cell.is_finite() else str(cell), _CELL_LIMIT)
        case datetime():
            return cell.isoformat(sep=" ", timespec="milliseconds" if cell.microsecond else "seconds")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return format_duration(cell.total_seconds())
        case bytes():
            return f"{len(cell)} bytes"
        case _:
            return visible(str(cell), _CELL_LIMIT)


def _ratio(track: str, cell: dict[str, Any], unit: str) -> Reading:
    total, bad = _count("total", cell["total"]), _count("bad", cell["bad"])
    if total is None or bad is None:
        return Reading(track, None, samples=total, bad=bad)
    if bad > total:
        raise ProbeFailed(f"the query counts {bad} bad of {total} in total; bad are expected to be among the total")
    return Reading(track, bad / total * share_scale(unit) if total else None, samples=total, bad=bad)


def _value(track: str, cell: dict[str, Any]) -> Reading:
    return Reading(track, _number("value", cell["value"]), samples=_count("samples", cell.get("samples")))


def _count(name: str, given: Any) -> int | None:
    number = _number(name, given)
    if number is None:
        return None
    if number < 0 or number != int(number):
        raise ProbeFailed(f"the column {name} holds {cell_text(given)}; expected a count")
    return int(number)


def _number(name: str, given: Any) -> float | None:
    """Return a number of any numeric type; intervals are seconds, NULL, NaN and infinities are none."""
    if given is None:
        return None
    if isinstance(given, timedelta):
        return given.total_seconds()
    if not isinstance(given, int | float | Decimal):
        raise ProbeFailed(f"the column {name} holds {cell_text(given)!r}; expected a number")
    number = float(given)
    return number if math.isfinite(number) else None
