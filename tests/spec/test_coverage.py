"""The coverage table: every line of every plan is accounted for, and what it names is in the shipped files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from console.core.rollout import Rollout
from console.spec.files import shipped
from console.spec.load import load
from queries.loader import QueryFileError, load_query

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "coverage.md"
OURS = "ours"
LEAST_REASON = 20
"""Characters of a reason that says something."""

_SECTION = re.compile(r"^## (?P<rollout>[a-z-]+): (?P<lines>\d+) lines$")
_ROW = re.compile(r"^\| (?P<lines>ours|[\d, -]+) \|(?P<asks>[^|]*)\|(?P<served>[^|]*)\|$")
_REFERENCE = re.compile(r"`(?P<kind>[a-z-]+):(?P<name>[^`]+)`")


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    lines: str
    """Ranges such as `12-14, 20`, or `ours`."""
    asks: str
    served: str
    at: int
    """Its own line, for messages."""

    @property
    def numbers(self) -> Iterator[int]:
        for part in self.lines.split(", "):
            first, _, last = part.partition("-")
            yield from range(int(first), int(last or first) + 1)

    @property
    def references(self) -> list[tuple[str, str]]:
        return [(found["kind"], found["name"]) for found in _REFERENCE.finditer(self.served)]


@dataclass(frozen=True)
class Section:
    """The part of the table that is about one plan."""

    rollout: str
    lines: int
    rows: tuple[Row, ...]


def sections_of(text: str) -> dict[str, Section]:
    found: dict[str, tuple[int, list[Row]]] = {}
    name = ""
    for at, line in enumerate(text.splitlines(), start=1):
        if heading := _SECTION.match(line):
            name = heading["rollout"]
            found[name] = (int(heading["lines"]), [])
        elif name and line.startswith("|") and not line.startswith(("| lines |", "|---")):
            row = _ROW.match(line)
            assert row is not None, f"line {at} of the table is no row: {line}"
            found[name][1].append(Row(row["lines"], row["asks"].strip(), row["served"].strip(), at))
    return {rollout: Section(rollout, lines, tuple(rows)) for rollout, (lines, rows) in found.items()}


SECTIONS = sections_of(TABLE.read_text(encoding="utf-8"))


@cache
def rollout_of(name: str) -> Rollout:
    return load(name, {}).rollout


def items_of(rollout: Rollout) -> set[str]:
    phases = [item for phase in rollout.phases for item in (*phase.prerequisites, *phase.checklist)]
    return {item.id for item in (*phases, *(item for window in rollout.validation for item in window.checklist))}


def known_of(rollout: Rollout) -> dict[str, set[str]]:
    """Return the names of each kind that a row may refer to."""
    incidents = rollout.incidents
    return {
        "metric": set(rollout.metrics),
        "event": set(rollout.events),
        "source": set(rollout.sources),
        "item": items_of(rollout),
        "phase": {phase.name for phase in rollout.phases},
        "window": {window.name for window in rollout.validation},
        "pause": {text.split()[0] for phase in rollout.phases for text in phase.pause},
        "sign-off": {sign.role for phase in rollout.phases for sign in phase.sign_off},
        "action": set(rollout.actions),
        "alert": set(rollout.alerts.templates),
        "route": {route.severity for route in rollout.alerts.routes},
        "slo": set(rollout.slo),
        "view": set(rollout.views),
        "kpi": set(rollout.kpis),
        "incident": {str(rule.severity) for rule in incidents.severities} if incidents else set(),
        "role": set(incidents.roles) if incidents else set(),
        "step": {step.id for step in incidents.procedure} if incidents else set(),
    }


def is_query(rollout: str, name: str) -> bool:
    try:
        load_query(rollout, name, Path("/nowhere"))
    except QueryFileError:
        return False
    return True


def missing_from(section: Section) -> list[str]:
    """Return what the rows refer to and is not there."""
    known = known_of(rollout_of(section.rollout))
    missing = []
    for row in section.rows:
        for kind, name in row.references:
            if kind == "query":
                is_there = is_query(section.rollout, name)
            elif kind == "docs":
                is_there = (ROOT / name.partition("#")[0]).is_file()
            else:
                is_there = name in known.get(kind, ())
            if not is_there:
                missing.append(f"docs/coverage.md:{row.at}: there is no {kind} {name}")
    return missing


def unaccounted_for(section: Section) -> str:
    """Return what is wrong with the ranges: a line that no row has, that two have, or that the plan has not."""
    seen: dict[int, int] = {}
    for row in section.rows:
        for number in () if row.lines == OURS else row.numbers:
            if number in seen:
                return f"line {number} stands in rows {seen[number]} and {row.at}"
            seen[number] = row.at
    holes = set(range(1, section.lines + 1)) ^ set(seen)
    return f"lines {sorted(holes)} are in no row, or beyond the plan" if holes else ""


def test_every_shipped_rollout_has_its_plan_in_the_table() -> None:
    assert set(SECTIONS) == set(shipped())


@pytest.mark.parametrize("name", SECTIONS)
def test_every_line_of_a_plan_is_in_exactly_one_row(name: str) -> None:
    assert unaccounted_for(SECTIONS[name]) == ""


@pytest.mark.parametrize("name", SECTIONS)
def test_what_a_row_names_is_in_the_shipped_file(name: str) -> None:
    assert missing_from(SECTIONS[name]) == []


@pytest.mark.parametrize("name", SECTIONS)
def test_a_row_names_what_serves_it_or_says_why_nothing_does(name: str) -> None:
    for row in SECTIONS[name].rows:
        _, is_told, reason = row.served.partition("not served: ")
        if is_told:
            assert len(reason) >= LEAST_REASON, f"docs/coverage.md:{row.at}: say why"
        elif row.served != "text":
            assert row.references, f"docs/coverage.md:{row.at}: nothing is named"
            assert row.asks, f"docs/coverage.md:{row.at}: say what is asked"


@pytest.mark.parametrize("name", SECTIONS)
def test_everything_that_a_shipped_file_has_is_in_the_table(name: str) -> None:
    known = known_of(rollout_of(name))
    named = {reference for row in SECTIONS[name].rows for reference in row.references}

    wanted = {(kind, found) for kind in ("metric", "item", "action", "alert", "view", "kpi") for found in known[kind]}

    assert sorted(wanted - named) == []


def test_the_table_says_when_it_is_wrong() -> None:
    table = """## tool-history: 5 lines

| lines | asks for | served by |
|---|---|---|
| 1-2 | nothing | text |
| 2 | a health check | `metric:health` `metric:no_such_metric` `query:no_such_query` `docs:docs/nothing.md` |
"""

    section = sections_of(table)["tool-history"]
    once = Section("tool-history", 5, section.rows[:1])

    assert unaccounted_for(section) == "line 2 stands in rows 5 and 6"
    assert unaccounted_for(once) == "lines [3, 4, 5] are in no row, or beyond the plan"
    assert missing_from(section) == [
        "docs/coverage.md:6: there is no metric no_such_metric",
        "docs/coverage.md:6: there is no query no_such_query",
        "docs/coverage.md:6: there is no docs docs/nothing.md",
    ]
