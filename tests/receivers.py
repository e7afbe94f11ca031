"""Real receivers of alerts on loopback: a webhook, a mail server, an Alertmanager; each stopped by who started it."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller

from tests.servers import missing
from tests.waiting import DEADLINE_S, wait_until

START_ATTEMPTS = 3
"""Somebody else may take a port between its being looked up and its being listened on."""


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass
class Posted:
    """A request that a webhook got."""

    path: str
    key: str
    """The idempotency key it came with."""
    body: dict[str, Any]

    @property
    def title(self) -> str:
        """What the message is called."""
        return str(self.body["title"])


@dataclass
class Webhook:
    """An HTTP server that takes what Apprise posts as JSON."""

    port: int
    posted: list[Posted] = field(default_factory=list)
    status: int = 200
    before_answer: Callable[[Posted], None] = lambda _: None
    """Called with each request before it is answered."""

    def address(self, path: str = "hook") -> str:
        """Return the address of a route to it."""
        return f"json://127.0.0.1:{self.port}/{path}"

    def titles(self, path: str = "/hook") -> list[str]:
        """Return the titles of what came, each message once however often it was sent."""
        return list({one.key: one.title for one in self.posted if one.path == path}.values())

    def statuses(self) -> list[str]:
        """Return what an Alertmanager said that alerts are: `firing` or `resolved`."""
        return [str(one.body["status"]) for one in self.posted]


@contextlib.contextmanager
def webhook(port: int | None = None) -> Iterator[Webhook]:
    """Run a webhook, on the port of one that was there before if that is given."""
    made = Webhook(port or 0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            one = Posted(self.path, self.headers.get("Idempotency-Key", ""), body)
            if made.status == 200:
                made.posted.append(one)
            made.before_answer(one)
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", made.port), Handler) as server:
        made.port = server.server_port
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Mailbox:
    """A mail server and what it got."""

    port: int
    mails: list[Message] = field(default_factory=list)
    before_answer: Callable[[], None] = lambda: None
    """Called with each mail before it is answered."""

    @property
    def address(self) -> str:
        """Return the address of a route to it."""
        return f"mailto://127.0.0.1:{self.port}?from=console@shop.example&to=oncall@shop.example&mode=insecure"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        self.mails.append(message_from_bytes(envelope.content))
        self.before_answer()
        return "250 taken"


class _AnyPort(Controller):
    """Listens on a port that it is given, and says which."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run a mail server."""
    made = Mailbox(0)
    controller = _AnyPort(made, hostname="127.0.0.1", port=0, ready_timeout=DEADLINE_S)
    controller.start()
    made.port = controller.port
    try:
        yield made
    finally:
        controller.stop()


@dataclass
class Alertmanager:
    """A real Prometheus Alertmanager."""

    port: int

    @property
    def address(self) -> str:
        """Return the address of a route to it."""
        return f"alertmanager://127.0.0.1:{self.port}"

    def alerts(self) -> dict[str, dict[str, Any]]:
        """Return the alerts that it believes to stand, by the name and severity."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v2/alerts", timeout=10)
        return {f"{one['labels']['alertname']} {one['labels']['severity']}": one for one in answer.json()}

    def is_ready(self) -> bool:
        """Return whether it answers."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).status_code == 200
        return False


@contextlib.contextmanager
def alertmanager(folder: Path, webhook_url: str) -> Iterator[Alertmanager]:
    """Run an Alertmanager that tells a webhook; without the program the test is skipped, except in CI."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        missing("no prometheus-alertmanager: apt-get install prometheus-alertmanager")
    config = {
        "route": {"receiver": "hook", "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h"},
        "receivers": [{"name": "hook", "webhook_configs": [{"url": webhook_url, "send_resolved": True}]}],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config))  # JSON is YAML
    with contextlib.ExitStack() as stack:
        for _ in range(START_ATTEMPTS):
            made = Alertmanager(free_port())
            process = stack.enter_context(_running(program, folder, made.port))
            if _listens(made, process):
                break
        yield made


def _listens(made: Alertmanager, process: "subprocess.Popen[bytes]") -> bool:
    """Wait until it answers, and return whether it does; it ends where somebody else has its port."""
    wait_until(lambda: made.is_ready() or process.poll() is not None, "Alertmanager answers")
    return process.poll() is None


@contextlib.contextmanager
def _running(program: str, folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
            env={**os.environ, "GOMAXPROCS": "1"},
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
