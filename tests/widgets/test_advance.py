"""What the phase still needs."""

from dataclasses import replace

import pytest

from console.core.frame import Clause, PhaseView
from console.core.progress import StopView
from tests import frames
from tests.frame_parts import AT
from tests.screen_text import drawn
from widgets.advance import AdvancePart, advance_line, advance_lines

ADVANCE = frames.healthy().actions[2]


def part(phase: PhaseView | None = None) -> AdvancePart:
    return AdvancePart(phase or frames.regression().phase, ADVANCE)


def shown(width: int, height: int, phase: PhaseView | None = None) -> str:
    lines = advance_lines(part(phase), width, height)
    assert len(lines) <= height
    return drawn(lines, width)


def test_what_is_missing_comes_before_what_is_met_and_the_key_comes_last() -> None:
    text = shown(60, 14)

    assert text.index("✗ error_rate must be OK") < text.index("✓ isolation must be OK")
    assert text.splitlines()[-1].strip() == "A Advance (not yet)"


def test_the_checklist_and_the_sign_offs_are_tallied() -> None:
    text = shown(80, 14)

    assert "◌ checklist 3 of 4" in text
    assert "◌ engineering-lead" in text
    assert "✓ product-owner li@ops2" in text


@pytest.mark.parametrize("height", range(3, 14))
def test_in_any_height_the_key_stays_and_what_is_left_out_is_counted(height: int) -> None:
    text = shown(60, height)

    assert "A Advance (not yet)" in text


def test_with_little_room_the_clauses_left_out_are_counted() -> None:
    assert "and 2 more" in shown(60, 5, replace(frames.regression().phase, holds=()))


def test_when_it_is_time_the_key_lights_up() -> None:
    phase = replace(frames.healthy().phase, may_advance=True, clauses=())

    lines = advance_lines(part(phase), 60, 8)

    assert lines[-1].text.strip() == "A Advance"
    assert any(span.role.endswith("badge") for span in lines[-1].spans)


def test_the_last_phase_finishes_the_rollout() -> None:
    assert "to finish the rollout" in shown(60, 10, replace(frames.healthy().phase, is_last=True))


def complete() -> PhaseView:
    met = Clause("error_rate must be OK", True, "metric", "error_rate")
    return replace(frames.healthy().phase, is_last=True, clauses=(met,), holds=(), outlook="")


def test_a_rollout_of_which_nothing_is_missing_is_complete_and_offers_no_next_phase() -> None:
    assert "the rollout is complete" in shown(60, 10, complete())
    assert "A Advance" not in shown(60, 10, complete())
    assert advance_line(part(complete()), 80).text.strip() == "✓ the rollout is complete"


@pytest.mark.parametrize("width", [60, 80, 99])
def test_on_a_small_screen_one_line_says_the_first_clauses_and_how_many_more(width: int) -> None:
    line = advance_line(part(frames.healthy().phase), width)

    assert line.text.startswith(" ✗ 30h 18m of soak left")
    assert "+" in line.text
    assert line.text.endswith("A Advance (not yet) ")


def test_on_a_small_screen_a_hold_comes_first() -> None:
    assert advance_line(part(), 80).text.startswith(" ‖ p95_latency > 3s")


def test_on_a_small_screen_all_met_is_said() -> None:
    phase = replace(
        frames.healthy().phase,
        clauses=tuple(replace(clause, is_met=True) for clause in frames.healthy().phase.clauses),
        may_advance=True,
    )

    assert "all met to advance to phase 2 of 5" in advance_line(part(phase), 80).text


def test_a_console_that_only_looks_has_no_key() -> None:
    assert "Advance (" not in drawn(advance_lines(AdvancePart(frames.healthy().phase, None), 60, 12), 60)


STOP = StopView("breach", "error_rate is CRITICAL", AT - 600, AT - 300, 300.0, 3600.0)


def test_when_one_may_go_on_stands_first_and_is_told_whole() -> None:
    phase = replace(frames.healthy().phase, outlook="earliest 14:03, waiting for error_rate, sign-off lead and 2 more")

    lines = shown(44, 14, phase).splitlines()

    assert lines[1].strip() == "◷ earliest 14:03, waiting for error_rate,"
    assert lines[2].strip() == "sign-off lead and 2 more"


def test_a_missing_clause_says_when_it_is_expected_and_who_it_waits_for() -> None:
    clauses = (
        Clause("30h 18m of soak left", False, "soak", "", 109_080.0),
        Clause("Backed up", False, "checklist", "backup", None, "somebody to tick it"),
    )

    text = drawn(advance_lines(replace(part(replace(frames.healthy().phase, clauses=clauses)), at=int(AT)), 70, 14), 70)

    assert "✗ 30h 18m of soak left" in text
    assert "earliest 03-03 20:21" in text
    assert "somebody to tick it" in text


def test_what_was_lost_of_the_soak_and_what_the_budget_spends_are_said_where_there_is_room() -> None:
    phase = replace(
        frames.healthy().phase, stops=(STOP,), again=(AT - 300, "error_rate is CRITICAL"), thrown_away_s=3600.0
    )
    asked = replace(part(phase), at=int(AT), notes=("this phase spent 0.3 % of the 30d error budget",))

    text = drawn(advance_lines(asked, 100, 20), 100)

    assert "· soak began again 13:58 after error_rate is CRITICAL, 1h thrown away" in text
    assert "· this phase spent 0.3 % of the 30d error budget" in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_on_a_small_screen_the_outlook_comes_before_the_clauses(width: int) -> None:
    phase = replace(frames.healthy().phase, outlook="earliest 14:03, waiting for soak")

    text = advance_line(part(phase), width).text

    assert "◷ earliest 14:03" in text
