"""What a phase waits for before it may be left: its soak, its metrics, its checklist, and how long that may take."""

import random
from dataclasses import replace

import pytest

from console.core.inputs import Input, SampleFailed, SessionOpened, TimePassed
from console.core.outlook import with_time
from console.core.phases import clauses
from tests.core.phased import ANNA, START, advanced, again, begun, clause_of, counted, errors, frame_of, rollout, run
from tests.core.taken_up import taken_up


def test_the_soak_that_is_left_is_told_as_a_time_of_day() -> None:
    state = begun()
    run(state, 0, 600)

    frame = frame_of(state, 600)

    soak = clause_of(frame, "soak")
    assert (soak.text, soak.expected_s) == ("50m of soak left", 3000)
    assert with_time(soak, frame.at) == "50m of soak left, earliest 01:00"
    assert frame.phase.outlook == "earliest 01:00, waiting for checklist backup, sign-off lead"
    assert frame.phase.earliest == START + 3600


def test_when_only_the_soak_is_missing_the_outlook_waits_for_nothing_else() -> None:
    state = begun(rollout(phases=[{"name": "A", "traffic": "10%", "soak": "1h", "advance": ["errors"]}]))
    run(state, 0, 60)

    assert frame_of(state, 60).phase.outlook == "earliest 01:00, waiting for soak"


def test_a_metric_that_is_not_ok_is_named_with_its_number_and_why() -> None:
    state = begun()
    run(state, 0, 20, share=7.0)

    frame = frame_of(state, 20)

    assert clause_of(frame, "metric", "errors").text == "errors is CRITICAL, 7 %: > 5%"
    assert frame.phase.outlook.startswith("the soak stands, waiting for errors, checklist backup")
    assert frame.phase.earliest is None


def test_too_few_samples_are_expected_by_the_rate_at_which_they_come() -> None:
    state = begun()
    for second in range(10, 310, 10):
        state.apply(errors(START + second, samples=second))
        state.apply(TimePassed(START + second))

    clause = clause_of(frame_of(state, 300), "metric", "errors")

    assert clause.text == "errors is UNKNOWN: 300 of 1,000 samples"
    assert clause.expected_s == pytest.approx(700, rel=0.02)


def test_a_verdict_that_is_only_held_is_expected_to_end_with_keep_for() -> None:
    state = begun()
    run(state, 0, 20, share=7.0)
    run(state, 20, 50, share=0.1)

    clause = clause_of(frame_of(state, 50), "metric", "errors")

    assert not clause.is_met
    assert clause.expected_s == pytest.approx(100)


def test_a_checklist_item_and_a_sign_off_say_who_they_wait_for() -> None:
    frame = frame_of(begun(), 0)

    assert clause_of(frame, "checklist", "backup").waits_for == "somebody to tick it"
    assert clause_of(frame, "sign-off", "lead").waits_for == "lead"


def test_evidence_adds_a_clause_of_its_own() -> None:
    state = begun()
    standing = replace(
        state.standing(), unproven={"errors": "errors not proven not 1.5x worse"}, proven_in={"errors": 720.0}
    )

    found = clauses(state.phase, state.rollout.phases[0], standing)

    proof = next(one for one in found if one.kind == "evidence")
    assert (proof.text, proof.is_met, proof.ref, proof.expected_s) == (
        "errors not proven not 1.5x worse",
        False,
        "errors",
        720.0,
    )


def test_a_query_that_died_is_no_soak_and_a_value_that_grew_old_neither() -> None:
    state = begun()
    run(state, 0, 100)
    state.apply(SampleFailed(START + 101, "errors", "connection refused", 0.1))
    for second in range(101, 200):
        state.apply(TimePassed(START + second))

    assert state.phase.soaked_s == pytest.approx(101)
    assert frame_of(state, 199).phase.stops[0].text == "errors is BROKEN"

    silent = begun()
    run(silent, 0, 100)
    for second in range(101, 400):
        silent.apply(TimePassed(START + second))

    assert silent.phase.soaked_s < 200
    assert silent.phase.holds == ("errors is UNKNOWN",)


def test_the_frame_tells_that_the_soak_began_again() -> None:
    phase = {"name": "A", "traffic": "10%", "soak": "1h", "advance": ["errors"], "on_breach": "restart"}
    state = begun(rollout(phases=[phase]))
    run(state, 0, 600)
    run(state, 600, 700, share=7.0)
    records = run(state, 700, 900)

    phase_view = frame_of(state, 900).phase

    assert phase_view.soaked_s == pytest.approx(70)
    assert phase_view.again == (START + 830, "errors is CRITICAL")
    assert "soak begins again after 3m 40s of errors is CRITICAL" in [one.text for one in records]


def test_a_console_that_was_away_finds_its_gap_and_the_soak_pauses() -> None:
    state = begun()
    run(state, 0, 300)
    other = again(state, START + 3600)
    other.apply(SessionOpened(START + 3600, ANNA, "1", START + 300))

    records = run(other, 3600, 3630)

    assert [one.text for one in records if "not watched" in one.text] == ["not watched for 55m 1s: no soak"]
    assert other.phase.lost_s > 3300
    assert other.phase.soaked_s == pytest.approx(300 + 20, abs=10), "it goes on when the query has answered again"


def test_a_console_that_is_back_at_once_loses_nothing() -> None:
    state = begun()
    run(state, 0, 300)
    other = again(state, START + 305)
    other.apply(SessionOpened(START + 305, ANNA, "1", START + 300))

    run(other, 305, 400)
    run(state, 300, 400)

    assert other.phase.soaked_s == state.phase.soaked_s == 400


def test_an_override_is_loud_in_journal_and_frame_with_the_numbers() -> None:
    state = begun()
    run(state, 0, 20, share=7.0)
    missing = "; ".join(one.text for one in frame_of(state, 20).phase.clauses if not one.is_met)
    started, ended = advanced(21, missing)

    (record,) = state.apply(started)
    state.apply(ended)

    assert record.kind == "override"
    assert record.text == (
        "WITHOUT 59m 50s of soak left; errors is CRITICAL, 7 %: > 5%; Backed up; sign-off by lead: "
        "Advance begun by anna@ops1 (pts/3): the release must go"
    )
    assert record.body["verdicts"]["errors"] == "CRITICAL"
    assert record.body["values"]["errors"] == 7.0
    assert frame_of(state, 23).attempts[0].override == missing


def test_the_order_of_inputs_of_the_same_moment_does_not_matter() -> None:
    phase = {"name": "A", "traffic": "10%", "soak": "1h", "advance": ["errors"], "on_breach": "restart"}
    rng = random.Random(3)
    moments: list[list[Input]] = []
    for second in range(1, 600):
        now: list[Input] = [TimePassed(START + second), counted(START + second, rng.choice([0, 0, 5]), 10)]
        if second % 10 == 0:
            now.append(errors(START + second, rng.choice([0.1, 0.1, 0.1, 0.1, 7.0])))
        moments.append(now)
    one, other = begun(rollout(phases=[phase])), begun(rollout(phases=[phase]))

    for now in moments:
        for given in now:
            one.apply(given)
        for given in rng.sample(now, len(now)):
            other.apply(given)

    assert (one.phase.soaked_s, one.phase.stops, one.phase.again) == (
        other.phase.soaked_s,
        other.phase.stops,
        other.phase.again,
    )


def test_a_pause_is_left_out_of_what_is_held_also_for_the_console_after_the_next() -> None:
    state = begun()
    run(state, 0, 20)
    once = again(state, START + 70)
    once.apply(SessionOpened(START + 70, ANNA, "1", START + 20))

    kept = once.documents()
    twice = taken_up(state, START + 80, documents={**state.documents(), **kept})

    assert once.verdict_of("errors").at == START + 20 + 50
    assert twice.verdict_of("errors").at == START + 20 + 50
