"""The newest rows stay, within a budget of bytes, under the numbers they came with."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from console.core.ring import RowRing
from console.core.words import Row


def row(text: str) -> Row:
    return Row(at=1.0, source="app", name="app-1", track="canary", event="", kind="", text=text)


@given(texts=st.lists(st.text(max_size=400), min_size=1, max_size=60), budget=st.integers(300, 20_000))
def test_the_newest_rows_are_kept_within_the_budget_and_keep_their_numbers(texts: list[str], budget: int) -> None:
    ring = RowRing(budget)

    for text in texts:
        ring.extend([row(text)])

    kept = ring.slice(0, ring.end)
    assert [one.text for one in kept] == texts[ring.first :]
    assert ring.end == len(texts)
    assert ring.size_bytes <= budget or len(kept) == 1
    assert ring.slice(ring.end - 1, ring.end + 5) == [row(texts[-1])]


def test_the_budget_is_of_memory_whatever_the_script() -> None:
    plain, wide = RowRing(100_000), RowRing(100_000)

    plain.extend(row("a" * 1000) for _ in range(200))
    wide.extend(row("🚀" * 1000) for _ in range(200))

    assert sum(sys.getsizeof(one.text) for one in wide.slice(0, 200)) < 100_000
    assert len(wide.slice(0, 200)) < len(plain.slice(0, 200)) / 3


def test_rows_that_were_let_go_are_left_out() -> None:
    ring = RowRing(1)

    ring.extend([row("a"), row("b"), row("c")])

    assert (ring.first, ring.end) == (2, 3)
    assert ring.slice(0, 3) == [row("c")]
    assert ring.slice(0, 2) == []
