"""The tests that the checklists of `user-context` run: each asks the services, or looks at what they wrote."""

import sys
from collections.abc import Sequence
from urllib.request import ProxyHandler, build_opener

import asyncpg

from console.demo.programs import Place, Program, main

_direct = build_opener(ProxyHandler({}))
_LOOKS = {
    "isolation": (
        "agent executions with the data of another user",
        "SELECT count(*) FILTER (WHERE ran.user_id <> owned.user_id) AS bad, count(*) AS total"
        " FROM agent_executions AS ran JOIN user_contexts AS owned USING (context_id)",
    ),
    "leakage": (
        "events that reached another user",
        "SELECT count(*) FILTER (WHERE delivered_to <> user_id) AS bad, count(*) AS total FROM websocket_events",
    ),
    "context": (
        "contexts that were never validated",
        "SELECT count(*) FILTER (WHERE validation IS NULL) AS bad, count(*) AS total FROM user_contexts",
    ),
    "workflow": (
        "workflows with a corrupt state",
        "SELECT count(*) FILTER (WHERE NOT state_consistent) AS bad, count(*) AS total FROM workflow_runs",
    ),
    "permission": (
        "tools that ran without permission",
        "SELECT count(*) FILTER (WHERE NOT permitted AND status = 'succeeded') AS bad, count(*) AS total"
        " FROM tool_executions",
    ),
    "tool": (
        "tools that could not be reached",
        "SELECT count(*) FILTER (WHERE status = 'dispatch_failed') AS bad, count(*) AS total FROM tool_executions",
    ),
    "event": (
        "events that were delivered before they were made",
        "SELECT count(*) FILTER (WHERE delivered_at < created_at) AS bad, count(*) AS total FROM websocket_events",
    ),
}
"""What must not be in the tables, and how it is counted."""
_ASKS = ("unit", "integration", "golden_path", "smoke", "websocket")


def _look(name: str) -> Program:
    async def look(place: Place, _words: Sequence[str]) -> int:
        """Print how many of how many are as they must not be; 0 when there are rows and none of them is."""
        what, statement = _LOOKS[name]
        try:
            connection = await asyncpg.connect(place.owner_url, timeout=5)
        except (OSError, asyncpg.PostgresError) as error:
            print(f"FAILED the database answers: {error}")
            return 1
        try:
            row = await connection.fetchrow(statement)
        finally:
            await connection.close(timeout=5)
        bad, total = (0, 0) if row is None else (int(row["bad"]), int(row["total"]))
        is_well = total > 0 and not bad
        print(f"{'ok    ' if is_well else 'FAILED'} {what}: {bad} of {total}")
        return 0 if is_well else 1

    return look


async def _ask(place: Place, _words: Sequence[str]) -> int:
    """Print what each service answers; 0 when both are well."""
    failed = 0
    for track, url in place.service_urls.items():
        try:
            with _direct.open(f"{url}/health", timeout=5) as answer:
                print(f"ok     {track} answers {answer.status}")
        except OSError as error:
            failed += 1
            print(f"FAILED {track} answers: {error}")
    return 1 if failed else 0


PROGRAMS: dict[str, Program] = {**{name: _look(name) for name in _LOOKS}, **dict.fromkeys(_ASKS, _ask)}

if __name__ == "__main__":
    sys.exit(main(PROGRAMS))
