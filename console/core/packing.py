"""Whole numbers as bytes: columns side by side, each only as wide as its numbers need.

A block is the number of rows (32 bits, little end first) and then, for each column, a letter for its width, the
number that is added to every row, and the rows: `c` for a column whose rows are all alike and take no room, `B`, `H`,
`I` and `Q` for 1, 2, 4 and 8 bytes a row. All that is written is the same on every machine. Before it stands `0`, or
`z` where it is long and compressed.
"""

import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from struct import Struct

_ROWS = Struct("<I")
_COLUMN = Struct("<cq")
_WIDTHS = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32), ("Q", 1 << 64))
_LONG_BYTES = 1000
"""From here on compressing makes a third or less of it, in a tenth of the time that packing takes."""
_ITEM_BYTES = {code: array(code).itemsize for code, _ in _WIDTHS}


def pack(*columns: Sequence[int]) -> bytes:
    """Return columns of equally many numbers as bytes; raises `OverflowError` for numbers over 64 bits."""
    parts = [_ROWS.pack(len(columns[0]))]
    for column in columns:
        if len(column) != len(columns[0]):
            raise ValueError(f"expected {len(columns[0])} rows, found {len(column)}")
        low, high = (min(column), max(column)) if column else (0, 0)
        if low == high:
            parts.append(_head(b"c", low))
            continue
        code = _width(high - low)
        base = 0 if low >= 0 and _width(high) == code else low
        rows = array(code, column if base == 0 else [number - base for number in column])
        if sys.byteorder == "big":
            rows.byteswap()
        parts += (_head(code.encode(), base), rows.tobytes())
    block = b"".join(parts)
    return b"z" + zlib.compress(block, 1) if len(block) >= _LONG_BYTES else b"0" + block


def unpack(data: bytes) -> list[Sequence[int]]:
    """Return the columns of `pack`; raises `ValueError` for bytes that it did not make."""
    try:
        block = zlib.decompress(data[1:]) if data[:1] == b"z" else data[1:]
    except zlib.error as error:
        raise ValueError(f"expected packed counts, found {error}") from error
    if data[:1] not in (b"0", b"z") or len(block) < _ROWS.size:
        raise ValueError("expected packed counts, found something else")
    return list(_columns(block, _ROWS.unpack_from(block)[0]))


def _columns(data: bytes, rows: int) -> Iterator[Sequence[int]]:
    at = _ROWS.size
    while at < len(data):
        if len(data) < at + _COLUMN.size:
            raise ValueError("expected packed counts, found a column that was cut short")
        letter, base = _COLUMN.unpack_from(data, at)
        at += _COLUMN.size
        if letter == b"c":
            yield array("q", (base,)) * rows
            continue
        size = rows * _ITEM_BYTES.get(letter.decode("latin-1"), 0)
        if not size or len(data) < at + size:
            raise ValueError("expected packed counts, found a column that was cut short")
        column = array(letter.decode(), data[at : at + size])
        if sys.byteorder == "big":
            column.byteswap()
        at += size
        yield [number + base for number in column] if base else column


def _head(letter: bytes, base: int) -> bytes:
    if not -(1 << 63) <= base < 1 << 63:
        raise OverflowError(f"{base} does not fit into 64 bits")
    return _COLUMN.pack(letter, base)


def _width(span: int) -> str:
    for code, limit in _WIDTHS:
        if span < limit:
            return code
    raise OverflowError(f"{span} does not fit into 64 bits")
