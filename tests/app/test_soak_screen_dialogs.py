"""Help, journal, checklist, investigation, snapshot, palette and quitting: every key does what the table says."""

import asyncio
from dataclasses import replace

import pytest

from console.actions import GROUPS, KEYS, LADDER_KEYS, key_of, markdown_table
from console.app import ConsoleApp
from console.core.frame import JournalView
from console.core.words import Table
from console.screens.attempt import AttemptScreen
from console.screens.help import HelpScreen
from console.screens.quit import QuitScreen
from console.screens.soak import SoakScreen
from tests import frames
from tests.frame_parts import AT
from tests.frames import Given
from tests.screen_text import Shown, console
from widgets.log_tail import LogTail
from widgets.panel_list import PanelList

# -- the table ---------------------------------------------------------------------------------------------------


def test_every_key_has_a_method_a_group_and_a_sentence() -> None:
    for key in KEYS:
        if key.id in ("next_pane", "commands"):
            continue
        owners = (AttemptScreen,) if key.group == "attempt" else (SoakScreen, ConsoleApp)
        assert any(hasattr(owner, f"action_{key.id}") for owner in owners), key.id
        assert key.group in GROUPS
        assert key.tooltip
        assert key.label


def test_no_key_stands_for_two_things() -> None:
    pressed = [name for key in KEYS for name in key.keys.split(",")]

    assert len(pressed) == len(set(pressed))


def test_the_keys_of_a_ladder_are_the_same_everywhere() -> None:
    assert [key.shown for key in LADDER_KEYS] == ["n", "z", "x"]
    with pytest.raises(KeyError):
        key_of("nothing")


def test_the_readme_table_has_a_row_for_every_key() -> None:
    table = markdown_table()

    assert table.startswith("| key | what it does |\n|---|---|\n")
    for key in KEYS:
        assert f"| `{key.shown}` | {key.tooltip} |" in table


# -- panels and panes --------------------------------------------------------------------------------------------


async def test_keys_move_the_cursor_over_the_panels_and_escape_takes_it_away() -> None:
    async with console(frames.regression()) as shown:
        listed = shown.app.screen.query_one(PanelList)

        await shown.press("j")
        await shown.press("down", "down", "k")
        assert listed.selected is not None
        assert listed.selected.metric == "p95_latency"

        await shown.press("up", "up", "up")
        assert listed.selected.metric == "error_rate"

        await shown.press("escape")
        assert listed.selected is None


async def test_tab_goes_to_the_next_pane_and_the_keys_scroll_there() -> None:
    async with console(frames.regression(), (200, 60)) as shown:
        seen = []
        for _ in range(5):
            seen.append(shown.app.focused.id if shown.app.focused else "")
            await shown.press("tab")

        assert seen == ["panels", "events", "queries", "log", "panels"]


async def test_a_long_list_of_panels_scrolls_by_pages() -> None:
    panels = frames.healthy().panels
    many = tuple(replace(panel, metric=f"{panel.metric}_{copy}") for copy in range(9) for panel in panels)
    async with console(replace(frames.healthy(), panels=many), (80, 24)) as shown:
        listed = shown.app.screen.query_one(PanelList)

        await shown.press("pagedown")
        assert listed.top > 0

        await shown.press("pageup")
        assert listed.top == 0


async def test_measure_now_asks_for_the_selected_panel() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("j", "j", "m")

        assert shown.desk.given == [Given("ask_now", ("p95_latency",))]


async def test_the_log_keys_pause_filter_and_follow() -> None:
    async with console(frames.healthy()) as shown:
        tail = shown.app.screen.query_one(LogTail)

        await shown.press("space")
        assert "PAUSED" in shown.text
        await shown.press("end")
        assert tail.is_following

        await shown.press("f", "t")
        assert (tail.filter.kind, tail.filter.track) == ("fsm", "canary")
        await shown.press("escape")
        assert tail.filter.is_open

        await shown.press("home")
        assert "#0" in shown.text
        assert not tail.is_following
        await shown.press("escape")
        assert tail.is_following

        await shown.press("right")
        assert "from column 21" in shown.text
        await shown.press("left")
        assert "from column" not in shown.text


async def test_searching_filters_while_typing_and_typed_keys_are_not_commands() -> None:
    async with console(frames.healthy()) as shown:
        tail = shown.app.screen.query_one(LogTail)

        await shown.press("slash", *"R#17")
        assert tail.filter.needle == "R#17"
        assert isinstance(shown.app.screen, SoakScreen)

        await shown.press("backspace", "enter")
        assert tail.filter.needle == "R#1"
        assert "/R#1" in shown.text

        await shown.press("slash", "escape")
        assert tail.filter.is_open


# -- dialogs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_help_names_every_key_and_every_word(size: tuple[int, int]) -> None:
    async with console(frames.healthy(), size) as shown:
        await shown.press("question_mark")
        screen = shown.app.screen
        assert isinstance(screen, HelpScreen)
        text = "\n".join(line.text for line in screen.body.lines)
        await shown.press("pagedown", "end")
        assert screen.body.top + screen.body.page == len(screen.body.lines)

        for key in KEYS:
            assert key.shown in text
        for words in ("Roll back to 0%", "Verdicts", "⊘ BROKEN", "measuring itself failed", "unreadable"):
            assert words in text
        await shown.press("question_mark")
        assert isinstance(shown.app.screen, SoakScreen)


async def test_the_journal_is_read_and_a_note_is_added() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("J")
        assert "announced maintenance at 14:00" in shown.text

        await shown.press("n", *"all well", "enter")
        assert shown.desk.given == [Given("note", ("all well",))]

        journal = (JournalView(99, AT, "note", "anna@ops1: all well"), *frames.healthy().journal)
        await shown.show(replace(frames.healthy(), journal=journal))
        assert "anna@ops1: all well" in shown.text


async def test_an_empty_note_and_one_that_is_left_write_nothing() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("J", "n", "enter", "n", "a", "escape", "escape")

        assert shown.desk.given == []
        assert isinstance(shown.app.screen, SoakScreen)


async def test_a_console_that_only_looks_ticks_and_writes_nothing() -> None:
    async with console(frames.read_only(frames.healthy())) as shown:
        await shown.press("c", "space", "n", "a", "enter", "escape", "J", "n", "a", "enter", "escape")

        assert shown.desk.given == []


async def test_an_investigation_of_several_queries_is_chosen_run_and_drawn() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.tables = {"errors_by_endpoint": Table(("endpoint", "bad"), (("/api/v1/chat", "812"),))}

        await shown.press("i", "tab", "enter")
        await shown.until(lambda: "/api/v1/chat  812" in shown.text)

        assert shown.desk.given == [Given("investigate", ("errors_by_endpoint",))]


async def test_an_investigation_that_is_refused_or_fails_says_why() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.refusal = "the database does not answer"
        await shown.press("i", "enter")
        await shown.until(lambda: "the database does not answer" in shown.text)

        shown.desk.refusal = ""
        await shown.press("enter")
        await shown.until(lambda: "the query failed" in shown.text)


async def test_a_query_that_takes_long_runs_once_and_can_be_left() -> None:
    async with console(frames.regression()) as shown:
        shown.desk.gate = asyncio.Event()
        await shown.press("i", "enter", "enter", "tab")
        assert "running …" in shown.text

        await shown.press("escape")

        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.desk.orders == ["investigate"]


async def test_a_panel_without_investigation_says_so() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("i")

        await shown.until(lambda: "coherence has no investigation query" in shown.text)


async def test_a_snapshot_carries_the_picture_and_names_the_folder() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("S")
        await shown.until(lambda: "snapshots/2026-03-02T140327Z" in shown.text)

        picture = shown.desk.given[0].args[0]
        assert picture.startswith("<svg")
        assert "CRITICAL" in picture


async def test_the_palette_finds_actions_and_keys_and_runs_them() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("ctrl+p", *"journal")
        await shown.until(lambda: "Journal (J)" in shown.text)
        await shown.press("enter")
        await shown.until(lambda: "announced maintenance" in shown.text)

        await shown.press("escape", "ctrl+p", *"roll back")
        await shown.until(lambda: "Roll back to 0% (R)" in shown.text)
        await shown.press("enter")
        await shown.until(lambda: "to confirm" in shown.text)
        assert shown.desk.orders == []


async def test_the_palette_of_a_console_that_only_looks_offers_no_action() -> None:
    async with console(frames.regression(), is_read_only=True) as shown:
        await shown.press("ctrl+p", *"roll")
        await shown.until(lambda: "No matches found" in shown.text)

        assert "Roll back" not in shown.text


async def test_the_way_out_works_over_dialogs_that_only_show() -> None:
    for key in ("J", "c", "question_mark"):
        async with console(frames.regression()) as shown:
            await shown.press(key, "R")

            await shown.until(lambda shown=shown: "to confirm" in shown.text)  # type: ignore[misc]


# -- leaving -----------------------------------------------------------------------------------------------------


async def _left(shown: Shown) -> int | None:
    await shown.until(lambda: shown.app._exit)
    return shown.app.return_value


async def test_quitting_closes_the_session_and_ends_with_zero() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("q")

        assert await _left(shown) == 0
        assert shown.left == ["closed"]


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting_asks_only_while_an_action_is_under_way(key: str) -> None:
    async with console(frames.rolling_back()) as shown:
        await shown.press(key)
        assert isinstance(shown.app.screen, QuitScreen)
        assert "The session is saved and reading stops." in shown.text
        assert "Under way: Roll back to 0%" in shown.text

        await shown.press("enter")
        assert isinstance(shown.app.screen, SoakScreen)
        assert shown.left == []

        await shown.press(key, "y")
        assert await _left(shown) == 0


async def test_leaving_twice_closes_the_session_once() -> None:
    async with console(frames.healthy()) as shown:
        shown.app.leave(143)
        shown.app.leave(129)

        assert await _left(shown) == 143
        assert shown.left == ["closed"]
        assert shown.app.return_code == 143


async def test_ctrl_c_says_how_to_leave() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("ctrl+c")

        await shown.until(lambda: "q quits" in shown.text)
