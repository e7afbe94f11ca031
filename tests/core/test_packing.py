"""Columns of numbers come back as they went, and take little room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.packing import pack, unpack

numbers = st.one_of(
    st.integers(0, 3), st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 70_000), st.integers(-90_000, -80_000)
)


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[numbers] * width), max_size=70)))
def test_columns_come_back_as_they_went(rows: list[tuple[int, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()]

    assert [tuple(column) for column in unpack(pack(*columns))] == columns


def test_a_column_takes_no_more_than_its_numbers_need() -> None:
    empty = len(pack([]))

    assert len(pack([7] * 1000)) == empty
    assert len(pack(range(50_000, 50_200))) == empty + 200
    assert len(pack([0, 256])) == empty + 4
    assert len(pack([-1, 1 << 40])) == empty + 16


@pytest.mark.parametrize("columns", [[[1 << 63]], [[0, 1 << 64]], [[-(1 << 63) - 1, 0]]])
def test_numbers_over_64_bits_are_refused(columns: list[list[int]]) -> None:
    with pytest.raises(OverflowError):
        pack(*columns)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 rows, found 1"):
        pack([1, 2], [1])


def test_long_columns_are_compressed() -> None:
    offsets = [offset for offset in range(60) for _ in range(100)]
    buckets = [50_300 + bucket for _ in range(60) for bucket in range(100)]

    packed = pack(offsets, buckets)

    assert len(packed) < 6000
    assert [list(column) for column in unpack(packed)] == [offsets, buckets]


@given(
    st.binary(max_size=4)
    | st.integers(1, 17).map(lambda cut: pack(range(9), range(9))[:-cut])
    | st.integers(1, 500).map(lambda cut: pack(range(900), range(900))[:-cut])
)
def test_what_was_cut_short_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="expected packed counts"):
        unpack(data)
