"""The journal's screen: a week of records, filters, a record in full, notes, copy and export."""

from dataclasses import replace

import pytest
from textual import events

from console.core.frame import Frame, JournalView
from console.core.journal import RecordFilter
from console.core.record import JournalRow, Record
from console.screens.journal import PAGE, JournalScreen, RecordScreen
from console.screens.soak import SoakScreen
from tests import frames
from tests.frame_parts import AT
from tests.frames import Given
from tests.screen_text import Shown, assert_inert, console, strips_of
from widgets.journal_list import JournalList

ANNA, BEN = "anna@ops1 (pts/3)", "ben@ops2"
WEEK = 100_000


def made(seq: int) -> JournalRow:
    """A record of a journal in which every third is a note."""
    kinds = (
        ("verdict", f"error_rate: CRITICAL, was OK: number {seq}", {"metric": "error_rate", "to": "CRITICAL"}),
        ("source", f"app: live {seq}", {"source": "app"}),
        ("note", f"all well {seq}", {"actor": BEN if seq % 2 else ANNA}),
    )
    kind, text, body = kinds[seq % 3]
    return JournalRow(seq, Record(AT - 7 * 86_400 + 6.0 * seq, kind, text, body), f"{seq:064x}")


def with_journal(frame: Frame, newest: int) -> Frame:
    view = made(newest)
    return replace(frame, journal=(JournalView(newest, view.record.at, view.record.kind, view.record.text),))


async def opened(shown: Shown, count: int) -> JournalScreen:
    """Open the journal of so many records, and wait until all of it was looked through."""
    shown.desk.journal = {seq: made(seq) for seq in range(1, count + 1)}
    await shown.show(with_journal(frames.healthy(), count))
    await shown.press("J")
    screen = shown.app.screen
    assert isinstance(screen, JournalScreen)
    await shown.until(lambda: is_read(screen))
    return screen


def is_read(screen: JournalScreen) -> bool:
    """Whether everything was looked through and what is in sight was read."""
    part = list_of(screen).part
    return (
        part is not None
        and part.looked_at == part.newest
        and "  …" not in [line.text for line in list_of(screen).lines]
    )


def list_of(screen: JournalScreen) -> JournalList:
    return screen.query_one(JournalList)


def lines_of(screen: JournalScreen) -> list[str]:
    return [line.text for line in list_of(screen).lines[1:]]


async def grow(shown: Shown, count: int) -> None:
    assert shown.desk.journal is not None
    for seq in range(len(shown.desk.journal) + 1, count + 1):
        shown.desk.journal[seq] = made(seq)
    await shown.show(with_journal(shown.desk.frame, count))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_newest_record_is_last_and_the_state_and_the_keys_stay_in_sight(size: tuple[int, int]) -> None:
    async with console(size=size) as shown:
        screen = await opened(shown, 300)

        assert "all well 299" in lines_of(screen)[-2] or "number 300" in lines_of(screen)[-1]
        assert "300 records" in shown.text
        assert "✓ OK" in shown.text
        assert "Esc Back" in shown.text.splitlines()[-1]
        assert "n Note" in shown.text.splitlines()[-1]
        assert_inert(strips_of(shown.app))


async def test_a_week_is_on_the_screen_at_once_and_only_what_is_in_sight_is_read() -> None:
    async with console() as shown:
        shown.desk.journal = {seq: made(seq) for seq in range(1, WEEK + 1)}
        await shown.show(with_journal(frames.healthy(), WEEK))
        await shown.press("J")
        screen = shown.app.screen
        assert isinstance(screen, JournalScreen)

        await shown.until(lambda: "number 99999" in shown.text or "all well 99998" in shown.text)
        assert shown.desk.looked[0] == (WEEK - PAGE + 1, WEEK)
        assert all(last - first < PAGE for first, last in shown.desk.looked)
        await shown.until(lambda: is_read(screen))
        assert len(list_of(screen)._rows) < 1_000

        await shown.press("home")
        await shown.until(lambda: "app: live 1" in shown.text)
        await shown.press(*["pagedown"] * 20)
        await shown.until(lambda: is_read(screen))
        assert list_of(screen).count == WEEK


async def test_who_reads_is_not_moved_by_what_comes_and_end_follows_again() -> None:
    async with console() as shown:
        screen = await opened(shown, 300)
        await shown.press("up", "up", "pageup")
        before = lines_of(screen)

        await grow(shown, 340)
        await shown.until(lambda: "STOPPED  40 new" in shown.text)
        assert lines_of(screen) == before

        await shown.press("end")
        await shown.until(lambda: "all well 338" in shown.text)
        await grow(shown, 341)
        await shown.until(lambda: "all well 341" in shown.text)
        assert list_of(screen).is_following


async def test_moving_down_past_the_last_record_follows_again() -> None:
    async with console() as shown:
        screen = await opened(shown, 30)

        await shown.press("up", "up")
        assert not list_of(screen).is_following
        await shown.press("down", "down")
        assert list_of(screen).is_following


async def test_filters_by_kind_metric_actor_and_text_join_and_escape_takes_them_away() -> None:
    async with console() as shown:
        screen = await opened(shown, 3_000)

        await shown.press("f")
        await shown.until(lambda: list_of(screen).count == 1_000 and is_read(screen))
        assert all(" note " in line for line in lines_of(screen))
        await shown.press("a")
        await shown.until(lambda: "1,000 of" not in shown.text and list_of(screen).count == 500 and is_read(screen))
        assert all(ANNA in line for line in lines_of(screen))
        await shown.press("slash", *"298", "enter")
        await shown.until(lambda: list_of(screen).count == 2 and is_read(screen))
        assert "note · anna@ops1 (pts/3) · /298 · 2 of 3,000 records" in shown.text

        await shown.press("escape")
        await shown.until(lambda: list_of(screen).count == 3_000)
        panel = shown.desk.frame.panels[0].metric
        await shown.press("m")
        await shown.until(lambda: f"{panel} · " in shown.text)
        await shown.press("escape", "escape")
        assert isinstance(shown.app.screen, SoakScreen)


async def test_where_nothing_passes_it_says_so_and_what_comes_later_is_filtered_too() -> None:
    async with console() as shown:
        screen = await opened(shown, 300)
        await shown.press("slash", *"number 303", "enter")
        await shown.until(lambda: "no record passes the filter" in shown.text)

        await grow(shown, 310)
        await shown.until(lambda: list_of(screen).count == 1)
        assert "number 303" in lines_of(screen)[0]


async def test_the_cursor_stays_on_its_record_when_a_filter_lets_it_pass() -> None:
    async with console() as shown:
        screen = await opened(shown, 300)
        await shown.press("up", "up", "up", "up")
        chosen = list_of(screen).chosen
        assert chosen is not None
        assert chosen.record.kind == "note"

        await shown.press("f")
        await shown.until(lambda: list_of(screen).count == 100 and is_read(screen))

        assert list_of(screen).chosen == chosen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_record_opens_to_all_it_says_and_is_copied(size: tuple[int, int]) -> None:
    async with console(size=size) as shown:
        await opened(shown, 300)
        await shown.press("up", "enter")
        assert isinstance(shown.app.screen, RecordScreen)
        await shown.until(lambda: "all well 299" in shown.text)
        assert f" {299:064x}"[-4:] in shown.text
        assert "actor" in shown.text

        await shown.press("escape", "y")
        assert shown.app.clipboard.startswith("record                 299\n")
        assert f"hash                   {299:064x}" in shown.app.clipboard


async def test_a_note_is_written_and_keys_of_the_rollout_are_letters_in_it() -> None:
    async with console() as shown:
        screen = await opened(shown, 30)

        await shown.press("n", *"R f /", "enter")
        assert shown.desk.given == [Given("note", ("R f /",))]
        await shown.press("n", "enter", "n", "a", "escape")
        assert len(shown.desk.given) == 1
        assert shown.app.screen is screen


async def test_what_is_pasted_behind_the_key_of_a_note_is_the_note_and_no_order() -> None:
    async with console() as shown:
        await opened(shown, 30)

        for key in ("n", *"R f /", "enter"):
            shown.app.post_message(events.Key(key, key if len(key) == 1 else None))

        await shown.until(lambda: shown.desk.given == [Given("note", ("R f /",))])


async def test_what_passes_the_filter_is_exported() -> None:
    async with console() as shown:
        screen = await opened(shown, 30)
        await shown.press("f")
        await shown.until(lambda: list_of(screen).count == 10)

        await shown.press("E")

        assert shown.desk.given == [Given("export_journal", (RecordFilter(kind="note"),))]
        await shown.until(lambda: "Journal written" in shown.text)


@pytest.mark.parametrize(
    ("held_by", "replayed", "why"),
    [
        ("", "60x", "this is a replay"),
        ("ben@ops2, process 9", "", "this console only looks; ben@ops2"),
        ("", "", "--read-only"),
    ],
)
async def test_who_only_looks_reads_and_is_told_why_there_is_no_note(held_by: str, replayed: str, why: str) -> None:
    session = replace(frames.healthy().session, is_read_only=True, held_by=held_by, replayed=replayed)
    async with console(replace(frames.healthy(), session=session), is_read_only=True) as shown:
        await shown.press("J")
        await shown.until(lambda: "announced maintenance" in shown.text)

        await shown.press("n", "x")

        await shown.until(lambda: why in shown.text.replace("\n", " "))
        assert shown.desk.given == []


async def test_a_replay_that_goes_back_takes_back_what_was_written_since() -> None:
    async with console() as shown:
        screen = await opened(shown, 300)

        await shown.show(with_journal(frames.healthy(), 250))
        await shown.until(lambda: list_of(screen).count == 250)
        assert "number 249" in "".join(lines_of(screen)[-2:])

        await shown.show(with_journal(frames.healthy(), 300))
        await shown.until(lambda: list_of(screen).count == 300)


async def test_a_journal_that_cannot_be_read_says_why_and_is_tried_again() -> None:
    async with console() as shown:
        shown.desk.refusal = "the journal cannot be read: disk I/O error"
        await shown.press("J")
        await shown.until(lambda: "disk I/O error" in shown.text)

        shown.desk.refusal = ""
        await shown.show(shown.desk.frame)
        await shown.until(lambda: "announced maintenance" in shown.text)


async def test_the_way_out_works_from_the_journal() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("J", "R")

        assert shown.desk.given[0] == Given("preview", ("rollback", None))


async def test_a_click_chooses_a_record_and_a_second_one_opens_it() -> None:
    async with console() as shown:
        screen = await opened(shown, 30)

        await shown.pilot.click(JournalList, offset=(10, 5))
        chosen = list_of(screen).chosen
        assert chosen is not None
        assert chosen.seq == 5
        await shown.pilot.click(JournalList, offset=(10, 5))
        await shown.until(lambda: isinstance(shown.app.screen, RecordScreen))


async def test_the_palette_offers_the_keys_of_the_journal() -> None:
    async with console() as shown:
        await opened(shown, 30)

        await shown.press("ctrl+p", *"actor")

        await shown.until(lambda: "Actor (a)" in shown.text)
