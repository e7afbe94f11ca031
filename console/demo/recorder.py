"""Turn what the simulated services do into real rows of PostgreSQL and real keys of Valkey.

The services hand over batches through a Unix socket, one JSON object a line, and never wait. While a server is
away its part of the batches waits here, bounded; what was not confirmed is written again.
"""

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from console.demo.table_writer import Connection, TableWriter
from console.demo.world import Batch, Table

FLUSH_EVERY_S = 0.25
RETRY_EVERY_S = 0.5
WAITING_LIMIT = 60_000
"""Rows, and keys, that wait for a server at most; the oldest go first."""
KEPT_S = 900
"""Age at which rows are deleted, so that a long demo stays small."""
SWEEP_EVERY_S = 30.0
WRITES_AT_ONCE = 10_000
"""Commands in one pipeline of the stock."""
LINE_LIMIT_BYTES = 8_000_000

# The embedded server commits in the background by default; a crash on purpose must not take rows along.
_DURABLE = {"synchronous_commit": "on"}
_REFUSED = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.SyntaxOrAccessError,
    TypeError,
    ValueError,
)
"""Errors of rows that would be refused again; the last two come from values that do not fit their column."""

Row = tuple[str, Mapping[str, Any]]
Write = Sequence[str | int | float]
Writers = Mapping[str, TableWriter]


async def create_schema(dsn: str, schema: str, *, reader: str, password: str) -> None:
    """Create a world's tables and a role that may only read them; `reader` and `password` are plain words.

    Raises `OSError` or `asyncpg.PostgresError` when the server cannot be used.
    """
    connection = await asyncpg.connect(dsn, timeout=10, server_settings=_DURABLE)
    try:
        await connection.execute(schema)
        await connection.execute(
            f"CREATE ROLE {reader} LOGIN PASSWORD '{password}';"
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader};"
            # What a migration of the demo creates later can be read too.
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {reader};"
        )
    finally:
        await connection.close(timeout=5)


class RowsRefused(Exception):
    """A table does not take the rows that its world gives it."""


class Recorder:
    """The socket's server and the two writers behind it."""

    def __init__(self, socket_path: Path, dsn: str, redis_url: str, tables: Sequence[Table]) -> None:
        """Remember the addresses, and the tables, parents before children; nothing is opened yet."""
        self._socket_path = socket_path
        self._dsn = dsn
        self._redis_url = redis_url
        self._tables = {table.name: table for table in tables}
        self._rows: deque[Row] = deque(maxlen=WAITING_LIMIT)
        self._writes: deque[Write] = deque(maxlen=WAITING_LIMIT)
        self._refusals: set[str] = set()
        self.rows_written = 0

    async def run(self) -> None:
        """Take batches and write them until cancelled; raises `OSError` when the socket cannot be made."""
        server = await asyncio.start_unix_server(self._take, self._socket_path, limit=LINE_LIMIT_BYTES)
        # A container that maps its users to others must be able to connect too.
        self._socket_path.chmod(0o666)
        async with server, asyncio.TaskGroup() as writers:
            writers.create_task(self._for_ever(self._write_rows))
            writers.create_task(self._for_ever(self._write_to_redis))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one service's batches until it goes away; what is not a batch ends the connection."""
        with suppress(ValueError, KeyError, TypeError, OSError):
            while line := await reader.readline():
                message = json.loads(line)
                self.add(message["rows"], message["writes"])
        writer.close()

    def add(self, rows: Sequence[Row], writes: Sequence[Write]) -> None:
        """Take rows and commands of Redis, to be written soon; raises `KeyError` for a table that is not declared."""
        for table, _ in rows:
            self._tables[table]
        self._rows.extend(rows)
        self._writes.extend(writes)

    async def _for_ever(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write; when the server goes away, connect again until it is back."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, RowsRefused):
                await write()
            await asyncio.sleep(RETRY_EVERY_S)

    async def stock(self, batch: Batch) -> None:
        """Write what a world begins with, at once.

        Raises `OSError`, `asyncpg.PostgresError` or `RowsRefused` when that fails.
        """
        async with self._database() as (connection, writers):
            await self._write(connection, writers, batch.rows)
        async with self._redis() as client:
            for some in _cut(batch.writes, WRITES_AT_ONCE):
                await _execute(client, some)

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[tuple[Connection, Writers]]:
        connection = await asyncpg.connect(self._dsn, timeout=5, command_timeout=60, server_settings=_DURABLE)
        try:
            # A migration may add columns while the demo runs; a refused batch connects again, and looks again.
            yield connection, {name: await TableWriter.of(connection, table) for name, table in self._tables.items()}
        finally:
            connection.terminate()

    @asynccontextmanager
    async def _redis(self) -> "AsyncIterator[redis.Redis]":
        client = redis.Redis.from_url(
            self._redis_url, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        try:
            yield client
        finally:
            await client.aclose()

    async def _write_rows(self) -> None:
        async with self._database() as (connection, writers):
            sweep_at = 0.0
            while True:
                await self._write_waiting(connection, writers)
                now = asyncio.get_running_loop().time()
                if now >= sweep_at:
                    sweep_at = now + SWEEP_EVERY_S
                    for writer in reversed(list(writers.values())):
                        await writer.sweep(connection, KEPT_S)
                await asyncio.sleep(FLUSH_EVERY_S)

    async def _write_waiting(self, connection: Connection, writers: Writers) -> None:
        taken = [self._rows.popleft() for _ in range(len(self._rows))]
        try:
            await self._write(connection, writers, taken)
        except RowsRefused as refused:
            # Said once: a migration that is not made yet refuses every batch until it is.
            if str(refused) not in self._refusals:
                self._refusals.add(str(refused))
                print(f"{len(taken)} rows or more are lost: {refused}", file=sys.stderr, flush=True)
            raise
        except BaseException:
            self._rows.extendleft(reversed(taken))
            raise

    async def _write(self, connection: Connection, writers: Writers, rows: Sequence[Row]) -> None:
        """Write all rows or none; raises `RowsRefused` for those that would be refused again."""
        if not rows:
            return
        by_table: dict[str, list[Mapping[str, Any]]] = {name: [] for name in writers}
        for table, values in rows:
            by_table[table].append(values)
        try:
            async with connection.transaction():
                for name, found in by_table.items():
                    await writers[name].write(connection, found)
        except _REFUSED as error:
            raise RowsRefused(str(error)) from error
        self.rows_written += len(rows)

    async def _write_to_redis(self) -> None:
        async with self._redis() as client:
            while True:
                taken = tuple(self._writes)
                await _execute(client, taken)
                for _ in range(min(len(taken), len(self._writes))):
                    self._writes.popleft()
                await asyncio.sleep(FLUSH_EVERY_S)


async def _execute(client: "redis.Redis", writes: Sequence[Write]) -> None:
    if not writes:
        return
    pipeline = client.pipeline(transaction=False)
    for words in writes:
        pipeline.execute_command(*words)
    await pipeline.execute()


def _cut(writes: Sequence[Write], length: int) -> Iterator[Sequence[Write]]:
    for start in range(0, len(writes), length):
        yield writes[start : start + length]
