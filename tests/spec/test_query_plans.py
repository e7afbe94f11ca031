"""How PostgreSQL carries out the queries on a table of years: by the index that the guide of the rollout names."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from queries.loader import load_query
from tests.big_tables.tables import FILL, INDEX, ROOT, TABLES, asked

Connection: TypeAlias = "asyncpg.Connection[Any]"

ROWS = 100_000
"""One every ten minutes: two years."""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a node of a plan and everything below it."""
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


@pytest.mark.parametrize("rollout", TABLES)
async def test_no_query_reads_a_table_of_years_to_its_end(connection: Connection, rollout: str) -> None:
    await connection.execute(TABLES[rollout])
    await connection.execute(FILL[rollout], ROWS, timedelta(days=730))
    await connection.execute("ANALYZE")
    await connection.set_type_codec("json", encoder=str, decoder=json.loads, schema="pg_catalog")

    plans = {}
    for name in asked(rollout):
        query = load_query(rollout, name, Path("/nowhere"))
        window = [timedelta(seconds=query.window_s)] if query.window_s is not None else []
        (plan,) = await connection.fetchval(f"EXPLAIN (FORMAT JSON) SELECT * FROM (\n{query.sql}\n) AS q", *window)
        plans[name] = nodes(plan["Plan"])

    large = ("user_tool_history", "agent_sessions")
    scans = {
        name: {
            node["Node Type"]
            for node in found
            if node.get("Relation Name") in large and node["Node Type"] == "Seq Scan"
        }
        for name, found in plans.items()
    }
    used = {name: {node["Index Name"] for node in found if "Index Name" in node} for name, found in plans.items()}
    assert len(plans) >= 8
    # Whether there is a row at all is answered by the first one that a scan meets.
    assert {name for name, found in scans.items() if found} <= {"data_kept"}
    assert {name for name, found in used.items() if INDEX[rollout] not in found} == set()
    guide = (ROOT / "docs" / "rollouts" / f"{rollout}.md").read_text(encoding="utf-8")
    assert f"`{INDEX[rollout]}`" in guide
