"""The servers that the steps of a case ask, with a network that breaks at an exact byte."""

import contextlib
import socket
import struct
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import redis

from console.demo.servers import EmbeddedPostgres, EmbeddedValkey

_RESET = struct.pack("ii", 1, 0)


class Tap:
    """A relay to a port that does something to the request that holds a marker.

    The marker may come before that request: `skip` times.
    """

    def __init__(self, port: int, *, skip: int) -> None:
        self._to = port
        self._skip = skip
        self._marker = b""
        self._way = ""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def break_at(self, marker: str, way: str) -> None:
        """Break at the next request with a marker; an empty way lets everything pass."""
        self._marker, self._way = marker.encode(), way

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def _take(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                client.close()
                continue
            is_deaf = threading.Event()
            threading.Thread(target=self._requests, args=(client, server, is_deaf), daemon=True).start()
            threading.Thread(target=self._answers, args=(client, server, is_deaf), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, is_deaf: threading.Event) -> None:
        seen, is_swallowed = 0, False
        with contextlib.suppress(OSError):
            while block := client.recv(65536):
                if self._way and self._marker in block:
                    seen += 1
                    if seen == self._skip + 1 and self._way == "cut":
                        break
                    is_swallowed = seen == self._skip + 1 and self._way == "hang"
                    if seen == self._skip + 1 and self._way.endswith("after"):
                        is_deaf.set()
                if not is_swallowed:
                    server.sendall(block)
        _reset(client, server)

    def _answers(self, client: socket.socket, server: socket.socket, is_deaf: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while block := server.recv(65536):
                if not is_deaf.is_set():
                    client.sendall(block)
                elif self._way == "cut after":
                    break
        _reset(client, server)


def _reset(*sides: socket.socket) -> None:
    for side in sides:
        with contextlib.suppress(OSError):
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            side.shutdown(socket.SHUT_RDWR)
        side.close()


@dataclass
class Web:
    """An HTTP server that counts what was asked of it, and says whether a case has taken effect."""

    counts: Counter[str] = field(default_factory=Counter)
    way: str = ""
    """What becomes of the next requests that change something."""

    def __post_init__(self) -> None:
        web = self
        self.release = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200 if web.verified(self.path) else 404)

            def do_POST(self) -> None:
                way = web.way
                if not way or way.endswith("after"):
                    web.counts[self.path] += 1
                if way.startswith("cut"):
                    _reset(self.connection)
                elif way.startswith("hang"):
                    web.release.wait(30)
                else:
                    self.answer({"refused": 409, "broken": 503, "broken after": 503}.get(way, 200))

            def answer(self, code: int) -> None:
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().handle()

            def finish(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().finish()

        self.verify: Callable[[str], bool] = lambda _: False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def verified(self, path: str) -> bool:
        """Return whether what a verification asks for has taken effect."""
        return self.verify(path)

    def close(self) -> None:
        """Let everybody go and stop."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


class Servers:
    """A PostgreSQL, a Valkey and an HTTP server, each behind a network that can break."""

    def __init__(self, postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
        self.postgres, self.valkey = postgres, valkey
        self.start()
        postgres.run_sql("create table if not exists traces (id serial, path text)")
        self.sql_tap = Tap(postgres.port, skip=1)  # it is prepared, and then sent again to be executed
        self.redis_tap = Tap(valkey.port, skip=0)
        self.web = Web()

    def start(self) -> None:
        """Start what a case has stopped."""
        self.postgres.start()
        self.valkey.start()

    def close(self) -> None:
        """Close the networks; the servers belong to somebody else."""
        for part in (self.sql_tap, self.redis_tap, self.web):
            part.close()

    def dsn(self) -> str:
        """Return the address of PostgreSQL behind its network."""
        return self.postgres.dsn.replace(f":{self.postgres.port}/", f":{self.sql_tap.port}/")

    def url(self) -> str:
        """Return the address of Valkey behind its network."""
        return self.valkey.url.replace(f":{self.valkey.port}", f":{self.redis_tap.port}")

    def rows(self, path: str) -> int:
        """Return how often a statement took effect."""
        return int(self.postgres.run_sql(f"select count(*) from traces where path = '{path}'").strip())

    def counter(self, path: str) -> int:
        """Return how often a command took effect."""
        with redis.Redis.from_url(self.valkey.url) as client:
            found = client.get(path)
        return int(found) if isinstance(found, bytes) and found.isdigit() else 0


@contextlib.contextmanager
def own_servers() -> Iterator[Servers]:
    """Start servers of one's own, for as long as they are needed."""
    with tempfile.TemporaryDirectory(prefix="rca-") as name:
        Path(name).chmod(0o711)
        postgres, valkey = EmbeddedPostgres(Path(name) / "postgres"), EmbeddedValkey(Path(name) / "valkey")
        servers = None
        try:
            postgres.start()
            valkey.start()
            servers = Servers(postgres, valkey)
            yield servers
        finally:
            if servers is not None:
                servers.close()
            postgres.stop()
            valkey.stop()
