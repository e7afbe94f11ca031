from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.record import GENESIS, Anchor, JournalRow, Record, chain, check_chain


def journal(count: int) -> list[JournalRow]:
    rows: list[JournalRow] = []
    head = GENESIS
    for seq in range(1, count + 1):
        record = Record(float(seq), "note", f"note {seq}", {"n": seq, "é": [None, 1.5]})
        head = chain(head, seq, record)
        rows.append(JournalRow(seq, record, head))
    return rows


def test_a_whole_journal_has_no_break() -> None:
    rows = journal(5)

    assert check_chain(rows, end=Anchor(rows[-1].hash)) is None
    assert check_chain(rows[3:], prev_hash=rows[2].hash) is None
    assert check_chain([]) is None


@pytest.mark.parametrize(
    "change",
    [{"at": 3.5}, {"kind": "action"}, {"text": "note 33"}, {"body": {"n": 4, "é": [None, 1.5]}}],
)
def test_a_changed_record_is_found(change: dict[str, object]) -> None:
    rows = journal(5)
    rows[2] = replace(rows[2], record=replace(rows[2].record, **change))  # type: ignore[arg-type]

    found = check_chain(rows)

    assert found is not None
    assert (found.seq, found.reason) == (3, "record 3 was changed")


def test_a_removed_record_is_found() -> None:
    rows = journal(5)
    del rows[2]

    found = check_chain(rows)

    assert found is not None
    assert (found.seq, found.reason) == (3, "record 3 was removed")


def test_records_that_changed_places_are_found() -> None:
    rows = journal(5)
    rows[1], rows[2] = replace(rows[2], seq=2), replace(rows[1], seq=3)

    found = check_chain(rows)

    assert found is not None
    assert found.seq == 2


def test_a_journal_cut_short_is_found_by_its_head() -> None:
    rows = journal(5)

    found = check_chain(rows[:3], end=Anchor(rows[-1].hash))

    assert found is not None
    assert (found.seq, found.reason) == (4, "records after 3 were removed")


def test_a_whole_number_of_seconds_has_the_hash_of_the_same_time_as_a_float() -> None:
    assert chain(GENESIS, 1, Record(7, "note", "")) == chain(GENESIS, 1, Record(7.0, "note", ""))


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        chain(GENESIS, 1, Record(1.0, "note", "", {"n": float("nan")}))


@given(st.integers(2, 8).flatmap(lambda count: st.tuples(st.just(count), st.permutations(range(count)))))
def test_any_other_order_is_found(case: tuple[int, list[int]]) -> None:
    count, order = case
    rows = journal(count)

    found = check_chain([rows[place] for place in order], end=Anchor(rows[-1].hash))

    assert (found is None) == (order == sorted(order))
