"""Which records a filter lets pass, and what is said of one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.actors import Actor
from console.core.journal import RecordFilter, actor_text, body_lines, found_in, record_json, said_of
from console.core.record import JournalRow, Record, canonical

AT = 1_795_219_200.0
ANNA = "anna@ops1 (pts/3)"
VERDICT = Record(AT, "verdict", "error_rate: CRITICAL, was OK: > 5%", {"metric": "error_rate", "value": 5.42})
ROLLBACK = Record(
    AT + 60,
    "action",
    f"Roll back begun by {ANNA}: error_rate CRITICAL",
    {"actor": ANNA, "reason": "error_rate CRITICAL", "steps": ["docker compose up -d"], "verdicts": {"leaks": "OK"}},
)
NOTE = Record(AT + 90, "note", "Ünrelated deploy", {"actor": "ben@ops2"})
JOURNAL = (VERDICT, ROLLBACK, NOTE)


def passing(wanted: RecordFilter) -> list[str]:
    return [record.kind for record in JOURNAL if wanted.passes(record)]


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        (RecordFilter(), ["verdict", "action", "note"]),
        (RecordFilter(text="critical"), ["verdict", "action"]),
        (RecordFilter(text="ÜNREL"), ["note"]),
        (RecordFilter(text="compose UP"), ["action"]),
        (RecordFilter(text="5.42"), ["verdict"]),
        (RecordFilter(kind="note"), ["note"]),
        (RecordFilter(kind="notes"), []),
        (RecordFilter(metric="error_rate"), ["verdict", "action"]),
        (RecordFilter(metric="error"), []),
        (RecordFilter(metric="leaks"), []),
        (RecordFilter(actor="ANNA@"), ["action"]),
        (RecordFilter(actor="ops"), ["action", "note"]),
        (RecordFilter(since=AT + 60), ["action", "note"]),
        (RecordFilter(text="critical", actor="ops", since=AT), ["action"]),
    ],
    ids=str,
)
def test_a_filter_lets_pass_what_it_says(wanted: RecordFilter, kinds: list[str]) -> None:
    assert passing(wanted) == kinds


@pytest.mark.parametrize(
    ("record", "actor"),
    [
        (VERDICT, ""),
        (ROLLBACK, ANNA),
        (Record(AT, "session", f"begun by {ANNA}", {"version": "0.1", "last_seen": None}), ANNA),
        (Record(AT, "session", f"taken up again by {ANNA} after 7 s", {"version": "0.1", "last_seen": 1.0}), ANNA),
        (Record(AT, "checklist", f"backup: done, by {ANNA}: by hand", {"item": "backup", "note": "by hand"}), ANNA),
        (Record(AT, "checklist", "backup: done, verified", {"item": "backup", "note": ""}), ""),
    ],
)
def test_who_a_record_is_of_is_known_in_old_sessions_too(record: Record, actor: str) -> None:
    assert actor_text(record) == actor


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["error_rate", "error", "p95", "p95.canary", "x-error_rate", "leaks"])
bodies = st.dictionaries(
    st.sampled_from(["metric", "actor", "reason", "values", "n"]),
    st.one_of(
        names, words, st.none(), st.integers(), st.lists(words, max_size=2), st.dictionaries(words, words, max_size=2)
    ),
)
records = st.builds(
    Record,
    st.floats(0, 4e9),
    st.sampled_from(["verdict", "note", "action", "session", "checklist"]),
    st.one_of(words, st.builds("{}: {} begun by {}@ops1".format, names, words, words)),
    bodies,
)
filters = st.builds(
    RecordFilter,
    text=st.one_of(st.just(""), words),
    kind=st.sampled_from(["", "verdict", "note"]),
    metric=st.one_of(st.just(""), names),
    actor=st.sampled_from(["", "ops", "a"]),
    since=st.one_of(st.none(), st.floats(0, 4e9)),
)


@given(st.lists(records, max_size=20), filters)
def test_a_filter_is_all_of_its_parts_and_a_stretch_at_a_time_finds_the_same(
    made: list[Record], wanted: RecordFilter
) -> None:
    rows = [JournalRow(seq, record, "") for seq, record in enumerate(made, 1)]
    parts = [
        RecordFilter(text=wanted.text),
        RecordFilter(kind=wanted.kind),
        RecordFilter(metric=wanted.metric),
        RecordFilter(actor=wanted.actor),
        RecordFilter(since=wanted.since),
    ]

    whole = found_in(rows, wanted, 1, len(rows))
    halves = [found_in(rows[:7], wanted, 1, 7), found_in(rows[7:], wanted, 8, len(rows))]

    assert list(whole.passed) == [row.seq for row in rows if all(part.passes(row.record) for part in parts)]
    assert whole.passed == halves[0].passed + halves[1].passed
    assert whole.kinds == {record.kind for record in made}
    assert whole.actors == {actor_text(record) for record in made} - {""}


@given(records, words)
def test_what_a_record_says_is_found_by_any_part_of_it(record: Record, word: str) -> None:
    longer = replace(record, text=record.text + word, body={**record.body, "reason": f"x {word}"})

    assert RecordFilter(text=word).passes(longer)
    assert RecordFilter(text=word.upper()).passes(longer) or word.upper().casefold() != word.casefold()
    assert RecordFilter(kind=record.kind, since=record.at).passes(longer)


@given(records)
def test_every_record_can_be_read_and_printed(record: Record) -> None:
    row = JournalRow(1, record, "f" * 64)

    said = record_json(row)

    assert record.text in said_of(record)
    assert canonical([said["seq"], said["at"], said["kind"], said["text"], said["body"]])
    assert all(isinstance(name, str) and isinstance(text, str) for name, text in body_lines(record))


def test_a_record_for_programs_has_who_it_is_of_in_parts() -> None:
    said = record_json(JournalRow(3, ROLLBACK, "f" * 64))

    assert said["actor"] == {"user": "anna", "host": "ops1", "tty": "pts/3", "acts_as": "", "came_from": "", "says": ""}
    assert said["time"] == "2026-11-21T00:01:00.000Z"
    assert record_json(JournalRow(1, VERDICT, ""))["actor"] is None
    assert Actor(**said["actor"]) == Actor("anna", "ops1", "pts/3")


def test_a_line_names_who_it_is_of_once() -> None:
    assert said_of(NOTE) == "Ünrelated deploy — ben@ops2"
    assert said_of(ROLLBACK).count("anna@ops1") == 1
    assert said_of(VERDICT) == VERDICT.text


def test_a_body_is_told_entry_by_entry() -> None:
    assert list(body_lines(ROLLBACK)) == [
        ("actor", ANNA),
        ("reason", "error_rate CRITICAL"),
        ("steps 1", "docker compose up -d"),
        ("verdicts leaks", "OK"),
    ]
    assert list(body_lines(Record(AT, "x", "", {"a": None, "b": 0, "c": True}))) == [
        ("a", "–"),
        ("b", "0"),
        ("c", "true"),
    ]
