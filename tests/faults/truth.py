"""What was written, when the engine logged it, and which of it the engine still had at the end."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.faults.engine_log import NotTheLog, Written
from tests.faults.rules import NUMBER, PATTERNS, Said, said_by
from tests.faults.writer import last_line_of, line_of

PIPE_BYTES = 512 * 1024
"""More than all buffers between a writer and the engine hold: what is this far back in its stream was logged."""
LIMIT_BYTES = 256 * 1024
"""A longer line is cut here by the console, and classified by what is left."""
_PART_BYTES = 16_384
"""A longer line is kept by the engine in parts."""
_HEAD = re.compile(rb"(g\d+s\d+)([oe]) (\d+) ")
_COMPILED = {event: re.compile(pattern) for event, pattern in PATTERNS.items()}


@dataclass(frozen=True, slots=True)
class Piece:
    """One write of a stream, from the writer's notes."""

    began: float
    ended: float | None
    """`None` if the writer was killed in it."""
    upto: int
    """Number of its last line."""
    upto_bytes: int
    is_last: bool = False
    """Whether it is the line of an orderly end."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was written."""

    said: Said
    since: float
    until: float
    """Between these the engine logged it, in seconds; equal where its own time is known."""
    is_kept: bool
    """Whether the engine still had it when it was looked at last, and went on having it."""
    is_sure: bool = True
    """Whether it was written for sure: of a write in which the writer was killed, and which the engine has discarded,
    only whoever read it meanwhile can know."""


@dataclass(slots=True)
class RunStream:
    """One stream of one run of the writer."""

    value: str
    """Its value of the label `run`."""
    track: str
    container: str
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Box:
    """One container, from its creation to its removal."""

    token: str
    """Begins the names of its runs."""
    track: str
    folder: Path
    """Where its writer takes orders and leaves notes."""
    slot: int
    id: str = ""
    names: set[str] = field(default_factory=set)
    """All it ever had."""
    log: Mapping[str, Written] = field(default_factory=dict)
    """The engine's own record, read when the container had stopped for good or had nothing more to say."""
    log_read_at: float = 0.0
    was_dropped: bool = False
    """Whether it was removed without waiting for the console."""

    @property
    def ends_ns(self) -> dict[str, int]:
        """When the engine logged the last line of each stream that has any."""
        return {name: written.times_ns[-1] for name, written in self.log.items() if written.times_ns}


def classify(text: bytes) -> tuple[Said, str]:
    """Return what a line is by trying every rule, and its run, for lines that were cut."""
    decoded = text[:LIMIT_BYTES].decode("utf-8", "replace")
    for event, pattern in _COMPILED.items():
        found = pattern.search(decoded)
        if found is not None:
            number = float(found[NUMBER[event]]) if event in NUMBER else None
            labels = ((key, value) for key, value in found.groupdict().items() if key not in ("run", *NUMBER.values()))
            return Said(event, tuple(labels), number), found["run"]
    return Said(), ""


def runs_of(box: Box) -> Iterator[RunStream]:
    """Yield what a container wrote. Raises `NotTheLog` where the engine has what nobody wrote.

    An engine that crashed has forgotten what it had read and not logged, and goes on in the middle of a line: what it
    has of that line is a line of its own.
    """
    logged: dict[str, dict[str, list[tuple[int, int, bytes]]]] = {}
    for stream, written in box.log.items():
        logged[stream], remainders = _by_run(stream, written)
        for time_ns, text in remainders:
            said, run = classify(text.removesuffix(b"\n").removesuffix(b"\r"))
            line = Line(said, time_ns / 1e9, time_ns / 1e9, is_kept=not box.was_dropped)
            yield RunStream(run, box.track, box.id, [line])
    for file in sorted(box.folder.glob("*.notes")):
        run = file.stem
        for stream, pieces in _pieces(file).items():
            found = logged.get(stream, {}).pop(run, [])
            yield RunStream(f"{run}{stream}", box.track, box.id, list(_lines(box, run, stream, pieces, found)))
    for stream, left in logged.items():
        if left:
            raise NotTheLog(f"{box.id[:12]} {stream}: lines of runs that nobody began: {sorted(left)}")


def _pieces(file: Path) -> dict[str, list[Piece]]:
    pieces: dict[str, list[Piece]] = {"o": [], "e": []}
    for note in file.read_text().splitlines():
        mark, time, stream, number, size_bytes = note.split()
        of_stream = pieces[stream]
        if mark == ">":
            of_stream.append(Piece(float(time), None, int(number), int(size_bytes)))
        else:
            of_stream[-1] = Piece(of_stream[-1].began, float(time), int(number), int(size_bytes), mark == "f")
    return pieces


def _by_run(stream: str, written: Written) -> tuple[dict[str, list[tuple[int, int, bytes]]], list[tuple[int, bytes]]]:
    """Return number, time and text of the lines of each run, and what has no beginning."""
    runs: dict[str, list[tuple[int, int, bytes]]] = {}
    remainders = []
    run, number = "", 0
    for time_ns, text in zip(written.times_ns, written.texts, strict=True):
        head = _HEAD.match(text)
        if head is not None and head[2].decode() == stream:
            run, number = head[1].decode(), int(head[3])
        elif not runs:
            continue  # the end of a long line whose beginning was rotated away
        elif line_of(run, stream, number + 1).startswith(text):
            number += 1  # a killed writer got no further
        else:
            remainders.append((time_ns, text))
            continue
        runs.setdefault(run, []).append((number, time_ns, text))
    return runs, remainders


def _lines(
    box: Box, run: str, stream: str, pieces: list[Piece], logged: list[tuple[int, int, bytes]]
) -> Iterator[Line]:
    """Yield the lines of a stream from its first to the last.

    The last sure one is what the engine has, or what the writer noted as written; of a write in which it was killed
    only the engine knows, as long as it has what was before it.
    """
    numbers = [number for number, _, _ in logged]
    if any(second <= first for first, second in pairwise(numbers)):
        raise NotTheLog(f"the engine has lines of {run}{stream} twice or out of order")
    count = max([0, *numbers[-1:], *(piece.upto for piece in pieces if piece.ended is not None)])
    last = next((piece.upto for piece in pieces if piece.is_last), 0)
    at = 0
    for number in range(1, count + 1):
        if at < len(numbers) and numbers[at] == number:
            _, time_ns, text = logged[at]
            at += 1
            said = _check(run, stream, number, text)
            yield Line(said, time_ns / 1e9, time_ns / 1e9, is_kept=not box.was_dropped)
            continue
        since, until = _between(pieces, number, box.log_read_at)
        if at < len(numbers):
            until = min(until, logged[at][1] / 1e9)
        if at > 0:
            since = max(since, logged[at - 1][1] / 1e9)
        said = Said("ended") if number == last else said_by(number)
        yield Line(said, since, max(since, until), is_kept=False)
    if pieces and (not numbers or numbers[-1] < count):
        for number in range(count + 1, pieces[-1].upto + 1):
            yield Line(said_by(number), pieces[-1].began, box.log_read_at, is_kept=False, is_sure=False)


def _check(run: str, stream: str, number: int, text: bytes) -> Said:
    """Return what a line of the engine is. Raises `NotTheLog` if it is not what the writer wrote."""
    wrote = line_of(run, stream, number)
    if text in (wrote, _as_json(wrote)):
        return said_by(number)
    if text == last_line_of(run, stream, number):
        return Said("ended")
    if len(text) > _PART_BYTES and wrote == text + b"\n":
        return said_by(number)  # the driver local of old engines drops the end of a line that it keeps in parts
    if wrote.startswith(text) or _as_json(wrote).startswith(text):
        return classify(text)[0]  # the writer was killed in the middle of it, or the engine was
    raise NotTheLog(f"line {number} of {run}{stream} is {text[:100]!r}, the writer wrote {wrote[:100]!r}")


def _as_json(line: bytes) -> bytes:
    """Return a line as the driver json-file keeps it, with every invalid byte replaced."""
    return line.decode("utf-8", "replace").encode()


def _between(pieces: list[Piece], number: int, end: float) -> tuple[float, float]:
    """Return between which moments a line was logged that the engine no longer has."""
    index = bisect_left(pieces, number, key=lambda piece: piece.upto)
    if index == len(pieces):
        raise NotTheLog(f"no note tells of line {number}")
    far_bytes = pieces[index].upto_bytes + PIPE_BYTES
    later = bisect_left(pieces, far_bytes, key=lambda piece: piece.upto_bytes)
    until = pieces[later].ended if later < len(pieces) else None
    return pieces[index].began, end if until is None else until
