"""Cuts the body of the engine's log stream into lines with their keys; no I/O.

The body is a row of frames: 8 bytes of header (which stream, length) and one record, which begins with its time,
30 bytes wide, and a space. A record over 16,384 bytes comes in parts that all carry the time of the first one;
records of the other stream may lie between them. With a terminal there are no frames, and the time stands again
inside a long line after each 16,384 bytes. Docker Engine API, "Attach to a container", and measured on 20.10 and
later engines.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from struct import Struct
from typing import Protocol

from console.core.lines import LINE_LIMIT_BYTES
from console.sources.base import Lost
from console.sources.docker_halves import NEVER, Halves, Knows, Order, OutOfOrder, Place, Stretch, within_limit

_STAMP_BYTES = 31
_PART_BYTES = 16_384
_FRAME_LIMIT_BYTES = 4 * 1024 * 1024
"""No record is nearly as long; a longer frame is something else that looks like one."""
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ")
_KEPT_BYTES = LINE_LIMIT_BYTES + 4096
_RETURN_AND_STAMP = re.compile(rb"\r(?=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z )")
_HEAD = Struct(">B3xI19sx9s2s")
"""Which stream, the length, and the time as engines write it: its second, its nanosecond, and how it ends."""


class EngineFault(Lost):
    """The engine says in the stream itself that it cannot read on."""


class Cutter(Protocol):
    """Turns blocks of a log stream into lines."""

    halves: Halves
    first_ns: int | None
    """Time of the first record that came, counted before or not."""

    @property
    def waiting(self) -> int:
        """How many lines wait to be taken."""
        ...

    @property
    def is_settled(self) -> bool:
        """Whether no line is awaited any more; until then what waits must not be counted."""
        ...

    @property
    def open_ns(self) -> int | None:
        """Time of the oldest line that has begun and not ended."""
        ...

    def feed(self, block: bytes) -> None:
        """Take the next bytes. Raises `Lost` when they are no log stream, or carry an error of the engine."""
        ...

    def end(self) -> None:
        """Note that the answer has ended. Raises `Lost` when it ended amid a record: it was cut."""
        ...

    def finish(self, before_ns: int = NEVER) -> None:
        """Close lines without an end that began before a moment: the process that wrote them is gone."""
        ...

    def take(self) -> Iterator[Stretch]:
        """Give the lines cut so far, in an order in which any beginning of it is safe to commit."""
        ...


class FrameCutter:
    """Cuts the framed stream of a container without a terminal."""

    def __init__(self, places: Mapping[str, Place], knows: Knows | None = None, order: Order = Order.FOLLOWED) -> None:
        self.halves = Halves(places, knows, order)
        self.first_ns: int | None = None
        self._rest = b""
        self._second = b""
        self._second_ns = 0

    @property
    def waiting(self) -> int:
        """How many lines wait to be taken."""
        return sum(len(half.keys) for half in self.halves.by_kind.values())

    @property
    def is_settled(self) -> bool:
        """Whether no line is awaited any more; until then what waits must not be counted."""
        return not any(half.is_awaiting for half in self.halves.by_kind.values())

    @property
    def open_ns(self) -> int | None:
        """Time of the oldest line that has begun and not ended."""
        begun = [half.open_key for half in self.halves.by_kind.values() if half.open_key is not None]
        return min(begun, default=None)

    def feed(self, block: bytes) -> None:
        """Take the next bytes. Raises `Lost` when they are no log stream, or carry an error of the engine."""
        data = self._rest + block if self._rest else block
        at, end = 0, len(data)
        second, second_ns, first_ns = self._second, self._second_ns, self.first_ns
        halves = self.halves.by_kind
        kind_now, half = 1, halves[1]
        keys, lines, guard = half.keys, half.lines, half.guard
        while end - at >= _HEAD.size:
            kind, size, of_second, fraction, zone = _HEAD.unpack_from(data, at)
            stop = at + 8 + size
            if stop > end:
                break
            if kind != kind_now:
                half.keep(guard)
                if kind not in halves:
                    raise _fault(kind, data[at + 8 : stop])
                half, kind_now = halves[kind], kind
                keys, lines, guard = half.keys, half.lines, half.guard
            if zone == b"Z ":
                if of_second != second:
                    second, second_ns = of_second, _second_ns(of_second)
                key, text_at = second_ns + int(fraction), at + 8 + _STAMP_BYTES
            else:
                key, stamp_bytes = stamp_ns(data[at + 8 : stop])
                text_at = at + 8 + stamp_bytes
            if first_ns is None:
                self.first_ns = first_ns = key
            if key > guard and data[stop - 1] == 10:
                keys.append(key)
                lines.append(data[text_at : stop - 2 if data[stop - 2] == 13 else stop - 1])
                guard = key
            else:
                half.keep(guard)
                half.take_record(key, data[text_at:stop])
                keys, lines, guard = half.keys, half.lines, half.guard
            at = stop
        half.keep(guard)
        self._second, self._second_ns = second, second_ns
        self._rest = data[self._cut_short(data, at) :]

    def _cut_short(self, data: bytes, at: int) -> int:
        """Cut frames at the end that are shorter than a whole time, and return where what is left begins."""
        while len(data) - at >= 8:
            stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
            if stop > len(data):
                if stop - at > _FRAME_LIMIT_BYTES:
                    raise Lost("what the engine sends is no log stream")
                return at
            kind, record = data[at], data[at + 8 : stop]
            if kind not in self.halves.by_kind:
                raise _fault(kind, record)
            key, stamp_bytes = stamp_ns(record)
            self.first_ns = key if self.first_ns is None else self.first_ns
            self.halves.by_kind[kind].take_record(key, record[stamp_bytes:])
            at = stop
        return at

    def end(self) -> None:
        """Note that the answer has ended. Raises `Lost` when it ended amid a record: it was cut."""
        if self._rest:
            raise Lost("the answer of the engine was cut amid a record")

    def finish(self, before_ns: int = NEVER) -> None:
        """Close lines without an end that began before a moment: the process that wrote them is gone."""
        for half in self.halves.by_kind.values():
            if half.open_key is not None and half.open_key < before_ns:
                half.close()

    def take(self) -> Iterator[Stretch]:
        """Give the lines cut so far, in an order in which any beginning of it is safe to commit."""
        return self.halves.take()


class TerminalCutter:
    """Cuts the bare stream of a container with a terminal, where everything is `stdout`."""

    def __init__(self, places: Mapping[str, Place], knows: Knows | None = None, order: Order = Order.FOLLOWED) -> None:
        self.halves = Halves({"stdout": places.get("stdout", Place())}, knows, order)
        self.first_ns: int | None = None
        self._half = self.halves.by_kind[1]
        self._rest: list[bytes] = []
        self._rest_bytes = 0

    @property
    def waiting(self) -> int:
        """How many lines wait to be taken."""
        return len(self._half.keys)

    @property
    def is_settled(self) -> bool:
        """Whether no line is awaited any more; until then what waits must not be counted."""
        return not self._half.is_awaiting

    @property
    def open_ns(self) -> int | None:
        """Time of the line that has begun and not ended."""
        begun = b"".join(self._rest[:2])
        return stamp_ns(begun)[0] if len(begun) >= _STAMP_BYTES else None

    def feed(self, block: bytes) -> None:
        """Take the next bytes. Raises `Lost` when they are no log stream."""
        *ended, rest = block.split(b"\n")
        for text in ended:
            self._line(b"".join((*self._rest, text)).removesuffix(b"\r"))
            self._rest.clear()
            self._rest_bytes = 0
        if rest:
            self._keep(rest)
        if self.first_ns is None and self._rest_bytes >= _STAMP_BYTES:
            self._rest = [b"".join(self._rest)]
            self.first_ns = stamp_ns(self._rest[0])[0]

    def _keep(self, rest: bytes) -> None:
        """Keep the beginning of a line; old engines with the driver `local` leave out where a long one ends."""
        self._rest.append(rest)
        self._rest_bytes += len(rest)
        if self._rest_bytes <= _PART_BYTES:
            return
        *ended, text = _unglued(b"".join(self._rest))
        for line in ended:
            self._take_line(line)
        if len(text) > _KEPT_BYTES:  # more is never shown; the end is kept, where a next line may have begun
            text = text[: _KEPT_BYTES - _STAMP_BYTES - 1] + text[-_STAMP_BYTES - 1 :]
        self._rest = [text]
        self._rest_bytes = len(text)

    def end(self) -> None:
        """Note that the answer has ended; where lines are not framed nothing tells whether it was cut."""

    def finish(self, before_ns: int = NEVER) -> None:
        """Close a line without an end that began before a moment: the process that wrote it is gone."""
        began_ns = self.open_ns
        if began_ns is not None and began_ns >= before_ns:
            return
        if self._rest:
            self._line(b"".join(self._rest))
        self._rest.clear()
        self._rest_bytes = 0

    def take(self) -> Iterator[Stretch]:
        """Give the lines cut so far."""
        return self.halves.take()

    def _line(self, raw: bytes) -> None:
        for each in _unglued(raw):
            self._take_line(each)

    def _take_line(self, raw: bytes) -> None:
        key, size = stamp_ns(raw)
        if self.first_ns is None:
            self.first_ns = key
        stamp, text = raw[:size], raw[size:]
        if len(text) > _PART_BYTES:
            pieces, at = [text[:_PART_BYTES]], _PART_BYTES
            while text.startswith(stamp, at):
                pieces.append(text[at + size : at + size + _PART_BYTES])
                at += size + _PART_BYTES
            pieces.append(text[at:])
            if self._half.order.may_repeat and len(set(pieces)) < len(pieces):
                raise OutOfOrder("a part of a long line may have come twice")
            text = b"".join(pieces)
        if self._half.wants(key):
            self._half.add(key, within_limit(text))


def _unglued(text: bytes) -> Iterator[bytes]:
    """Yield a long line, and those that follow it without an end in between; the last may go on."""
    while match := _RETURN_AND_STAMP.search(text, _PART_BYTES):
        yield text[: match.start()]
        text = text[match.start() + 1 :]
    yield text


def _second_ns(second: bytes) -> int:
    """Return `2026-08-03T14:03:27` as nanoseconds since the epoch."""
    try:
        return int(datetime.fromisoformat(second.decode("ascii") + "+00:00").timestamp()) * 10**9
    except ValueError:
        raise Lost("what the engine sends has no times; is it a Docker engine?") from None


def stamp_ns(text: bytes) -> tuple[int, int]:
    """Return the time at the start of a record and how many bytes it takes with its space."""
    match = _STAMP.match(text)
    if match is None:
        raise Lost("what the engine sends has no times; is it a Docker engine?")
    second, fraction, zone = match.groups()
    moment = datetime.fromisoformat((second + (b"+00:00" if zone == b"Z" else zone)).decode("ascii"))
    return int(moment.timestamp()) * 10**9 + int((fraction or b"0").ljust(9, b"0")), match.end()


def stamp_or_zero(stamp: str) -> int:
    """Return a time as the engine writes it as nanoseconds since the epoch; 0 for its word for never, or for none."""
    try:
        return max(0, stamp_ns(stamp.encode() + b" ")[0])
    except Lost:
        return 0


def _fault(kind: int, text: bytes) -> Lost:
    if kind == 3:
        return EngineFault(f"the engine reports: {text.decode('utf-8', 'replace').strip()}")
    return Lost(f"what the engine sends is no log stream (frame of type {kind})")
