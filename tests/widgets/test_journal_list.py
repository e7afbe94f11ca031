"""A record as a line and in full."""

from console.core.record import JournalRow, Record
from tests.frame_parts import AT
from tests.screen_text import drawn
from widgets.journal_list import record_line, record_lines

ROW = JournalRow(
    7,
    Record(
        AT,
        "override",
        "WITHOUT 30h of soak left: Advance begun by anna@ops1: hotfix",
        {"actor": "anna@ops1", "reason": "hotfix " * 30, "values": {"error_rate": 0.4, "p95": None}},
    ),
    "9f2c" * 16,
)


def test_a_line_has_time_kind_and_text_and_the_date_where_there_is_room() -> None:
    wide = drawn([record_line(ROW, 120, is_chosen=True)], 120)
    narrow = drawn([record_line(ROW, 79)], 79)

    assert wide.startswith("▌2026-03-02 14:03:27 override     WITHOUT 30h of soak left: Advance begun by anna@ops1")
    assert narrow.startswith(" 03-02 14:03:27 override   WITHOUT 30h of soak left: Advance begun by")
    assert narrow.rstrip().endswith("…")


def test_a_record_in_full_says_everything_with_its_hash() -> None:
    text = drawn(record_lines(ROW, 79), 79)

    assert " kind                   override" in text
    assert " values error_rate      0.4" in text
    assert " values p95             –" in text
    assert text.count("hotfix") == 31
    assert f" hash                   {ROW.hash[:20]}" in text


def test_a_record_that_is_not_yet_written_says_why_it_has_no_hash() -> None:
    text = drawn(record_lines(JournalRow(8, ROW.record, ""), 100), 100)

    assert "not yet in the session's file" in text
