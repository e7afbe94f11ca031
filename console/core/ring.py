"""The newest display rows, bounded by bytes, addressed by absolute numbers."""

import sys
from collections import deque
from collections.abc import Iterable
from itertools import islice

from console.core.words import Row

BUDGET_BYTES = 6 * 1024 * 1024
_ROW_OVERHEAD_BYTES = 200
"""What a row takes besides its text; names and kinds are shared by many rows."""


class RowRing:
    """Keeps the newest rows within a budget; a row keeps its number for ever, so a view never slides."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._rows: deque[Row] = deque()
        self._budget_bytes = budget_bytes
        self._size_bytes = 0
        self._first = 0

    @property
    def first(self) -> int:
        """Number of the oldest row kept."""
        return self._first

    @property
    def end(self) -> int:
        """Number after the newest row: how many rows there ever were."""
        return self._first + len(self._rows)

    @property
    def size_bytes(self) -> int:
        """What the rows kept take in memory."""
        return self._size_bytes

    def extend(self, rows: Iterable[Row]) -> None:
        """Add rows at the end and forget the oldest ones over the budget."""
        for row in rows:
            self._rows.append(row)
            self._size_bytes += _cost(row)
        while self._size_bytes > self._budget_bytes and len(self._rows) > 1:
            self._size_bytes -= _cost(self._rows.popleft())
            self._first += 1

    def slice(self, start: int, stop: int) -> list[Row]:
        """Return the rows numbered from `start` up to `stop`; those forgotten or not yet there are left out."""
        low = max(0, start - self._first)
        high = max(low, min(len(self._rows), stop - self._first))
        return list(islice(self._rows, low, high))


def _cost(row: Row) -> int:
    return _ROW_OVERHEAD_BYTES + sys.getsizeof(row.text)
