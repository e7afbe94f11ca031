"""The inbox takes everything at once and gives it back in bounds."""

from console.core.classify import Classifier
from console.core.counts import LinesCounted
from console.core.inputs import Input, OriginEnded, SampleSkipped, SourceChanged, SourceSeen
from console.core.rollout import EventRule
from console.core.words import SourceState
from console.inbox import ROWS_LIMIT, Counter, Inbox
from console.sources.base import Block

CLASSIFIER = Classifier({"refused": EventRule(match="refused")})


def block(first: int, number: int, origin: str = "c1") -> Block:
    keys = list(range(first, first + number))
    return Block("app", origin, "stdout", "app-1", "canary", keys, [float(key) for key in keys], [b"refused"] * number)


def test_what_repeats_itself_waits_once_however_late_it_is_taken() -> None:
    inbox = Inbox()
    for at in range(1000):
        inbox.post(SourceSeen(at, "app"))
        inbox.post(SourceSeen(at, "db"))
        inbox.post(SampleSkipped(at, "rate", times=2))
    inbox.post(SourceChanged(7.0, "app", SourceState.LIVE))

    assert inbox.drain() == [
        SourceChanged(7.0, "app", SourceState.LIVE),
        SourceSeen(999, "app"),
        SourceSeen(999, "db"),
        SampleSkipped(999, "rate", times=2000),
    ]
    assert inbox.drain() == []


def test_lines_merge_and_only_display_rows_drop() -> None:
    inbox = Inbox()
    counter = Counter(CLASSIFIER, {}, (), inbox.post, lambda: 5.0)
    for first in range(0, 1000, 100):
        counter.take(block(first, 100))
    counter.ended("app", "c1")

    lines, ended = inbox.drain()
    assert isinstance(lines, LinesCounted)
    assert (lines.after, lines.upto, lines.lines) == (-1, 999, 1000)
    assert sum(times for cell, times in lines.counts.items() if cell.event == "refused") == 1000
    assert (len(lines.rows), lines.rows_dropped) == (ROWS_LIMIT, 1000 - ROWS_LIMIT)
    assert ended == OriginEnded(5.0, "app", "c1")


def test_positions_of_what_never_comes_again_are_forgotten() -> None:
    posted: list[Input] = []
    counter = Counter(CLASSIFIER, {("app", "old", "stdout"): 9}, [("app", "old")], posted.append, lambda: 5.0)
    counter.take(block(0, 2))

    counter.forget([("app", "old")])

    assert counter.resume("app", "old", "stdout") == -1
    assert counter.resume("app", "c1", "stdout") == 1
    assert counter.known("app") == {"c1"}


def test_what_a_container_was_called_is_known_from_the_run_before() -> None:
    named = {("app", "c1"): ("app-1", "canary")}
    counter = Counter(CLASSIFIER, {}, (), lambda _: None, lambda: 5.0, named=named)

    assert counter.named("app", "c1") == ("app-1", "canary")
    assert counter.named("app", "c2") is None
