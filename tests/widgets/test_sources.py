"""The strip of sources."""

from dataclasses import replace

import pytest

from console.core.frame import AlertView
from console.core.words import SourceState
from tests import frames
from tests.frame_parts import AT
from tests.screen_text import drawn
from widgets.lines import cells
from widgets.sources import StripPart, flow_spans, source_lines, strip_part


def shown(width: int, height: int, **flow: object) -> str:
    frame = frames.healthy()
    part = StripPart(frame.sources, replace(frame.flow, **flow))  # type: ignore[arg-type]
    return drawn(source_lines(part, width, height), width)


def test_with_room_every_source_says_its_parts_its_state_and_why() -> None:
    text = shown(160, 1)

    assert "● app live canary 2, baseline 6" in text
    assert "↻ health retrying for 41s, again in 8s: connection refused" in text
    assert "lag under 1s" in text
    assert "unclassified 0.3 %" in text


def test_without_room_a_source_in_trouble_comes_first_and_the_lag_stays() -> None:
    text = shown(60, 1)

    assert text.lstrip().startswith("↻ health retrying")
    assert "lag under 1s" in text


def test_a_second_line_is_used_where_one_is_given() -> None:
    first, second = shown(100, 2).splitlines()

    assert "canary 2, baseline 6" in first
    assert "lag" in second


def test_lag_is_never_hidden_and_a_long_one_is_said_in_words() -> None:
    assert "lag 1m 12s" in shown(80, 1, lag_s=72.4)


def test_dropped_text_is_shown_and_said_to_be_counted() -> None:
    assert "1,204 rows not shown, all counted" in shown(200, 1, rows_dropped=1204)


def gapped(width: int, height: int) -> str:
    part = strip_part(frames.gapped(frames.healthy()))
    return drawn(source_lines(part, width, height), width)


def test_gaps_are_shown_with_the_bounds_of_the_newest_and_the_clock_that_differs() -> None:
    text = gapped(240, 1)

    assert "● app live 2 gaps, at most 8,000 lines, newest 14:02:21.8–14:02:26.9 engine clock 3.2 s ahead" in text


def test_without_room_the_number_of_gaps_stays_beside_the_reason_of_another_source() -> None:
    text = gapped(90, 1)

    assert "connection refused   ● app 2 gaps" in text
    assert "newest" not in text


def test_in_two_lines_of_eighty_cells_the_total_of_the_gaps_is_there() -> None:
    assert "2 gaps, at most 8,000 lines clock +3.2 s" in " ".join(gapped(80, 2).split())


LONG = "its log driver cannot be read (driver none); run it with the driver json-file or local"


def troubled(width: int, height: int, **more: object) -> list[str]:
    frame = frames.healthy()
    app = replace(frame.sources[0], **more)  # type: ignore[arg-type]
    part = StripPart((frame.sources[1], app), replace(frame.flow, rows_dropped=862_800, lag_s=18.0, is_lag_least=True))
    return drawn(source_lines(part, width, height), width).splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 2), (120, 2), (200, 1), (200, 2)])
def test_the_reason_comes_before_all_figures_and_is_wrapped_over_the_lines(width: int, height: int) -> None:
    rows = troubled(width, height, state=SourceState.UNREADABLE, reason=LONG, age_s=75.0, skew_s=3.2, gaps=8)

    text = " ".join(" ".join(rows).split())
    assert f"⊘ app unreadable for 1m 15s: {LONG}" in text
    assert "lag at least 18s" in rows[-1]
    assert len(rows) <= height


def test_a_container_that_cannot_be_read_stands_beside_what_is_live_and_hides_no_notice() -> None:
    rows = troubled(200, 2, unread=(("none-1", "driver none"),), reason="app-2 may drop lines (mode=non-blocking)")

    text = " ".join(" ".join(rows).split())
    assert "● app live, 1 of 8 containers unreadable: none-1: driver none; app-2 may drop lines" in text


def test_of_several_files_each_that_cannot_be_read_is_named() -> None:
    rows = troubled(200, 2, kind="file", parts=(("", 1),), unread=(("a.log", "denied"), ("b.log", "denied")))

    assert "2 of 3 files unreadable: a.log and b.log: denied" in rows[0]


def test_sources_in_trouble_share_the_room_so_that_each_is_named() -> None:
    lost = [replace(frames.healthy().sources[0], name=f"app{n}", state=SourceState.RETRYING, reason=LONG) for n in "12"]

    text = drawn(source_lines(StripPart(tuple(lost), frames.healthy().flow), 140, 1), 140)

    assert "app1 retrying" in text
    assert "app2 retrying" in text


@pytest.mark.parametrize("width", range(20, 220, 7))
@pytest.mark.parametrize("height", [1, 2, 3])
def test_the_strip_fills_no_more_than_its_lines_and_its_width(width: int, height: int) -> None:
    part = strip_part(frames.gapped(frames.healthy()))

    lines = source_lines(replace(part, blind=()), width, height)

    assert len(lines) <= height
    assert all(cells(line.spans) <= width for line in lines)


@pytest.mark.parametrize(
    ("lag_s", "is_least", "said"), [(None, False, "unknown"), (18.4, True, "at least 18s"), (0.2, False, "under 1s")]
)
def test_the_lag_is_never_said_to_be_small_while_something_is_not_read(
    lag_s: float | None, is_least: bool, said: str
) -> None:
    assert flow_spans(replace(frames.healthy().flow, lag_s=lag_s, is_lag_least=is_least))[1].text == said


def test_a_source_that_lost_nothing_shows_no_gaps() -> None:
    assert "gap" not in shown(240, 1)


@pytest.mark.parametrize("state", list(SourceState))
def test_every_state_has_a_glyph_and_its_word(state: SourceState) -> None:
    source = replace(frames.healthy().sources[0], state=state)

    text = drawn(source_lines(StripPart((source,), frames.healthy().flow), 160, 1), 160)

    assert str(state) in text


def test_nothing_read_yet_has_no_share_of_unclassified_lines() -> None:
    assert not any("unclassified" in span.text for span in flow_spans(frames.opening().flow))


def test_an_alert_of_the_session_comes_before_those_of_metrics_and_a_source_tells_its_own() -> None:
    alerts = (
        AlertView("error_rate", "critical", "error_rate CRITICAL", AT),
        AlertView("coherence", "blind", "monitoring blind: coherence", AT),
        AlertView("health", "blind", "source health retrying", AT),
        AlertView("session", "blind", "the session file cannot be written", AT - 27),
    )

    part = strip_part(replace(frames.healthy(), alerts=alerts))

    assert [alert.name for alert in part.blind] == ["session", "coherence"]
    text = drawn(source_lines(part, 160, 2), 160)
    assert "! the session file cannot be written  since 14:03:00" in text
    assert "+1 more" in text


def test_lines_that_were_cut_are_shown_with_the_limit() -> None:
    assert "1,204 cut at 256 KiB" in shown(200, 1, lines_cut=1204)
