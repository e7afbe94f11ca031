"""Text from outside is never markup and never raw, in any part of the screen, at any width."""

from collections.abc import Callable, Sequence

import pytest

from console.core.record import JournalRow, Record
from console.core.words import Outcome, Rung, Table
from tests import frames
from tests.frame_parts import AT
from tests.previews import preview
from tests.screen_text import assert_inert, drawn_strips
from widgets.advance import AdvancePart, advance_line, advance_lines
from widgets.attempt import AttemptPart, full_lines, strip_lines
from widgets.checklists import ChecklistsPart, checklists_lines, row_lines, rows_of
from widgets.counters import counter_lines, counters_part
from widgets.header import header_lines, header_part
from widgets.journal_list import record_line, record_lines
from widgets.key_bar import KeyCap, key_line
from widgets.lines import Line
from widgets.log_tail import row_line
from widgets.panel_list import panels_heading
from widgets.panels import list_lines
from widgets.preview import PreviewPart, preview_lines
from widgets.query_pane import QueriesPart, query_lines
from widgets.sources import StripPart, source_lines
from widgets.table import table_lines, whole_lines
from widgets.too_small import too_small_lines

FRAME = frames.hostile()
BAD = frames.HOSTILE
PHASE = FRAME.phase
ROW = JournalRow(7, Record(AT, BAD, BAD, {BAD: BAD, "values": {BAD: 1.5}, "steps": [BAD], "actor": BAD}), "f" * 64)
HELD = frames.poisoned(frames.attempt(Outcome.HOLDING, next_rung=2.0, hold_left_s=10.0, rung=Rung.HELD))
OUTPUT = (BAD, BAD)

DRAWINGS: dict[str, Callable[[int], Sequence[Line]]] = {
    "header": lambda width: header_lines(header_part(FRAME, is_read_only=False), width),
    "header read-only": lambda width: header_lines(header_part(frames.read_only(FRAME), is_read_only=True), width),
    "sources": lambda width: source_lines(StripPart(FRAME.sources, FRAME.flow), width, 1),
    "sources folded": lambda width: source_lines(StripPart(FRAME.sources, FRAME.flow), width, 3),
    "panels heading": lambda width: [panels_heading(FRAME.panels, width, is_focused=True)],
    "panels": lambda width: list_lines(FRAME.panels, width, selected=FRAME.panels[0].metric),
    "counters": lambda width: counter_lines(counters_part(FRAME), width),
    "queries": lambda width: query_lines(QueriesPart(FRAME.queries, 3), width),
    "rows": lambda width: whole_lines(Table((BAD, BAD, BAD), ((BAD, BAD, BAD), (BAD, "1", ""))), width),
    "table": lambda width: table_lines(Table((BAD, BAD), ((BAD, BAD), (BAD, "1"))), width),
    "advance": lambda width: advance_lines(AdvancePart(PHASE, FRAME.actions[2]), width, 9),
    "advance line": lambda width: [advance_line(AdvancePart(PHASE, FRAME.actions[2]), width)],
    "attempt": lambda width: full_lines(AttemptPart(FRAME.attempts[0], OUTPUT, int(AT)), width),
    "attempt strip": lambda width: strip_lines(AttemptPart(FRAME.attempts[0], OUTPUT, int(AT)), width, 8),
    "ladder": lambda width: strip_lines(AttemptPart(HELD, OUTPUT, int(AT), (("n", BAD),)), width, 3),
    "log": lambda width: [row_line(row, width, kinds=(), needle="more") for row in frames.rows(3, is_hostile=True)],
    "preview": lambda width: preview_lines(PreviewPart(frames.poisoned(preview("advance")), 10.0), width),
    "journal": lambda width: [record_line(ROW, width), *record_lines(ROW, width)],
    "checklists": lambda width: checklists_lines(ChecklistsPart(FRAME.stages, 0, FRAME.at), width)[0],
    "checklist item": lambda width: row_lines(rows_of(FRAME.stages)[1], width),
    "verification": lambda width: row_lines(rows_of(FRAME.stages)[0], width),
    "keys": lambda width: [key_line((KeyCap("R", BAD, 0), KeyCap("G", BAD, 1)), width)],
    "too small": lambda width: too_small_lines(FRAME, (width, 9), (60, 16), may_act=True),
}


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("name", DRAWINGS)
def test_hostile_text_is_inert_and_breaks_no_line(name: str, width: int) -> None:
    strips = drawn_strips(DRAWINGS[name](width), width)

    assert strips
    assert {strip.cell_length for strip in strips} == {width}
    assert_inert(strips)


def test_what_was_hidden_is_shown_as_an_escape() -> None:
    text = "".join(strip.text for strip in drawn_strips(DRAWINGS["journal"](200), 200))

    assert r"\x1b]52;c;" in text
    assert r"\u202e" in text
    assert "[@click=app.rollback]more[/]" in text
