"""Relays in front of a real engine that change what passes: frames of logs, times, or which requests get through."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from tests.servers import PrivateEngine

ERROR = b"\x03\0\0\0\0\0\0\x13Error grabbing logs"
"""What an engine sends when it cannot go on."""


@dataclass(frozen=True)
class Record:
    """One record of a container's log on its way."""

    kind: int
    """1 or 2 for its stream, 0 with a terminal."""
    key: int
    text: bytes
    is_followed: bool
    """Whether it is sent to somebody who follows the log."""

    @property
    def number(self) -> int:
        """The last word as a number, -1 if it is none."""
        last = self.text.split()[-1:]
        return int(last[0]) if last and last[0].isdigit() else -1

    def shifted(self, shift_ns: int) -> "Record":
        return replace(self, key=self.key + shift_ns)

    def sent(self) -> bytes:
        """As an engine sends it; in a frame, unless the container has a terminal."""
        moment = datetime.fromtimestamp(self.key // 10**9, UTC)
        record = f"{moment:%Y-%m-%dT%H:%M:%S}.{self.key % 10**9:09d}Z ".encode() + self.text
        return record if self.kind == 0 else bytes((self.kind, 0, 0, 0)) + len(record).to_bytes(4, "big") + record


class Relay:
    """Takes connections, and lets none of them open at the end."""

    def __init__(self, engine: PrivateEngine) -> None:
        self._there = engine.url.removeprefix("unix://")
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            # One that was closed and has sent all may be gone altogether, and asyncio fails to abort it a second time.
            if not writer.transport.is_closing() or writer.transport.get_write_buffer_size():
                writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opening = asyncio.ensure_future(asyncio.open_unix_connection(self._there))
        try:
            there, to_there = await asyncio.shield(opening)
        except asyncio.CancelledError:
            self._writers.add((await opening)[1])
            raise
        except OSError:  # the engine is gone: so is its client's connection
            writer.close()
            return
        self._writers.add(to_there)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._relay(reader, writer, there, to_there)
        for each in (writer, to_there):
            each.close()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        to_there: asyncio.StreamWriter,
    ) -> None:
        """Pass everything on, one request and its answer."""


Change = Callable[[Record], Record | bytes | None]
"""What becomes of a record: another one, other bytes, after which the connection ends, or nothing."""


class LogRelay(Relay):
    """A socket file in front of an engine; records of logs pass through `change`, and clocks are `shift_s` ahead."""

    def __init__(
        self,
        engine: PrivateEngine,
        path: str,
        change: Change = lambda record: record,
        *,
        has_terminal: bool = False,
    ) -> None:
        super().__init__(engine)
        self.url = f"unix://{path}"
        self.change = change
        self.shift_s = 0.0
        """How far the engine's clock is ahead, as its answers say."""
        self.followed = 0
        """How many logs were opened to be followed: what was in them before was read."""
        self.cuts_events = 0
        """How many answers about events end before their first event."""
        self._path = path
        self._cut = lines_of if has_terminal else records_of

    async def __aenter__(self) -> "LogRelay":
        self._server = await asyncio.start_unix_server(self._take, self._path)
        return self

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        to_there: asyncio.StreamWriter,
    ) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        to_there.write(asked)
        if b" HTTP/1.1\r\n" in asked:  # the SDK
            await asyncio.gather(_pump(reader, to_there), _pump(there, writer))
        else:
            await self._answer(asked, there, writer)

    async def _answer(self, asked: bytes, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await there.readuntil(b"\r\n\r\n")
        writer.write(re.sub(rb"Date: ([^\r]+)", self._date, head))
        if b"/logs?" in asked and b" 200 " in head:
            is_followed = b"follow=1" in asked
            self.followed += is_followed
            await self._records(there, writer, is_followed=is_followed)
            return
        body = await there.read()
        if asked.startswith(b"GET /events?") and self.cuts_events:
            self.cuts_events -= 1
            body = b""
        writer.write(self._document(body) if asked.startswith(b"GET /info ") else body)
        await writer.drain()

    def _date(self, match: re.Match[bytes]) -> bytes:
        moment = parsedate_to_datetime(match[1].decode()).timestamp() + self.shift_s
        return b"Date: " + format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True).encode()

    def _document(self, body: bytes) -> bytes:
        said = json.loads(body)
        moment = datetime.fromisoformat(said["SystemTime"]).timestamp() + self.shift_s
        said["SystemTime"] = datetime.fromtimestamp(moment, UTC).isoformat()
        return json.dumps(said).encode().ljust(len(body))

    async def _records(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_followed: bool) -> None:
        rest = b""
        while block := await there.read(65536):
            records, rest = self._cut(rest + block, is_followed=is_followed)
            out = b""
            for record in records:
                changed = self.change(record)
                if isinstance(changed, bytes):
                    writer.write(out + changed)
                    await writer.drain()
                    return
                out += b"" if changed is None else changed.sent()
            writer.write(out)
            await writer.drain()


def records_of(data: bytes, *, is_followed: bool) -> tuple[list[Record], bytes]:
    """Return the whole records, and what is left."""
    records, at = [], 0
    while len(data) - at >= 8 and len(data) - at >= 8 + int.from_bytes(data[at + 4 : at + 8], "big"):
        stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        records.append(_record(data[at], data[at + 8 : stop], is_followed=is_followed))
        at = stop
    return records, data[at:]


def lines_of(data: bytes, *, is_followed: bool) -> tuple[list[Record], bytes]:
    """Return the whole lines of a log without frames, and what is left."""
    *lines, rest = data.split(b"\n")
    return [_record(0, line + b"\n", is_followed=is_followed) for line in lines], rest


def _record(kind: int, raw: bytes, *, is_followed: bool) -> Record:
    stamp, _, text = raw.partition(b" ")
    second = datetime.fromisoformat(stamp[:19].decode() + "+00:00")
    return Record(kind, int(second.timestamp()) * 10**9 + int(stamp[20:29]), text, is_followed)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while block := await source.read(65536):
            sink.write(block)
            await sink.drain()
    sink.close()


class PickyProxy(Relay):
    """A proxy on a port that refuses requests in HTTP/1.0, as some do, and may want a prefix before every path."""

    def __init__(self, engine: PrivateEngine, *, prefix: str = "", is_picky: bool = True) -> None:
        super().__init__(engine)
        self.port = 0
        self._prefix = prefix.encode()
        self._is_picky = is_picky

    async def __aenter__(self) -> "PickyProxy":
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        to_there: asyncio.StreamWriter,
    ) -> None:
        answers = asyncio.create_task(_pump(there, writer))
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                verb, path, rest = asked.split(b" ", 2)
                if self._is_picky and rest.startswith(b"HTTP/1.0\r\n"):
                    writer.write(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                elif not path.startswith(self._prefix):
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                else:
                    to_there.write(b" ".join((verb, path.removeprefix(self._prefix), rest)))
                    continue
                await writer.drain()
                return
        finally:
            # One who asks in HTTP/1.0 hangs up when it has its answer, and nothing more is to come.
            answers.cancel()
