"""What waits to be written stays bounded, and no count and nothing that people did is lost."""

import itertools
import random
from collections import Counter

import pytest

from console.batch import RECORDS_KEPT, SAMPLES_KEPT, Batch
from console.core import stretches
from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.inputs import Reading, SampleTaken
from console.core.record import Record
from console.core.words import Table

AT = 1_795_000_000


def stretch(number: int, *, origin: str = "c1", cells: dict[Cell, int] | None = None) -> LinesCounted:
    return LinesCounted(
        at=AT + number,
        source="app",
        origin=origin,
        stream="stdout",
        name="app-1",
        track="canary",
        after=number - 1,
        upto=number,
        lines=2,
        unclassified=1,
        counts={Cell(AT + number, "canary", "fsm"): 2} if cells is None else cells,
        labels={LabelCell("canary", "fsm", "from", "A"): 1},
        newest=AT + number,
    )


def test_stretches_of_a_stream_become_one() -> None:
    batch = Batch()

    for number in range(3):
        batch.add(stretch(number))
    batch.add(stretch(0, origin="c2"))

    first, second = batch.counted
    assert (first.after, first.upto, first.lines, first.unclassified, first.newest) == (-1, 2, 6, 3, AT + 2)
    assert first.counts == {Cell(AT + number, "canary", "fsm"): 2 for number in range(3)}
    assert first.labels == {LabelCell("canary", "fsm", "from", "A"): 3}
    assert second.origin == "c2"


def test_lines_that_do_not_follow_are_a_mistake() -> None:
    batch = Batch()
    batch.add(stretch(0))

    with pytest.raises(ValueError, match="after 0"):
        batch.add(stretch(2))


def test_what_could_not_be_written_comes_first() -> None:
    failed, later = Batch(), Batch()
    failed.add(stretch(0))
    failed.add_record(Record(AT, "note", "first"))
    failed.docs = {"phase": "old", "session": "s"}
    failed.gone = [("app", "c0")]
    later.add(stretch(1))
    later.add_record(Record(AT, "note", "second"))
    later.docs = {"phase": "new"}

    failed.precede(later)

    (counted,) = later.counted
    assert (counted.after, counted.upto, counted.lines) == (-1, 1, 4)
    assert [record.text for record in later.records] == ["first", "second"]
    assert later.docs == {"phase": "new", "session": "s"}
    assert later.gone == [("app", "c0")]


def test_counters_are_put_together_and_none_is_lost_while_nothing_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stretches, "CELLS_KEPT", 500)
    rng, batch, expected = random.Random(1), Batch(), Counter[tuple[str, int]]()
    for number in range(3000):
        cells = {Cell(AT + 7 * number, "canary", "fsm", rng.choice([0, 50_000, 50_001])): 3 for _ in range(4)}
        for cell, count in cells.items():
            expected[cell.event, cell.bin] += count
        batch.add(stretch(number, cells=cells))
        if number % 10 == 0:
            failed, batch = batch, Batch()
            failed.precede(batch)
        assert sum(len(counted.counts) for counted in batch.counted) <= 500

    (counted,) = batch.counted
    found = Counter[tuple[str, int]]()
    for cell, count in counted.counts.items():
        found[cell.event, cell.bin] += count
    assert found == expected
    assert (counted.after, counted.upto, counted.lines) == (-1, 2999, 6000)


def test_measurements_are_bounded_and_leave_their_rows_behind() -> None:
    batch, table = Batch(), Table(("a",), (("x" * 1000,),))

    for number in range(SAMPLES_KEPT + 10):
        batch.add_samples([SampleTaken(AT + number, "rate", (Reading("", 1.0),), 0.1, table)])

    assert len(batch.samples) == SAMPLES_KEPT
    assert batch.samples[-1] == SampleTaken(AT + SAMPLES_KEPT + 9, "rate", (Reading("", 1.0),), 0.1)


def test_observations_are_left_out_and_that_is_said_but_what_people_did_stays() -> None:
    batch = Batch()
    for number, kind in enumerate(itertools.islice(itertools.cycle(["verdict", "source", "gap"]), 4 * RECORDS_KEPT)):
        if number % 100 == 0:
            batch.add_record(Record(AT + number, "note", f"note {number}"))
        batch.add_record(Record(AT + number, kind, f"{kind} {number}"))

    records = batch.records
    assert len(records) <= RECORDS_KEPT
    assert [record.text for record in records if record.kind == "note"] == [
        f"note {number}" for number in range(0, 4 * RECORDS_KEPT, 100)
    ]
    (left_out,) = [record for record in records if record.kind == "left out"]
    observed = sum(record.kind in ("verdict", "source", "gap") for record in records)
    assert left_out.body["records"] == 4 * RECORDS_KEPT - observed
    assert left_out.at == AT
    assert records[-1].text == f"source {4 * RECORDS_KEPT - 1}"
    assert records == sorted(records, key=lambda record: record.at)
