"""Plots: every number there is gets a place, and what is missing stays missing."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.axes import time_ticks, value_range, value_ticks
from console.core.plot import Limit, Mark, Plot, Series, plot_svg
from console.core.thin import runs, thinned
from tests import frames

AT = 1_772_460_000.0
SVG = "{http://www.w3.org/2000/svg}"


def drawn(plot: Plot) -> ElementTree.Element:
    """Return the plot as a tree; it is well-formed or the test fails."""
    return ElementTree.fromstring(plot_svg(plot))  # noqa: S314 - our own picture


def one_line(*values: float | None, every_s: float = 60.0) -> Plot:
    """Return a plot of one canary line."""
    points = [(AT + number * every_s, value) for number, value in enumerate(values)]
    return Plot("error_rate", "%", (Series("canary", points),))


def data_paths(tree: ElementTree.Element) -> list[str]:
    """Return the strokes of the data, without the samples of the legend."""
    found = [path.get("d", "") for path in tree.iter(f"{SVG}path") if (path.get("class") or "").startswith("line ")]
    return [stroke for stroke in found if "h24" not in stroke]


def words(tree: ElementTree.Element) -> list[str]:
    """Return every text that is drawn."""
    return ["".join(text.itertext()) for text in tree.iter(f"{SVG}text")]


def numbers_of(tree: ElementTree.Element) -> list[float]:
    """Return every coordinate in the plot."""
    found = [part for path in tree.iter() for name in ("d", "x", "y", "cx", "cy") for part in [path.get(name) or ""]]
    return [float(number) for part in found for number in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", part)]


def test_a_missing_value_is_a_gap_in_the_line() -> None:
    tree = drawn(one_line(1.0, 2.0, None, 2.0, 1.0))

    (stroke,) = data_paths(tree)

    assert stroke.count("M") == 2


def test_a_silence_is_a_gap_in_the_line() -> None:
    before = [(AT + 10 * number, 1.0) for number in range(20)]
    after = [(AT + 3600 + 10 * number, 2.0) for number in range(20)]

    (stroke,) = data_paths(drawn(Plot("m", "", (Series("canary", before + after),))))

    assert stroke.count("M") == 2


def test_a_value_that_is_no_finite_number_is_a_gap() -> None:
    assert runs([(AT, 1.0), (AT + 1, math.nan), (AT + 2, 2.0), (AT + 3, math.inf), (AT + 4, 3.0)]) == [
        [(AT, 1.0)],
        [(AT + 2, 2.0)],
        [(AT + 4, 3.0)],
    ]


def test_a_point_between_two_gaps_is_a_dot() -> None:
    tree = drawn(one_line(1.0, 2.0, None, 7.0, None, 2.0, 1.0))

    assert [dot.get("class") for dot in tree.iter(f"{SVG}circle")] == ["dot canary"]


def test_points_out_of_order_are_drawn_in_order_of_time() -> None:
    assert runs([(3.0, 3.0), (1.0, 1.0), (2.0, 2.0)]) == [[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]]


@pytest.mark.parametrize(
    "values",
    [
        (),
        (None,),
        (math.nan, math.inf),
        (5.0,),
        (0.0,),
        (3.0, 3.0, 3.0),
        (0.0, 0.0, 0.0),
        (-4.0, -4.0),
        (1e-300, 2e-300),
        (-1.7e308, 1.7e308),
        (1e-9, 1e18),
        (1e15, 1e15 + 1),
        (5e-324, 0.0),
        (1e300, 1.0000001e300),
    ],
)
def test_any_numbers_give_a_well_formed_plot_with_finite_coordinates(values: tuple[float | None, ...]) -> None:
    tree = drawn(one_line(*values))

    assert tree.get("role") == "img"
    assert all(math.isfinite(number) for number in numbers_of(tree))


def test_a_plot_without_measurements_says_so() -> None:
    assert "no measurement" in words(drawn(one_line()))


def test_a_screen_reader_hears_the_title_and_the_numbers() -> None:
    tree = drawn(one_line(1.0, 2.0, None, 4.0))

    title, description = tree.find(f"{SVG}title"), tree.find(f"{SVG}desc")

    assert title is not None
    assert title.text == "error_rate"
    assert description is not None
    assert description.text == "canary: 1 % to 4 %, last 4 %, 1 gaps"


def test_both_tracks_are_told_apart_by_colour_by_dashes_and_by_name() -> None:
    points = [(AT, 1.0), (AT + 60, 2.0)]
    text = plot_svg(Plot("m", "s", (Series("canary", points), Series("baseline", points))))

    assert "canary 2 s" in text
    assert "baseline 2 s" in text
    styles = dict(re.findall(r"\.line\.(\w+)\{([^}]*)\}", text.split("@media")[0]))
    assert "stroke-dasharray" in styles["baseline"]
    assert "stroke-dasharray" not in styles["canary"]
    assert "prefers-color-scheme: dark" in text


def test_a_threshold_in_reach_is_a_labelled_line() -> None:
    plot = Plot("m", "%", one_line(1.0, 4.0).series, (Limit("critical", 5.0, "> 5%", 1),))

    tree = drawn(plot)

    assert [path for path in tree.iter(f"{SVG}path") if path.get("class") == "limit critical"]
    assert any("critical > 5%" in said for said in words(tree))


def test_a_threshold_far_away_is_named_at_the_edge_and_does_not_press_the_line_flat() -> None:
    plot = Plot("m", "%", one_line(1.0, 4.0).series, (Limit("critical", 4000.0, "> 4000%", 1),))

    tree = drawn(plot)

    assert not [path for path in tree.iter(f"{SVG}path") if path.get("class") == "limit critical"]
    assert any("↑ critical > 4000%" in said for said in words(tree))


def test_the_names_of_thresholds_at_one_height_do_not_cover_each_other() -> None:
    limits = tuple(Limit(name, 2.0, "2") for name in ("target", "warning", "critical"))

    tree = drawn(Plot("m", "", one_line(1.0, 4.0).series, limits))

    heights = sorted(
        float(text.get("y", "")) for text in tree.iter(f"{SVG}text") if "limit-name" in (text.get("class") or "")
    )
    assert heights[1] - heights[0] >= 11
    assert heights[2] - heights[1] >= 11


def test_what_was_done_is_a_labelled_line_and_what_lies_outside_is_not_drawn() -> None:
    marks = (Mark(AT + 60, "Roll back", "action"), Mark(AT - 9e6, "Long ago", "action"), Mark(AT, "Canary 5%", "phase"))

    tree = drawn(Plot("m", "", one_line(1.0, 2.0, 3.0).series, (), marks))

    kinds = sorted(group.get("class") or "" for group in tree.iter(f"{SVG}g"))
    assert kinds == ["mark action", "mark phase"]
    assert {"Roll back", "Canary 5%"} <= set(words(tree))


def test_many_marks_at_once_keep_their_lines_and_drop_the_labels_that_do_not_fit() -> None:
    marks = tuple(Mark(AT + number, f"Action number {number}", "action") for number in range(40))

    tree = drawn(Plot("m", "", one_line(1.0, 2.0, 3.0).series, (), marks))

    assert len(list(tree.iter(f"{SVG}g"))) == 40
    assert len([said for said in words(tree) if said.startswith("Action number")]) <= 6


def test_hostile_names_stay_text() -> None:
    hostile = "</svg><script>alert(1)</script>\" onload='x' &bogus; " + frames.HOSTILE
    plot = Plot(
        hostile,
        hostile,
        (Series(hostile, [(AT, 1.0), (AT + 60, 2.0)]),),
        (Limit(hostile, 1.5, hostile),),
        (Mark(AT + 30, hostile, hostile),),
    )

    tree = drawn(plot)

    known = {"svg", "title", "desc", "style", "text", "path", "rect", "circle", "g"}
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= known
    assert not [name for element in tree.iter() for name in element.attrib if name.startswith("on") or "href" in name]
    assert all(character.isprintable() or character == "\n" for text in tree.itertext() for character in text)


def test_a_hundred_thousand_points_keep_their_peak_and_become_a_small_picture() -> None:
    points: list[tuple[float, float | None]] = [(AT + number, float(number % 7)) for number in range(100_000)]
    points[61_803] = (points[61_803][0], 900.0)

    text = plot_svg(Plot("m", "", (Series("canary", points),)))

    kept = list(thinned(runs(points)[0], AT, AT + 100_000, 434))
    assert max(value for _, value in kept) == 900.0
    assert len(kept) <= 4 * 435
    assert len(text) < 60_000


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=200), st.integers(1, 50))
def test_thinning_keeps_the_first_the_last_the_least_and_the_greatest(
    points: list[tuple[float, float]], columns: int
) -> None:
    stretch = sorted(points)

    kept = list(thinned(stretch, stretch[0][0], stretch[-1][0], columns))

    assert kept[0] == stretch[0]
    assert kept[-1] == stretch[-1]
    assert {min(v for _, v in stretch), max(v for _, v in stretch)} <= {value for _, value in kept}
    assert kept == sorted(kept, key=lambda point: point[0])
    assert len(kept) <= 4 * (columns + 1)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)
def test_an_axis_holds_every_value_and_a_handful_of_round_numbers(values: list[float], limits: list[float]) -> None:
    low, high = value_range(values, limits)

    assert low < high
    assert all(low <= max(-1e300, min(1e300, value)) <= high for value in values)
    ticks = value_ticks(low, high)
    assert len(ticks) <= 12
    assert all(math.isfinite(tick) for tick, _ in ticks)


@given(st.floats(1, 2e11), st.floats(1, 4e9))
def test_a_time_axis_has_few_ticks_in_order_and_inside(since: float, span: float) -> None:
    until = min(since + span, 253402300799.0)

    ticks = time_ticks(since, until)

    assert len(ticks) <= 9
    assert [at for at, _, _ in ticks] == sorted(at for at, _, _ in ticks)
    assert all(since <= at <= until for at, _, _ in ticks)


def test_hours_are_labelled_in_utc_and_each_new_day_is_named_once() -> None:
    ticks = time_ticks(AT - 40_000, AT)

    assert [(label, day) for _, label, day in ticks] == [
        ("04:00", "2 Mar"),
        ("06:00", ""),
        ("08:00", ""),
        ("10:00", ""),
        ("12:00", ""),
        ("14:00", ""),
    ]
