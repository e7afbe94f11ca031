"""The integration check of `stateless-orchestration`, and its migration.

`verify` asks both services and looks at the table. `migrate` gives the table what the new path needs and has not got,
and writes down that it did; `pending` looks whether that is still to be done.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from urllib.request import ProxyHandler, Request, build_opener

import asyncpg

from console.demo.programs import Place, main

_COLUMNS = {
    "session_id": "text",
    "user_id": "text",
    "status": "text",
    "error_message": "text",
    "workflow_state": "jsonb",
    "metadata": "jsonb",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}
_MIGRATION = "20260101000000_find_sessions_by_id"
_HISTORY = "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY)"
_INDEX = "CREATE INDEX IF NOT EXISTS agent_sessions_session_id ON agent_sessions (session_id)"
_direct = build_opener(ProxyHandler({}))


async def verify(place: Place, _words: Sequence[str]) -> int:
    """Print each thing looked at with what was found; 0 when all of it is as the new path needs it."""
    found = [*_services(place), await _table(place)]
    for text, is_right in found:
        print(f"{'ok    ' if is_right else 'FAILED'} {text}")
    return 0 if all(is_right for _, is_right in found) else 1


def _services(place: Place) -> Iterator[tuple[str, bool]]:
    for track, url in place.service_urls.items():
        body = json.dumps({"query": "integration check"}).encode()
        request = Request(f"{url}/api/agent/query", data=body, headers={"Content-Type": "application/json"})  # noqa: S310
        try:
            with _direct.open(request, timeout=5) as answer:
                path = json.load(answer).get("orchestration")
        except (OSError, ValueError) as error:
            yield f"{track} answers a query: {error}", False
            continue
        yield f"{track} answers a query by the {path} path", path == {"canary": "stateless"}.get(track, "legacy")


async def _table(place: Place) -> tuple[str, bool]:
    try:
        connection = await asyncpg.connect(place.owner_url, timeout=5)
    except (OSError, asyncpg.PostgresError) as error:
        return f"the database answers: {error}", False
    try:
        missing = await _missing(connection)
    finally:
        await connection.close(timeout=5)
    return f"agent_sessions has the columns of both paths{''.join(f', not {name}' for name in missing)}", not missing


async def _missing(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[str, ...]:
    columns = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'agent_sessions'"
    )
    present = {row["column_name"] for row in columns}
    return tuple(name for name in _COLUMNS if name not in present)


async def migrate(place: Place, _words: Sequence[str]) -> int:
    """Add the index and the columns that are missing, in one transaction.

    Raises `asyncpg.PostgresError` when that is refused.
    """
    connection = await asyncpg.connect(place.owner_url, timeout=5)
    try:
        async with connection.transaction():
            if await _is_migrated(connection):
                print("nothing to migrate")
                return 0
            for name in await _missing(connection):
                await connection.execute(f"ALTER TABLE agent_sessions ADD COLUMN {name} {_COLUMNS[name]}")
                print(f"added {name} {_COLUMNS[name]}")
            for statement in (_INDEX, _HISTORY):
                await connection.execute(statement)
            await connection.execute("INSERT INTO schema_migrations VALUES ($1) ON CONFLICT DO NOTHING", _MIGRATION)
    finally:
        await connection.close(timeout=5)
    print(f"{_MIGRATION} applied")
    return 0


async def pending(place: Place, _words: Sequence[str]) -> int:
    """Print whether the migration is still to be applied; 0 when it is not.

    Raises `OSError` or `asyncpg.PostgresError` when the database cannot say.
    """
    connection = await asyncpg.connect(place.owner_url, timeout=5)
    try:
        is_migrated = await _is_migrated(connection)
    finally:
        await connection.close(timeout=5)
    print("the database is up to date" if is_migrated else f"to be applied: {_MIGRATION}")
    return 0 if is_migrated else 1


async def _is_migrated(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether the migration was written down, and nothing that it made was taken away since."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None or await _missing(connection):
        return False
    return bool(await connection.fetchval("SELECT count(*) FROM schema_migrations WHERE name = $1", _MIGRATION))


if __name__ == "__main__":
    sys.exit(main({"verify": verify, "migrate": migrate, "pending": pending}))
