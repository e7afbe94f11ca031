"""One way to read a container's log, in a process of its own: `python -m tests.bench.live_reader WAY URL FILE …`.

Reads until a number of lines is there and prints as JSON how long that took and what it cost, without the start of
Python and its imports.
"""

import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import docker

import console.sources.docker_logs  # noqa: F401 - before the clock starts, as the SDK is
from console.core.classify import Classifier
from console.core.counts import LinesCounted
from console.core.inputs import Input
from console.core.state import State
from console.engine import DRAIN_S
from console.inbox import Counter, Inbox
from console.session import desk_of, keep_going, load, opened_for
from console.sources.connect import Connections
from console.watching import Watch
from tests.bench.watched import rss_of

RECV_BYTES = 256 * 1024
STAMP_BYTES = 8 + 31
"""What the engine sends with each line: the header of a frame, and the time."""
SINCE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Which log is read, and how much of it."""

    url: str
    file: Path
    """The rollout file that names the container."""
    container: str
    lines: int
    size_bytes: int
    """Size of the lines, their ends included."""


def discard(asked: Asked) -> None:
    """Receive the log over HTTP/1.0 and throw it away: the most that the engine can give."""
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(asked.url.removeprefix("unix://"))
        wish = "stdout=1&stderr=1&timestamps=1&follow=1"
        link.sendall(f"GET /containers/{asked.container}/logs?{wish} HTTP/1.0\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += link.recv(RECV_BYTES)
        left = asked.size_bytes + STAMP_BYTES * asked.lines - len(head.partition(b"\r\n\r\n")[2])
        while left > 0:
            left -= len(link.recv(RECV_BYTES))


def sdk(asked: Asked) -> None:
    """Read with the SDK's own stream; each record is a line here, and nothing is done with it."""
    client = docker.DockerClient(base_url=asked.url)
    for got, _ in enumerate(client.containers.get(asked.container).logs(stream=True, follow=True), start=1):
        if got == asked.lines:
            return


async def reader(asked: Asked) -> State:
    """Read, classify and count as the console does, into an inbox that is drained as the engine does."""
    loaded = load(str(asked.file), os.environ)
    inbox, state = Inbox(), State(loaded.rollout, time.time())
    has_all, loop = asyncio.Event(), asyncio.get_running_loop()
    posted = 0

    def post(given: Input) -> None:
        nonlocal posted
        inbox.post(given)
        if isinstance(given, LinesCounted):
            posted += given.lines
            if posted >= asked.lines:
                loop.call_soon_threadsafe(has_all.set)

    counter = Counter(Classifier(loaded.rollout.events), {}, (), post, time.time)
    connections = Connections(loaded.rollout, loaded.base_dir, loaded.queries, post)
    reading = asyncio.create_task(connections.run(counter, time.time() - SINCE_S))
    while state.lines < asked.lines and not reading.done():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(has_all.wait(), DRAIN_S)
        for given in inbox.drain():
            state.apply(given)
    if reading.done():
        reading.result()
    return state


async def whole(asked: Asked) -> State:
    """Watch without a screen: the reader and everything behind it, frames, judgement and the session file."""
    watch = Watch(str(asked.file), os.environ, Path(tempfile.mkdtemp(dir=asked.file.parent)), since_s=SINCE_S)
    opened = await opened_for(load(str(asked.file), os.environ), watch)
    going = asyncio.create_task(keep_going(opened, desk_of(opened, watch)))
    assert opened.engine is not None
    while opened.engine.state.lines < asked.lines and not going.done():  # noqa: ASYNC110 - lines are no event
        await asyncio.sleep(0.02)
    if going.done():
        going.result()
    return opened.engine.state


def main() -> None:
    """Read, print what it cost, and end without waiting for anything."""
    way, url, file, container, lines, size_bytes = sys.argv[1:]
    asked = Asked(url, Path(file), container, int(lines), int(size_bytes))
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    state = None
    if way in (discard.__name__, sdk.__name__):
        (discard if way == discard.__name__ else sdk)(asked)
    else:
        # Not `asyncio.run`, which would wait for the readers to end.
        state = asyncio.new_event_loop().run_until_complete((reader if way == reader.__name__ else whole)(asked))
    cost: dict[str, object] = {"wall_s": time.perf_counter() - began_s, "cpu_s": time.process_time() - began_cpu_s}
    cost["rss_bytes"] = rss_of(os.getpid(), is_peak=True)
    if state is not None:
        cost["counts"] = {event: state.rollup.total(None, event) for event in state.rollout.events}
    print(json.dumps(cost), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
