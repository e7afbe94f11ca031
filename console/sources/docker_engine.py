"""A Docker engine: where it is, how to reach it, and its log streams as plain bytes.

Listing, inspecting, events and figures go through the Docker SDK. Log bytes do not: the SDK drops which stream a
record belongs to, takes times only as whole seconds or inexact floats, and costs some 20 µs a line.
"""

import contextlib
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import docker
import docker.context
import docker.errors
import docker.tls
import docker.utils
import requests

from console.sources.base import Lost, Unreadable
from console.sources.docker_tunnel import DEFAULT_SOCKET, Tunnel

CONNECT_S = 5.0
ANSWER_S = 30.0
RECV_BYTES = 256 * 1024
_HEADER_LIMIT_BYTES = 64 * 1024


class Gone(Exception):
    """The engine knows no such container."""


@dataclass(frozen=True, slots=True)
class _Address:
    """Where an engine listens: a socket file, or a host and port, perhaps with TLS."""

    path: str = ""
    host: str = ""
    port: int = 0
    tls: docker.tls.TLSConfig | None = None

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """As the SDK wants it."""
        return f"unix://{self.path}" if self.path else f"tcp://{self.host}:{self.port}"


class LogStream:
    """The body of one answer of the engine, in blocks as they come."""

    def __init__(self, link: socket.socket, first: bytes) -> None:
        self._link = link
        self._first = first
        self._timeout_s: float | None = None

    def read(self, within_s: float) -> bytes | None:
        """Return the next block, `b""` at the end, or `None` if nothing came in time. Raises `Lost`."""
        if self._first:
            first, self._first = self._first, b""
            return first
        if within_s != self._timeout_s:
            self._link.settimeout(within_s)
            self._timeout_s = within_s
        try:
            return self._link.recv(RECV_BYTES)
        except TimeoutError:
            return None
        except OSError as error:
            raise Lost(f"the connection to the engine broke: {error.strerror or error}") from None

    def close(self) -> None:
        """Hang up."""
        self._link.close()


class Engine:
    """One engine. Thread-safe; every use has a connection of its own."""

    def __init__(self, host: str | None, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._host = host
        self._lock = threading.Lock()
        self._address: _Address | None = None
        self._tunnel: Tunnel | None = None
        self._version: str | None = None

    def __str__(self) -> str:
        return self._host or self._environment.get("DOCKER_HOST") or "the local engine"

    @contextlib.contextmanager
    def client(self, timeout_s: float = 10.0) -> Iterator[docker.DockerClient]:
        """Give a client of the SDK for use in this thread; its failures become `Lost`, but `NotFound` stays."""
        address = self._where()
        # Asked without the SDK: failures are then said in plain words, and no socket of it stays open.
        version = self._api_version(timeout_s)
        made: docker.DockerClient | None = None
        try:
            made = docker.DockerClient(
                base_url=address.base_url, tls=address.tls or False, version=version, timeout=max(1, round(timeout_s))
            )
            made.api.trust_env = False  # else certificates named in the environment would replace the engine's own
            yield made
        except docker.errors.NotFound:
            raise
        except docker.errors.APIError as error:
            self._version = None  # the engine may have been replaced by another one
            raise Lost(f"the engine says: {error.explanation or error}") from None
        except requests.Timeout:
            raise Lost(f"the engine at {address} does not answer within {timeout_s:.0f}s") from None
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise Lost(f"the engine at {address} does not answer properly: {error}") from None
        finally:
            if made is not None:
                made.close()

    def ping(self, timeout_s: float = CONNECT_S) -> None:
        """Return if the engine answers. Raises `Lost` or `Unreadable`."""
        self._ask("/_ping", timeout_s).close()

    def _api_version(self, timeout_s: float) -> str:
        """Return the newest version of the API that the engine speaks. Raises `Lost` or `Unreadable`."""
        if self._version is not None:
            self.connect(timeout_s).close()
            return self._version
        answer = self._ask("/version", timeout_s)
        body = b""
        try:
            while len(body) < _HEADER_LIMIT_BYTES and (block := answer.read(timeout_s)):
                body += block
            self._version = str(json.loads(body)["ApiVersion"])
        except (ValueError, KeyError, TypeError):
            raise Lost("what answers there is no Docker engine") from None
        finally:
            answer.close()
        return self._version

    def logs(self, container: str, *, is_followed: bool, since_ns: int = 0, tail: int | None = None) -> LogStream:
        """Open the log of a container, both streams with times, from `since_ns` on or the last `tail` records.

        Raises `Gone`, `Unreadable` (the log driver cannot be read) or `Lost`.
        """
        wish: dict[str, str] = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": "1" if is_followed else "0"}
        if since_ns > 0:
            # Only this form is exact to the nanosecond; floats lose lines and whole seconds repeat them.
            wish["since"] = f"{since_ns // 10**9}.{since_ns % 10**9:09d}"
        if tail is not None:
            wish["tail"] = str(tail)
        version = f"/v{self._version}" if self._version else ""
        return self._ask(f"{version}/containers/{container}/logs?{urlencode(wish)}", ANSWER_S)

    def connect(self, timeout_s: float = CONNECT_S) -> socket.socket:
        """Return a fresh connection. Raises `Lost` or `Unreadable` with the remedy."""
        address = self._where()
        link = socket.socket(socket.AF_UNIX) if address.path else None
        try:
            if link is not None:
                link.settimeout(timeout_s)
                link.connect(address.path)
                return link
            return _dial(address, timeout_s)
        except OSError as error:
            if link is not None:
                link.close()
            raise _plain(error, address) from None

    def close(self) -> None:
        """End the tunnel, if there is one."""
        with self._lock:
            if self._tunnel is not None:
                self._tunnel.close()
                self._tunnel = None

    def _ask(self, path: str, timeout_s: float) -> LogStream:
        link = self.connect()
        try:
            link.settimeout(timeout_s)
            # With HTTP/1.0 the engine sends the body as it is, without chunks.
            link.sendall(f"GET {path} HTTP/1.0\r\nHost: docker\r\nUser-Agent: rollout-console\r\n\r\n".encode())
            status, first = _read_head(link)
            if status == 200:
                return LogStream(link, first)
            body = first
            while len(body) < _HEADER_LIMIT_BYTES and (more := link.recv(4096)):
                body += more
        except TimeoutError:
            link.close()
            raise Lost(f"the engine at {self._where()} does not answer within {timeout_s:.0f}s") from None
        except OSError as error:
            link.close()
            raise Lost(f"the connection to the engine broke: {error.strerror or error}") from None
        except Lost:
            link.close()
            raise
        link.close()
        raise _refusal(status, body)

    def _where(self) -> _Address:
        with self._lock:
            if self._tunnel is not None:
                self._tunnel.ensure()
            if self._address is None:
                self._address = self._resolve()
            return self._address

    def _resolve(self) -> _Address:
        try:
            given = docker.utils.kwargs_from_env(environment=self._environment)
            if self._host is not None:
                given["base_url"] = self._host
            if "base_url" not in given:
                given = {**docker.context.ContextAPI.kwargs_from_context(environment=self._environment), **given}
        except (docker.errors.DockerException, OSError, ValueError) as error:
            raise Unreadable(f"the Docker settings cannot be used: {error}") from None
        url = given.get("base_url") or f"unix://{DEFAULT_SOCKET}"
        tls = given.get("tls") or None
        parts = urlsplit(url)
        if parts.scheme == "ssh":
            self._tunnel = Tunnel(url)
            self._tunnel.ensure()
            return _Address(path=self._tunnel.socket_path)
        if parts.scheme in ("unix", "http+unix"):
            return _Address(path=f"{parts.netloc}{parts.path}" or DEFAULT_SOCKET)
        if parts.scheme not in ("tcp", "http", "https") or not parts.hostname:
            raise Unreadable(f"{url} is no engine address; write unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST")
        is_tls = tls is not None or parts.scheme == "https"
        if is_tls and tls is None:
            tls = docker.tls.TLSConfig(verify=True)
        return _Address(host=parts.hostname, port=parts.port or (2376 if is_tls else 2375), tls=tls)


def _dial(address: _Address, timeout_s: float) -> socket.socket:
    link = socket.create_connection((address.host, address.port), timeout=timeout_s)
    # Silence is legal on a log stream, so only the kernel can notice that the other side is gone.
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000)):
        if hasattr(socket, name):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if address.tls is None:
        return link
    try:
        return _tls_context(address.tls).wrap_socket(link, server_hostname=address.host)
    except OSError:
        link.close()
        raise


def _tls_context(config: docker.tls.TLSConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.ca_cert if config.verify else None)
    if not config.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if config.cert:
        context.load_cert_chain(*config.cert)
    return context


def _read_head(link: socket.socket) -> tuple[int, bytes]:
    """Return the status of an answer and what came of its body."""
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = link.recv(65536)
        if not chunk or len(head) > _HEADER_LIMIT_BYTES:
            raise Lost("the engine hung up without an answer")
        head += chunk
    fields, _, body = head.partition(b"\r\n\r\n")
    words = fields.split(b" ", 2)
    if not words[0].startswith(b"HTTP/") or len(words) < 2 or not words[1].isdigit():
        raise Lost("what answers there is no Docker engine")
    return int(words[1]), body


def _refusal(status: int, body: bytes) -> Exception:
    """Return what an answer other than 200 means."""
    try:
        said = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        said = body.decode("utf-8", "replace").strip() or "no explanation"
    if status in (404, 409):  # unknown, or already being removed
        return Gone(said)
    if status == 501 or "does not support reading" in said:
        return Unreadable(f"its log driver cannot be read ({said}); run it with the driver json-file or local")
    return Lost(f"the engine says: {said} ({status})")


def _plain(error: OSError, address: _Address) -> Exception:
    """Return the failure to connect in words, with the remedy."""
    if isinstance(error, FileNotFoundError):
        return Lost(f"there is no Docker socket at {address}: is Docker installed and running?")
    if isinstance(error, PermissionError):
        return Lost(f"no permission on {address}: join the group that owns it (docker), or run as its owner")
    if isinstance(error, ConnectionRefusedError):
        return Lost(f"nothing answers at {address}: is the Docker engine running?")
    if isinstance(error, socket.gaierror):
        return Lost(f"the host {address.host} cannot be found")
    if isinstance(error, ssl.SSLError):
        return Lost(f"no TLS with {address}: {error.reason or error}; check DOCKER_CERT_PATH")
    if isinstance(error, TimeoutError):
        return Lost(f"{address} does not answer")
    return Lost(f"{address} cannot be reached: {error.strerror or error}")
