"""The integration check of `stateless-orchestration`, and its migration.

`verify` asks both services and looks at the table; `migrate` gives the table what the new path needs and has not got.
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
    """Add the columns that are missing, in one transaction; raises `asyncpg.PostgresError` when that is refused."""
    connection = await asyncpg.connect(place.owner_url, timeout=5)
    try:
        async with connection.transaction():
            missing = await _missing(connection)
            for name in missing:
                await connection.execute(f"ALTER TABLE agent_sessions ADD COLUMN {name} {_COLUMNS[name]}")
                print(f"added {name} {_COLUMNS[name]}")
    finally:
        await connection.close(timeout=5)
    print("migration applied" if missing else "nothing to migrate")
    return 0


if __name__ == "__main__":
    sys.exit(main({"verify": verify, "migrate": migrate}))
