"""The screen of checklists and sign-offs: of every phase, ticked, verified and signed by key."""

import asyncio
from dataclasses import replace

import pytest

from console.core.checklist_frame import StageView
from console.core.frame import Frame
from console.screens.action import ActionScreen
from console.screens.checklist import ChecklistScreen
from console.screens.soak import SoakScreen
from tests import frames
from tests.frame_parts import AT
from tests.frames import Given
from tests.screen_text import Shown, console, drawn
from widgets.checklists import ChecklistsPart, checklists_lines, row_lines, rows_of

SIZES = [(80, 24), (120, 40), (200, 60)]
HERE = "Canary 10%"


def listed(stages: tuple[StageView, ...] | None = None, cursor: int = 0, **more: bool) -> str:
    shown = frames.healthy().stages if stages is None else stages
    return drawn(checklists_lines(ChecklistsPart(shown, cursor, AT, **more), 110)[0], 110)


def known(number: int) -> str:
    return drawn(row_lines(rows_of(frames.healthy().stages)[number], 76), 76)


async def down(shown: Shown, times: int) -> None:
    await shown.press(*["down"] * times)


def test_past_present_and_coming_phases_and_windows_are_listed_with_their_headings() -> None:
    lines = [line.rstrip() for line in listed(cursor=6).splitlines()]

    heads = [line.split("  ")[0] for line in lines if line.startswith("── ")]
    assert [head.split(" ─")[0] for head in heads] == [
        "── Staging over, 0 %",
        "── Canary 10% now, 10 %",
        "── Canary 50% to come, 50 %",
        "── 0-4 h validation, waiting",
    ]
    assert lines[0].endswith("2 of 2 ──")
    assert "   Backups" in lines
    assert "   People" in lines
    assert "  before the next phase" in lines
    (item,) = [line for line in lines if "PostgreSQL backed up" in line]
    assert item.startswith("      [✓] PostgreSQL backed up  snapshot 1142")
    assert item.endswith("anna@ops1 03-01 21:23 (16h ago)")


def test_who_did_an_item_comes_without_the_terminal_where_there_is_little_room() -> None:
    stage = frames.healthy().stages[1]
    asked = replace(stage.items[0], is_verified=True, by="anna@ops1 (pts/3)", at=AT - 130, note="", group="")
    stages = (replace(stage, items=(asked,), sign_off=()),)

    narrow, wide = (checklists_lines(ChecklistsPart(stages, 0, AT), width)[0] for width in (80, 120))

    assert narrow[-1].text.rstrip().endswith("verified for anna@ops1 14:01 (2m ago)")
    assert wide[-1].text.rstrip().endswith("verified for anna@ops1 (pts/3) 14:01 (2m ago)")


def test_what_failed_and_what_waits_for_a_second_person_says_so() -> None:
    text = listed()

    (loading,) = [line for line in text.splitlines() if "Redis has loaded" in line]
    (capacity,) = [line for line in text.splitlines() if "Twice the capacity" in line]
    assert "[✗]" in loading
    assert "not passed 14:02 (1m ago)" in loading
    assert "[◐]" in capacity
    assert "needs a second person, anna@ops1 13:53 (10m ago)" in capacity


def test_a_sign_off_asks_for_the_key_twice() -> None:
    assert "Enter again signs in this role" not in listed(cursor=6)
    assert "Enter again signs in this role" in listed(cursor=6, is_armed=True)


def test_without_items_and_sign_offs_the_list_says_so() -> None:
    assert "no phase has a checklist" in listed(())


def test_a_verification_shows_what_it_printed_when_and_how_long_it_took() -> None:
    text = known(0)

    assert "ran 2026-03-01 13:03:27, took 0.25 s, exit code 1" in text
    assert "│ (error) LOADING Redis is loading the dataset in memory" in text
    assert "Staging, before it begins; not to be ticked now" in text


def test_an_item_shows_who_ticked_and_unticked_it_newest_first() -> None:
    history = known(2).partition("ticked and unticked")[2]

    assert [line.strip() for line in history.splitlines() if line.strip()] == [
        "2026-03-01 21:23:27 done, anna@ops1 (pts/3): snapshot 1142",
        "2026-03-01 15:50:07 not done, li@ops2: the backup of the wrong host",
        "2026-03-01 13:03:27 done, anna@ops1 (pts/3)",
    ]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_first_thing_that_waits_for_somebody_is_chosen_and_in_sight(size: tuple[int, int]) -> None:
    async with console(frames.healthy(), size=size) as shown:
        await shown.press("c")

        assert isinstance(shown.app.screen, ChecklistScreen)
        await shown.until(lambda: "▌     [ ] Runbook link posted to the channel" in shown.text)
        assert "not shown" not in shown.text
        await shown.press("c")
        assert isinstance(shown.app.screen, SoakScreen)


async def test_when_all_is_done_here_the_prerequisites_of_the_next_phase_come_first() -> None:
    frame = frames.healthy()
    here = frame.stages[1]
    items = tuple(replace(item, is_done=True) for item in here.items)
    roles = tuple(replace(one, by="li@ops2") for one in here.sign_off)
    stages = (frame.stages[0], replace(here, items=items, sign_off=roles), *frame.stages[2:])

    async with console(replace(frame, stages=stages)) as shown:
        await shown.press("c", "space")

        assert shown.desk.given == [Given("tick", ("capacity", True, "", "Canary 50%"))]


async def test_items_are_ticked_unticked_and_verified_and_a_role_is_signed_with_two_keys() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("c", "space", "up", "up", "up", "space", "down", "space")
        await shown.press("down", "down", "down", "enter")
        assert "Enter again signs in this role" in shown.text
        await shown.press("enter")

        assert shown.desk.given == [
            Given("tick", ("runbook", True, "", HERE)),
            Given("tick", ("backup", False, "", HERE)),
            Given("tick", ("redis", True, "", HERE)),
            Given("sign_off", ("engineering-lead", "")),
        ]


async def test_a_second_person_confirms_a_coming_prerequisite_and_a_coming_phase_is_not_signed() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("c", "tab", "space", "down", "down", "enter", "enter")

        assert shown.desk.given == [Given("tick", ("capacity", True, "", "Canary 50%"))]
        assert "only the present phase can be signed off, not Canary 50%" in shown.text


async def test_a_sign_off_needs_the_key_twice_on_the_same_row() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("c", "down", "enter", "up", "down", "enter")

        assert shown.desk.given == []


async def test_a_tick_can_carry_a_note_and_a_note_that_is_left_ticks_nothing() -> None:
    async with console(frames.healthy()) as shown:
        await shown.press("c", "n", "x", "escape", "n", *"in #ops", "enter")

        assert shown.desk.given == [Given("tick", ("runbook", True, "in #ops", HERE))]


async def test_a_verification_that_takes_long_is_asked_once_and_its_answer_shows() -> None:
    async with console(frames.healthy()) as shown:
        shown.desk.gate = asyncio.Event()
        await shown.press("c", "tab", "down", "v", "v", "space")
        assert "verifying …" in shown.text

        shown.desk.gate.set()
        await shown.until(lambda: "verifying …" not in shown.text)

        assert shown.desk.given == [Given("tick", ("loading", True, "", "Canary 50%"))]


async def test_a_chosen_row_stays_chosen_when_the_rollout_goes_on() -> None:
    def without_first(frame: Frame) -> Frame:
        return replace(frame, stages=frame.stages[1:])

    async with console(frames.healthy()) as shown:
        await shown.press("c", "tab")
        await shown.show(without_first(frames.healthy()))

        await shown.press("space")

        assert shown.desk.given == [Given("tick", ("capacity", True, "", "Canary 50%"))]


async def test_who_only_looks_sees_everything_and_has_no_keys() -> None:
    async with console(frames.read_only(frames.healthy())) as shown:
        await shown.press("c", "space", "v", "n", "a", "enter", "tab", "down", "v")

        assert shown.desk.given == []
        assert "LOADING Redis is loading the dataset" in shown.text
        assert "Space" not in shown.text.splitlines()[-1]


async def test_the_way_out_works_from_here() -> None:
    async with console(frames.regression()) as shown:
        await shown.press("c", "R")

        assert isinstance(shown.app.screen, ActionScreen)
