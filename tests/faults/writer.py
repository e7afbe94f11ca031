"""A program that writes numbered lines on both of its streams, and notes beside them what it wrote.

It runs inside a container, by itself: `writer.py FOLDER RUN`. What a line says follows from its run, stream and number
alone, so whoever knows how many there are knows them all. FOLDER/orders holds two numbers: lines a second, and how many
more to write at once, as a sum over the container's life. FOLDER/RUN.notes gets a line before and after each write:
`> TIME STREAM NUMBER BYTES` and `< TIME STREAM NUMBER BYTES`, with the last number of the write and all bytes up to
there; `f` is the last line of all, which has no end.
"""

import os
import signal
import sys
import time
from pathlib import Path

TICK_S = 0.02
SLICE_LINES = 200
"""After so many lines of one stream come lines of the other."""
CHUNK_BYTES = 48 * 1024
PERIOD = 16
"""What a line says, apart from its numbers, comes again after so many lines."""
LONG_EVERY, LONG_BYTES = 997, 40_000
HUGE_EVERY, HUGE_BYTES = 20_011, 300_000
FILES = {"o": 1, "e": 2}


def line_of(run: str, stream: str, number: int) -> bytes:
    """Return a line with its end; `stream` is `o` or `e`."""
    head = f"{run}{stream} {number} "
    if number % HUGE_EVERY == 0:
        return f"{head}huge {'h' * HUGE_BYTES} rejected: never seen, it is beyond the limit\n".encode()
    if number % LONG_EVERY == 0:
        return f"{head}long {'x' * (LONG_BYTES + number % 1000)} ends with L{number % 3}\n".encode()
    match number % PERIOD:
        case 0:
            return f"{head}WARN rejected: S{number % 7} after completed in {number % 900}ms\n".encode()
        case 1 | 2:
            return f"{head}INFO moved: A{number % 5} -> B{number % 3}\n".encode()
        case 3 | 4:
            return f"{head}INFO completed in {number * 37 % 9000}ms\r\n".encode()
        case 5:
            return b"%s\x1b[31mdenied\xff\xfe [/red]\x00 tool=T%d\x1b[0m\n" % (head.encode(), number % 4)
        case 6:
            return f"{head}refusé : état {'é' * (number % 60)} ✗ {'oui' if number % 3 else 'non'}\n".encode()
        case 7:
            return f"{head}noise without a name\n".encode()
        case _:
            return f"{head}DEBUG handled in worker {number % 11} {'.' * (number % 120)}\n".encode()


def last_line_of(run: str, stream: str, number: int) -> bytes:
    """Return what is written at an orderly end, which has no line end."""
    return f"{run}{stream} {number} ended in order".encode()


class Stream:
    """One of the two streams, and its notes."""

    def __init__(self, run: str, name: str, notes: int) -> None:
        self._run = run
        self._name = name
        self._notes = notes
        self._written_bytes = 0
        self.number = 0

    def write(self, count: int) -> None:
        """Write the next lines, in pieces that are noted one by one."""
        piece = bytearray()
        for _ in range(count):
            self.number += 1
            piece += line_of(self._run, self._name, self.number)
            if len(piece) >= CHUNK_BYTES:
                self._put(piece, ">", "<")
                piece = bytearray()
        if piece:
            self._put(piece, ">", "<")

    def end(self) -> None:
        """Write the last line."""
        self.number += 1
        self._put(last_line_of(self._run, self._name, self.number), ">", "f")

    def _put(self, piece: bytes | bytearray, before: str, after: str) -> None:
        self._written_bytes += len(piece)
        self._note(before)
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(FILES[self._name], rest) :]
        self._note(after)

    def _note(self, mark: str) -> None:
        os.write(self._notes, f"{mark} {time.time():.6f} {self._name} {self.number} {self._written_bytes}\n".encode())


def orders(folder: str) -> tuple[float, int]:
    """Return the rate and the sum of the floods asked for."""
    rate, flood = Path(folder, "orders").read_text().split()
    return float(rate), int(flood)


def main(folder: str, name: str) -> None:
    """Write until asked to end."""
    asked_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.append(True))
    starts = len(list(Path(folder).glob(f"{name}s*.notes")))
    run = f"{name}s{starts + 1}"
    notes = os.open(f"{folder}/{run}.notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    streams = [Stream(run, "o", notes), Stream(run, "e", notes)]
    _, flooded = orders(folder)
    due = 0.0
    while not asked_to_end:
        time.sleep(TICK_S)
        rate, flood = orders(folder)
        due += rate * TICK_S + max(0, flood - flooded)
        flooded = max(flooded, flood)
        shares = (int(due) - int(due) // 3, int(due) // 3)
        while any(stream.number < share for stream, share in zip(streams, shares, strict=True)):
            for stream, share in zip(streams, shares, strict=True):
                stream.write(min(SLICE_LINES, share - stream.number))
    for stream in streams:
        stream.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
