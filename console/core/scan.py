"""Where literals stand in a block of bytes: all of them in one pass, where Hyperscan is installed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from console.core.literals import Needle

SCANNED_FROM_BYTES = 2
"""A shorter needle stands in too many places to be reported one by one; it is looked for line by line."""


class Scanner(Protocol):
    """Finds the lines in which needles stand."""

    def scan(self, block: bytes, next_line: Callable[[int], int]) -> list[list[int]]:
        """Return per needle offsets at which it begins, in order: in every line that has it, at least one of them.

        `next_line` gives, for an offset, where the line after it begins; what lies across two lines may be found too.
        """
        ...


def scanner_of(needles: Sequence[Needle]) -> Scanner:
    """Return the fastest scanner that this machine has; all find the same lines."""
    try:
        return HyperscanScanner(needles)
    except ImportError:
        return PlainScanner(needles)


class PlainScanner:
    """Looks for one needle after the other with what Python itself has."""

    def __init__(self, needles: Sequence[Needle]) -> None:
        self._needles = tuple(needles)

    def scan(self, block: bytes, next_line: Callable[[int], int]) -> list[list[int]]:
        """Return per needle the first place in every line."""
        folded = block.lower() if any(needle.is_folded for needle in self._needles) else b""
        return [
            list(_places(folded if needle.is_folded else block, needle.text, next_line)) for needle in self._needles
        ]


class HyperscanScanner:
    """Looks for all needles in one pass. Raises `ImportError` where Hyperscan is not installed."""

    def __init__(self, needles: Sequence[Needle]) -> None:
        import hyperscan  # noqa: PLC0415 - there may be no wheel for this machine

        self._hyperscan = hyperscan
        self._count = len(needles)
        long = [(index, needle) for index, needle in enumerate(needles) if len(needle.text) >= SCANNED_FROM_BYTES]
        short = [(index, needle) for index, needle in enumerate(needles) if len(needle.text) < SCANNED_FROM_BYTES]
        self._lengths = [(index, len(needle.text)) for index, needle in long]
        self._short = [index for index, _ in short]
        self._plain = PlainScanner([needle for _, needle in short])
        self._free: list[Any] = []
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        if long:
            self._database.compile(
                expressions=[b"".join(b"\\x%02x" % byte for byte in needle.text) for _, needle in long],
                ids=[index for index, _ in long],
                flags=[hyperscan.HS_FLAG_CASELESS if needle.is_folded else 0 for _, needle in long],
            )

    def scan(self, block: bytes, next_line: Callable[[int], int]) -> list[list[int]]:
        """Return per needle every place, for short needles the first place in every line."""
        found: list[list[int]] = [[] for _ in range(self._count)]
        if self._lengths and block:
            adders = [places.append for places in found]

            def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
                adders[number](end)

            # Scratch space serves one scan at a time; a list's pop and append are atomic, so threads do not share it.
            scratch = self._free.pop() if self._free else self._hyperscan.Scratch(self._database)
            self._database.scan(block, match_event_handler=note, scratch=scratch)
            self._free.append(scratch)
            for number, length in self._lengths:
                found[number] = [end - length for end in found[number]]
        for number, places in zip(self._short, self._plain.scan(block, next_line), strict=True):
            found[number] = places
        return found


def _places(block: bytes, text: bytes, next_line: Callable[[int], int]) -> Iterator[int]:
    find = block.find
    at = find(text)
    while at >= 0:
        yield at
        at = find(text, next_line(at))
