"""The table of pairs, on the screen and as lines."""

from dataclasses import replace

import pytest

from console.core.matrix import MatrixRow, MatrixSide, MatrixView
from tests import frames
from tests.frames import HOSTILE
from tests.screen_text import assert_inert, console, drawn, drawn_strips
from widgets.matrix import matrix_lines

STATES = ("IDLE", "SERVICE_SELECTION", "STYLIST_SELECTION", "SLOT_SELECTION", "CUSTOMER_DATA", "CONFIRMATION", "BOOKED")


def row(name: str, *counts: int, **refused: int) -> MatrixRow:
    return MatrixRow(name, counts, sum(refused.values()), tuple(refused.items()))


def side(track: str | None, times: int = 1) -> MatrixSide:
    rows = [
        row(name, *(times * 1000 * (at == number + 1) + at * number for at in range(len(STATES))))
        for number, name in enumerate(STATES[:-1])
    ]
    rows[3] = replace(rows[3], rejected=19 * times, refused=(("confirm", 12 * times), ("cancel", 7 * times)))
    return MatrixSide(track, tuple(rows), 4, 0)


VIEW = MatrixView("fsm_transition", "fsm_rejected", STATES, (side(None, 3), side("canary"), side("baseline", 2)))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_p_opens_the_table_and_t_goes_through_the_tracks(size: tuple[int, int]) -> None:
    frame = replace(frames.healthy(), matrices=(VIEW,))

    async with console(frame, size) as shown:
        await shown.press("p")
        everything = shown.text
        await shown.press("t")
        canary = shown.text
        await shown.press("t", "t")
        again = shown.text
        await shown.press("escape")
        closed = shown.text

    assert "fsm_transition, from → to, since the session began: all tracks" in everything
    assert "SLOT_SELECTION" in everything
    assert "57   1.8 %" in everything  # of 3,063 + 57 that were tried
    assert "since the session began: canary" in canary
    assert again == everything
    assert "from → to" not in closed


@pytest.mark.parametrize(("key", "said"), [("l", "l is Look"), ("g", "g is Goals"), ("J", "J is Journal")])
async def test_the_key_of_another_place_says_that_the_table_is_closed_first(key: str, said: str) -> None:
    frame = replace(frames.healthy(), matrices=(VIEW,))

    async with console(frame) as shown:
        await shown.press("p", key)
        hinted = shown.text
        await shown.press("p")
        closed = shown.text

    assert f"Esc closes this; then {said}" in hinted
    assert "from → to" in hinted
    assert "from → to" not in closed


async def test_the_counts_grow_while_one_looks() -> None:
    frame = replace(frames.healthy(), matrices=(VIEW,))
    grown = replace(VIEW, sides=(side(None, 5),))

    async with console(frame) as shown:
        await shown.press("p")
        before = shown.text
        await shown.show(replace(frame, at=frame.at + 1, matrices=(grown,)))

        assert "5,000" in shown.text
        assert "5,000" not in before


async def test_without_pairs_the_key_does_nothing() -> None:
    async with console(frames.healthy()) as shown:
        before = shown.text
        await shown.press("p")

        assert shown.text == before


@pytest.mark.parametrize("width", [60, 76, 116, 196])
def test_every_count_stands_in_a_line_that_fits(width: int) -> None:
    lines = matrix_lines(VIEW, VIEW.sides[0], width)
    text = drawn(lines, width)

    assert all(len(line.text) <= width for line in lines)
    for one in VIEW.sides[0].rows:
        for count in filter(None, one.counts):
            assert f"{count:,}" in text
    assert "only reached  7 BOOKED" in text
    assert "SLOT_SELECTION  confirm 36   cancel 21" in text
    assert "4 lines of fsm_transition without a pair of their own" in text


def test_hostile_names_are_only_text() -> None:
    view = MatrixView("e", "r", (HOSTILE,), (MatrixSide(None, (row(HOSTILE, 3, **{HOSTILE: 1}),), 0, 1),))

    assert_inert(drawn_strips(matrix_lines(view, view.sides[0], 78), 78))


def test_nothing_counted_yet_is_said() -> None:
    view = MatrixView("fsm_transition", "", (), (MatrixSide(None, (), 0, 0),))

    assert "no fsm_transition yet" in drawn(matrix_lines(view, view.sides[0], 78), 78)
