"""Asks HTTP addresses: does the service answer as it should?"""

import asyncio

import httpx

from console.core.inputs import Reading
from console.core.probes import HttpProbe, Metric
from console.core.text import visible
from console.sources.base import Answer, ProbeFailed
from queries.loader import Query

BODY_LIMIT_BYTES = 1024 * 1024


class HttpAsker:
    """Asks HTTP questions. A service that refuses or answers otherwise is an answer: 0, and not a failed probe."""

    def __init__(self) -> None:
        # Addresses of the environment's proxies are for users' browsers, not for health checks.
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)

    async def ask(self, metric: Metric, query: Query | None = None) -> Answer:
        """Return 1 when the answer is the one expected, else 0; raises `ProbeFailed` when there is none."""
        if metric.http is None:
            raise ProbeFailed("this metric asks no HTTP address")
        is_expected, _ = await self.request(metric.http, metric.timeout_s)
        return Answer((Reading("", 1.0 if is_expected else 0.0, samples=1),))

    async def request(self, probe: HttpProbe, timeout_s: float) -> tuple[bool, str]:
        """Return whether the answer is as expected, and in words what it was; raises `ProbeFailed` for no answer."""
        # A variable left empty leaves a space at the end (`Bearer `), which HTTP does not allow.
        headers = {name: value.strip() for name, value in probe.headers.items()}
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._client.stream(
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
            raise ProbeFailed(f"cannot be reached: {error}") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ProbeFailed(f"{type(error).__name__}: {error}") from None

    async def run(self) -> None:
        """Nothing is kept open between questions."""

    async def close(self) -> None:
        """Let connections go."""
        await self._client.aclose()


async def _text(response: httpx.Response) -> str:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            break
    return body[:BODY_LIMIT_BYTES].decode("utf-8", errors="replace")


def _is_refused(error: BaseException | None) -> bool:
    """Return whether the other side is there and nobody listens, however deep that was wrapped."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError) or "refused" in str(error).lower():
            return True
        error = error.__cause__ or error.__context__
    return False
