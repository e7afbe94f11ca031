"""A metric over time in little room: sixteen bytes a point."""

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import overload

Point = tuple[float, float | None]

_NOTHING = math.nan


class Points(Sequence[Point]):
    """Times with their values, `None` where there was none, in the order in which they were added."""

    __slots__ = ("_times", "_values")

    def __init__(self) -> None:
        self._times = array("d")
        self._values = array("d")

    def add(self, at: float, value: float | None) -> None:
        """Add a point at the end; what is no number counts as none."""
        self._times.append(at)
        self._values.append(_NOTHING if value is None else value)

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[Point]:
        for at, value in zip(self._times, self._values, strict=True):
            yield at, None if value != value else value  # noqa: PLR0124 - only what is no number differs from itself

    @overload
    def __getitem__(self, index: int) -> Point: ...

    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...

    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        value = self._values[index]
        return self._times[index], None if math.isnan(value) else value
