"""Steps that ask a server: one statement, one command or one request, sent once and never again.

An error before the request was sent is certain; when the connection breaks afterwards nobody knows what took effect.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from uuid import UUID

import asyncpg
import httpx
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TimedOut

from console.core.rollout import HttpProbe, RedisStep, SqlStep, Step
from console.core.text import visible
from console.effects.ending import Ending

_GOODBYE_S = 2.0
_SHUT_DOWN = (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)
"""A server that ends says so even where the statement was committed just before."""
_SCRIPTS = frozenset({"EVAL", "EVALSHA", "FCALL", "EXEC"})
"""Commands of Redis that run others; what those did before an error stays (redis.io/docs, Transactions, Scripting)."""
_BODY_LIMIT_BYTES = 1024 * 1024


async def ask_server(step: Step, addresses: Mapping[str, str]) -> Ending:
    """Carry out an `sql`, `redis` or `http` step; cancelling it closes the connection."""
    if step.sql is not None:
        return await _sql(step.sql, addresses)
    if step.redis is not None:
        return await _redis(step.redis, addresses)
    if step.http is not None:
        return await _http(step.http, step.timeout)
    raise ValueError(f"a {step.kind} step asks no server")


async def _sql(step: SqlStep, addresses: Mapping[str, str]) -> Ending:
    try:
        connection = await asyncpg.connect(addresses[step.source], statement_cache_size=0)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Ending("failed", f"no connection to {step.source}: {_said(error)}")
    try:
        prepared = await connection.prepare(step.statement)
        await prepared.fetch(*_bound(prepared.get_parameters(), step.values))
        said = prepared.get_statusmsg() or ""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.close(timeout=_GOODBYE_S)
        return Ending("done", visible(said, 200))
    except (asyncpg.PostgresConnectionError, *_SHUT_DOWN, OSError) as error:
        return Ending("not known", f"the connection to {step.source} broke: {_said(error)}")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, _WrongValue) as error:
        return Ending("failed", _said(error))
    finally:
        connection.terminate()


class _WrongValue(Exception):
    """A value is none of the type that the statement wants; nothing was sent."""


def _bound(types: Sequence[asyncpg.Type], values: Sequence[str]) -> list[object]:
    """Return values as the driver takes them for the types that the server found for `$1`, `$2` …"""
    if len(types) != len(values):
        raise _WrongValue(f"the statement has {len(types)} parameters and {len(values)} values")
    return [_of_type(wanted.name, value) for wanted, value in zip(types, values, strict=True)]


def _of_type(name: str, value: str) -> object:
    made = _TYPES.get(name)
    if made is None:
        raise _WrongValue(f"the statement wants a {name}; write a cast, such as ${{name}}::text")
    try:
        return made(value)
    except (ValueError, ArithmeticError):
        raise _WrongValue(f"{value!r} is no {name}") from None


def _truth(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(value)
    return value.lower() == "true"


_TYPES: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "unknown", "citext", "json", "jsonb"), str),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), int),
    **dict.fromkeys(("float4", "float8"), float),
    "numeric": Decimal,
    "uuid": UUID,
    "bool": _truth,
}


async def _redis(step: RedisStep, addresses: Mapping[str, str]) -> Ending:
    try:
        client = _redis_client(addresses[step.source])
    except ValueError as error:
        return Ending("failed", f"no connection to {step.source}: {_said(error)}")
    try:
        try:
            await client.initialize()
        except (RedisError, OSError) as error:
            return Ending("failed", f"no connection to {step.source}: {_said(error)}")
        try:
            answer = await client.execute_command(*step.command)  # type: ignore[no-untyped-call]
        except ResponseError as error:
            has_begun = step.command[0].upper() in _SCRIPTS
            return Ending("not known" if has_begun else "failed", _said(error))
        except (Unconnected, TimedOut, OSError) as error:
            return Ending("not known", f"the connection to {step.source} broke: {_said(error)}")
        return Ending("done", visible(str(answer), 200))
    finally:
        await client.aclose()


def _redis_client(address: str) -> Redis:
    """Return a client that sends everything once: the defaults of redis-py send a write again when it is slow."""
    return Redis.from_url(
        address,
        single_connection_client=True,
        retry=Retry(NoBackoff(), 0),
        retry_on_timeout=False,
        socket_timeout=None,
        socket_connect_timeout=None,
        health_check_interval=0,
        decode_responses=True,
        encoding_errors="replace",
    )


async def _http(probe: HttpProbe, timeout_s: float) -> Ending:
    async with httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False) as client:
        try:
            async with client.stream(probe.method, probe.url, headers=probe.headers, json=probe.json_) as answer:
                return await _judged(probe, answer)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            return Ending("failed", f"no connection: {_said(error)}")
        except httpx.HTTPError as error:
            return Ending("not known", f"no whole answer: {_said(error)}")


async def _judged(probe: HttpProbe, answer: httpx.Response) -> Ending:
    said = f"{answer.status_code} {visible(answer.reason_phrase, 80)}".strip()
    if answer.status_code != probe.status:
        # 4xx refuses the request; any other may have taken effect, also where the server failed (RFC 9110, 15).
        is_refused = 400 <= answer.status_code < 500
        return Ending("failed" if is_refused else "not known", f"answered {said}, expected {probe.status}")
    if probe.contains is None:
        return Ending("done", said)
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _BODY_LIMIT_BYTES:
            break
    if probe.contains in body.decode("utf-8", "replace"):
        return Ending("done", said)
    return Ending("not known", f"answered {said} without {visible(probe.contains, 80)!r}")


def _said(error: BaseException) -> str:
    """Return an error of a server as one safe line."""
    return visible(" ".join(str(error).split()) or type(error).__name__, 300)
