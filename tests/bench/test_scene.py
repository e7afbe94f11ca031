"""The benches compare like with like."""

import os
from pathlib import Path

import pytest

from console.core.classify import Classifier
from console.spec.load import load
from tests.bench.counters import TOTAL, Contender, contenders
from tests.bench.measure import run_whole
from tests.bench.scene import PATTERNS, some_lines, write_log, write_rollout
from tests.bench.table import Table

LINES = 20_000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "scene.log"


def test_the_log_has_as_many_lines_of_each_class_as_it_says(tmp_path: Path, log: Path) -> None:
    said = write_log(log, LINES)
    rules = load(str(write_rollout(tmp_path)), os.environ).rollout.events

    named = Classifier(rules).named(log.read_bytes().splitlines()).matches.values()

    assert {event: sum(match.event == event for match in named) for event in PATTERNS} == said
    assert LINES * 0.09 < sum(said.values()) < LINES * 0.11


def test_the_log_is_the_same_every_time(log: Path) -> None:
    write_log(log, 1000)

    assert log.read_bytes() == some_lines(1000)


def test_every_program_that_is_compared_counts_what_the_log_has(tmp_path: Path, log: Path) -> None:
    said = write_log(log, LINES)

    counted = {one.name: _counts(one) for one in contenders(log, tmp_path)}

    assert counted == {name: _expected(found, said) for name, found in counted.items()}


def test_a_table_is_the_same_for_people_and_for_the_readme() -> None:
    table = Table("what", ("", "time", "asked"), (("one", "1 s", ""), ("another", "2 s", "1 s")), ("a note",))

    assert table.as_text().splitlines() == [
        "what",
        "           time  asked",
        "  one       1 s",
        "  another   2 s    1 s",
        "  (a note)",
    ]
    assert table.as_markdown().splitlines() == [
        "| what | time | asked |",
        "|---|--:|--:|",
        "| one | 1 s |  |",
        "| another | 2 s | 1 s |",
        "",
        "A note.",
    ]


def _counts(contender: Contender) -> dict[str, int]:
    return contender.counts(run_whole(contender.command, contender.env).output)


def _expected(found: dict[str, int], said: dict[str, int]) -> dict[str, int]:
    return {TOTAL: sum(said.values())} if set(found) == {TOTAL} else said
