"""How PostgreSQL carries out the queries on tables of years: by the indexes that each query says it needs."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from queries.loader import load_query
from tests.big_tables.tables import GROWING, ROOT, asked
from tests.queries import Connection

ROWS = 100_000
"""One every ten minutes: two years."""
READS_ALL = {"data_kept"}
"""Whether every row is still there is seen by counting them all, once after a rollback."""
DEFINITIONS = """
SELECT indexname AS name, replace(substring(indexdef FROM ' ON (?:ONLY )?(.*)$'), ' USING btree', '') AS definition
FROM pg_indexes WHERE schemaname = 'public'
"""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a node of a plan and everything below it."""
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


def indexes_of(rollout: str, name: str) -> tuple[str, ...]:
    return load_query(rollout, name, Path("/nowhere")).indexes


async def plan_of(connection: Connection, rollout: str, name: str) -> list[dict[str, Any]]:
    query = load_query(rollout, name, Path("/nowhere"))
    window = [timedelta(seconds=query.window_s)] if query.window_s is not None else []
    (plan,) = await connection.fetchval(f"EXPLAIN (FORMAT JSON) SELECT * FROM (\n{query.sql}\n) AS q", *window)
    return nodes(plan["Plan"])


@pytest.mark.parametrize("rollout", GROWING)
async def test_with_the_indexes_that_queries_name_none_reads_a_table_of_years_to_its_end(
    connection: Connection, rollout: str
) -> None:
    growing = GROWING[rollout]
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(growing.tables + growing.first)
    for fill in growing.fill.values():
        await connection.execute(fill, ROWS, timedelta(days=730))
    for index in {index for name in asked(rollout) for index in indexes_of(rollout, name)}:
        await connection.execute(f"CREATE INDEX ON {index}")
    await connection.execute("VACUUM ANALYZE")
    await connection.set_type_codec("json", encoder=str, decoder=json.loads, schema="pg_catalog")

    plans = {name: await plan_of(connection, rollout, name) for name in asked(rollout)}

    named = {row["name"]: row["definition"].removeprefix("public.") for row in await connection.fetch(DEFINITIONS)}
    whole = {
        name: {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"} & growing.fill.keys()
        for name, plan in plans.items()
    }
    used = {
        name: {named[node["Index Name"]] for node in plan if node.get("Index Name") in named}
        for name, plan in plans.items()
    }
    assert len(plans) >= 8
    assert {name: tables for name, tables in whole.items() if tables and name not in READS_ALL} == {}
    assert {name for name, indexes in used.items() if not indexes <= {*indexes_of(rollout, name)}} == set()


@pytest.mark.parametrize("rollout", GROWING)
def test_every_query_of_a_table_that_grows_says_which_index_it_needs_and_so_does_the_guide(rollout: str) -> None:
    guide = (ROOT / "docs" / "rollouts" / f"{rollout}.md").read_text(encoding="utf-8")

    said = {name: {index.split()[0] for index in indexes_of(rollout, name)} for name in asked(rollout)}

    assert said == asked(rollout)
    for index in {index for name in said for index in indexes_of(rollout, name)}:
        assert f"`{index}`" in guide, index
