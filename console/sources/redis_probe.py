"""Asks Redis or Valkey as a guest: reading only, SCAN and never KEYS, in small bites with pauses between them.

A key that is there during a whole pass is seen for certain; one that comes or goes meanwhile may or may not be, and a
key may come twice while the server resizes its table (Redis documentation, SCAN).
"""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from console.core.conditions import share_scale, unit_scale
from console.core.inputs import Reading
from console.core.probes import Metric, RedisProbe
from console.sources.base import Answer, ProbeFailed, Standing, supervise
from queries.loader import Query

T = TypeVar("T")

CONNECTIONS = 3
SCAN_COUNT = 500
SCAN_PAUSE_S = 0.002
TOUCH_S = 5.0
DOCUMENT_LIMIT_BYTES = 1024 * 1024
"""A longer string is not fetched to look for a field in it."""
_SIZE_FIELD = re.compile(r"(?:^|_)(?:memory|rss|bytes|overhead|size|heap)(?:_|$)")


class _OutOfTouch(ProbeFailed):
    """The server could not be reached: something about the source, not about the question."""

    def __init__(self, reason: str, *, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.is_refused = is_refused
        """Nobody listens there, which is an answer when one asks whether somebody does."""


class _Progress:
    """How far a pass over the keys came, for when its time is up."""

    def __init__(self) -> None:
        self.keys = 0
        self.total = 0

    def __str__(self) -> str:
        return f" after {self.keys:,} of about {self.total:,} keys" if self.total else ""


class RedisAsker:
    """Asks one server."""

    def __init__(self, url: str, standing: Standing) -> None:
        self._standing = standing
        self._words = _Words(url)
        self._client: Any = None
        self._url = url

    async def ask(self, metric: Metric, query: Query | None = None) -> Answer:
        """Return the answer to a question in the metric's unit. Raises `ProbeFailed`."""
        probe = metric.redis
        if probe is None:
            raise ProbeFailed("this metric asks no Redis")
        progress = _Progress()
        try:
            reading = await self._in_time(
                lambda: self._answer(probe, metric.unit, progress), metric.timeout_s, progress
            )
        except _OutOfTouch as failure:
            self._standing.retrying(str(failure), TOUCH_S)
            if probe.ping and failure.is_refused:
                return Answer((Reading("", 0.0, samples=1),))
            raise
        except ProbeFailed:
            self._standing.seen()
            raise
        self._standing.live()
        return Answer((reading,))

    async def version(self, timeout_s: float) -> str:
        """Return the kind and version of the server. Raises `ProbeFailed`."""
        told = await self._in_time(self._info, timeout_s, _Progress())
        valkey = told.get("valkey_version")
        return f"Valkey {valkey}" if valkey else f"Redis {told.get('redis_version', 'of unknown version')}"

    async def run(self) -> None:
        """Keep in touch until cancelled."""
        await supervise(self._keep_in_touch, self._standing)

    async def close(self) -> None:
        """Let the connections go."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose(close_connection_pool=True)

    async def _keep_in_touch(self) -> None:
        while True:
            await self._in_time(self._ping, TOUCH_S, _Progress())
            self._standing.live()
            await asyncio.sleep(TOUCH_S)

    async def _in_time(self, work: Callable[[], Awaitable[T]], timeout_s: float, progress: _Progress) -> T:
        try:
            async with asyncio.timeout(timeout_s):
                with contextlib.suppress(exceptions.ConnectionError):
                    return await work()
                # Once more: it may have been an idle connection that the server closed. Reading twice harms nothing.
                progress.keys = 0
                return await work()
        except (TimeoutError, exceptions.TimeoutError):
            if progress.keys:
                raise ProbeFailed(f"timed out{progress}, after {timeout_s:g}s") from None
            raise _OutOfTouch(f"no answer from {self._words.where} within {timeout_s:g}s") from None
        except (exceptions.ConnectionError, OSError) as error:
            reason, is_refused = self._words.of(error)
            raise _OutOfTouch(reason, is_refused=is_refused) from None
        except exceptions.RedisError as error:
            raise ProbeFailed(self._words.of(error)[0]) from None

    def _connected(self) -> Any:
        """Return the client. Every option that has to do with time and repetition is set here; none is a default."""
        if self._client is None:
            try:
                pool = redis.asyncio.BlockingConnectionPool.from_url(
                    self._url,
                    max_connections=CONNECTIONS,
                    timeout=None,  # waiting for a free connection is bounded by the question's own time
                    socket_timeout=None,  # so is waiting for an answer
                    socket_connect_timeout=TOUCH_S,
                    socket_keepalive=True,
                    retry=Retry(NoBackoff(), 0),
                    retry_on_error=[],
                    health_check_interval=0,
                    decode_responses=False,
                    protocol=2,
                )
            except ValueError:  # its text may quote the address, and that holds the password
                raise _OutOfTouch("the address cannot be used; write redis://HOST:PORT/0") from None
            self._client = redis.asyncio.Redis(connection_pool=pool)
        return self._client

    async def _answer(self, probe: RedisProbe, unit: str, progress: _Progress) -> Reading:
        if probe.info is not None:
            return Reading("", _figure(await self._info(), probe.info, unit))
        if probe.llen is not None:
            return Reading("", float(await self._connected().llen(probe.llen)))
        if probe.count is not None:
            async for keys in self._scan(probe.count, progress):
                progress.keys += len(keys)
            return Reading("", float(progress.keys))  # no key is a count too, not a lack of samples
        if probe.scan is not None and probe.has_field is not None:
            return await self._coverage(probe.scan, probe.has_field, unit, progress)
        await self._ping()
        return Reading("", 1.0, samples=1)

    async def _ping(self) -> None:
        await self._connected().ping()

    async def _info(self) -> dict[str, Any]:
        told = await self._connected().info("everything")
        return dict(told)

    async def _scan(self, pattern: str, progress: _Progress) -> AsyncIterator[Sequence[bytes]]:
        client = self._connected()
        progress.total = int(await client.dbsize())
        cursor = 0
        while True:
            cursor, keys = await client.scan(cursor, match=pattern, count=SCAN_COUNT)
            if keys:
                yield keys
            if int(cursor) == 0:
                return
            await asyncio.sleep(SCAN_PAUSE_S)

    async def _coverage(self, pattern: str, field: str, unit: str, progress: _Progress) -> Reading:
        """Return the share of the keys that have a field; a key that went away meanwhile does not count."""
        having = total = 0
        async for keys in self._scan(pattern, progress):
            progress.keys += len(keys)
            found = await self._have_field(keys, field)
            having += found.count(True)
            total += len(found) - found.count(None)
        share = having / total * share_scale(unit) if total else None
        return Reading("", share, samples=total, bad=total - having)

    async def _have_field(self, keys: Sequence[bytes], field: str) -> list[bool | None]:
        """Return for each key whether it has the field, `None` for a key that is no more there."""
        answers = await self._pipeline([("HEXISTS", key, field) for key in keys])
        found: list[bool | None] = [answer == 1 for answer in answers]
        doubtful = [number for number, answer in enumerate(answers) if answer != 1]
        kinds = await self._pipeline([("TYPE", keys[number]) for number in doubtful])
        for number, kind in zip(doubtful, kinds, strict=True):
            match kind:
                case b"none":
                    found[number] = None
                case b"string":
                    found[number] = await self._string_has(keys[number], field)
                case b"ReJSON-RL":
                    found[number] = bool(
                        await self._connected().execute_command("JSON.TYPE", keys[number], f"$.{field}")
                    )
        return found

    async def _string_has(self, key: bytes, field: str) -> bool | None:
        """Return whether a string is a JSON document with the field."""
        client = self._connected()
        if int(await client.strlen(key)) > DOCUMENT_LIMIT_BYTES:
            return False
        text = await client.get(key)
        if text is None:
            return None
        try:
            document = json.loads(text)
        except ValueError:
            return False
        return isinstance(document, dict) and field in document

    async def _pipeline(self, commands: Sequence[tuple[str, *tuple[Any, ...]]]) -> list[Any]:
        """Send reading commands together; an error takes the place of its answer."""
        if not commands:
            return []
        async with self._connected().pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return list(await pipe.execute(raise_on_error=False))


def _figure(told: dict[str, Any], field: str, unit: str) -> float:
    """Return a number of INFO; sizes are in bytes there, and are converted to the metric's unit."""
    given = told.get(field)
    if given is None:
        raise ProbeFailed(f"INFO has no field {field}")
    try:
        number = float(str(given).removesuffix("%"))
    except ValueError:
        raise ProbeFailed(f"the field {field} of INFO is {given!s}; expected a number") from None
    dimension, scale = unit_scale(unit)
    return number / scale if dimension == "size" and _SIZE_FIELD.search(field) else number


class _Words:
    """Says in plain words what went wrong, without the password of the address."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self.where = f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path or "the server"
            password = parts.password or ""
        except ValueError:
            self.where, password = "the server", ""
        self._secrets = {word for word in (password, unquote(password)) if word}

    def of(self, error: BaseException) -> tuple[str, bool]:
        """Return the reason for a failure, and whether it is that nobody listens."""
        cause: BaseException | None = error
        while cause is not None:
            match cause:
                case ConnectionRefusedError() | FileNotFoundError():
                    return f"nothing listens at {self.where}: is Redis running?", True
                case socket.gaierror():
                    return f"the host of {self.where} cannot be found", False
            cause = cause.__cause__ or cause.__context__
        match error:
            case exceptions.AuthenticationError() | exceptions.AuthorizationError():
                return f"{self.where} refuses the password", False
            case exceptions.NoPermissionError():
                return f"this user of {self.where} may not ask that: {self._clean(error)}", False
            case exceptions.BusyLoadingError():
                return f"{self.where} is still loading its data", False
            case exceptions.ConnectionError() | OSError():
                return f"the connection to {self.where} broke: {self._clean(error)}", False
            case _:
                return self._clean(error), False

    def _clean(self, error: BaseException) -> str:
        text = str(error) or type(error).__name__
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
