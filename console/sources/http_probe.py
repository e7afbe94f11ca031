"""Asks HTTP addresses: does the service answer as it should?"""

import asyncio
import socket
import ssl
from collections.abc import Iterator

import httpx

from console.core.inputs import Reading
from console.core.probes import HttpProbe, Metric
from console.core.text import visible
from console.core.words import Table
from console.sources.base import Answer, ProbeFailed
from queries.loader import Query

BODY_LIMIT_BYTES = 1024 * 1024


class HttpAsker:
    """Asks HTTP questions. A service that refuses or answers otherwise is an answer: 0, and not a failed probe."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def ask(self, metric: Metric, query: Query | None = None) -> Answer:
        """Return 1 when the answer is the one expected, else 0; raises `ProbeFailed` when there is none."""
        if metric.http is None:
            raise ProbeFailed("this metric asks no HTTP address")
        is_expected, said = await self.request(metric.http, metric.timeout_s)
        reading = Reading("", 1.0 if is_expected else 0.0, samples=1)
        return Answer((reading,), Table(("answer",), ((said,),)))

    async def request(self, probe: HttpProbe, timeout_s: float) -> tuple[bool, str]:
        """Return whether the answer is as expected, and in words what it was; raises `ProbeFailed` for no answer."""
        # A variable left empty leaves a space at the end (`Bearer `), which HTTP does not allow.
        headers = {name: value.strip() for name, value in probe.headers.items()}
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._connected().stream(
                    probe.method, probe.url, headers=headers, json=probe.json_, timeout=timeout_s
                ) as response,
            ):
                said = f"{response.status_code} {visible(response.reason_phrase, 60)}".strip()
                if response.status_code != probe.status:
                    return False, f"{said}, expected {probe.status}"
                if probe.contains is None:
                    return True, said
                is_there = probe.contains in await _text(response)
                return is_there, said if is_there else f"{said}, without {visible(probe.contains, 80)!r}"
        except (TimeoutError, httpx.TimeoutException):
            raise ProbeFailed(f"no answer within {timeout_s:g}s") from None
        except httpx.ConnectError as error:
            if _is_refused(error):
                return False, "the connection was refused"
            raise ProbeFailed(f"cannot be reached: {_deepest(error)}") from None
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return False, "the connection was closed without a whole answer"
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise ProbeFailed(f"cannot be asked: {error or type(error).__name__}") from None

    async def run(self) -> None:
        """Nothing is kept open between questions."""

    async def close(self) -> None:
        """Let connections go."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            # The proxies of the environment are for browsers, not for health checks; the certificates that the
            # system or SSL_CERT_FILE trusts are the ones to trust.
            self._client = httpx.AsyncClient(
                trust_env=False,
                follow_redirects=False,
                verify=ssl.create_default_context(),
                headers={"User-Agent": "rollout-console"},
            )
        return self._client


async def _text(response: httpx.Response) -> str:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            break
    return body[:BODY_LIMIT_BYTES].decode("utf-8", errors="replace")


def _is_refused(error: BaseException) -> bool:
    """Return whether the other side is there and nobody listens."""
    return any(isinstance(cause, ConnectionRefusedError) or "refused" in str(cause).lower() for cause in _causes(error))


def _deepest(error: BaseException) -> str:
    """Return what was wrong in the first place; the client wraps it several times."""
    *_, first = _causes(error)
    if isinstance(first, socket.gaierror):
        return "the host cannot be found"
    if isinstance(first, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({first.verify_message})"
    return (first.strerror if isinstance(first, OSError) else None) or str(first) or type(first).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
