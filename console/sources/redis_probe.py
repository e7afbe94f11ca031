"""Asks Redis or Valkey as a guest: reading only, and patterns of keys at a pace that others do not feel."""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from console.core.conditions import in_unit
from console.core.inputs import Reading
from console.core.probes import Metric
from console.core.redis_question import RedisProbe
from console.sources.base import Answer, ProbeFailed, Standing, Unfinished, supervise
from console.sources.redis_figures import Growth, of_microseconds, persistence, saved
from console.sources.redis_passes import Pace, Patience, Walk, go_on
from queries.loader import Query

T = TypeVar("T")

CONNECTIONS = 3
TOUCH_S = 5.0
FOR_BITES = 0.8
"""Part of a measurement's time in which a pass may begin another bite; the rest is for the last one."""
_LATENCY = "latency_percentiles_usec_"
_SIZE_FIELD = re.compile(r"(?:^|_)(?:memory|rss|bytes|overhead|size|heap)(?:_|$)")


class _OutOfTouch(ProbeFailed):
    """The server could not be reached: something about the source, not about the question."""

    def __init__(self, reason: str, *, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.is_refused = is_refused
        """Nobody listens there, which is an answer when one asks whether somebody does."""


class RedisAsker:
    """Asks one server."""

    def __init__(self, url: str, standing: Standing) -> None:
        self._standing = standing
        self._words = _Words(url)
        self._client: Any = None
        self._url = url
        self._pace = Pace()
        self._walks: dict[RedisProbe, Walk] = {}
        self._growth = Growth()

    async def ask(self, metric: Metric, query: Query | None = None) -> Answer:
        """Return the answer to a question in the metric's unit. Raises `ProbeFailed`."""
        probe = metric.redis
        if probe is None:
            raise ProbeFailed("this metric asks no Redis")
        until = time.monotonic() + FOR_BITES * metric.timeout_s
        patience = Patience(until, is_asking=not probe.is_pass)
        try:
            reading = await self._in_time(lambda: self._answer(probe, metric, patience), metric.timeout_s, patience)
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
        told = await self._in_time(self._info, timeout_s)
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
            await self._in_time(self._ping, TOUCH_S)
            self._standing.live()
            await asyncio.sleep(TOUCH_S)

    async def _in_time(self, work: Callable[[], Awaitable[T]], timeout_s: float, patience: Patience | None = None) -> T:
        try:
            async with asyncio.timeout(timeout_s):
                with contextlib.suppress(exceptions.ConnectionError):
                    return await work()
                # Once more: it may have been an idle connection that the server closed. Reading twice harms nothing.
                return await work()
        except (TimeoutError, exceptions.TimeoutError):
            if patience is not None and not patience.is_asking:
                raise Unfinished("its time was over; the next measurement goes on from there") from None
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

    async def _answer(self, probe: RedisProbe, metric: Metric, patience: Patience) -> Reading:
        if probe.over is not None and probe.info is not None:
            return self._growth.share(await self._info(), probe, metric)
        if probe.persistence:
            return await persistence(self._connected(), await self._info())
        if probe.saved:
            return saved(await self._info(), metric)
        if probe.info is not None:
            return Reading("", _figure(await self._info(), probe.info, metric.unit))
        if probe.llen is not None:
            return Reading("", float(await self._connected().llen(probe.llen)))
        if probe.latency is not None and isinstance(metric.window, float):
            told = await self._connected().execute_command("LATENCY", "HISTOGRAM", *probe.latency)
            return self._growth.slowest(told, probe, metric)
        if probe.latency is not None:
            return Reading("", _slowest(await self._connected().info("latencystats"), probe, metric.unit))
        if probe.is_pass:
            walk = self._walks.setdefault(probe.walked, Walk())
            made = await go_on(self._connected(), walk, probe.walked, self._pace, patience)
            return made.reading(probe, metric.unit)
        await self._ping()
        return Reading("", 1.0, samples=1)

    async def _ping(self) -> None:
        await self._connected().ping()

    async def _info(self) -> dict[str, Any]:
        told = await self._connected().info("everything")
        return dict(told)


def _figure(told: dict[str, Any], field: str, unit: str) -> float:
    """Return a number of INFO; sizes are in bytes there, and are converted to the metric's unit."""
    given = told.get(field)
    if given is None:
        raise ProbeFailed(f"INFO has no field {field}")
    try:
        number = float(str(given).removesuffix("%"))
    except ValueError:
        raise ProbeFailed(f"the field {field} of INFO is {given!s}; expected a number") from None
    return in_unit(number, "size", unit) if _SIZE_FIELD.search(field) else number


def _slowest(told: dict[str, Any], probe: RedisProbe, unit: str) -> float | None:
    """Return the worst percentile that the server tells of some commands; `None` where it ran none of them.

    The percentiles are over all calls since the server began, or since CONFIG RESETSTAT, and leave the network out.
    """
    kept = {name.removeprefix(_LATENCY).lower(): said for name, said in told.items() if name.startswith(_LATENCY)}
    if not kept:
        raise ProbeFailed("INFO tells no latency of commands; Redis 7 or later does, with latency-tracking yes")
    key = f"p{100 * probe.percentile:g}"
    found = [said[key] for name in probe.latency or () if (said := kept.get(name.lower())) is not None and key in said]
    if not found:
        known = any(name.lower() in kept for name in probe.latency or ())
        if known:
            raise ProbeFailed(f"INFO tells no {key}; latency-tracking-info-percentiles says which it tells")
        return None
    return of_microseconds(max(map(float, found)), unit)


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
