"""The simulated service: one process for each track. Only the standard library, so that any Python image runs it.

It takes its share of the traffic from an env file, or from its environment as a container does, and reads that at
start and on SIGHUP only: like the real thing, it goes on with what it knew until somebody restarts it.
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

from console.demo.traffic import Traffic
from console.demo.world import TRACKS, Answer, Asked, World, stamp
from console.demo.worlds import ROLLOUTS, world_of

TICK_S = 0.1
LONGEST_TICK_S = 1.0
"""After a pause of the machine, no more than this is made up for."""
LOG_LIMIT_BYTES = 16_000_000
"""Size at which a log file is rotated to `.1`."""
QUERY_LIMIT_BYTES = 100_000
ABOUT = "/about"
"""Where a service says what it is doing, whatever its world answers at /health."""


def read_env_file(text: str) -> dict[str, str]:
    """Return the variables of an env file: `NAME=value` lines, quotes around a value removed."""
    pairs = (line.strip().partition("=") for line in text.splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, is_set, value in pairs if is_set and name[:1] != "#"}


def share_of(world: World, track: str, env: Mapping[str, str]) -> float:
    """Return a track's share of all requests in percent; raises `ValueError` when the variables say none."""
    canary = world.canary_share(env)
    return canary if track == "canary" else 100.0 - canary


class LogFile:
    """Where the lines go: standard output, or a file that is rotated by renaming."""

    def __init__(self, path: Path | None, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        """Open the file for appending; `None` is standard output."""
        self._path = path
        self._limit_bytes = limit_bytes
        self._file = sys.stdout.buffer if path is None else path.open("ab")

    def write(self, lines: list[str]) -> None:
        """Write whole lines at once, so that a reader never waits for the rest of one."""
        if not lines:
            return
        self._file.write(("\n".join(lines) + "\n").encode())
        self._file.flush()
        if self._path is not None and self._file.tell() > self._limit_bytes:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab")

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._path is not None:
            self._file.close()


class RecorderLink:
    """The way to the recorder. The service never waits for it: what cannot be handed over is lost, and counted."""

    def __init__(self, path: str) -> None:
        """Remember the socket's path; the connection is made when there is something to send."""
        self._path = path
        self._socket: socket.socket | None = None
        self._retry_at = 0.0
        self.batches_lost = 0

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand one batch over."""
        try:
            self._connected().sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        except OSError:
            self.batches_lost += 1
            self.close()
            self._retry_at = time.monotonic() + 0.5

    def _connected(self) -> socket.socket:
        if self._socket is None:
            if time.monotonic() < self._retry_at:
                raise ConnectionRefusedError
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            link.settimeout(0.2)
            try:
                link.connect(self._path)
            except OSError:
                link.close()
                raise
            self._socket = link
        return self._socket

    def close(self) -> None:
        """Close the connection; half a message never stays in it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Service:
    """One track of the simulated service."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Open the log and take the share; raises `OSError` when the log cannot be opened."""
        self._options = options
        self._log = LogFile(None if options.log == "-" else Path(options.log))
        self._recorder = RecorderLink(options.recorder)
        self._world = world_of(options.rollout)
        self._traffic = Traffic(self._world, options.track, options.scenario, speed=options.speed)
        self._rate = (options.rate or self._world.requests_per_s) * options.speed
        self._env: Mapping[str, str] = {}
        self._must_read = False
        self._must_stop = False
        self._share = 0.0
        self._restarts = -1
        self._requests = 0
        self._read_share()

    def restart(self, _number: int, _frame: FrameType | None) -> None:
        """Read the env file again at the next tick."""
        self._must_read = True

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """End at the next tick."""
        self._must_stop = True

    def about(self) -> dict[str, Any]:
        """Return what it is doing."""
        return {
            "status": "ok",
            "track": self._options.track,
            "share": int(self._share) if self._share.is_integer() else self._share,
            "requests": self._requests,
            "batches_lost": self._recorder.batches_lost,
            "pid": os.getpid(),
            "restarts": self._restarts,
        }

    def answer(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return what is answered to a request by HTTP."""
        if path == ABOUT:
            return Answer(self.about())
        mood = self._traffic.mood_at(time.time(), self._options.began)
        asked = Asked(method, path, body, headers, self._options.track, self._share, mood, self._env)
        said = self._world.answer(asked)
        if said is None:
            return Answer(self.about()) if path == "/health" else Answer("", status=404)
        return said

    def run(self) -> None:
        """Serve until told to stop, or until the parent is gone."""
        last = time.time()
        while not self._must_stop and self._has_parent():
            if self._must_read:
                self._must_read = False
                self._read_share()
            time.sleep(TICK_S)
            now = time.time()
            self._serve(max(last, now - LONGEST_TICK_S), now)
            last = now
        self._log.write([f"{stamp(time.time())} INFO app Service stopped"])
        self._log.close()
        self._recorder.close()

    def _has_parent(self) -> bool:
        return self._options.parent is None or os.getppid() == self._options.parent

    def _read_share(self) -> None:
        """Take the share that is configured now; what cannot be read leaves it as it was, loudly."""
        try:
            path = self._options.env_file
            env = os.environ if path is None else read_env_file(Path(path).read_text(encoding="utf-8"))
            self._share = share_of(self._world, self._options.track, env)
            self._env = dict(env)
        except (OSError, ValueError) as error:
            self._log.write([f"{stamp(time.time())} ERROR app Configuration not read: {error}"])
            return
        self._restarts += 1
        self._log.write([f"{stamp(time.time())} INFO app Service started with {self._share:g}% of the traffic"])

    def _serve(self, since: float, until: float) -> None:
        began = self._options.began
        batch = self._traffic.between(since, until, began=began, rate=self._rate, share=self._share, env=self._env)
        self._requests += batch.requests
        self._log.write(batch.lines)
        if batch.rows or batch.writes:
            self._recorder.send(batch.message())


def serve_http(service: Service, host: str, port: int) -> ThreadingHTTPServer:
    """Answer what the service answers, in a thread of its own; raises `OSError` when the port is taken."""

    class Answers(BaseHTTPRequestHandler):
        """Answers one request."""

        timeout = 5

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(min(QUERY_LIMIT_BYTES, int(self.headers.get("Content-Length", 0))))
            answer = service.answer(self.command, self.path.split("?")[0], body, dict(self.headers))
            time.sleep(answer.after_s)
            kind, said = answer.encoded()
            self.send_response(answer.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Keep the access log out of the service's own lines."""

    server = ThreadingHTTPServer((host, port), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="console.demo.service", description=__doc__)
    parser.add_argument("--rollout", choices=ROLLOUTS, required=True)
    parser.add_argument("--track", choices=TRACKS, required=True)
    parser.add_argument("--scenario", default="healthy")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--rate", type=float, help="requests a second of both tracks at speed 1, if not the world's")
    parser.add_argument(
        "--began", type=float, default=time.time(), help="when the scenario began, seconds since the epoch"
    )
    parser.add_argument("--env-file", help="read instead of the environment")
    parser.add_argument("--log", default="-", help="a file, or - for standard output")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--recorder", required=True, help="path of the recorder's socket")
    parser.add_argument("--parent", type=int, help="end when this process is not the parent any more")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run one track until SIGTERM or SIGINT."""
    options = _options(arguments)
    service = Service(options)
    signal.signal(signal.SIGHUP, service.restart)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, service.stop)
    server = serve_http(service, options.host, options.port)
    try:
        service.run()
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
