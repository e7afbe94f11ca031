"""Threshold panels as lines."""

from dataclasses import replace

import pytest

from console.core.frame import Panel
from console.core.verdict import Verdict
from tests import frame_parts, frames
from tests.frame_parts import track_value
from tests.screen_text import drawn, drawn_strips
from widgets.ink import BADGE, Role
from widgets.panels import columns_for, list_lines, panel_lines

WIDTHS = (59, 79, 99, 119, 159, 199)


def shown(panels: tuple[Panel, ...], width: int, **more: bool) -> str:
    return drawn(list_lines(panels, width, **more), width)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_failing_panel_says_all_that_matters_at_every_width(width: int) -> None:
    panels = frames.regression().panels

    first, second = shown((panels[0],), width).splitlines()

    assert "✗ CRITICAL" in first
    assert "error_rate" in first
    assert "5.42 %" in first
    assert "R Roll" in first
    assert "> 5% since 13:59" in first + second
    assert "G Step down" in second


@pytest.mark.parametrize("width", WIDTHS)
def test_every_line_of_every_panel_has_exactly_the_width(width: int) -> None:
    lines = list_lines(frames.regression().panels, width, rows_each=3)

    assert {strip.cell_length for strip in drawn_strips(lines, width)} == {width}


def test_what_is_alike_stands_in_one_column() -> None:
    lines = shown(frames.regression().panels, 119).splitlines()[::2]

    assert len({line.index(panel.metric) for line, panel in zip(lines, frames.regression().panels, strict=True)}) == 1


def test_a_long_value_in_one_panel_does_not_cut_what_the_baseline_has_in_another() -> None:
    long = [track_value("canary", 0, "0 of 18,204 (< 0.017%)"), track_value("baseline", 0, "0 of 90,000 (< 0.004%)")]
    short = [track_value("canary", 66.2, "66.2 %"), track_value("baseline", 99.5, "99.5 %")]
    keys = frames.regression().panels[0].keys
    both = tuple(
        frame_parts.panel(
            f"websocket_event_delivery_rate_{name}", Verdict.OK, tuple(values), judged="canary", keys=keys
        )
        for name, values in (("long", long), ("short", short))
    )

    lines = shown(both, 119).splitlines()

    assert "0 of 18,204" in lines[0]
    assert "66.2 %" in lines[2]
    assert "baseline 99.5 %" in lines[2]


def test_the_key_is_lit_only_while_the_verdict_it_belongs_to_stands() -> None:
    columns = columns_for(frames.regression().panels, 119)

    lit = panel_lines(frames.regression().panels[0], columns, 119)[0].spans
    calm = panel_lines(frames.healthy().panels[0], columns, 119)[0].spans

    assert any(span.role is BADGE[Verdict.CRITICAL] and "R Roll back" in span.text for span in lit)
    assert not any(span.role in BADGE.values() for span in calm)
    assert any(span.role is Role.KEY and span.text.strip() == "R" for span in calm)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_value_that_is_too_long_loses_its_brackets_and_not_a_part_of_them(width: int) -> None:
    long, known = "0 of 4,181 (< 0.072 %, by the rule of three)", frames.regression().panels[0]
    panel = replace(
        known, values=(track_value("canary", 0.0, long), track_value("baseline", 0.0, "0 of 63,688 (< 0.005 %)"))
    )

    lines = shown((panel,), width).splitlines()

    assert "0 of 4,181" in lines[0]
    assert long in lines[0] or "(<" not in lines[0].partition("baseline")[0]


def test_on_a_narrow_screen_the_title_stands_below_a_name_that_is_cut() -> None:
    metric, title = "websocket_event_delivery_rate", "WebSocket events that are delivered"
    healthy = frames.healthy().panels[0]
    panel = replace(healthy, metric=metric, title=title, evidence=None, pending=None, reason="> 98%", keys=())

    first, second = shown((panel,), 79).splitlines()

    assert metric not in first
    assert second.startswith(f"   > 98%  {title}  ")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_glyph_and_its_word(verdict: Verdict) -> None:
    panel = replace(frames.healthy().panels[0], verdict=verdict)

    assert f"{verdict.glyph} {verdict}" in shown((panel,), 119)


def test_a_condition_that_is_held_shows_how_long_and_of_how_much() -> None:
    text = shown((frames.regression().panels[1],), 159)

    assert "✗ > 5s held 4m 10s of 5m ▕" in text
    assert "! WARNING" in text


def test_below_the_least_samples_the_panel_shows_a_fraction_and_no_percentage() -> None:
    panel = next(panel for panel in frames.healthy().panels if panel.metric == "coherence")

    text = shown((panel,), 119)

    assert "12/100 samples" in text
    assert "%" not in text.replace("> 98%", "")


def test_a_stale_value_says_how_old_it_is() -> None:
    panel = replace(frames.healthy().panels[0], is_stale=True, age_s=190.0)

    assert "stale, 3m 10s old" in shown((panel,), 119)


@pytest.mark.parametrize("width", [79, 159])
def test_a_panel_judged_on_the_baseline_says_so(width: int) -> None:
    panel = frames.healthy().panels[0]

    assert "judged on baseline" in shown((replace(panel, judged="baseline"),), width)


def test_a_panel_without_values_says_no_data() -> None:
    panel = frame_parts.panel("queue", Verdict.UNKNOWN, (), reason="no answer for 41s")

    text = shown((panel,), 119)

    assert "no data" in text
    assert "no answer for 41s" in text


def test_the_keys_of_a_console_that_only_looks_are_not_drawn() -> None:
    assert "Roll back" not in shown(frames.regression().panels, 119, has_keys=False)


def test_from_160_columns_on_the_plot_has_two_rows() -> None:
    first, second = shown((frames.regression().panels[0],), 199).splitlines()

    assert "█" in first
    assert "▁" in second or "█" in second


def test_the_selected_panel_has_a_mark_that_needs_no_colour() -> None:
    panels = frames.healthy().panels

    lines = drawn(list_lines(panels, 119, selected=panels[1].metric), 119).splitlines()

    assert [line.startswith("▌") for line in lines[:6]] == [False, False, True, True, False, False]


def test_before_the_first_measurement_the_list_says_what_it_waits_for() -> None:
    assert "waiting for the first measurements" in shown((), 119)
