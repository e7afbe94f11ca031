"""What was written is known by construction, and the engine's own record is read right."""

from pathlib import Path

import pytest

from tests.faults.engine_log import NotTheLog, Written, split
from tests.faults.rules import Said, said_by
from tests.faults.truth import Box, RunStream, classify, runs_of
from tests.faults.writer import HUGE_EVERY, LONG_EVERY, line_of

NUMBERS = (*range(1, 700), LONG_EVERY, LONG_EVERY * 16, LONG_EVERY * 17, HUGE_EVERY)
SECOND = "2026-08-03T14:03:27"
BEGAN_NS = 1_785_765_807 * 10**9


def frame(kind: int, nanoseconds: int, text: bytes) -> bytes:
    body = f"{SECOND}.{nanoseconds:09d}Z ".encode() + text
    return bytes((kind, 0, 0, 0)) + len(body).to_bytes(4, "big") + body


def box(folder: Path, notes: str, texts: list[bytes]) -> Box:
    """A container whose engine has these lines of standard output, a microsecond apart."""
    (folder / "g0s1.notes").write_text(notes)
    log = {"o": Written([BEGAN_NS + 1000 * at for at in range(len(texts))], texts), "e": Written()}
    return Box("g0", "canary", folder, 0, id="abc", log=log, log_read_at=BEGAN_NS / 1e9 + 60)


def out(found: Box) -> RunStream:
    return next(run for run in runs_of(found) if run.value == "g0s1o")


def test_each_line_is_by_the_rules_what_it_is_by_construction() -> None:
    for number in NUMBERS:
        for name in "oe":
            text = line_of("g3s1", name, number)
            said, run = classify(text.removesuffix(b"\n").removesuffix(b"\r"))
            assert said == said_by(number), text[:80]
            assert run == (f"g3s1{name}" if said.event else "")


def test_some_lines_are_longer_than_a_part_and_some_longer_than_the_console_keeps() -> None:
    assert 3 * 16_384 > len(line_of("g0s1", "o", LONG_EVERY)) > 2 * 16_384
    assert len(line_of("g0s1", "o", HUGE_EVERY)) > 256 * 1024


def test_frames_become_the_lines_of_two_streams_with_the_parts_of_a_long_one_joined() -> None:
    long, rest = b"x" * 16_384, b"yy\n"
    body = frame(1, 5, b"a\n") + frame(1, 9, long) + frame(2, 10, b"b\n") + frame(1, 9, rest) + frame(1, 11, b"cut")

    found = split(body)

    assert found["o"].texts == [b"a\n", long + rest, b"cut"]
    assert [time - BEGAN_NS for time in found["o"].times_ns] == [5, 9, 11]
    assert found["e"].texts == [b"b\n"]


def test_an_error_of_the_engine_is_no_line() -> None:
    with pytest.raises(NotTheLog, match="Error grabbing logs"):
        split(frame(3, 1, b"Error grabbing logs: no such file or directory"))


def test_lines_that_the_engine_lost_lie_between_the_write_and_the_next_line_it_has(tmp_path: Path) -> None:
    began = BEGAN_NS / 1e9
    notes = f"> {began - 2} o 2 80\n< {began - 2} o 2 80\n> {began - 1} o 4 160\n< {began - 1} o 4 160\n"

    lines = out(box(tmp_path, notes, [line_of("g0s1", "o", 4)])).lines

    assert [line.is_kept for line in lines] == [False, False, False, True]
    assert [line.since for line in lines] == [began - 2, began - 2, began - 1, began]
    assert {line.until for line in lines} == {began}


def test_of_a_write_that_a_kill_cut_only_what_the_engine_has_was_written(tmp_path: Path) -> None:
    cut = line_of("g0s1", "o", 2)[:-3]

    found = out(box(tmp_path, f"> {BEGAN_NS / 1e9} o 900 80000\n", [line_of("g0s1", "o", 1), cut]))

    assert [line.said.event for line in found.lines] == ["moved", classify(cut)[0].event]


def test_of_a_write_that_a_kill_cut_nobody_is_sure_when_the_engine_has_discarded_what_was_before_it(
    tmp_path: Path,
) -> None:
    notes = "> 1 o 2 80\n< 1 o 2 80\n> 2 o 4 160\n"

    found = out(box(tmp_path, notes, []))

    assert [line.is_sure for line in found.lines] == [True, True, False, False]


def test_where_a_crashed_engine_goes_on_in_the_middle_of_a_line_that_is_a_line_of_its_own(tmp_path: Path) -> None:
    notes = f"> {BEGAN_NS / 1e9} o 3 150\n< {BEGAN_NS / 1e9} o 3 150\n"
    texts = [line_of("g0s1", "o", 1), b"noise without a name\n", line_of("g0s1", "o", 3)]

    runs = list(runs_of(box(tmp_path, notes, texts)))

    assert [(run.value, [line.said for line in run.lines]) for run in runs if not run.value] == [("", [Said()])]
    assert [line.is_kept for run in runs if run.value for line in run.lines] == [True, False, True]


def test_a_line_that_nobody_wrote_is_no_truth(tmp_path: Path) -> None:
    with pytest.raises(NotTheLog, match="the writer wrote"):
        list(runs_of(box(tmp_path, "> 1 o 1 30\n< 1 o 1 30\n", [b"g0s1o 1 something else\n"])))
