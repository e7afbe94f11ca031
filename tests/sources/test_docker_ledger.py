"""Where the reading of a container's log stands, and how losses and lines that were put in are told."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.inputs import GapSuspected
from console.sources.base import Block, Standing
from console.sources.docker_clock import EngineClock
from console.sources.docker_find import Container
from console.sources.docker_halves import Stretch
from console.sources.docker_ledger import MARGIN_NS, SEEN_KEYS, Ledger, container_of, origin_of
from console.sources.docker_losses import Loss, Losses
from console.sources.docker_mending import Held
from tests.sources.sinks import Mailbox, RecordingSink

START_NS = 1_785_000_000 * 10**9
APP = Container("c0ffee", "app-1", "app:1", "canary", "running", has_terminal=False, caution="")


def clock_at(now_ns: int) -> EngineClock:
    clock = EngineClock(lambda: now_ns / 1e9)
    clock.measured(0.0)
    return clock


def ledger(sink: RecordingSink, *, now_ns: int = START_NS + 10**12, since_ns: int = 0) -> Ledger:
    return Ledger("app", APP, sink, clock_at(now_ns), since_ns, followed=lambda: 1)


def stretch(*keys: int, stream: str = "stdout", era: int = 0) -> Stretch:
    return Stretch(stream, [START_NS + key for key in keys], [b"%d" % key for key in keys], era)


def test_the_origin_of_a_later_era_is_still_the_same_container() -> None:
    assert origin_of("c0ffee", 0) == "c0ffee"
    assert origin_of("c0ffee", 2) == "c0ffee:2"
    assert {container_of(origin_of("c0ffee", era)) for era in range(3)} == {"c0ffee"}


def test_before_anything_was_counted_only_the_beginning_of_the_watch_matters() -> None:
    places = ledger(RecordingSink(), since_ns=START_NS).places()

    assert {name: (place.last, place.floor, place.is_awaited) for name, place in places.items()} == {
        "stdout": (-1, START_NS - 1, False),
        "stderr": (-1, START_NS - 1, False),
    }


def test_lines_are_counted_once_whoever_hands_them_over_again() -> None:
    sink = RecordingSink()
    book = ledger(sink)

    assert book.count([stretch(1, 2, 3), stretch(2, 5, stream="stderr")]) == 5
    assert book.count([stretch(2, 3, 4), stretch(5, stream="stderr")]) == 1

    assert sink.lines == [b"1", b"2", b"3", b"2", b"5", b"4"]
    assert sink.repeated == 0
    assert book.knows("stdout", START_NS + 2)
    assert not book.knows("stderr", START_NS + 3)


def test_a_console_that_comes_back_awaits_the_last_lines_of_streams_that_were_written_lately() -> None:
    sink = RecordingSink()
    ledger(sink).count([stretch(0, stream="stderr"), stretch(MARGIN_NS + 2)])

    book = ledger(sink, since_ns=START_NS + 10**11)

    places = book.places()
    assert places["stdout"].is_awaited
    assert not places["stderr"].is_awaited
    assert book.reach_ns == START_NS + 2
    book.caught_up(book.moment())
    assert book.reach_ns is None


def test_what_was_counted_when_the_clock_went_back_keeps_its_own_era() -> None:
    sink = RecordingSink()
    book = ledger(sink, now_ns=START_NS + 60)
    book.count([stretch(100, 101), stretch(101, stream="stderr"), stretch(40, 41, era=1)])

    again = ledger(sink, now_ns=START_NS + 60)

    assert sink.positions == {
        ("app", "c0ffee", "stdout"): START_NS + 101,
        ("app", "c0ffee", "stderr"): START_NS + 101,
        ("app", "c0ffee:1", "stdout"): START_NS + 41,
    }
    for each in (book, again):
        place = each.places()["stdout"]
        assert (place.last, place.era, place.by_order) == (START_NS + 41, 1, True)
        assert each.is_behind
    again.end()
    assert sink.gone == {"c0ffee", "c0ffee:1"}


def test_once_all_is_read_and_the_clock_is_past_where_it_was_keys_tell_again_what_is_new() -> None:
    clock = clock_at(START_NS + 10**10)
    book = Ledger("app", APP, RecordingSink(), clock, 0, followed=lambda: 1)
    before = book.moment()
    book.count([stretch(100), stretch(40, era=1)])
    assert book.is_behind

    book.caught_up(before)  # when the clock was measured, it was not known to have been set
    book.caught_up(book.moment())
    assert book.is_behind
    clock.measured(0.0)
    book.caught_up(before)
    assert book.is_behind
    book.caught_up(book.moment())

    assert not book.is_behind
    assert book.places()["stdout"].last == START_NS + 100
    book.doubt()
    assert book.is_behind


def test_when_nothing_of_what_was_counted_is_left_all_that_is_there_is_new() -> None:
    sink = RecordingSink()
    book = ledger(sink, now_ns=START_NS + 60)
    book.count([stretch(100), stretch(40, era=1)])

    book.give_up(["stdout"])

    place = book.places()["stdout"]
    assert (place.last, place.era, place.is_awaited) == (-1, 2, False)
    book.count([stretch(41, era=2)])
    assert book.places()["stdout"].last == START_NS + 41


def test_the_keys_that_are_kept_are_bounded() -> None:
    book = ledger(RecordingSink())
    for first in range(0, 3 * SEEN_KEYS, 500):
        book.count([stretch(*range(first, first + 500))])

    assert not book.knows("stdout", START_NS)
    assert book.knows("stdout", START_NS + 2 * SEEN_KEYS + 1_000)


def told(mail: Mailbox) -> list[tuple[object, ...]]:
    return [(gap.since, gap.until, gap.lines_at_most, gap.track) for gap in mail.gaps]


def test_losses_that_are_noted_together_are_told_as_one_with_a_bound_that_holds() -> None:
    mail = Mailbox()
    losses = Losses(Standing("app", mail.post), lambda duration_ns: duration_ns // 10**9)

    losses.note(Loss("rotated", 10 * 10**9, 12 * 10**9))
    losses.tell("app-1", "canary")
    losses.tell("app-1", "canary")
    for second in (20, 30, 40):
        losses.note(Loss("rotated", second * 10**9, (second + 3) * 10**9))
    losses.tell("app-1", "canary")
    losses.note(Loss("rotated", 50 * 10**9, None))
    losses.tell("app-1", "canary")

    assert told(mail) == [
        (10.0, 12.0, 2_000_001, "canary"),
        (20.0, 43.0, 9_000_003, "canary"),
        (50.0, None, None, "canary"),
    ]
    assert [gap.reason for gap in mail.gaps] == [
        "rotated; about 2 lines at its fastest pace so far",
        "rotated (3 times); about 9 lines at its fastest pace so far",
        "rotated",
    ]
    assert all(isinstance(each, GapSuspected) for each in mail.inputs)


def test_a_loss_is_told_before_the_lines_that_come_after_it_are_counted() -> None:
    sink, order = RecordingSink(), list[str]()
    book = ledger(sink)
    book.before_count = lambda: order.append(f"told with {len(sink.lines)} lines counted")

    book.count([stretch(1, 2), stretch(2)])

    assert order == ["told with 0 lines counted"], "and not again for what was counted before"


@given(
    written=st.lists(st.booleans(), min_size=1, max_size=80),
    came=st.sets(st.integers(min_value=0, max_value=79)),
    upto=st.integers(min_value=-1, max_value=80),
)
def test_lines_that_are_put_in_make_the_stream_whole_and_keep_its_order(
    written: list[bool], came: set[int], upto: int
) -> None:
    names = ["stderr" if is_error else "stdout" for is_error in written]
    held = Held()
    for name in ("stdout", "stderr"):
        held.add([stretch(*(at for at, each in enumerate(names) if each == name and at in came), stream=name)])
    here = len(held)

    found = held.put_in(
        stretch(*(at for at, each in enumerate(names) if each == name), stream=name) for name in ("stdout", "stderr")
    )

    assert here + found == len(names)
    given_first = held.take_upto(START_NS + upto)
    rest = held.take()
    assert len(held) == 0
    for name in ("stdout", "stderr"):
        lines = list(itertools.chain.from_iterable(s.lines for s in (*given_first, *rest) if s.stream == name))
        assert lines == [b"%d" % at for at, each in enumerate(names) if each == name]
    assert all(key <= START_NS + upto for s in given_first for key in s.keys)


def test_lines_that_were_put_in_before_they_came_over_the_stream_stay_in_order_and_are_there_once() -> None:
    held = Held()
    held.add([stretch(1, 10)])

    assert held.put_in([stretch(5, 10, 12, 14)], START_NS + 10) == 1
    held.add([stretch(12, 13, 14, 15)])

    (found,) = held.take()
    assert found.keys == [START_NS + key for key in (1, 5, 10, 12, 13, 14, 15)]


def test_what_was_held_is_given_so_that_a_console_killed_in_between_misses_nothing_of_the_other_stream() -> None:
    held = Held()
    every_s = [second * 10**9 for second in range(60)]
    held.add([stretch(*every_s), stretch(*(key + 5 for key in every_s), stream="stderr")])

    for stretches in (held.take_upto(START_NS + 40 * 10**9), held.take()):
        sink = RecordingSink()
        book = ledger(sink)
        book.count([stretch(-1), stretch(-1, stream="stderr")])
        for each in stretches:
            book.count([each])
            given = {name: sink.positions["app", "c0ffee", name] for name in ("stdout", "stderr")}
            first = min(stretches[0].keys[0], stretches[1].keys[0])
            assert abs(max(given["stdout"], first) - max(given["stderr"], first)) < MARGIN_NS


def test_lines_that_could_not_be_handed_over_come_again() -> None:
    class Full(RecordingSink):
        is_full = True

        def take(self, block: Block) -> None:
            if self.is_full:
                raise OSError("no space left on device")
            super().take(block)

    sink = Full()
    book = ledger(sink)

    with pytest.raises(OSError, match="no space"):
        book.count([stretch(1, 2)])
    assert not book.knows("stdout", START_NS + 1)
    sink.is_full = False
    book.count([stretch(1, 2)])

    assert sink.lines == [b"1", b"2"]


def test_of_a_line_of_which_only_a_part_came_the_whole_is_taken() -> None:
    held = Held()
    held.add([Stretch("stdout", [1, 5], [b"one", b"only a part"])])

    held.put_in([Stretch("stdout", [3, 5], [b"three", b"the whole of it, and not only a part"])])

    (found,) = held.take()
    assert found.lines == [b"one", b"three", b"the whole of it, and not only a part"]
