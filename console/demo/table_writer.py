"""Write rows that came as JSON into one table of PostgreSQL, by the types that its columns have."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeAlias

import asyncpg

from console.demo.world import Table

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Rows = Sequence[Mapping[str, Any]]
Record = tuple[Any, ...]


def _moment(value: float) -> datetime:
    return datetime.fromtimestamp(value, UTC)


_TO_PYTHON: Mapping[str, Callable[[Any], Any]] = {
    "timestamptz": _moment,
    "timestamp": lambda value: _moment(value).replace(tzinfo=None),
    "date": lambda value: _moment(value).date(),
    "numeric": lambda value: Decimal(str(value)),
    "json": json.dumps,
    "jsonb": json.dumps,
}
"""What asyncpg takes for a value of JSON, by the name of the column's type; others are taken as they are."""


@dataclass(frozen=True, slots=True)
class TableWriter:
    """How rows come into one table."""

    table: Table
    types: Mapping[str, str]
    """Name of the type by column."""

    @classmethod
    async def of(cls, connection: Connection, table: Table) -> "TableWriter":
        """Look at the columns of a table; one that does not exist has none."""
        columns = await connection.fetch(
            "SELECT column_name, udt_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = $1",
            table.name,
        )
        return cls(table, {row["column_name"]: row["udt_name"] for row in columns})

    async def write(self, connection: Connection, rows: Rows) -> None:
        """Add the rows, each with the columns it names; with a key, a later row replaces what an earlier one said.

        Raises `asyncpg.PostgresError` when the table refuses them.
        """
        for columns, records in self._by_columns(rows):
            if self.table.key is None:
                await connection.copy_records_to_table(self.table.name, records=records, columns=columns)
            else:
                await connection.executemany(self._upsert(columns), records)

    def _by_columns(self, rows: Rows) -> Iterator[tuple[tuple[str, ...], list[Record]]]:
        """Yield columns with the rows that have them; what replaces earlier rows stays in its order."""
        in_order = rows if self.table.key is not None else sorted(rows, key=tuple)
        for columns, alike in groupby(in_order, key=tuple):
            yield columns, [tuple(self._python(column, value) for column, value in row.items()) for row in alike]

    def _python(self, column: str, value: Any) -> Any:
        convert = _TO_PYTHON.get(self.types.get(column, ""))
        return value if value is None or convert is None else convert(value)

    def _upsert(self, columns: Sequence[str]) -> str:
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name != self.table.key)
        return (
            f"INSERT INTO {self.table.name} ({', '.join(columns)}) VALUES ({places})"
            f" ON CONFLICT ({self.table.key}) DO {f'UPDATE SET {changed}' if changed else 'NOTHING'}"
        )

    async def sweep(self, connection: Connection, kept_s: float) -> None:
        """Delete the rows that are older than `kept_s`."""
        if self.table.age is not None:
            await connection.execute(
                f"DELETE FROM {self.table.name} WHERE {self.table.age} < now() - make_interval(secs => $1)", kept_s
            )
