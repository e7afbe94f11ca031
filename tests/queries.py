"""Asking the shipped queries of a real PostgreSQL, the way the console asks them."""

from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from queries.loader import load_query

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def ask(connection: Connection, rollout: str, name: str, window: timedelta | None = None) -> list[dict[str, Any]]:
    """Return the rows of a shipped query, asked as a sub-select with its window, or another one, bound."""
    query = load_query(rollout, name, Path("/nowhere"))
    assert query.takes_window == (query.window_s is not None)
    arguments = [window or timedelta(seconds=query.window_s)] if query.window_s is not None else []
    rows = await connection.fetch(f"SELECT * FROM (\n{query.sql}\n) AS q LIMIT 100", *arguments)
    return [dict(row) for row in rows]
