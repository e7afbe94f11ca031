"""The soak screen: states by sizes, and what may move when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.alert_findings import unsaved
from console.core.frame import AlertView, Frame
from console.core.verdict import Verdict
from console.screens.arrange import Wants, arrange
from tests import frames
from tests.frame_parts import AT
from tests.screen_text import assert_inert, console, strips_of
from widgets.panel_list import PanelList

SIZES = [(80, 24), (120, 40), (200, 60)]
STATES = {
    "healthy": (frames.healthy(), ["✓ OK", "Canary 10%", "soak 17h 42m of 2d", "R Roll back to 0%", "lag under 1s"]),
    "regression": (frames.regression(), ["✗ CRITICAL", "5.42 %", "> 5% since 13:59", "‖ p95_latency > 3s"]),
    "rolling back": (frames.rolling_back(), ["► Roll back to 0%  RUNNING", "docker compose up -d"]),
    "rolled back": (frames.rolled_back(), ["✓ Roll back to 0%  DONE", "traffic 0 % of 10 % planned"]),
    "holding": (frames.holding(), ["‖ Step down  HOLDING at 5 %", "n Next rung", "z To zero", "x Stay here"]),
    "read-only": (frames.read_only(frames.regression()), ["✗ CRITICAL", "READ-ONLY, held by anna@ops1"]),
    "opening": (frames.opening(), ["? UNKNOWN", "opening …", "waiting for the first measurements"]),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
async def test_every_state_says_what_matters_at_every_size(state: str, size: tuple[int, int]) -> None:
    frame, expected = STATES[state]

    async with console(frame, size) as shown:
        text = shown.text

    for words in expected:
        assert words in text, f"{words!r} is missing from:\n{text}"


@pytest.mark.parametrize("size", [*SIZES, (60, 16), (40, 10), (100, 30), (160, 50), (61, 60), (240, 16)])
@pytest.mark.parametrize("state", ["healthy", "regression", "holding"])
async def test_the_lines_fill_the_terminal_exactly_and_the_keys_are_the_last_line(
    state: str, size: tuple[int, int]
) -> None:
    async with console(STATES[state][0], size) as shown:
        strips = strips_of(shown.app)
        last = shown.text.splitlines()[-1]

    assert len(strips) == size[1]
    assert {strip.cell_length for strip in strips} == {size[0]}
    assert "R Roll back to 0%" in last or size == (40, 10)


WANTS = st.builds(
    Wants,
    panels=st.integers(0, 60),
    events=st.integers(0, 40),
    clauses=st.integers(0, 20),
    query_lines=st.integers(0, 99),
    attempt=st.integers(0, 12),
    is_strip_long=st.booleans(),
    is_blind=st.booleans(),
)


@given(st.integers(60, 260), st.integers(16, 90), WANTS, st.booleans())
def test_the_parts_always_add_up_to_the_terminal(width: int, height: int, wants: Wants, is_unfolded: bool) -> None:
    rows = arrange(width, height, wants, is_unfolded=is_unfolded)

    total = 2 + rows.strip + rows.attempt + rows.panels + rows.middle + rows.advance + rows.log + 1
    assert total == height
    assert rows.panels >= 3
    assert min(rows.strip, rows.middle, rows.advance, rows.log) >= 0


async def test_a_terminal_that_is_too_small_shows_one_message_and_the_way_out_still_works() -> None:
    async with console(frames.regression(), (40, 10)) as shown:
        assert "terminal too small: 40x10, needs 60x16" in shown.text
        assert "R Roll back to 0%" in shown.text

        await shown.press("R")
        await shown.until(lambda: "to confirm" in shown.text)

        assert "Why      error_rate CRITICAL" in shown.text


async def test_at_200_columns_counters_queries_and_what_is_missing_stand_side_by_side() -> None:
    async with console(frames.healthy(), (200, 60)) as shown:
        heading = next(line for line in shown.text.splitlines() if "── events" in line)

    assert "── queries" in heading
    assert "── to advance to phase 2 of 5" in heading


async def test_at_80_columns_counters_and_queries_fold_away_and_come_with_a_key() -> None:
    async with console(frames.healthy(), (80, 24)) as shown:
        assert "── events" not in shown.text

        await shown.press("e")
        assert "── events" in shown.text
        assert "── log" not in shown.text

        await shown.press("d")
        assert "── queries" in shown.text

        await shown.press("escape")
        assert "── log" in shown.text


async def test_at_120_columns_a_key_changes_between_counters_and_queries() -> None:
    async with console(frames.healthy(), (120, 40)) as shown:
        await shown.press("d")
        assert "── queries" in shown.text

        await shown.press("e")
        assert "── events" in shown.text


async def test_a_storm_of_resizes_leaves_a_whole_screen() -> None:
    async with console(frames.regression()) as shown:
        for width, height in [(40, 10), (200, 60), (61, 17), (80, 24), (39, 3), (1, 1), (120, 40), (60, 16), (120, 40)]:
            await shown.pilot.resize_terminal(width, height)

        await shown.until(lambda: len(strips_of(shown.app)) == 40)
        await shown.until(lambda: "✗ CRITICAL" in shown.text and "── events" in shown.text)
        assert_inert(strips_of(shown.app))


def _turned(frame: Frame, metric: str, verdict: Verdict) -> Frame:
    panels = tuple(replace(panel, verdict=verdict) if panel.metric == metric else panel for panel in frame.panels)
    return replace(frame, at=frame.at + 1, panels=panels)


async def test_the_worst_panel_moves_up_only_when_no_hand_is_on_the_keys() -> None:
    async with console(frames.healthy()) as shown:
        listed = shown.app.screen.query_one(PanelList)
        before = listed.order
        await shown.press("j")

        await shown.show(_turned(frames.healthy(), "health", Verdict.CRITICAL))
        assert listed.order == before

        shown.clock.now_s += 2.9
        await shown.show(_turned(frames.healthy(), "health", Verdict.CRITICAL))
        assert listed.order == before

        shown.clock.now_s += 0.2
        await shown.show(_turned(frames.healthy(), "health", Verdict.CRITICAL))
        assert listed.order[0] == "health"
        assert listed.selected is not None
        assert listed.selected.metric == before[0]


async def test_a_new_frame_is_drawn_without_a_key() -> None:
    async with console(frames.healthy()) as shown:
        assert "✗ CRITICAL" not in shown.text

        shown.desk.frame = frames.regression()

        await shown.until(lambda: "✗ CRITICAL" in shown.text)


async def test_when_the_engine_stops_publishing_the_screen_says_that_it_is_old() -> None:
    async with console(frames.healthy()) as shown:
        shown.clock.now_s += 7

        await shown.until(lambda: "no news for 7s: what is shown is old, it was OK" in shown.text)

        await shown.show(replace(frames.healthy(), at=AT + 8))
        assert "no news" not in shown.text


@pytest.mark.parametrize("size", [(60, 16), *SIZES])
async def test_trouble_of_the_monitoring_itself_is_said_at_every_size(size: tuple[int, int]) -> None:
    alert = AlertView("session", "blind", unsaved("the disk fails: /state/session.db"), AT - 60)

    async with console(replace(frames.healthy(), alerts=(alert,)), size) as shown:
        assert "! nothing is saved, actions still work" in shown.text
        assert "lag under 1s" in shown.text


async def test_a_part_that_did_not_change_is_not_repainted() -> None:
    async with console(frames.healthy()) as shown:
        listed = shown.app.screen.query_one(PanelList)
        lines = listed.lines

        await shown.show(replace(frames.healthy(), flow=replace(frames.healthy().flow, lines_per_s=9.0)))

        assert listed.lines is lines


async def test_without_colour_every_state_keeps_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async with console(frames.regression()) as shown:
        colours = {
            triplet
            for strip in strips_of(shown.app)
            for filtered in [strip.apply_filter(shown.app._filters[-1], shown.app.screen.styles.background)]
            for segment in filtered
            if segment.style is not None and segment.style.color is not None
            for triplet in [segment.style.color.triplet]
            if triplet is not None
        }

        assert "✗ CRITICAL" in shown.text
        assert "! WARNING" in shown.text
        assert all(triplet.red == triplet.green == triplet.blue for triplet in colours)


@pytest.mark.parametrize("theme", ["textual-dark", "nord", "textual-light", "ansi-dark"])
async def test_the_screen_is_drawn_in_other_themes_too(theme: str) -> None:
    async with console(frames.regression()) as shown:
        shown.app.theme = theme
        await shown.pilot.pause()

        assert "✗ CRITICAL" in shown.text
