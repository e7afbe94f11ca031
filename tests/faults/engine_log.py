"""The engine's own record of a container, read to its end without following and without the console's reader."""

import http.client
import re
import socket
from calendar import timegm
from dataclasses import dataclass, field
from functools import lru_cache

STREAMS = {1: "o", 2: "e"}
_STAMP_BYTES = 31
"""A time as the engine writes it, `2026-08-03T14:03:27.123456789Z`, and a space."""
_STAMP = re.compile(rb"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{9})Z ")


class NotTheLog(Exception):
    """What the engine sent is no log in the format that its API describes."""


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(slots=True)
class Written:
    """The lines of one stream as the engine kept them, in order; the last one may lack its end."""

    times_ns: list[int] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    """With their line ends."""


def read_log(socket_path: str, container: str) -> dict[str, Written]:
    """Return both streams of a container. Raises `NotTheLog`, also where the engine reports an error inside the log."""
    connection = _SocketConnection(socket_path)
    try:
        connection.request("GET", f"/containers/{container}/logs?stdout=1&stderr=1&timestamps=1&follow=0")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise NotTheLog(f"{answer.status}: {body[:200]!r}")
    finally:
        connection.close()
    return split(body)


def split(body: bytes) -> dict[str, Written]:
    """Return the lines in a body of frames; parts of a long line, which share their time, are joined."""
    found = {name: Written() for name in STREAMS.values()}
    at, end = 0, len(body)
    while at < end:
        stop = at + 8 + int.from_bytes(body[at + 4 : at + 8], "big")
        if body[at] not in STREAMS or stop > end:
            raise NotTheLog(f"a frame of type {body[at]}: {body[at + 8 : at + 200]!r}")
        written = found[STREAMS[body[at]]]
        stamp = body[at + 8 : at + 8 + _STAMP_BYTES]
        text = body[at + 8 + _STAMP_BYTES : stop]
        time_ns = _seconds(stamp[:20]) * 10**9 + int(stamp[20:29])
        is_next_part = bool(written.texts and written.times_ns[-1] == time_ns and not written.texts[-1].endswith(b"\n"))
        if is_next_part:
            written.texts[-1] += text
        else:
            written.times_ns.append(time_ns)
            written.texts.append(text)
        at = stop
    return found


@lru_cache(maxsize=4096)
def _seconds(second: bytes) -> int:
    matched = _STAMP.fullmatch(second + b"000000000Z ")
    if matched is None:
        raise NotTheLog(f"no time: {second!r}")
    return timegm(tuple(int(part) for part in matched.groups()[:6]))
