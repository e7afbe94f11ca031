"""Turn what the simulated services do into real rows of PostgreSQL and real keys of Valkey.

The services hand over batches through a Unix socket, one JSON object a line, and never wait. While a server is
away its part of the batches waits here, bounded; a batch whose confirmation was lost is written again.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

FLUSH_EVERY_S = 0.25
RETRY_EVERY_S = 0.5
WAITING_LIMIT = 60_000
"""Rows, and keys, that wait for a server at most; the oldest go first."""
KEPT_S = 900
"""Age at which rows are deleted, so that a long demo stays small."""
SWEEP_EVERY_S = 30.0
LINE_LIMIT_BYTES = 8_000_000

CHECKPOINT = "langchain:checkpoint:thread:"
"""Where both versions keep a conversation; only the new one puts the state of its FSM into it."""
LEGACY = "fsm:"
"""Where the old version keeps the state of the FSM."""

SCHEMA = """
CREATE TABLE agent_sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id text NOT NULL,
    user_id text NOT NULL,
    status text NOT NULL,
    error_message text,
    workflow_state jsonb NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX agent_sessions_created_at ON agent_sessions (created_at);
"""
_COLUMNS = (
    "session_id",
    "user_id",
    "status",
    "error_message",
    "workflow_state",
    "metadata",
    "created_at",
    "updated_at",
)
# The embedded server commits in the background by default; a crash on purpose must not take rows along.
_DURABLE = {"synchronous_commit": "on"}
_METADATA = {"canary": '{"useStateless": true}', "baseline": '{"useStateless": false}'}

Record = tuple[str, str, str, str | None, str, str, datetime, datetime]


async def create_schema(dsn: str, *, reader: str, password: str) -> None:
    """Create the table and a role that may only read it; `reader` and `password` are plain words.

    Raises `OSError` or `asyncpg.PostgresError` when the server cannot be used.
    """
    connection = await asyncpg.connect(dsn, timeout=10, server_settings=_DURABLE)
    try:
        await connection.execute(SCHEMA)
        await connection.execute(
            f"CREATE ROLE {reader} LOGIN PASSWORD '{password}'; GRANT SELECT ON agent_sessions TO {reader};"
        )
    finally:
        await connection.close(timeout=5)


class Recorder:
    """The socket's server and the two writers behind it."""

    def __init__(self, socket_path: Path, dsn: str, redis_url: str) -> None:
        """Remember the addresses; nothing is opened yet."""
        self._socket_path = socket_path
        self._dsn = dsn
        self._redis_url = redis_url
        self._rows: deque[Record] = deque(maxlen=WAITING_LIMIT)
        self._keys: deque[tuple[str, str, str]] = deque(maxlen=WAITING_LIMIT)
        self.rows_written = 0
        self.keys_written = 0

    async def run(self) -> None:
        """Take batches and write them until cancelled; raises `OSError` when the socket cannot be made."""
        server = await asyncio.start_unix_server(self._take, self._socket_path, limit=LINE_LIMIT_BYTES)
        # A container that maps its users to others must be able to connect too.
        self._socket_path.chmod(0o666)
        async with server, asyncio.TaskGroup() as writers:
            writers.create_task(self._for_ever(self._write_rows))
            writers.create_task(self._for_ever(self._write_keys))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one service's batches until it goes away; what is not a batch ends the connection."""
        with suppress(ValueError, KeyError, TypeError, OSError):
            while line := await reader.readline():
                self._add(json.loads(line))
        writer.close()

    def _add(self, message: Mapping[str, Any]) -> None:
        track = message["track"]
        metadata = _METADATA[track]
        for session, user, status, error, stage, created, updated in message["rows"]:
            state = json.dumps({"currentStage": stage})
            moments = datetime.fromtimestamp(created, UTC), datetime.fromtimestamp(updated, UTC)
            self._rows.append((session, user, status, error, state, metadata, *moments))
        self._keys.extend((track, conversation, stage) for conversation, stage in message["keys"])

    async def _for_ever(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write; when the server goes away, connect again until it is back."""
        while True:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError):
                await write()
            await asyncio.sleep(RETRY_EVERY_S)

    async def _write_rows(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=5, command_timeout=10, server_settings=_DURABLE)
        try:
            sweep_at = 0.0
            while True:
                await self._copy(connection)
                now = asyncio.get_running_loop().time()
                if now >= sweep_at:
                    sweep_at = now + SWEEP_EVERY_S
                    await connection.execute(
                        "DELETE FROM agent_sessions WHERE created_at < now() - make_interval(secs => $1)", KEPT_S
                    )
                await asyncio.sleep(FLUSH_EVERY_S)
        finally:
            connection.terminate()

    async def _copy(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        waiting = len(self._rows)
        if not waiting:
            return
        records = [self._rows.popleft() for _ in range(waiting)]
        try:
            await connection.copy_records_to_table("agent_sessions", records=records, columns=_COLUMNS)
        except BaseException:
            self._rows.extendleft(reversed(records))
            raise
        self.rows_written += waiting

    async def _write_keys(self) -> None:
        client = redis.Redis.from_url(
            self._redis_url, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        try:
            while True:
                await self._set(client)
                await asyncio.sleep(FLUSH_EVERY_S)
        finally:
            await client.aclose()

    async def _set(self, client: "redis.Redis") -> None:
        """Write the latest state of every conversation that waits; writing it twice changes nothing."""
        latest = {(track, conversation): stage for track, conversation, stage in self._keys}
        if not latest:
            return
        taken = len(self._keys)
        pipeline = client.pipeline(transaction=False)
        for (track, conversation), stage in latest.items():
            pipeline.hset(CHECKPOINT + conversation, items=["channel", "chat", "step", stage])
            if track == "canary":
                pipeline.hset(CHECKPOINT + conversation, "fsm_state", fsm_state(stage))
            else:
                pipeline.set(LEGACY + conversation, fsm_state(stage))
        await pipeline.execute()
        for _ in range(min(taken, len(self._keys))):
            self._keys.popleft()
        self.keys_written += len(latest)


def fsm_state(stage: str) -> str:
    """Return the state of a conversation's FSM as it is stored, about as large as a real one."""
    return json.dumps({"state": stage, "collected": {"services": ["cut", "colour"], "notes": "." * 160}})
