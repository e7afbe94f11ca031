"""Asks PostgreSQL as a guest: reading only, in bounded time, in few connections, and never twice what it was refused.

A read-only transaction is no sandbox, so a query runs as a sub-select by the extended protocol, which takes exactly
one statement and lets it do nothing but read; the limits are local to the transaction, because a connection pooler
keeps no settings of a session.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

from console.core.probes import Metric
from console.core.words import Table
from console.sources.base import Answer, ProbeFailed, Standing, supervise
from console.sources.postgres_rows import TABLE_ROWS, answer_of, cell_text, table_of
from queries.loader import Query

CONNECTIONS = 3
TOUCH_S = 5.0
"""How often the server is asked for a sign of life between the questions."""
REFUSED_S = 60.0
"""How long a query is not asked again after the server refused it for want of rights."""
LOCKED_OUT_S = 15.0
"""How long no connection is tried after the password was refused."""
_SUPERUSER = "connected as a superuser; give the console a role of its own that may only read"


class _OutOfTouch(ProbeFailed):
    """The server could not be reached, or the connection broke: something about the source, not about the query."""


class _TooSlow(ProbeFailed):
    """The server gave the query up because it took too long."""


class _NotAllowed(ProbeFailed):
    """The role has no right to what the query reads."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: tuple[Sequence[Any], ...]


@dataclass(frozen=True, slots=True)
class _Until:
    """The end of the time that a question has, waiting for a connection included."""

    moment: float
    timeout_s: float

    @property
    def left_s(self) -> float:
        """Seconds that are left of it."""
        return self.moment - time.monotonic()


class PostgresAsker:
    """Asks one database."""

    def __init__(self, dsn: str, standing: Standing) -> None:
        self._dsn = dsn
        self._standing = standing
        self._words = _Words(dsn)
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[Any] = []
        self._refused: dict[str, tuple[float, str]] = {}
        self._locked_out: tuple[float, str] | None = None
        self._caution = ""

    async def ask(self, metric: Metric, query: Query | None) -> Answer:
        """Return the readings and rows of a query. Raises `ProbeFailed`."""
        if query is None:
            raise ProbeFailed("there is no query to ask")
        window_s = metric.window if isinstance(metric.window, float) else query.window_s
        found = await self.fetch(query, metric.timeout_s, window_s)
        return answer_of(found.columns, found.rows, metric.unit)

    async def table(self, query: Query, timeout_s: float) -> Table:
        """Return the rows of a query as a table. Raises `ProbeFailed`."""
        found = await self.fetch(query, timeout_s, query.window_s)
        return table_of(found.columns, found.rows)

    async def first_column(self, query: Query, timeout_s: float, most: int) -> tuple[str, ...]:
        """Return the first column of at most `most` rows as text. Raises `ProbeFailed`."""
        found = await self.fetch(query, timeout_s, query.window_s, most)
        return tuple(cell_text(row[0]) for row in found.rows)

    async def fetch(self, query: Query, timeout_s: float, window_s: float | None, most: int = TABLE_ROWS + 1) -> Rows:
        """Run one query and return at most `most` rows, one more than a table shows. Raises `ProbeFailed`."""
        self._check_refused(query.sql)
        if query.takes_window and window_s is None:
            raise ProbeFailed("the query uses :window and nothing says how long that is")
        # The closing words stand on a line of their own, should the query end in a comment.
        sql = f"select * from (\n{query.sql}\n) as q limit {most}"  # noqa: S608 - the operator's own query
        window = [timedelta(seconds=window_s)] if query.takes_window and window_s is not None else []
        arguments = [*window, *query.values]
        try:
            found = await self._in_time(sql, arguments, timeout_s)
        except _OutOfTouch as failure:
            self._standing.retrying(str(failure), TOUCH_S)
            raise
        except _TooSlow as failure:
            self._standing.seen()
            raise ProbeFailed(f"{failure}{_advice(query)}") from None
        except ProbeFailed as failure:
            if isinstance(failure, _NotAllowed):
                self._refused[query.sql] = (time.monotonic() + REFUSED_S, str(failure))
            self._standing.seen()
            raise
        self._standing.live(self._caution)
        return found

    async def version(self, timeout_s: float) -> str:
        """Return the version of the server, connecting anew. Raises `ProbeFailed`."""
        found = await self._in_time("select current_setting('server_version') as v", [], timeout_s)
        return str(found.rows[0][0])

    @property
    def caution(self) -> str:
        """What the operator should know although it works; empty for nothing."""
        return self._caution

    async def run(self) -> None:
        """Keep in touch until cancelled."""
        await supervise(self._keep_in_touch, self._standing)

    async def close(self) -> None:
        """Let the connections go."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    async def _keep_in_touch(self) -> None:
        while True:
            await self._in_time("select 1 as one", [], TOUCH_S)
            self._standing.live(self._caution)
            await asyncio.sleep(TOUCH_S)

    async def _in_time(self, sql: str, arguments: Sequence[Any], timeout_s: float) -> Rows:
        """Run a statement within its time, everything included: waiting for a connection, and a dead link."""
        until = _Until(time.monotonic() + timeout_s, timeout_s)
        try:
            async with asyncio.timeout(timeout_s), self._slots:
                return await self._on_a_connection(sql, arguments, until)
        except TimeoutError:
            raise _OutOfTouch(f"no answer from {self._words.where} within {timeout_s:g}s") from None

    async def _on_a_connection(self, sql: str, arguments: Sequence[Any], until: "_Until") -> Rows:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_closed():
                continue
            try:
                return await self._use(connection, sql, arguments, until)
            except _OutOfTouch:
                continue  # the server was restarted since; reading twice harms nothing
        return await self._use(await self._connect(), sql, arguments, until)

    async def _use(self, connection: Any, sql: str, arguments: Sequence[Any], until: "_Until") -> Rows:
        """Run a statement on a connection and keep it for the next one, unless anything about it is uncertain."""
        is_sound = False
        try:
            found = await _read(connection, sql, arguments, until.left_s)
            is_sound = True
        except asyncpg.InsufficientPrivilegeError as error:
            is_sound = True
            raise _NotAllowed(self._words.of(error)) from None
        except asyncpg.QueryCanceledError as error:
            is_sound = True
            is_slow = "timeout" in str(error)
            if is_slow:
                raise _TooSlow(f"the query timed out after {until.timeout_s:g}s") from None
            raise ProbeFailed("somebody stopped the query") from None
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError) as error:
            raise _OutOfTouch(self._words.of(error)) from None
        except asyncpg.PostgresError as error:
            is_sound = True
            raise ProbeFailed(self._words.of(error)) from None
        except (OSError, asyncpg.InternalClientError) as error:
            raise _OutOfTouch(self._words.of(error)) from None
        except ValueError as error:  # a value that Python cannot hold, such as a date before the year 1
            raise ProbeFailed(f"the answer cannot be read: {error}") from None
        finally:
            if is_sound and not connection.is_closed():
                await self._put_back(connection)
            else:
                connection.terminate()
        return found

    async def _put_back(self, connection: Any) -> None:
        try:
            await connection.execute("rollback")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            connection.terminate()
        except BaseException:
            connection.terminate()
            raise
        else:
            self._idle.append(connection)

    async def _connect(self) -> Any:
        if self._locked_out is not None:
            until, reason = self._locked_out
            if time.monotonic() < until:
                raise _OutOfTouch(reason)
            self._locked_out = None
        try:
            connection = await asyncpg.connect(
                self._dsn, statement_cache_size=0, server_settings={"application_name": "rollout-console"}
            )
        except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
            # Not tried again at once: some servers lock an account after a few wrong passwords.
            self._locked_out = (time.monotonic() + LOCKED_OUT_S, self._words.of(error))
            raise _OutOfTouch(self._words.of(error)) from None
        except ValueError:  # also the driver's own complaints about the string, which may quote it
            raise _OutOfTouch("the connection string cannot be used; write postgresql://USER@HOST/DATABASE") from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            raise _OutOfTouch(self._words.of(error)) from None
        try:
            is_superuser = await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
        except asyncpg.PostgresError:
            is_superuser = False  # a pooler or a server that is only like PostgreSQL
        except BaseException:
            connection.terminate()
            raise
        self._caution = _SUPERUSER if is_superuser else ""
        return connection

    def _check_refused(self, sql: str) -> None:
        until, reason = self._refused.get(sql, (0.0, ""))
        left_s = until - time.monotonic()
        if left_s > 0:
            raise ProbeFailed(f"{reason} (asked again in {left_s:.0f}s)")
        self._refused.pop(sql, None)


def _advice(query: Query) -> str:
    """Return what a query that took too long needs, if its file says so."""
    return f"; it needs an index on {' and on '.join(query.indexes)}" if query.indexes else ""


async def _read(connection: Any, sql: str, arguments: Sequence[Any], left_s: float) -> Rows:
    """Run one statement in a read-only transaction with limits of its own."""
    # UTC, because what has no time zone of its own is read in the session's, and services write it in UTC.
    # Below what is left of the probe's own time, so that it is the server that stops the query and its work on it.
    limit_ms = max(50, round(left_s * 900))
    await connection.execute(
        f"begin transaction read only; set local time zone 'UTC'; set local statement_timeout = {limit_ms};"
        f" set local lock_timeout = {min(1000, limit_ms)}; set local idle_in_transaction_session_timeout = 60000"
    )
    statement = await connection.prepare(sql)
    columns = tuple(attribute.name for attribute in statement.get_attributes())
    rows = await statement.fetch(*arguments)
    return Rows(columns, tuple(tuple(row) for row in rows))


class _Words:
    """Says in plain words what went wrong, without the secrets of the connection string."""

    def __init__(self, dsn: str) -> None:
        try:
            parts = urlsplit(dsn)
            host, port, user, database = parts.hostname, parts.port, parts.username, parts.path.lstrip("/")
            password = parts.password or ""
        except ValueError:
            host, port, user, database, password = None, None, None, "", ""
        self.where = f"{host or 'the local socket'}{f':{port or 5432}' if host else ''}"
        self._user = unquote(user or "") or "the default user"
        self._database = unquote(database)
        self._secrets = {word for word in (password, unquote(password)) if word}
        self._secrets |= {unquote(word) for word in re.findall(r"[?&](?:ssl)?password=([^&]+)", dsn)}

    def of(self, error: BaseException) -> str:
        """Return the reason for a failure."""
        text = self._say(error)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _say(self, error: BaseException) -> str:
        match error:
            case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
                return f"{self.where} refuses the user {self._user}: wrong password, or no right to connect"
            case asyncpg.InvalidCatalogNameError():
                return f"there is no database {self._database} at {self.where}"
            case asyncpg.TooManyConnectionsError():
                return f"{self.where} has no connection left"
            case asyncpg.CannotConnectNowError() | asyncpg.AdminShutdownError() | asyncpg.CrashShutdownError():
                return f"{self.where} is starting up or shutting down"
            case asyncpg.ConnectionDoesNotExistError() | asyncpg.InterfaceError():
                return f"the connection to {self.where} broke"
            case asyncpg.ReadOnlySQLTransactionError():
                return "the query writes, and only reading is allowed"
            case asyncpg.LockNotAvailableError():
                return "the query waits for a lock that somebody holds"
            case asyncpg.PostgresError():
                return f"{error.args[0] if error.args else error!s}{_line_of(error)}"
            case socket.gaierror():
                return f"the host of {self.where} cannot be found"
            case ssl.SSLError():
                return f"no TLS with {self.where}: {error.reason or error}"
            case ConnectionRefusedError():
                return f"nothing listens at {self.where}: is PostgreSQL running?"
            case FileNotFoundError():
                return f"there is no PostgreSQL socket: {error.filename or self.where}"
            case OSError():
                return f"{self.where} cannot be reached: {error.strerror or error}"
            case _:
                return f"{type(error).__name__} at {self.where}"


def _line_of(error: asyncpg.PostgresError) -> str:
    """Return which line of the query an error is about; the query begins in the second line of what is sent."""
    position, sent = getattr(error, "position", None), getattr(error, "query", None)
    if not position or not isinstance(sent, str):
        return ""
    line = sent.count("\n", 0, int(position) - 1)
    return f", line {line} of the statement" if line >= 1 else ""
