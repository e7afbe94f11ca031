"""The strip of sources."""

from dataclasses import replace

import pytest

from console.core.frame import AlertView
from console.core.words import SourceState
from tests import frames
from tests.frame_parts import AT
from tests.screen_text import drawn
from widgets.sources import StripPart, flow_spans, source_lines, strip_part


def shown(width: int, height: int, **flow: object) -> str:
    frame = frames.healthy()
    part = StripPart(frame.sources, replace(frame.flow, **flow))  # type: ignore[arg-type]
    return drawn(source_lines(part, width, height), width)


def test_with_room_every_source_says_its_parts_its_state_and_why() -> None:
    text = shown(160, 1)

    assert "● app canary 2, baseline 6 live" in text
    assert "↻ health retrying in 8s: connection refused" in text
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

    assert "● app canary 2, baseline 6 live engine clock 3.2 s ahead 2 gaps, newest 14:02:21.8–14:02:26.9" in text
    assert "at most 4,000 lines" in text


def test_without_room_the_number_of_gaps_and_the_difference_of_the_clocks_stay() -> None:
    text = gapped(90, 1)

    assert "app clock +3.2 s 2 gaps" in text
    assert "newest" not in text


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
