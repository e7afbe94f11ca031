"""What a journal tells of a shift, and the summary for the next one."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.chronicle import Chronicle, Told, Turn, since
from console.core.frame import AlertView, Clause, SilenceView
from console.core.handover import LINES, Handover, handover_of, turns_text
from console.core.handover_text import handover_json, handover_md, handover_text
from console.core.inputs import GapSuspected, ItemTicked, NoteWritten, SignedOff
from console.core.progress import WindowView
from console.core.record import Record
from console.core.report import report_of
from console.core.report_md import report_md
from console.core.retold import chronicle_of
from console.core.words import Outcome
from console.reading import read_export, read_handover
from tests import frames, incidents
from tests.exports import chronicle
from tests.frame_parts import AT
from tests.recordings import ANNA, START, answer, lines, live, record

SHIFT_S = 8 * 3600.0


def summary(**more: object) -> Handover:
    frame = replace(frames.healthy(), **more)  # type: ignore[arg-type]
    happened = since(chronicle(), AT - SHIFT_S)
    return handover_of(frame, happened, since=AT - SHIFT_S, at=AT, holder="anna@ops1")


def verdict(at: float, metric: str, before: str, after: str) -> Turn:
    return Turn(at, metric, before, after, f"because {after}")


# -- what changed ----------------------------------------------------------------------------------------------------


def test_few_changes_of_a_verdict_are_told_one_by_one_and_many_as_their_worst() -> None:
    turns = [verdict(AT - 600, "latency", "OK", "WARNING"), verdict(AT - 300, "latency", "WARNING", "OK")]
    for number in range(10):
        before, after = ("OK", "WARNING") if number % 2 == 0 else ("WARNING", "OK")
        turns.append(verdict(AT - 1000 + number, "flapping", before, "CRITICAL" if number == 4 else after))

    said = list(turns_text(turns, AT))

    assert said == [
        "flapping: 10 changes, worst CRITICAL 13:46 (because CRITICAL); OK since 13:46",
        "latency: OK → WARNING 13:53 → OK 13:58 (because OK)",
    ]


def test_what_happened_before_the_shift_is_left_out() -> None:
    old = Told(AT - SHIFT_S - 1, "note", "long ago", "li@ops2")
    happened = since(replace(chronicle(), deeds=(old, *chronicle().deeds)), AT - SHIFT_S)

    found = handover_of(frames.healthy(), happened, since=AT - SHIFT_S, at=AT, holder="anna@ops1")

    groups = {group.title: group.lines for group in found.changed}
    assert groups["Notes"] == ("13:56  the payment provider announced maintenance — li@ops2",)
    assert groups["Verdicts"] == ("error_rate: OK → WARNING 11:33 → CRITICAL 13:59 (> 5% for 5m)",)
    assert groups["Messages that nobody took"] == ("11:33  slack GIVEN UP after 5 attempts: refused",)
    assert "Phases" not in groups or not any("Canary 5%" in line for line in groups["Phases"])


def test_a_first_measurement_that_was_well_is_no_news_and_one_that_was_not_is() -> None:
    turns = (
        verdict(AT - 900, "latency", "UNKNOWN", "OK"),
        verdict(AT - 899, "errors", "UNKNOWN", "WARNING"),
        verdict(AT - 898, "memory", "UNKNOWN", "OFF TARGET"),
        verdict(AT - 600, "memory", "OFF TARGET", "UNKNOWN"),
        verdict(AT - 300, "memory", "UNKNOWN", "OK"),
    )

    told = since(Chronicle(turns=turns), AT - SHIFT_S)

    assert [line.partition(" (")[0] for line in turns_text(told.turns, AT)] == [
        "errors: UNKNOWN → WARNING 13:48",
        "memory: OFF TARGET → UNKNOWN 13:53 → OK 13:58",
    ]


def test_a_long_group_keeps_its_newest_lines_and_says_how_many_are_left_out() -> None:
    deeds = tuple(Told(AT - 1000 + number, "note", f"note {number}", "li@ops2") for number in range(100))

    found = handover_of(frames.healthy(), Chronicle(deeds=deeds), since=AT - SHIFT_S, at=AT, holder="x")

    (notes,) = found.changed
    assert notes.lines[0] == f"{100 - LINES} earlier ones are in the journal"
    assert notes.lines[-1].endswith("note 99 — li@ops2")


# -- what is open ----------------------------------------------------------------------------------------------------


def test_what_is_open_comes_with_the_most_urgent_first() -> None:
    alerts = (
        AlertView("p95_latency", "warning", "p95_latency WARNING", AT - 600),
        AlertView("error_rate", "critical", "error_rate CRITICAL", AT - 300),
        AlertView("isolation", "critical", "isolation CRITICAL", AT - 900, why="acknowledged by li@ops2: on it"),
    )

    said = summary(alerts=alerts).open

    assert said[:3] == (
        "alert critical: error_rate CRITICAL, since 13:58; nobody takes care of it",
        "alert warning: p95_latency WARNING, since 13:53; nobody takes care of it",
        "alert critical: isolation CRITICAL, since 13:48; acknowledged by li@ops2: on it",
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "checklist: Runbook link posted to the channel (c)"),
        ({"phase": replace(frames.healthy().phase, clauses=())}, "why nothing is known of coherence (w)"),
        ({"phase": replace(frames.healthy().phase, clauses=()), "panels": ()}, "nothing presses"),
        ({"panels": frames.regression().panels}, "why error_rate is CRITICAL (w; i asks "),
        ({"attempts": frames.rolling_back().attempts}, "Roll back to 0%, which is running (o)"),
        ({"alerts": (AlertView("db", "blind", "db does not answer", AT - 9),)}, "the alert of db (a)"),
    ],
)
def test_what_to_look_at_first_is_named_with_its_key(more: dict[str, object], expected: str) -> None:
    assert summary(**more).look.startswith(expected)


def test_people_who_are_waited_for_are_named() -> None:
    clause = Clause("Runbook posted", False, "checklist", "runbook", waits_for="somebody to tick it")
    met = Clause("Backed up", True, "checklist", "backup")
    phase = replace(frames.healthy().phase, clauses=(clause, met))

    assert "Runbook posted (waits for somebody to tick it)" in summary(phase=phase).open
    assert not any("Backed up" in line for line in summary(phase=phase).open)


def test_that_nobody_watches_is_the_first_thing_said() -> None:
    found = handover_of(frames.healthy(), Chronicle(), since=AT - SHIFT_S, at=AT + 7200, holder="")

    assert found.open[0].startswith("nobody watches the rollout: rollout-console watch")
    assert found.look == f"begin to watch: rollout-console watch {found.rollout}"
    assert found.now[-1] == "NOBODY WATCHES: the last word is of 14:03"


def test_an_incident_that_nobody_took_comes_before_everything_also_while_nobody_watches() -> None:
    frame = incidents.fresh().frame()

    found = handover_of(frame, Chronicle(), since=AT - SHIFT_S, at=AT, holder="")

    assert found.look.startswith("incident 1, severity 1, which nobody took (5); nobody watches: rollout-console watch")
    assert "NOBODY HAS RESPONDED" in found.open[0]
    assert found.open[1].startswith("nobody watches the rollout")


# -- what is to come -------------------------------------------------------------------------------------------------


def test_what_is_expected_stands_in_order_of_time_and_what_is_over_is_left_out() -> None:
    window = WindowView(
        "0-4 h", 0, 14_400, AT - 7200, AT + 7200, "running", "", None, ("error_rate",), 1.0, 0, 0, is_past=False
    )
    silences = (
        SilenceView("s1", "p95*", "warning", AT + 600, "li@ops2", "the fix is on its way"),
        SilenceView("s2", "*", "", AT - 1, "li@ops2", "over"),
    )
    soak = Clause("1h of soak left", False, "soak", expected_s=3600.0)
    phase = replace(frames.healthy().phase, clauses=(soak,), earliest=AT + 3600, holds=())

    found = summary(validation=(window,), silences=silences, phase=phase).ahead

    assert [(one.at - AT, one.text) for one in found] == [
        (600, "the silence of warning p95* is over, made by li@ops2: the fix is on its way"),
        (3600, "Canary 10% may be left, at the soonest"),
        (3600, "the soak of 2d is over"),
        (7200, "validation 0-4 h ends"),
    ]


# -- the forms -------------------------------------------------------------------------------------------------------


def test_the_three_forms_say_the_same() -> None:
    found = summary()

    text, said = handover_text(found), handover_json(found)

    for line in (*found.now, *found.open, *(line for group in found.changed for line in group.lines)):
        assert line in text
    assert said["verdict"] == "OK"
    assert said["open"] == list(found.open)
    assert handover_md(found).startswith(
        "# Stateless orchestration: handover\n\n2026-03-02 06:03:27 UTC to 2026-03-02 14"
    )


def test_hostile_text_is_inert_in_all_of_them() -> None:
    happened = frames.poisoned(chronicle())
    found = handover_of(frames.hostile(), happened, since=AT - SHIFT_S, at=AT, holder=frames.HOSTILE)

    for form in (handover_text(found), handover_md(found)):
        assert not {"\x1b", "\x07", "\u202e", "\x00", "\r"} & set(form)
    json.dumps(handover_json(found), allow_nan=False)
    assert "<" not in handover_md(found).replace("&lt;", "")


# -- what the journal tells ------------------------------------------------------------------------------------------


def records(folder: Path) -> None:
    """Record five minutes: failures, a note, ticks, a gap, an advance without its soak."""
    given = [*live(START + 0.4), answer(START + 2, 0.0), answer(START + 7, 0.0)]
    for second in range(1, 100):
        failed = 5 if 30 <= second < 60 else 0
        given.append(lines(int(START) + second, failed=failed, served=10))
        if second % 5 == 0 and second > 10:
            given.append(answer(START + second + 0.5, 0.0))
    given += [
        NoteWritten(START + 40, ANNA, "the shop is slow"),
        GapSuspected(START + 50, "app", "shop-1", "it was rotated", START + 44, START + 49, 12, "canary"),
        ItemTicked(START + 60, "backup", True, ANNA, "by hand", "Canary 10%"),
        SignedOff(START + 61, "lead", ANNA),
        ActionStarted(
            START + 80, "a1", "on", "advance", "Advance", ANNA, "it is time", 100.0, 1, (), "1m of soak left"
        ),
        ActionEnded(START + 81, "a1", Outcome.DONE),
    ]
    record(folder, (START, 120, given))


def test_the_chronicle_of_a_recorded_session_has_phases_evidence_and_who_did_what(tmp_path: Path) -> None:
    records(tmp_path / "s")

    export = read_export(tmp_path / "s", "s", "")

    first, second = export.chronicle.spans
    assert (first.name, first.since, first.until) == ("Canary 10%", START, START + 81)
    assert (second.name, second.until) == ("All", None)
    assert second.advance is not None
    assert (second.advance.reason, second.advance.without) == ("it is time", "1m of soak left")
    known = {one.metric: one for one in second.advance.evidence}
    assert (known["leaks"].verdict, known["leaks"].value) == ("OK", "0")
    assert known["failures"].verdict in ("OK", "OFF TARGET", "WARNING", "CRITICAL")
    assert [one.after for one in export.chronicle.turns if one.metric == "failures"][:3] == [
        "OK",
        "OFF TARGET",
        "WARNING",
    ]
    assert [one.text for one in export.chronicle.deeds if one.kind == "note"] == ["the shop is slow"]
    assert len(export.chronicle.gaps) == 1
    report = report_md(report_of(export))
    assert "### On what All was entered" in report
    assert "Without 1m of soak left." in report


def test_the_handover_of_a_recorded_session_is_of_the_time_that_was_asked_for(tmp_path: Path) -> None:
    records(tmp_path / "s")

    late = read_handover(tmp_path / "s", "s", "anna@ops1", since_s=60, at=START + 130)
    all_of_it = read_handover(tmp_path / "s", "s", "", since_s=600, at=START + 130)

    titles = [group.title for group in late.changed]
    assert "Notes" not in titles
    assert "Phases" in titles
    assert {"Notes", "Gaps in monitoring", "Checklists and sign-offs", "Verdicts"} <= {
        one.title for one in all_of_it.changed
    }
    assert late.now[1] == "phase All, 2 of 2, since 00:01"


@pytest.mark.parametrize(
    ("form", "begins"), [((), "The new shop: handover, "), (("--md",), "# The new shop: handover")]
)
def test_the_whole_program_prints_the_handover_of_a_session(tmp_path: Path, form: tuple[str, ...], begins: str) -> None:
    records(tmp_path / "s")

    ran = subprocess.run(
        [sys.executable, "-m", "console", "handover", str(tmp_path / "s"), "--since", "9000d", *form],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"ROLLOUT_CONSOLE_STATE": str(tmp_path / "state"), "PATH": "/usr/bin:/bin"},
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(begins)
    assert "the shop is slow" in ran.stdout
    assert "NOBODY WATCHES" in ran.stdout


def test_without_a_session_the_program_says_so(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "console", "handover"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"ROLLOUT_CONSOLE_STATE": str(tmp_path / "state"), "PATH": "/usr/bin:/bin"},
    )

    assert (ran.returncode, ran.stdout) == (4, "")
    assert "no session on this machine" in ran.stderr


KINDS = st.sampled_from(["verdict", "phase", "action", "override", "gap", "note", "alert", "told", "left out", "odd"])
BODIES = st.dictionaries(
    st.sampled_from(["metric", "from", "to", "phase", "name", "kind", "attempt", "verdicts", "values", "actor", "slo"]),
    st.one_of(st.just("advance"), st.just("OK"), st.text(max_size=3)),
    max_size=4,
)


@given(st.lists(st.tuples(st.floats(0, 1e4), KINDS, BODIES), max_size=20), st.floats(0, 1e4))
def test_any_journal_can_be_told_and_a_later_beginning_tells_no_more(
    told: list[tuple[float, str, dict[str, str]]], at: float
) -> None:
    known = [
        Record(
            when, kind, "said", {name: {} if name in ("verdicts", "values") else said for name, said in body.items()}
        )
        for when, kind, body in sorted(told, key=lambda one: one[0])
    ]

    found = chronicle_of(known, "first", {})

    assert len(found.turns) == sum(record.kind == "verdict" for record in known)
    for whole, part in zip(parts(found), parts(since(found, at)), strict=True):
        assert set(part) <= set(whole)
        assert all(one.at >= at for one in part)


def parts(found: Chronicle) -> tuple[tuple[Turn | Told, ...], ...]:
    return (found.turns, found.deeds, found.alerts, found.undelivered, found.incidents, found.gaps, found.sources)
