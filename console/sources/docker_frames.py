"""Cuts the body of the engine's log stream into lines with their keys; no I/O.

The body is a row of frames: 8 bytes of header (which stream, length) and one record, which begins with its time,
30 bytes wide, and a space. A record over 16,384 bytes comes in parts that all carry the time of the first one;
records of the other stream may lie between them. With a terminal there are no frames, and the time stands again
inside a long line after each 16,384 bytes. Docker Engine API, "Attach to a container", and measured on 20.10 and
later engines.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from console.core.lines import LINE_LIMIT_BYTES, TRUNCATED
from console.sources.base import Lost

STREAMS = {1: "stdout", 2: "stderr"}
SPAN_NS = 5 * 10**9
"""Lines of both streams are handed over in stretches of at most this much log time, one after the other."""
_STAMP_BYTES = 31
_PART_BYTES = 16_384
_FRAME_LIMIT_BYTES = 4 * 1024 * 1024
"""No record is nearly as long; a longer frame is something else that looks like one."""
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of one stream, in order."""

    stream: str
    keys: list[int]
    lines: list[bytes]


@dataclass(slots=True)
class _Half:
    """What was cut of one of the two streams."""

    last: int
    """Key of the last line; lines up to it were counted before."""
    anchor: int | None
    """The last line counted, while it has not been seen again; `None` when there is nothing to look for."""
    keys: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    open_key: int | None = None
    """Time of the first part of a line that has not ended."""
    open_parts: list[bytes] = field(default_factory=list)
    open_bytes: int = 0
    gap: tuple[int, int] | None = None


class Cutter(Protocol):
    """Turns blocks of a log stream into lines."""

    first_ns: int | None
    """Time of the first record that came, counted before or not."""

    @property
    def waiting(self) -> int:
        """How many lines wait to be taken."""
        ...

    @property
    def open_ns(self) -> int | None:
        """Time of the oldest line that has begun and not ended."""
        ...

    def feed(self, block: bytes) -> None:
        """Take the next bytes. Raises `Lost` when they are no log stream, or carry an error of the engine."""
        ...

    def finish(self) -> None:
        """Close lines that have no end: the process that wrote them is gone."""
        ...

    def take(self) -> Iterator[Stretch]:
        """Give the lines cut so far, in an order in which any beginning of it is safe to commit."""
        ...

    def gaps(self) -> list[tuple[str, int, int]]:
        """Give the streams whose last counted line did not come again, with its key and that of what came."""
        ...


class FrameCutter:
    """Cuts the framed stream of a container without a terminal."""

    def __init__(self, floors: Mapping[str, int], anchors: Mapping[str, int]) -> None:
        self.first_ns: int | None = None
        self._halves = {kind: _Half(floors.get(name, -1), anchors.get(name)) for kind, name in STREAMS.items()}
        self._rest = b""
        self._second = b""
        self._second_ns = 0

    @property
    def waiting(self) -> int:
        """How many lines wait to be taken."""
        return sum(len(half.keys) for half in self._halves.values())

    @property
    def open_ns(self) -> int | None:
        """Time of the oldest line that has begun and not ended."""
        return min((half.open_key for half in self._halves.values() if half.open_key is not None), default=None)

    def feed(self, block: bytes) -> None:
        """Take the next bytes. Raises `Lost` when they are no log stream, or carry an error of the engine."""
        data = self._rest + block if self._rest else block
        at, end = 0, len(data)
        second, second_ns = self._second, self._second_ns
        half = self._halves[1]
        kind_now, keys, lines = 1, half.keys, half.lines
        while end - at >= 8:
            stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
            if stop > end:
                if stop - at > _FRAME_LIMIT_BYTES:
                    raise Lost("what the engine sends is no log stream")
                break
            kind = data[at]
            if kind != kind_now:
                if kind not in STREAMS:
                    self._rest = b""
                    raise Lost(_engine_error(kind, data[at + 8 : stop]))
                kind_now, half = kind, self._halves[kind]
                keys, lines = half.keys, half.lines
            if data[at + 37 : at + 39] == b"Z ":
                if data[at + 8 : at + 27] != second:
                    second = data[at + 8 : at + 27]
                    second_ns = _second_ns(second)
                key = second_ns + int(data[at + 28 : at + 37])
                text_at = at + 8 + _STAMP_BYTES
            else:
                key, size = _stamp_ns(data[at + 8 : min(stop, at + 8 + 40)])
                text_at = at + 8 + size
            if self.first_ns is None:
                self.first_ns = key
            if key <= half.last:
                if key == half.anchor:
                    half.anchor = None
            elif half.open_key is None and data[stop - 1] == 10:
                keys.append(key)
                lines.append(data[text_at : stop - 2 if data[stop - 2] == 13 else stop - 1])
                half.last = key
            else:
                _take_part(half, key, data[text_at:stop])
            if half.anchor is not None and half.last > half.anchor:
                half.gap, half.anchor = (half.anchor, key), None
            at = stop
        self._rest = data[at:]
        self._second, self._second_ns = second, second_ns

    def finish(self) -> None:
        """Close lines that have no end: the process that wrote them is gone."""
        for half in self._halves.values():
            _close(half)

    def take(self) -> Iterator[Stretch]:
        """Give the lines cut so far, in an order in which any beginning of it is safe to commit.

        Lines of both streams are woven in stretches of `SPAN_NS`: whoever resumes a little before the newest key
        committed then misses nothing of the other stream.
        """
        taken = []
        for kind, half in self._halves.items():
            taken.append(Stretch(STREAMS[kind], half.keys, half.lines))
            half.keys, half.lines = [], []
        yield from _woven(*taken)

    def gaps(self) -> list[tuple[str, int, int]]:
        """Give the streams whose last counted line did not come again, with its key and that of what came."""
        found = []
        for kind, half in self._halves.items():
            if half.gap is not None:
                found.append((STREAMS[kind], *half.gap))
                half.gap = None
        return found


class TerminalCutter:
    """Cuts the bare stream of a container with a terminal, where everything is `stdout`."""

    def __init__(self, floors: Mapping[str, int], anchors: Mapping[str, int]) -> None:
        self.first_ns: int | None = None
        self._half = _Half(floors.get("stdout", -1), anchors.get("stdout"))
        self._rest: list[bytes] = []
        self._rest_bytes = 0

    @property
    def waiting(self) -> int:
        """How many lines wait to be taken."""
        return len(self._half.keys)

    @property
    def open_ns(self) -> int | None:
        """Time of the line that has begun and not ended."""
        begun = b"".join(self._rest[:2])
        return _stamp_ns(begun)[0] if len(begun) >= _STAMP_BYTES else None

    def feed(self, block: bytes) -> None:
        """Take the next bytes. Raises `Lost` when they are no log stream."""
        *ended, rest = block.split(b"\n")
        for text in ended:
            self._line(b"".join((*self._rest, text)).removesuffix(b"\r"))
            self._rest.clear()
            self._rest_bytes = 0
        if rest and self._rest_bytes <= LINE_LIMIT_BYTES + 4096:  # more is never shown nor counted twice
            self._rest.append(rest)
            self._rest_bytes += len(rest)
        if self.first_ns is None and self._rest_bytes >= _STAMP_BYTES:
            self._rest = [b"".join(self._rest)]
            self.first_ns = _stamp_ns(self._rest[0])[0]

    def finish(self) -> None:
        """Close a line that has no end: the process that wrote it is gone."""
        if self._rest:
            self._line(b"".join(self._rest))
        self._rest.clear()
        self._rest_bytes = 0

    def take(self) -> Iterator[Stretch]:
        """Give the lines cut so far."""
        half = self._half
        if half.keys:
            yield Stretch("stdout", half.keys, half.lines)
            half.keys, half.lines = [], []

    def gaps(self) -> list[tuple[str, int, int]]:
        """Give the stream if its last counted line did not come again, with its key and that of what came."""
        gap, self._half.gap = self._half.gap, None
        return [("stdout", *gap)] if gap is not None else []

    def _line(self, raw: bytes) -> None:
        half = self._half
        key, size = _stamp_ns(raw)
        if self.first_ns is None:
            self.first_ns = key
        if key <= half.last:
            if key == half.anchor:
                half.anchor = None
            return
        if half.anchor is not None:
            half.gap, half.anchor = (half.anchor, key), None
        stamp, text = raw[:size], raw[size:]
        if len(text) > _PART_BYTES:
            pieces, at = [text[:_PART_BYTES]], _PART_BYTES
            while text.startswith(stamp, at):
                pieces.append(text[at + size : at + size + _PART_BYTES])
                at += size + _PART_BYTES
            text = b"".join((*pieces, text[at:]))
        half.keys.append(key)
        half.lines.append(_cut(text))
        half.last = key


def _take_part(half: _Half, key: int, text: bytes) -> None:
    """Join the parts of a long line; a part with another time means that the one before had no line end."""
    if half.open_key is not None and key != half.open_key:
        _close(half)
    if half.open_key is None:
        half.open_key = key
    if half.open_bytes <= LINE_LIMIT_BYTES:
        half.open_parts.append(text)
        half.open_bytes += len(text)
    if text.endswith(b"\n"):
        if not half.open_parts[-1].endswith(b"\n"):
            half.open_parts.append(b"\n")
        _close(half)


def _close(half: _Half) -> None:
    if half.open_key is None:
        return
    text = b"".join(half.open_parts)
    half.keys.append(half.open_key)
    half.lines.append(_cut(_without_end(text)))
    half.last = half.open_key
    half.open_key, half.open_bytes = None, 0
    half.open_parts.clear()


def _without_end(text: bytes) -> bytes:
    return text[:-1].removesuffix(b"\r") if text.endswith(b"\n") else text


def _cut(text: bytes) -> bytes:
    return text if len(text) <= LINE_LIMIT_BYTES else text[:LINE_LIMIT_BYTES] + TRUNCATED


def _woven(one: Stretch, other: Stretch) -> Iterator[Stretch]:
    """Yield two streams in stretches, so that neither runs ahead of the other by more than `SPAN_NS`."""
    at, beside = 0, 0
    while at < len(one.keys) and beside < len(other.keys):
        until = min(one.keys[at], other.keys[beside]) + SPAN_NS
        stop, beside_stop = bisect_right(one.keys, until, at), bisect_right(other.keys, until, beside)
        if stop > at:
            yield Stretch(one.stream, one.keys[at:stop], one.lines[at:stop])
        if beside_stop > beside:
            yield Stretch(other.stream, other.keys[beside:beside_stop], other.lines[beside:beside_stop])
        at, beside = stop, beside_stop
    if at < len(one.keys):
        yield Stretch(one.stream, one.keys[at:], one.lines[at:])
    if beside < len(other.keys):
        yield Stretch(other.stream, other.keys[beside:], other.lines[beside:])


def _second_ns(second: bytes) -> int:
    """Return `2026-08-03T14:03:27` as nanoseconds since the epoch."""
    try:
        return int(datetime.fromisoformat(second.decode("ascii") + "+00:00").timestamp()) * 10**9
    except ValueError:
        raise Lost("what the engine sends has no times; is it a Docker engine?") from None


def _stamp_ns(text: bytes) -> tuple[int, int]:
    """Return the time at the start of a record and how many bytes it takes with its space."""
    match = _STAMP.match(text)
    if match is None:
        raise Lost("what the engine sends has no times; is it a Docker engine?")
    second, fraction, zone = match.groups()
    moment = datetime.fromisoformat((second + (b"+00:00" if zone == b"Z" else zone)).decode("ascii"))
    return int(moment.timestamp()) * 10**9 + int((fraction or b"0").ljust(9, b"0")), match.end()


def _engine_error(kind: int, text: bytes) -> str:
    if kind == 3:
        return f"the engine reports: {text.decode('utf-8', 'replace').strip()}"
    return f"what the engine sends is no log stream (frame of type {kind})"
