"""Asking HTTP addresses of real servers."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.core.inputs import Reading
from console.core.rollout import Metric
from console.demo.servers import free_port
from console.sources.base import ProbeFailed
from console.sources.http_probe import HttpAsker
from tests.sources.networks import self_signed


@contextlib.asynccontextmanager
async def serving(
    answer: bytes, requests: list[bytes] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A server that gives one answer to everything; none if the answer is empty, silence if it is `hang`."""
    hung = asyncio.Event()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.read(100) if b"POST" in head else b""
            if requests is not None:
                requests.append(head + body)
            if answer == b"hang":
                await hung.wait()
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        hung.set()
        server.close()
        await server.wait_closed()


async def ask(port: int, *, scheme: str = "http", within: str = "5s", **more: object) -> tuple[Reading, str]:
    asker = HttpAsker()
    metric = Metric.model_validate({"http": {"url": f"{scheme}://127.0.0.1:{port}/health", **more}, "timeout": within})
    try:
        answer = await asker.ask(metric)
    finally:
        await asker.close()
    assert answer.table is not None
    return answer.readings[0], answer.table.rows[0][0]


GOOD = Reading("", 1.0, samples=1)
BAD = Reading("", 0.0, samples=1)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwell"


async def test_the_expected_answer_is_one() -> None:
    seen: list[bytes] = []
    async with serving(OK, seen) as port:
        assert await ask(port, method="POST", json={"a": 1}, headers={"X-Token": "t"}, contains="well") == (
            GOOD,
            "200 OK",
        )

    assert seen[0].startswith(b"POST /health HTTP/1.1")
    assert b"x-token: t" in seen[0].lower()
    assert seen[0].endswith(b'{"a":1}')


async def test_another_status_or_body_is_zero_with_what_came() -> None:
    async with serving(OK) as port:
        assert await ask(port, status=204) == (BAD, "200 OK, expected 204")
        assert await ask(port, contains="better") == (BAD, "200 OK, without 'better'")
    async with serving(b"HTTP/1.1 302 \x1b[31mFound\r\nLocation: /\r\nContent-Length: 0\r\n\r\n") as port:
        reading, said = await ask(port)
        assert reading == BAD or "\x1b" not in said


async def test_a_refused_connection_is_an_answer_about_the_service() -> None:
    assert await ask(free_port()) == (BAD, "the connection was refused")


async def test_a_service_that_hangs_up_is_an_answer_about_the_service() -> None:
    async with serving(b"") as port:
        assert await ask(port) == (BAD, "the connection was closed without a whole answer")


async def test_no_answer_in_time_is_a_failed_probe() -> None:
    async with serving(b"hang") as port:
        with pytest.raises(ProbeFailed, match=r"no answer within 0.3s"):
            await ask(port, within="300ms")


async def test_a_host_that_does_not_exist_is_a_failed_probe() -> None:
    metric = Metric.model_validate({"http": {"url": "http://no-such-host.invalid/"}, "timeout": "5s"})
    asker = HttpAsker()

    with pytest.raises(ProbeFailed, match="cannot be reached: the host cannot be found"):
        await asker.ask(metric)
    await asker.close()


async def test_a_certificate_nobody_vouches_for_is_a_failed_probe(tmp_path: Path) -> None:
    context = self_signed(tmp_path)
    if context is None:
        pytest.skip("there is no openssl to make a certificate with")

    async with serving(OK, tls=context) as port:
        with pytest.raises(ProbeFailed, match=r"its certificate is not accepted \(self-signed certificate\)"):
            await ask(port, scheme="https")


async def test_the_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")

    async with serving(OK) as port:
        assert (await ask(port))[0] == GOOD


async def test_an_endless_body_is_read_only_so_far() -> None:
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 3_000_000
    async with serving(endless) as port:
        assert await ask(port, contains="needle") == (BAD, "200 OK, without 'needle'")
