"""A network between a client and a server that tests can cut or freeze."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from pathlib import Path


class Wire:
    """A relay to a port or socket file of this machine; while frozen it holds bytes back, as a dead link does."""

    def __init__(self, target: int | str, path: str = "", tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = tls
        self.path = path
        """A socket file to listen on; without one, a port."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._flows = asyncio.Event()
        self._flows.set()
        self.port = 0

    async def __aenter__(self) -> "Wire":
        if self.path:
            self._server = await asyncio.start_unix_server(self._relay, self.path)
            return self
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def freeze(self) -> None:
        """Let no byte through, and say nothing about it."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._flows.set()

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            if not writer.is_closing():
                writer.transport.abort()
        self._writers.clear()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self._target, str):
                there_reader, there_writer = await asyncio.open_unix_connection(self._target)
            else:
                there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # the server is gone: so is its client's connection
            writer.close()
            return
        self._writers += [writer, there_writer]
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(65536):
                await self._flows.wait()
                sink.write(chunk)
                await sink.drain()
        sink.close()


def self_signed(folder: Path) -> ssl.SSLContext | None:
    """Return the server side of TLS for 127.0.0.1, with `key.pem`, `cert.pem` and `ca.pem`; `None` without openssl."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    wish = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    program = shutil.which("openssl")
    if program is None:
        return None
    subprocess.run(
        [program, *wish.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        capture_output=True,
        check=True,
        timeout=20,
    )
    (folder / "ca.pem").write_bytes(certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
