"""The state of a session as a fold over inputs."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from console.core.classify import Classifier
from console.core.counts import Cell, LinesCounted
from console.core.frame import Frame, SessionView
from console.core.inputs import (
    ActionEnded,
    ActionProgressed,
    ActionStarted,
    Actor,
    ClockStepped,
    ContainerNamed,
    Input,
    ItemTicked,
    OriginEnded,
    Reading,
    SampleFailed,
    SampleTaken,
    SessionOpened,
    SignedOff,
    SourceChanged,
    TimePassed,
)
from console.core.memory import restore
from console.core.rollout import Rollout
from console.core.source_news import ENDED_KEPT
from console.core.state import State
from console.core.tally import CUT, count_lines, count_texts
from console.core.verdict import Verdict
from console.core.view import build_frame
from console.core.words import Outcome, SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
ROLLOUT = Rollout.model_validate(
    {
        "rollout": "shop",
        "title": "The new shop",
        "service": "shop",
        "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
        "sources": {"app": {"docker": {"service": "shop"}}, "db": {"postgres": "postgresql://db/shop"}},
        "events": {"failed": {"match": "failed"}, "served": {"match": "served (?P<page>\\w+)"}},
        "metrics": {
            "failures": {
                "events": {"of": "failed", "over": ["failed", "served"]},
                "window": "1m",
                "unit": "%",
                "target": "< 1%",
                "critical": "> 5%",
                "on": {"critical": "rollback"},
            },
            "leaks": {"query": "leaks", "source": "db", "every": "10s", "target": "== 0", "critical": "> 0"},
        },
        "phases": [
            {
                "name": "Canary 10%",
                "traffic": "10%",
                "soak": "1m",
                "advance": ["failures", "leaks"],
                "pause": ["failures > 2%"],
                "checklist": [{"id": "backup", "text": "Backed up"}],
                "sign_off": ["lead"],
            },
            {"name": "All", "traffic": "100%"},
        ],
        "actions": {
            "rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["true"]}]},
            "step_down": {
                "key": "G",
                "title": "Step down",
                "kind": "step_down",
                "ladder": ["50%", "5%", "0%"],
                "hold": "10m",
                "steps": [{"run": ["true"]}],
            },
            "advance": {"key": "A", "title": "Advance", "kind": "advance"},
        },
    }
)


def lines(at: float, track: str, words: Sequence[str], after: int = -1) -> LinesCounted:
    """Lines that were written at one moment."""
    raw = [word.encode() for word in words]
    return count_lines(
        Classifier(ROLLOUT.events),
        at=at,
        source="app",
        origin=track,
        stream="stdout",
        name=f"shop-{track}",
        track=track,
        after=after,
        keys=range(after + 1, after + 1 + len(raw)),
        times=[at] * len(raw),
        lines=raw,
    )


def fold(*given: Input) -> State:
    """Fold inputs into a new state."""
    state = State(ROLLOUT, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1}))
    for one in given:
        state.apply(one)
    return state


def frame_of(state: State, at: float) -> Frame:
    """The frame of a state."""
    return build_frame(state, at, session=SessionView("s", START, is_read_only=False, held_by=""))


def watched(state: State, since: float, seconds: int) -> State:
    """Let a number of seconds pass."""
    for second in range(1, seconds + 1):
        state.apply(TimePassed(since + second))
    return state


def no_leak(at: float) -> SampleTaken:
    return SampleTaken(at, "leaks", (Reading("", 0.0, samples=50),), 0.01)


def started(kind: str, *, traffic: float | None, phase: int | None = None, override: str = "") -> ActionStarted:
    return ActionStarted(START + 30, "a1", kind, kind, kind, ANNA, "why", traffic, phase, ("run true",), override)


def test_lines_delivered_twice_are_counted_once() -> None:
    stretch = lines(START + 1, "canary", ["served home", "failed", "what"])

    state = fold(stretch, stretch)

    assert state.rollup.total("canary", "served") == 1
    assert (state.lines, state.unclassified) == (3, 1)


def test_a_metric_of_events_is_judged_on_the_canary_and_compared_with_the_baseline() -> None:
    state = fold(
        lines(START + 1, "canary", ["served home"] * 90 + ["failed"] * 10),
        lines(START + 1, "baseline", ["served home"] * 999 + ["failed"]),
        TimePassed(START + 3),
    )

    panel = frame_of(state, START + 3).panels[0]

    assert (panel.verdict, panel.judged) == (Verdict.CRITICAL, "canary")
    assert [(value.track, value.text, value.verdict) for value in panel.values] == [
        ("canary", "10 %", Verdict.CRITICAL),
        ("baseline", "0.1 %", Verdict.OK),
    ]
    assert [(key.key, key.is_lit) for key in panel.keys] == [("R", True)]


def test_the_key_of_an_action_is_dim_while_its_threshold_holds() -> None:
    state = fold(lines(START + 1, "canary", ["served home"] * 50), TimePassed(START + 3))

    assert [key.is_lit for key in frame_of(state, START + 3).panels[0].keys] == [False]


def test_the_window_forgets() -> None:
    state = fold(lines(START + 1, "canary", ["failed"] * 10), TimePassed(START + 3))
    later = fold(lines(START + 1, "canary", ["failed"] * 10), TimePassed(START + 120))

    assert state.verdict_of("failures").verdict is Verdict.CRITICAL
    assert later.verdict_of("failures").verdict is Verdict.UNKNOWN


def test_a_change_of_verdict_is_written_down_with_its_numbers() -> None:
    state = State(ROLLOUT, START)
    state.apply(no_leak(START + 1))

    records = state.apply(SampleTaken(START + 10, "leaks", (Reading("", 2.0, samples=50, bad=2),), 0.01))

    assert [record.kind for record in records] == ["verdict"]
    assert records[0].text == "leaks: CRITICAL, was OK: > 0"
    assert records[0].body["bad"] == 2


def test_a_failed_query_is_broken_and_never_satisfies_a_clause() -> None:
    state = fold(no_leak(START + 1), SampleFailed(START + 11, "leaks", "connection refused", 0.1))

    frame = frame_of(state, START + 11)

    assert frame.panels[1].verdict is Verdict.BROKEN
    assert not next(clause for clause in frame.phase.clauses if clause.ref == "leaks").is_met


def healthy(since: float, seconds: int) -> State:
    """A state in which every metric is OK for a number of seconds."""
    state = fold(TimePassed(since))
    for second in range(1, seconds + 1):
        state.apply(lines(since + second, "canary", ["served x"] * 5, after=second * 10))
        state.apply(no_leak(since + second))
        state.apply(TimePassed(since + second + 0.5))
    return state


def test_the_soak_clock_counts_only_watched_time() -> None:
    state = healthy(START, 20)
    soaked_s = state.phase.soaked_s
    assert soaked_s == pytest.approx(20, abs=3)

    state.apply(TimePassed(START + 3620))

    assert state.phase.soaked_s == soaked_s, "an hour that nobody watched is no soak"


def test_the_soak_clock_stands_while_the_phase_is_paused() -> None:
    state = fold(TimePassed(START), lines(START + 1, "canary", ["failed"] * 3 + ["served x"] * 97), no_leak(START + 1))

    watched(state, START + 1, 20)

    assert state.phase.soaked_s < 3
    assert state.phase.holds == ("paused by failures > 2%",)


def test_a_phase_may_advance_when_every_clause_is_met() -> None:
    state = fold(no_leak(START), TimePassed(START))
    for second in range(1, 66):
        state.apply(lines(START + second, "canary", ["served x"] * 5, after=second * 10))
        state.apply(lines(START + second, "baseline", ["served x"] * 5, after=second * 10))
        state.apply(no_leak(START + second))
        state.apply(TimePassed(START + second))
    missing = [clause.text for clause in frame_of(state, START + 65).phase.clauses if not clause.is_met]

    state.apply(ItemTicked(START + 65, "backup", is_done=True, actor=ANNA))
    state.apply(SignedOff(START + 65, "lead", ANNA))

    assert missing == ["Backed up", "sign-off by lead"]
    assert frame_of(state, START + 65).phase.may_advance


def test_a_log_source_that_died_leaves_no_metric_of_events_ok() -> None:
    state = healthy(START, 5)
    assert state.verdict_of("failures").verdict is Verdict.OK

    state.apply(SourceChanged(START + 6, "app", SourceState.UNREADABLE, "no permission"))
    watched(state, START + 6, 20)

    assert state.verdict_of("failures").verdict is Verdict.BROKEN
    assert not frame_of(state, START + 26).phase.may_advance


def test_a_log_source_that_died_does_not_clear_what_stands() -> None:
    state = fold(lines(START + 1, "canary", ["failed"] * 10), TimePassed(START + 3))

    state.apply(SourceChanged(START + 4, "app", SourceState.UNREADABLE, "no permission"))
    watched(state, START + 4, 90)

    assert state.verdict_of("failures").verdict is Verdict.CRITICAL


def test_a_pause_criterion_is_not_met_on_a_value_that_no_longer_counts() -> None:
    state = healthy(START, 5)
    state.apply(SourceChanged(START + 6, "app", SourceState.UNREADABLE, "no permission"))
    watched(state, START + 6, 20)

    clause = next(one for one in frame_of(state, START + 26).phase.clauses if one.kind == "pause")

    assert (clause.text, clause.is_met) == ("not known: failures > 2%", False)


def test_nothing_known_is_no_soak() -> None:
    state = watched(fold(TimePassed(START)), START, 60)

    assert state.phase.soaked_s == 0


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNVERIFIED])
def test_after_an_action_that_may_have_worked_the_share_is_in_doubt(outcome: Outcome) -> None:
    state = fold(
        started("rollback", traffic=0.0),
        ActionProgressed(START + 31, "a1", 0, "run true", "running"),
        ActionEnded(START + 32, "a1", outcome),
    )

    frame = frame_of(state, START + 33)

    assert f"the share may be 0 %: rollback ended {outcome}" in [one.text for one in frame.phase.clauses]
    assert not frame.phase.may_advance


def test_an_attempt_that_ended_is_not_folded_again() -> None:
    state = fold(started("rollback", traffic=0.0), ActionEnded(START + 32, "a1", Outcome.DONE))
    del state.attempts["a1"]

    assert state.apply(started("rollback", traffic=0.0)) == []


def test_a_rollback_takes_the_share_to_zero_and_the_baseline_is_judged_then() -> None:
    state = fold(
        lines(START + 1, "canary", ["failed"] * 10),
        lines(START + 1, "baseline", ["served x"] * 100),
        TimePassed(START + 3),
        started("rollback", traffic=0.0),
        ActionProgressed(START + 31, "a1", 0, "run true", "done"),
        ActionEnded(START + 32, "a1", Outcome.DONE),
        lines(START + 32, "baseline", ["served x"] * 100, after=500),
        TimePassed(START + 34),
    )

    frame = frame_of(state, START + 34)

    assert frame.phase.traffic == 0
    assert (frame.panels[0].judged, frame.panels[0].verdict) == ("baseline", Verdict.OK)
    assert not frame.phase.may_advance


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.UNVERIFIED])
def test_an_action_that_is_not_known_to_have_worked_changes_no_share(outcome: Outcome) -> None:
    state = fold(started("rollback", traffic=0.0), ActionEnded(START + 32, "a1", outcome))

    assert state.phase.traffic == 10


def test_a_step_down_offers_its_next_rung_after_the_hold() -> None:
    state = fold(started("step_down", traffic=5.0), ActionEnded(START + 40, "a1", Outcome.DONE))

    newest = frame_of(state, START + 100).attempts[0]

    assert (newest.outcome, newest.next_rung, newest.hold_left_s) == (Outcome.HOLDING, 0.0, pytest.approx(540))


def test_an_advance_enters_the_next_phase_and_begins_its_clock() -> None:
    state = fold(
        TimePassed(START + 20),
        started("advance", traffic=100.0, phase=1, override="soak"),
        ActionEnded(START + 32, "a1", Outcome.DONE),
    )

    assert (state.phase.index, state.phase.traffic, state.phase.soaked_s) == (1, 100.0, 0.0)


def test_an_override_is_loud_in_the_journal() -> None:
    state = State(ROLLOUT, START)

    (record,) = state.apply(started("advance", traffic=100.0, phase=1, override="30h of soak left"))

    assert record.text.startswith("WITHOUT 30h of soak left")


def test_the_same_inputs_give_the_same_frame_and_a_restart_changes_nothing() -> None:
    rng = random.Random(7)
    given: list[Input] = [SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1})]
    after = {"canary": -1, "baseline": -1}
    for second in range(1, 90):
        for track in tuple(after):
            words = rng.choices(["served home", "served cart", "failed", "noise"], [60, 30, 1, 9], k=rng.randint(1, 9))
            given.append(lines(START + second, track, words, after=after[track]))
            after[track] += len(words)
        if second % 10 == 0:
            given.append(no_leak(START + second))
        given.append(TimePassed(START + second + 0.5))

    one, other = fold(*given), fold(*given)

    at = START + 91
    assert frame_of(one, at) == frame_of(other, at)
    again = State(ROLLOUT, at)
    restore(
        again,
        documents=fold(*given).documents(),
        positions=one.positions,
        counts=one.rollup.packed(),
        totals=one.rollup.totals(),
        labels=one.rollup.label_cells(),
        lines=one.lines,
        unclassified=one.unclassified,
    )
    again.apply(SessionOpened(at, ANNA, "1", at))
    before, after_restart = frame_of(one, at), frame_of(again, at)
    assert after_restart.events == before.events
    assert after_restart.phase == before.phase
    assert [(panel.verdict, panel.since, panel.values) for panel in after_restart.panels] == [
        (panel.verdict, panel.since, panel.values) for panel in before.panels
    ]


@pytest.mark.parametrize("by_s", [86_400.0, 7.0, -3600.0])
def test_a_step_of_the_clock_is_no_time(by_s: float) -> None:
    spec = Rollout.model_validate(
        ROLLOUT.model_dump(by_alias=True)
        | {"metrics": {"leaks": {"command": ["true"], "every": "10s", "critical": "> 0", "for": "5m"}}}
        | {"phases": [{"name": "Canary 10%", "traffic": "10%", "soak": "1h", "advance": ["leaks"]}]}
    )
    state = State(spec, START)

    def measure(at: float) -> Verdict:
        state.apply(SampleTaken(at, "leaks", (Reading("", 1.0),), 0.1))
        state.apply(TimePassed(at))
        return state.verdict_of("leaks").verdict

    held = [measure(START + passed) for passed in range(0, 200, 10)]
    soaked_s = state.phase.soaked_s
    (record,) = state.apply(ClockStepped(START + 195 + by_s, by_s))
    later = [measure(START + by_s + passed) for passed in range(200, 310, 10)]

    assert set(held) == {Verdict.OFF_TARGET}
    assert later == [Verdict.OFF_TARGET] * 10 + [Verdict.CRITICAL]
    assert state.verdict_of("leaks").since == START + by_s + 300
    assert soaked_s <= state.phase.soaked_s <= soaked_s + 110
    assert record.kind == "clock"
    assert state.at == START + by_s + 300


def test_what_was_heard_between_a_step_of_the_clock_and_its_notice_is_not_moved_into_the_future() -> None:
    state = fold(lines(START + 4000.5, "canary", ["served home"]))

    state.apply(ClockStepped(START + 4001, 3600.0))
    state.apply(TimePassed(START + 4001))

    app = next(source for source in frame_of(state, START + 4001).sources if source.name == "app")
    assert app.lag_s is not None
    assert app.lag_s <= 1.0


def test_the_session_tells_when_it_was_taken_up_again() -> None:
    state = State(ROLLOUT, START)

    (record,) = state.apply(SessionOpened(START + 3600, ANNA, "1", START))

    assert record.text == "taken up again by anna@ops1 (pts/3) after 3600 s"


def test_a_rule_that_was_given_up_breaks_its_metrics_and_is_named_in_the_journal() -> None:
    document = ROLLOUT.model_dump(by_alias=True, exclude_unset=True)
    document["events"]["failed"]["match"] = r"^(?:a|aa)+$"
    rollout = Rollout.model_validate(document)
    state = State(rollout, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1}))
    words = ["a" * 60 + "!", *["served home"] * 99]
    counted = replace(lines(START + 1, "canary", words), counts={})
    (endless,) = count_texts(Classifier(rollout.events), ["\n".join(words).encode()])
    state.apply(replace(counted, counts={replace(c, second=int(START + 1)): n for c, n in endless.counts.items()}))

    records = state.apply(TimePassed(START + 3))

    panel = frame_of(state, START + 3).panels[0]
    assert panel.verdict is Verdict.BROKEN
    assert panel.reason == "the search of rule failed was given up on 1 line"
    told = [record.text for record in records if record.kind == "rule"]
    assert told == [
        "the search of rule failed was given up on 1 line so far, as its expression backtracks: its counts are short"
    ]
    assert not [record for record in state.apply(TimePassed(START + 4)) if record.kind == "rule"], "it is said once"


def test_a_source_that_is_lost_is_one_line_in_the_journal_however_often_it_is_tried_again() -> None:
    state = State(ROLLOUT, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1}))

    told = [
        record.text
        for attempt in range(5)
        for record in state.apply(
            SourceChanged(START + attempt, "app", SourceState.RETRYING, "no engine", START + attempt + 1)
        )
    ]

    assert told == ["app: retrying · no engine"]
    assert len(state.apply(SourceChanged(START + 9, "app", SourceState.LIVE, parts={"canary": 1}))) == 1


def test_the_journal_names_a_container_and_says_what_became_of_it_once() -> None:
    state = State(ROLLOUT, START)
    said = [
        ("app-1", ""),
        ("app-1", ""),
        ("app-1", "ended with exit code 1"),
        ("app-old", ""),
        ("app-old", "was removed"),
    ]

    told = [
        record.text
        for name, became in said
        for record in state.apply(ContainerNamed(START, "app", "c1", name, "canary", became))
    ]

    assert told == [
        "app: app-1 (canary) is followed",
        "app: app-1 (canary) ended with exit code 1",
        "app: app-old (canary) was app-1 (canary)",
        "app: app-old (canary) was removed",
    ]


def test_names_of_containers_are_known_after_a_restart_until_they_are_gone() -> None:
    state = State(ROLLOUT, START)
    for origin in ("c1", "c2"):
        state.apply(ContainerNamed(START, "app", origin, f"app-{origin}", "canary"))
    state.apply(OriginEnded(START, "app", "c1"))
    state.apply(ContainerNamed(START, "app", "c1", "app-c1", "canary", "was removed"))

    again = State(ROLLOUT, START)
    restore(
        again,
        documents=state.documents(),
        positions={},
        counts=state.rollup.packed(),
        totals={},
        labels={},
        lines=0,
        unclassified=0,
    )

    assert again.named == {("app", "c2"): ("app-c2", "canary")}
    assert again.apply(ContainerNamed(START + 1, "app", "c2", "app-c2", "canary")) == []


def test_thousands_of_recreated_containers_take_no_more_room_than_hundreds() -> None:
    state = State(ROLLOUT, START)
    for number in range(3 * ENDED_KEPT):
        state.apply(replace(lines(START + number, "canary", ["served home"], after=-1), origin=f"c{number}"))
        state.apply(OriginEnded(START + number, "app", f"c{number}"))

    assert len(state.positions) == len(state.ended) == ENDED_KEPT
    assert state.rollup.total("canary", "served") == 3 * ENDED_KEPT
    assert state.forgotten() == [("app", f"c{number}") for number in range(2 * ENDED_KEPT)]
    assert state.forgotten() == []
    again = State(ROLLOUT, START)
    restore(
        again,
        documents=state.documents(),
        positions=state.positions,
        counts=state.rollup.packed(),
        totals=state.rollup.totals(),
        labels={},
        lines=state.lines,
        unclassified=0,
    )
    assert list(again.ended) == list(state.ended)


def test_lines_that_were_cut_are_in_the_flow_and_once_in_the_journal() -> None:
    state = State(ROLLOUT, START)
    counted = lines(START + 1, "canary", ["served home"])
    state.apply(replace(counted, counts=dict(counted.counts) | {Cell(int(START + 1), "canary", CUT): 1}))

    records = state.apply(TimePassed(START + 3)) + state.apply(TimePassed(START + 4))

    assert frame_of(state, START + 4).flow.lines_cut == 1
    assert [record.text for record in records if record.kind == "rule"] == [
        "1 line was cut at 256 KiB and classified by what stands before; the source strip counts them"
    ]
