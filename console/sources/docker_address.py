"""Where an engine listens, as the environment, a Docker context or the rollout file says it."""

import shutil
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

import docker.context
import docker.errors
import docker.tls
import docker.utils

from console.sources.base import Lost, Unreadable
from console.sources.docker_tunnel import DEFAULT_SOCKET


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens: a socket file, a host and port, or whatever only the Docker SDK reaches."""

    url: str
    """As the SDK wants it."""
    path: str = ""
    host: str = ""
    port: int = 0
    prefix: str = ""
    """What a proxy in front of it wants before every path."""
    tls: docker.tls.TLSConfig | None = None
    is_tunnelled: bool = False
    """Whether it is reached through an ssh process, whose end becomes the socket file."""
    is_foreign: bool = False
    """Whether only the SDK can reach it."""

    def __str__(self) -> str:
        return self.path or (f"{self.host}:{self.port}" if self.host else self.url)

    @property
    def authority(self) -> str:
        """Whom requests are for."""
        return f"{self.host}:{self.port}" if self.host else "docker"


def resolve(host: str | None, environment: Mapping[str, str]) -> Address:
    """Return where an engine listens: `host` if it is given, else what the environment or the Docker context says.

    Raises `Unreadable` with the remedy.
    """
    try:
        given = docker.utils.kwargs_from_env(environment=dict(environment))
        if host is not None:
            given["base_url"] = host
        if "base_url" not in given:
            given = {**docker.context.ContextAPI.kwargs_from_context(environment=dict(environment)), **given}
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise Unreadable(f"the Docker settings cannot be used: {error}") from None
    url = given.get("base_url") or f"unix://{DEFAULT_SOCKET}"
    tls = given.get("tls") or None
    parts = urlsplit(url)
    if parts.scheme == "ssh":
        if shutil.which("ssh") is None and find_spec("paramiko") is not None:
            return Address(url, is_foreign=True)
        return Address(url, is_tunnelled=True)
    if parts.scheme in ("unix", "http+unix"):
        path = f"{parts.netloc}{parts.path}" or DEFAULT_SOCKET
        return Address(f"unix://{path}", path=path)
    if parts.scheme not in ("tcp", "http", "https"):
        return _as_sdk_says(url, tls)
    return _over_network(url, tls)


def _over_network(url: str, tls: docker.tls.TLSConfig | None) -> Address:
    parts = urlsplit(url)
    if not parts.hostname:
        raise _no_address(url)
    is_tls = tls is not None or parts.scheme == "https"
    if is_tls and tls is None:
        tls = docker.tls.TLSConfig(verify=True)
    port, prefix = parts.port or (2376 if is_tls else 2375), parts.path.rstrip("/")
    shown = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(f"tcp://{shown}:{port}{prefix}", host=parts.hostname, port=port, prefix=prefix, tls=tls)


def _as_sdk_says(url: str, tls: docker.tls.TLSConfig | None) -> Address:
    """Return an address that is none of the usual ones, if it means something to the SDK."""
    try:
        meant = str(docker.utils.parse_host(url, tls=tls is not None))
    except (docker.errors.DockerException, ValueError):
        raise _no_address(url) from None
    if urlsplit(meant).scheme in ("http", "https"):  # a bare host with its port
        return _over_network(meant, tls)
    return Address(url, tls=tls, is_foreign=True)


def _no_address(url: str) -> Unreadable:
    return Unreadable(f"{url} is no engine address; write unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST")


def dial(address: Address, timeout_s: float) -> socket.socket:
    """Return a fresh connection. Raises `Lost` with the remedy."""
    try:
        if address.path:
            return _dial_file(address.path, timeout_s)
        return _dial_port(address, timeout_s)
    except OSError as error:
        raise _plain(error, address) from None


def _dial_file(path: str, timeout_s: float) -> socket.socket:
    link = socket.socket(socket.AF_UNIX)
    try:
        link.settimeout(timeout_s)
        link.connect(path)
    except OSError:
        link.close()
        raise
    return link


def _dial_port(address: Address, timeout_s: float) -> socket.socket:
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


def _plain(error: OSError, address: Address) -> Lost:
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
