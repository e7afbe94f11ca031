"""The comparison finds each kind of error, and lets pass only what a gap tells of."""

from collections.abc import Callable, Sequence
from pathlib import Path

from console.core.classify import Classifier
from console.core.rollout import EventRule
from console.core.tally import count_lines
from tests.faults.comparing import Comparison, Counted, Gap, compare
from tests.faults.rules import NUMBER, PATTERNS, SOURCE, said_by
from tests.faults.truth import Box, Line, RunStream
from tests.faults.writer import line_of

AT = 1_785_765_807
CLASSIFIER = Classifier(
    {event: EventRule(kind="fault", match=p, number=NUMBER.get(event)) for event, p in PATTERNS.items()}
)


def counted_of(numbers: Sequence[int], at: Callable[[int], float]) -> Counted:
    """What a session has that counted these lines, each at its time."""
    counted = count_lines(
        CLASSIFIER,
        at=AT,
        source=SOURCE,
        origin="abc",
        stream="stdout",
        name="shop",
        track="canary",
        after=-1,
        keys=range(1, len(numbers) + 1),
        times=[at(number) for number in numbers],
        lines=[line_of("g0s1", "o", number).rstrip() for number in numbers],
    )
    totals: dict[tuple[str, str], int] = {}
    for cell, n in counted.counts.items():
        if cell.bin == 0:
            totals[cell.track, cell.event] = totals.get((cell.track, cell.event), 0) + n
    return Counted(counted.lines, counted.unclassified, totals, counted.labels, list(counted.counts.items()))


def second(number: int) -> float:
    """A hundred lines a second."""
    return AT + number / 100


def compared(
    counted: Sequence[int],
    *gaps: Gap,
    lost: range = range(0),
    unsure: range = range(0),
    at: Callable[[int], float] = second,
) -> Comparison:
    """A thousand lines were written; the engine has lost some of them, and these were counted."""
    box = Box("g0", "canary", Path(), 0, id="abc" * 8, names={"shop"})
    lines = [
        Line(
            said_by(number),
            second(number) - 0.2 * (number in lost),
            second(number),
            is_kept=number not in lost,
            is_sure=number not in unsure,
        )
        for number in range(1, 1001)
    ]
    return compare([box], [RunStream("g0s1o", "canary", box.id, lines)], counted_of(counted, at), gaps)


def gap(since: float, until: float, *, name: str = "shop", lines_at_most: int | None = None) -> Gap:
    return Gap(name, AT + since, AT + until, lines_at_most, "rotated")


ALL = range(1, 1001)
WITHOUT = [number for number in ALL if not 300 <= number < 340]
ROTATED = range(300, 340)


def test_counts_that_are_right_are_right() -> None:
    found = compared(ALL)

    assert found.problems == []
    assert (found.written, found.kept, found.counted, found.lost, found.double) == (1000, 1000, 1000, 0, 0)


def test_one_line_too_few_is_lost_and_no_gap_excuses_it_while_the_engine_has_it() -> None:
    for gaps in ((), (gap(0, 10),)):
        found = compared([number for number in ALL if number != 500], *gaps)

        assert found.lost == 1
        assert found.problems


def test_one_line_too_many_is_double() -> None:
    found = compared([*ALL, 500], gap(0, 10))

    assert (found.double, found.lost) == (1, 0)
    assert found.problems


def test_a_line_lost_and_another_one_double_do_not_make_up_for_each_other() -> None:
    found = compared([100 if number == 900 else number for number in ALL])

    assert found.lost
    assert found.double


def test_a_line_that_counts_in_another_second_is_wrong() -> None:
    assert compared(ALL, at=lambda number: second(number) + (number == 500)).problems


def test_a_line_that_no_rule_names_is_missed_too() -> None:
    assert compared([number for number in ALL if number != 7]).problems


def test_what_the_engine_lost_may_be_missing_in_a_gap_that_tells_of_it() -> None:
    found = compared(WITHOUT, gap(2.9, 3.4, lines_at_most=40), lost=ROTATED)

    assert found.problems == []
    assert found.lost == 0
    assert found.excused == sum(bool(said_by(number).event) for number in ROTATED)


def test_what_the_engine_lost_may_have_been_counted_before() -> None:
    assert compared(ALL, lost=ROTATED).problems == []


def test_what_nobody_is_sure_was_written_may_be_counted_once_and_need_not_be() -> None:
    for counted in (ALL, range(1, 981), range(1, 986)):
        found = compared(counted, lost=range(981, 1001), unsure=range(981, 1001))

        assert (found.problems, found.written) == ([], 980)
    assert compared([*ALL, 990], lost=range(981, 1001), unsure=range(981, 1001)).double == 1
    assert compared(range(1, 980), lost=range(981, 1001), unsure=range(981, 1001)).lost == 1


def test_what_the_engine_lost_without_a_gap_is_lost() -> None:
    assert compared(WITHOUT, lost=ROTATED).lost == 40


def test_a_gap_of_another_container_or_another_time_excuses_nothing() -> None:
    for elsewhere in (gap(2.9, 3.4, name="other"), gap(6.0, 9.0), gap(0.0, 2.0)):
        assert compared(WITHOUT, elsewhere, lost=ROTATED).problems


def test_more_lines_missing_than_the_bound_of_the_gap_are_wrong() -> None:
    found = compared(WITHOUT, gap(2.9, 3.4, lines_at_most=20), lost=ROTATED)

    assert any("at most 20" in problem for problem in found.problems)
