"""The picture of phases and verdicts over the time of a session."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from console.core.chronicle import Chronicle, Span, Turn
from console.core.timeline import ROWS, rows_of, timeline_svg
from console.core.verdict import Verdict
from tests import exports, frames

WORDS = [verdict.value for verdict in Verdict]


def turn(at: float, metric: str, before: str, after: str) -> Turn:
    return Turn(at, metric, before, after, "")


def test_bands_are_how_long_a_verdict_stood_and_the_worst_metric_comes_first() -> None:
    spans = (Span("Canary 10%", 0.0, 50.0), Span("All", 50.0))
    turns = (turn(10, "calm", "UNKNOWN", "OK"), turn(20, "bad", "OK", "CRITICAL"), turn(30, "bad", "CRITICAL", "OK"))

    phases, bad, calm = rows_of(Chronicle(spans=spans, turns=turns), 100.0)

    assert [(band.text, band.since, band.until) for band in phases.bands] == [("Canary 10%", 0, 50), ("All", 50, 100)]
    assert [(band.text, band.since, band.until, band.tone) for band in bad.bands] == [
        ("OK", 0, 20, "ok"),
        ("CRITICAL", 20, 30, "critical"),
        ("OK", 30, 100, "ok"),
    ]
    assert [band.text for band in calm.bands] == ["UNKNOWN", "OK"]


@given(st.lists(st.tuples(st.floats(0, 99), st.sampled_from(["a", "b"]), st.sampled_from(WORDS)), max_size=40))
def test_the_bands_of_a_row_cover_its_time_without_a_hole(told: list[tuple[float, str, str]]) -> None:
    turns = tuple(turn(at, name, "UNKNOWN", after) for at, name, after in sorted(told))

    for row in rows_of(Chronicle(spans=(Span("one", 0.0),), turns=turns), 100.0):
        assert row.bands[0].since == 0
        assert row.bands[-1].until == 100
        assert [band.since for band in row.bands[1:]] == [band.until for band in row.bands[:-1]]


def test_many_metrics_have_no_more_rows_than_fit_and_those_are_the_worst() -> None:
    turns = [turn(number, f"m{number:02}", "OK", "WARNING") for number in range(1, 60)]
    turns.append(turn(70, "worst", "OK", "CRITICAL"))

    rows = rows_of(Chronicle(spans=(Span("one", 0.0),), turns=tuple(turns)), 100.0)

    assert len(rows) == ROWS + 1
    assert rows[1].name == "worst"


def test_the_picture_is_well_formed_and_hostile_text_is_inert() -> None:
    drawn = timeline_svg(frames.poisoned(exports.chronicle()), exports.AT)

    found = ElementTree.fromstring(drawn).iter()  # noqa: S314 - it was made here
    names = {element.tag.rpartition("}")[2] for element in found}
    assert names <= {"svg", "g", "title", "rect", "text", "path"}
    assert not {"\x1b", "\u202e", "\x00"} & set(drawn)


def test_without_phases_or_time_nothing_is_drawn() -> None:
    assert timeline_svg(Chronicle(), 10.0) == ""
    assert timeline_svg(Chronicle(spans=(Span("one", 10.0),)), 10.0) == ""
