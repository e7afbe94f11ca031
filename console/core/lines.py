"""Bytes cut into lines, the same lines however the bytes arrive."""

from collections.abc import Iterator

LINE_LIMIT_BYTES = 256 * 1024
"""A longer line is cut here and marked."""
TRUNCATED = " …[truncated]".encode()
"""What stands at the end of a line that was longer than the limit."""
CUT_MARK = f"[cut at {LINE_LIMIT_BYTES // 1024} KiB] "
"""What stands before such a line on the screen, where its end is not seen."""


class LineSplitter:
    """Cuts a stream of bytes into lines; the lines do not depend on how the stream was cut into chunks.

    A line ends at `\\n`; one `\\r` directly before it belongs to the end. Any other `\\r` is data, and a last line
    without `\\n` counts. With `limit_bytes` a longer line keeps that many bytes and ends in `TRUNCATED`, so that a
    reader that never sees a `\\n` holds no more than this. Time is linear in the bytes, also for one line that
    arrives byte by byte.
    """

    def __init__(self, limit_bytes: int | None = None) -> None:
        if limit_bytes is not None and limit_bytes < 0:
            raise ValueError(f"expected a limit of at least 0 bytes, found {limit_bytes}")
        self._limit_bytes = limit_bytes
        self._open = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the lines that ended in them, without their ends."""
        if b"\n" not in chunk:
            self._keep(chunk)
            return []
        first, *lines = chunk.split(b"\n")
        if self._open:
            self._keep(first)
            first = self._close()
        lines.insert(0, first)
        self._keep(lines.pop())
        if b"\r" in chunk or first.endswith(b"\r"):
            lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
        if self._limit_bytes is None:
            return lines
        return [self._within(line) for line in lines]

    def finish(self) -> bytes | None:
        """Return the last line if it has no end, and be ready for another stream."""
        if not self._open:
            return None
        return self._within(self._close())

    def _keep(self, more: bytes) -> None:
        """Hold bytes of the open line: two more than the limit, so that without a `\\r` it is still too long."""
        self._open += more
        if self._limit_bytes is None:
            return
        beyond = len(self._open) - self._limit_bytes - 2
        if beyond > 0:
            del self._open[-beyond:]

    def _close(self) -> bytes:
        line = bytes(self._open)
        self._open.clear()
        return line

    def _within(self, line: bytes) -> bytes:
        if self._limit_bytes is None or len(line) <= self._limit_bytes:
            return line
        return line[: self._limit_bytes] + TRUNCATED


def starts_of(text: bytes) -> Iterator[int]:
    """Yield where the lines of a text begin."""
    start = 0
    while start < len(text):
        yield start
        start = text.find(b"\n", start) + 1 or len(text)


def cut_text(lines_cut: int) -> str:
    """Return how many lines were cut, and what that means: `3 lines were cut at 256 KiB and classified by …`."""
    were = "line was" if lines_cut == 1 else "lines were"
    return f"{lines_cut:,} {were} cut at {LINE_LIMIT_BYTES // 1024} KiB and classified by what stands before"


def is_cut(line: bytes) -> bool:
    """Return whether a line that a reader handed over was longer than the limit."""
    return len(line) > LINE_LIMIT_BYTES


def cut_lines_in(text: bytes) -> int:
    """Return how many lines of a text are longer than the limit; looks at two places per limit, not at every line."""
    found = start = 0
    while len(text) - start > LINE_LIMIT_BYTES:
        last_end = text.rfind(b"\n", start, start + LINE_LIMIT_BYTES + 1)
        if last_end >= 0:
            start = last_end + 1
            continue
        end = text.find(b"\n", start)
        line = text[start:] if end < 0 else text[start:end].removesuffix(b"\r")
        found += is_cut(line)
        start = len(text) if end < 0 else end + 1
    return found


def lines_in(text: bytes) -> int:
    """Return how many lines a text has; a last one without an end counts."""
    return text.count(b"\n") + (text != b"" and not text.endswith(b"\n"))
