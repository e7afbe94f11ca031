"""Pairs are counted exactly, and stand where they belong."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.classify import ARROW, LABEL_LIMIT, OTHER, PAIR, UNSAID, Classifier
from console.core.matrix import MatrixView, matrices
from console.core.rollout import Rollout
from console.core.rollup import Rollup
from console.core.tally import count_lines

ROLLOUT = Rollout.model_validate(
    {
        "rollout": "r",
        "title": "R",
        "service": "s",
        "events": {
            "refused": {
                "match": r"refused(?: (?P<state>\S+)(?: (?P<intent>\S+))?)?",
                "matrix": {"from": "state", "to": "intent"},
            },
            "moved": {
                "match": r"moved(?: (?P<from>.+) to (?P<to>.+))?",
                "matrix": {"from": "from", "to": "to", "rejected": "refused"},
            },
            "other": {"match": "other"},
        },
    }
)
CLASSIFIER = Classifier(ROLLOUT.events)


def counted(*lines: tuple[str, str]) -> Rollup:
    rollup = Rollup()
    for track in ("canary", "baseline"):
        mine = [text.encode() for where, text in lines if where == track]
        made = count_lines(
            CLASSIFIER,
            at=100.0,
            source="app",
            origin=track,
            stream="stdout",
            name=track,
            track=track,
            after=-1,
            keys=range(len(mine)),
            times=[50.0] * len(mine),
            lines=mine,
        )
        rollup.add(made.counts)
        rollup.add_labels(made.labels)
    return rollup


def table(rollup: Rollup) -> MatrixView:
    (view,) = matrices(ROLLOUT, rollup, ("canary", "baseline"))
    return view


def test_a_table_has_what_happened_by_from_and_to_and_beside_it_what_was_refused() -> None:
    view = table(
        counted(
            *[("canary", "moved A to B")] * 3,
            ("canary", "moved B to C"),
            ("baseline", "moved A to C"),
            *[("canary", "refused A confirm")] * 2,
            ("canary", "refused A cancel"),
            ("baseline", "refused D"),
        )
    )

    both, canary, baseline = view.sides
    assert (view.event, view.rejected, view.columns) == ("moved", "refused", ("B", "C"))
    assert [(row.name, row.counts, row.rejected) for row in both.rows] == [
        ("A", (3, 1), 3),
        ("B", (0, 1), 0),
        ("D", (0, 0), 1),
    ]
    assert both.rows[0].refused == (("confirm", 2), ("cancel", 1))
    assert both.rows[0].rejected_share == pytest.approx(3 / 7)
    assert both.rows[2].refused == ((UNSAID, 1),)
    assert [(row.name, row.counts, row.rejected) for row in canary.rows] == [("A", (3, 0), 3), ("B", (0, 1), 0)]
    assert [(row.name, row.counts, row.rejected) for row in baseline.rows] == [("A", (0, 1), 0), ("D", (0, 0), 1)]


def test_lines_that_do_not_say_from_where_are_counted_beside_the_table() -> None:
    view = table(
        counted(("canary", "moved A to B"), ("canary", "moved"), ("canary", "refused"), ("baseline", "refused"))
    )

    assert (view.sides[0].unnamed, view.sides[0].unnamed_rejected) == (1, 2)
    assert (view.sides[1].unnamed, view.sides[1].unnamed_rejected) == (1, 1)


def test_pairs_are_bounded_and_those_that_are_too_many_are_counted_as_one() -> None:
    view = table(counted(*[("canary", f"moved S{number} to T") for number in range(LABEL_LIMIT + 7)]))

    assert len(view.sides[0].rows) == LABEL_LIMIT
    assert view.sides[0].unnamed == 7


def test_an_arrow_in_a_captured_text_divides_nothing() -> None:
    rollup = counted(("canary", f"moved A{ARROW}B to C"))

    assert rollup.labels("canary", "moved")[PAIR] == {f"A -> B{ARROW}C": 1}
    assert table(rollup).columns == ("C",)


names = st.sampled_from("ABCDE")


@given(st.lists(st.tuples(st.sampled_from(("canary", "baseline")), names, names, st.booleans()), max_size=60))
def test_every_line_is_in_one_cell_of_its_track_and_of_all(
    lines: list[tuple[str, str, str, bool]],
) -> None:
    said = [(track, f"moved {a} to {b}" if is_done else f"refused {a} {b}") for track, a, b, is_done in lines]

    view = table(counted(*said))

    for side in view.sides:
        mine = [one for one in lines if side.track in (None, one[0])]
        done = Counter((a, b) for _, a, b, is_done in mine if is_done)
        refused = Counter((a, b) for _, a, b, is_done in mine if not is_done)
        assert {
            (row.name, to): count
            for row in side.rows
            for to, count in zip(view.columns, row.counts, strict=True)
            if count
        } == done
        assert {(row.name, to): count for row in side.rows for to, count in row.refused} == refused
        assert sum(row.done + row.rejected for row in side.rows) == len(mine)


def test_a_rollout_without_pairs_has_no_table() -> None:
    plain = Rollout.model_validate({"rollout": "r", "title": "R", "service": "s", "events": {"x": {"match": "x"}}})

    assert matrices(plain, Rollup(), ("canary",)) == ()
    assert OTHER not in Rollup().labels(None, "x")
