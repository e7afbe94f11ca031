"""What is counted and asked, judged in the state of a session."""

from dataclasses import replace

from console.core.classify import Classifier
from console.core.inputs import Reading, SampleFailed, SampleTaken, SourceChanged, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.tally import count_texts
from console.core.verdict import Verdict
from console.core.words import SourceState
from tests.core.folded import ROLLOUT, START, fold, frame_of, healthy, lines, no_leak, watched


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
