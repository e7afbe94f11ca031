"""Phases, validation windows and error budgets in the state of a session."""

import random
from dataclasses import replace
from typing import Any

import pytest

from console.core.counts import Cell, LinesCounted
from console.core.frame import Clause, Frame, SessionView
from console.core.inputs import (
    ActionEnded,
    ActionStarted,
    Actor,
    ClockStepped,
    Input,
    ItemTicked,
    Reading,
    SampleFailed,
    SampleTaken,
    SessionOpened,
    SourceChanged,
    TimePassed,
    Unread,
)
from console.core.memory import restore
from console.core.outlook import with_time
from console.core.phases import clauses
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.state import State
from console.core.tally import LINES
from console.core.verdict import Verdict
from console.core.view import build_frame
from console.core.words import Outcome, SourceState

START = 1_795_219_200.0
"""2026-11-21 00:00:00 UTC."""
ANNA = Actor("anna", "ops1", "pts/3")


def rollout(**more: Any) -> Rollout:
    said: dict[str, Any] = {
        "rollout": "shop",
        "title": "The new shop",
        "service": "shop",
        "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
        "sources": {"app": {"docker": {"service": "shop"}}, "db": {"postgres": "postgresql://db/shop"}},
        "events": {"failed": {"match": "failed"}, "served": {"match": "served"}},
        "metrics": {
            "errors": {
                "query": "errors",
                "source": "db",
                "every": "10s",
                "unit": "%",
                "target": "< 1%",
                "critical": "> 5%",
                "min_samples": 1000,
                "keep_for": "2m",
                "window": "5m",
            },
            "failures": {"events": {"of": "failed", "over": ["failed", "served"]}, "unit": "%", "target": "< 50%"},
        },
        "phases": [
            {
                "name": "Canary 10%",
                "traffic": "10%",
                "soak": "1h",
                "advance": ["errors"],
                "checklist": [{"id": "backup", "text": "Backed up"}],
                "sign_off": ["lead"],
            },
            {"name": "All", "traffic": "100%", "soak": "1h", "advance": ["errors"]},
        ],
        "actions": {"advance": {"key": "A", "title": "Advance", "kind": "advance"}},
        **more,
    }
    return Rollout.model_validate(said)


def errors(at: float, share: float = 0.1, samples: int = 5000) -> SampleTaken:
    bad = round(samples * share / 100)
    return SampleTaken(
        at, "errors", (Reading("canary", share, samples, bad), Reading("baseline", 0.1, samples, 5)), 0.1
    )


def counted(at: float, failed: int, served: int, track: str = "canary") -> LinesCounted:
    """Counts of one second, without their lines."""
    second, origin = int(at), track
    cells = {Cell(second, track, "failed"): failed, Cell(second, track, "served"): served}
    return LinesCounted(
        at=at,
        source="app",
        origin=origin,
        stream="stdout",
        name=origin,
        track=track,
        after=second - 1,
        upto=second,
        counts={**cells, Cell(second, track, LINES): failed + served},
        labels={},
        lines=failed + served,
        unclassified=0,
        rows=(),
        rows_dropped=0,
        newest=at,
    )


def begun(of: Rollout | None = None) -> State:
    state = State(of or rollout(), START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1}))
    state.apply(errors(START))
    state.apply(TimePassed(START))
    return state


def run(state: State, since: int, until: int, share: float = 0.1, samples: int = 5000) -> list[Record]:
    """Let seconds pass, with an answer of the query every ten."""
    said = []
    for second in range(since + 1, until + 1):
        if second % 10 == 0:
            said += state.apply(errors(START + second, share, samples))
        said += state.apply(TimePassed(START + second))
    return said


def frame_of(state: State, at: float) -> Frame:
    return build_frame(state, START + at, session=SessionView("s", START, is_read_only=False, held_by=""))


def clause_of(frame: Frame, kind: str, ref: str = "") -> Clause:
    return next(one for one in frame.phase.clauses if one.kind == kind and one.ref == ref)


def advanced(at: float, override: str = "") -> list[Input]:
    started = ActionStarted(
        START + at, "a1", "advance", "advance", "Advance", ANNA, "the release must go", 100.0, 1, (), override
    )
    return [started, ActionEnded(START + at + 1, "a1", Outcome.DONE)]


def again(state: State, at: float) -> State:
    """The session as another console takes it up."""
    other = State(state.rollout, at)
    state.changed |= {"session", "phase", "validation", "budgets", *(f"metric:{name}" for name in state.metrics)}
    restore(
        other,
        documents=state.documents(),
        positions=state.positions,
        counts=state.rollup.packed(),
        totals=state.rollup.totals(),
        labels=state.rollup.label_cells(),
        lines=state.lines,
        unclassified=state.unclassified,
    )
    return other


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


WINDOWS = [
    {"name": "0-4 h", "from": "0h", "until": "4h", "metrics": ["errors"]},
    {
        "name": "4-24 h",
        "from": "4h",
        "until": "24h",
        "metrics": ["errors"],
        "checklist": [{"id": "tickets", "text": "Support tickets were read"}],
    },
]


def full(at: int = 100) -> State:
    """A rollout that has all of the traffic from second 101 on."""
    state = begun(rollout(validation=WINDOWS))
    run(state, 0, at)
    for given in advanced(at, "everything"):
        state.apply(given)
    return state


def test_validation_begins_with_full_rollout_and_the_last_phase_waits_for_it() -> None:
    state = full()
    records = run(state, 101, 3700)

    frame = frame_of(state, 3700)

    assert [(one.name, one.outcome) for one in frame.validation] == [("0-4 h", "running"), ("4-24 h", "waiting")]
    assert frame.validation[0].known_share == pytest.approx(1)
    assert clause_of(frame, "validation", "4-24 h").expected_s == 101 + 24 * 3600 - 3700
    assert frame.phase.outlook == "earliest 11-22 00:01, waiting for validation 4-24 h"
    assert "all traffic is on the canary: validation begins" in [one.text for one in records]


def test_the_outcome_of_a_window_survives_a_restart() -> None:
    state = full()
    run(state, 101, 2000)
    run(state, 2000, 2020, share=9.0)

    other = again(state, START + 2021)
    other.apply(SessionOpened(START + 2021, ANNA, "1", START + 2020))
    run(other, 2021, 2040)

    (first, _) = frame_of(other, 2040).validation
    assert (first.outcome, first.decided) == ("failed", START + 2010)
    assert first.reason.startswith("errors CRITICAL at 2026-11-21 00:33:30 UTC")


def test_the_items_of_a_window_are_ticked_there_and_only_when_its_time_has_come() -> None:
    state = full()
    run(state, 101, 110)
    assert "tickets" not in [item.item for item in frame_of(state, 110).phase.checklist]
    late = 101 + 4 * 3600 + 5
    state.apply(TimePassed(START + late))

    (record,) = state.apply(ItemTicked(START + late + 1, "tickets", is_done=True, actor=ANNA, note="none"))

    items = {item.item: item for item in frame_of(state, late + 1).phase.checklist}
    assert items["tickets"].text == "4-24 h: Support tickets were read"
    assert items["tickets"].is_done
    assert record.kind == "checklist"


@pytest.mark.parametrize("by_s", [-7200.0, -5.0, 7200.0, 5 * 86_400.0])
def test_a_step_of_the_clock_is_in_no_validation_window(by_s: float) -> None:
    at = 101 + 4 * 3600
    state = full()
    run(state, 101, 2000)

    state.apply(ClockStepped(START + 2000 + by_s, by_s))
    state = again(state, START + 2000 + by_s)
    state.apply(SourceChanged(START + 2000 + by_s, "app", SourceState.LIVE, parts={"canary": 1}))
    run(state, 2000 + round(by_s), at + round(by_s) - 10)
    before = [one.outcome for one in frame_of(state, at + by_s - 10).validation]
    run(state, at + round(by_s) - 10, at + round(by_s) + 10)

    first, second = frame_of(state, at + by_s + 10).validation
    assert before == ["running", "waiting"]
    assert (first.outcome, second.outcome) == ("passed", "running")
    assert first.known_share == pytest.approx(1, abs=0.01)
    assert state.validation.window("0-4 h").watched_s == pytest.approx(4 * 3600, abs=20)


SLO = {"availability": {"metric": "failures", "objective": "99.9%", "period": "30d"}}


def burned(share: float, hours: float, of: Rollout | None = None) -> State:
    """A rollout in which a share of the canary's requests failed for hours, looked at every ten seconds."""
    state = begun(of or rollout(slo=SLO))
    for second in range(10, int(hours * 3600) + 1, 10):
        bad = round(1000 * share)
        state.apply(counted(START + second - 1, bad, 1000 - bad))
        state.apply(counted(START + second - 1, 9, 8991, "baseline"))
        state.apply(TimePassed(START + second))
    return state


def test_a_budget_that_burns_is_a_critical_line_among_the_panels_and_an_alert() -> None:
    state = burned(0.3, 1)

    frame = frame_of(state, 3600)

    panel = next(one for one in frame.panels if one.metric == "availability")
    assert panel.verdict is Verdict.CRITICAL
    assert panel.values[0].text == "30.9x"
    assert panel.reason == "30.9x over 1h and 30.9x over 5m, page above 14.4x"
    assert frame.verdict is Verdict.CRITICAL
    assert ("availability", "critical") in [(alert.name, alert.severity) for alert in frame.alerts]


def test_a_budget_of_which_little_was_seen_is_unknown_and_neither_healthy_nor_burning() -> None:
    frame = frame_of(burned(0.01, 0.05), 180)

    panel = next(one for one in frame.panels if one.metric == "availability")
    assert panel.verdict is Verdict.UNKNOWN
    assert "availability" not in [alert.name for alert in frame.alerts]


def test_what_the_phase_spends_is_its_share_times_its_rate_times_its_time() -> None:
    state = burned(0.02, 1)

    (budget,) = frame_of(state, 3600).budgets

    assert budget.spent == pytest.approx(0.10 * 20 * 3600 / (30 * 86_400))
    assert budget.rate == pytest.approx(0.02)
    assert budget.will_spend is not None
    left_s = 3600 - state.phase.soaked_s
    assert budget.will_spend == pytest.approx(0.10 * 20 * (3600 + left_s) / (30 * 86_400))
    assert budget.text.startswith("this phase spent 0.278 % of the 30d error budget, ")


def budget_of(state: State, at: float) -> tuple[Verdict, str]:
    panel = next(one for one in frame_of(state, at).panels if one.metric == "availability")
    return panel.verdict, panel.reason


UNREADABLE = SourceChanged(START + 3601, "app", SourceState.UNREADABLE, "no permission")
UNREAD = SourceChanged(
    START + 3601,
    "app",
    SourceState.LIVE,
    parts={"canary": 2, "baseline": 6},
    unread=(Unread("shop-2", "canary", "its log driver is none"),),
)
SILENT = SourceChanged(START + 3601, "app", SourceState.LIVE, parts={"baseline": 6})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (UNREADABLE, "failures is BROKEN: app unreadable: no permission"),
        (UNREAD, "shop-2 cannot be read: its log driver is none"),
        (SILENT, "nothing was read from canary for more than 1m 30s, and none of its containers runs"),
    ],
)
def test_a_budget_is_not_ok_while_something_of_what_it_counts_is_not_read(change: SourceChanged, why: str) -> None:
    state = burned(0.001, 1)
    assert budget_of(state, 3600)[0] is Verdict.OK

    state.apply(change)
    for second in range(3601, 3720):
        if change is not UNREADABLE:
            state.apply(counted(START + second - 1, 0, 900, "baseline"))
        state.apply(TimePassed(START + second))

    assert budget_of(state, 3720) == (Verdict.UNKNOWN, why)
    (budget,) = frame_of(state, 3720).budgets
    assert "quiet" not in [said for said, _ in budget.rules]
    assert state.budgets["availability"].since is not None


@pytest.mark.parametrize("change", [UNREADABLE, UNREAD])
def test_a_budget_that_burns_goes_on_to_stand_until_it_is_known_that_it_does_not(change: SourceChanged) -> None:
    state = burned(0.3, 1)
    since = state.budgets["availability"].since

    state.apply(change)
    for second in range(3601, 4000):
        if change is UNREAD:
            state.apply(counted(START + second - 1, 0, 1000, "baseline"))
        state.apply(TimePassed(START + second))
    blind = budget_of(state, 4000)
    state.apply(SourceChanged(START + 4000, "app", SourceState.LIVE, parts={"canary": 2, "baseline": 6}))
    for second in range(4010, 6500, 10):
        state.apply(counted(START + second - 1, 0, 1000))
        state.apply(TimePassed(START + second))

    assert blind[0] is Verdict.CRITICAL
    assert blind[1].count("; was ") == 1
    assert blind[1].endswith("over 5m, page above 14.4x")
    assert since is not None
    assert budget_of(state, 6490)[0] is not Verdict.CRITICAL


def test_a_budget_of_a_query_is_not_ok_while_its_answers_are_too_old() -> None:
    state = begun(rollout(slo={"availability": {"metric": "errors", "objective": "99%"}}))
    run(state, 0, 4000, share=0.1)
    assert budget_of(state, 4000)[0] is Verdict.OK

    for second in range(4001, 4100):
        state.apply(TimePassed(START + second))

    assert budget_of(state, 4100) == (Verdict.UNKNOWN, "errors is UNKNOWN: no answer for more than 30s")


def test_a_budget_can_be_of_a_query_whose_answers_are_added_up_where_they_do_not_overlap() -> None:
    state = begun(rollout(slo={"availability": {"metric": "errors", "objective": "99.9%"}}))
    run(state, 0, 4000, share=4.0)

    panel = next(one for one in frame_of(state, 4000).panels if one.metric == "availability")

    assert panel.verdict is Verdict.CRITICAL
    assert panel.values[0].value == pytest.approx(1000 * (200 + 5) / 10_000, rel=0.02)


def test_a_budget_is_the_same_after_a_restart() -> None:
    state = burned(0.3, 1)

    other = again(state, START + 3600)
    other.apply(SessionOpened(START + 3600, ANNA, "1", START + 3600))
    for one in (state, other):
        one.apply(TimePassed(START + 3605))

    assert frame_of(other, 3605).budgets == frame_of(state, 3605).budgets


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
    twice = State(state.rollout, START + 80)
    restore(
        twice,
        documents={**state.documents(), **kept},
        positions={},
        counts=state.rollup.packed(),
        totals={},
        labels={},
        lines=0,
        unclassified=0,
    )

    assert once.verdict_of("errors").at == START + 20 + 50
    assert twice.verdict_of("errors").at == START + 20 + 50
