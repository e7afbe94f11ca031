"""Lines that wait merge without losing a count, and stay bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core import stretches as waiting
from console.core.classify import OTHER
from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.stretches import Stretches
from tests.core.test_tally import Line, count, stretches


@given(lines=stretches(), cuts=st.lists(st.integers(0, 25), max_size=4), rows_limit=st.integers(0, 30))
def test_lines_that_waited_in_parts_are_as_if_counted_together(
    lines: list[Line], cuts: list[int], rows_limit: int
) -> None:
    edges = sorted({0, len(lines), *(cut for cut in cuts if cut < len(lines))})
    together, after = Stretches(rows_limit), -1
    for first, end in zip(edges, edges[1:] or [0], strict=False):
        part = count(lines[first:end], after=after, rows_limit=rows_limit)
        after = part.upto
        together.add(part)

    assert together.counted() == [count(lines, rows_limit=rows_limit)]


def test_lines_that_do_not_follow_are_refused() -> None:
    held = Stretches()
    held.add(count([(1, 0.0, b"x")]))

    with pytest.raises(ValueError, match="after 1, found some after 2"):
        held.add(count([(3, 0.0, b"x")], after=2))


def test_further_values_of_labels_are_counted_as_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LABELS_KEPT", 3)
    held = Stretches()

    for number, value in enumerate("ABCDEFA"):
        held.add(labelled(number, value))

    (counted,) = held.counted()
    assert {cell.value: times for cell, times in counted.labels.items()} == {"A": 2, "B": 1, "C": 1, OTHER: 3}
    assert counted.counts == {Cell(number, "canary", "lost"): 1 for number in range(7)}


def labelled(number: int, value: str) -> LinesCounted:
    return LinesCounted(
        at=number,
        source="app",
        origin="c1",
        stream="stdout",
        name="app-1",
        track="canary",
        after=number - 1,
        upto=number,
        lines=1,
        unclassified=0,
        counts={Cell(number, "canary", "lost"): 1},
        labels={LabelCell("canary", "lost", "what", value): 1},
    )
