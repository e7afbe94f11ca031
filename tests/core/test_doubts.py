"""What is said against counts of events: something is not read, nobody writes, lines are missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.core.actors import Actor
from console.core.counts import LinesCounted
from console.core.doubts import LOST_AFTER_S, SILENT_S, STARTING_S
from console.core.frame import Frame, Panel, SessionView
from console.core.gaps import KEPT
from console.core.inputs import (
    ClockStepped,
    GapSuspected,
    Input,
    SessionOpened,
    SourceChanged,
    SourceSeen,
    TimePassed,
    Unread,
)
from console.core.rollout import Rollout
from console.core.state import State
from console.core.verdict import Verdict
from console.core.view import build_frame
from console.core.words import SourceState
from tests.core import folded

START = 1_795_219_200.0
DOCUMENT: dict[str, Any] = {
    "rollout": "shop",
    "title": "The new shop",
    "service": "shop",
    "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
    "sources": {"app": {"docker": {"service": "shop"}}},
    "events": {"failed": {"match": "failed"}, "served": {"match": "served"}},
    "metrics": {
        "failures": {
            "events": {"of": "failed"},
            "window": "phase",
            "stale_after": "1m",
            "target": "== 0",
            "critical": "> 0",
        },
        "errors": {
            "events": {"of": "failed", "over": ["failed", "served"]},
            "window": "phase",
            "unit": "%",
            "target": "< 10%",
            "critical": "> 50%",
        },
        "few": {"events": {"of": "failed"}, "window": "phase", "target": "< 1000"},
    },
    "phases": [
        {"name": "Canary 10%", "traffic": "10%", "soak": "1h", "advance": ["failures"]},
        {"name": "All", "traffic": "100%"},
    ],
}
ROLLOUT = Rollout.model_validate(DOCUMENT)
FILES = Rollout.model_validate(DOCUMENT | {"sources": {"app": {"file": "*.log", "track": "canary"}}})
BOTH = {"canary": 2, "baseline": 6}


def lines(at: float, words: Sequence[str] = ("served",), track: str = "canary") -> LinesCounted:
    """Lines that were written at one moment."""
    return folded.lines(at, track, words, int((at - START) * 1000), rollout=ROLLOUT)


def live(at: float = START, parts: Mapping[str, int] = BOTH, unread: tuple[Unread, ...] = ()) -> SourceChanged:
    return SourceChanged(at, "app", SourceState.LIVE, parts=parts, unread=unread)


def gap(at: float, **more: Any) -> GapSuspected:
    known: dict[str, Any] = {"since": at - 1, "until": at, "lines_at_most": 40, "track": "canary"}
    return GapSuspected(at, "app", "shop-1", "the log was rotated", **{**known, **more})


def fold(*given: Input, rollout: Rollout = ROLLOUT) -> State:
    state = State(rollout, START)
    for one in given:
        state.apply(one)
    return state


def pass_time(state: State, until: float, *alive: str) -> State:
    """Let time pass up to a moment; the source hears from its engine every second."""
    while state.at < until:
        at = min(until, state.at + 1)
        state.apply(SourceSeen(at, "app"))
        for track in alive:
            state.apply(lines(at, track=track))
        state.apply(TimePassed(at))
    return state


def frame_of(state: State) -> Frame:
    return build_frame(state, state.at, session=SessionView("s", START, is_read_only=False, held_by=""))


def panel(state: State, metric: str = "failures") -> Panel:
    return next(one for one in frame_of(state).panels if one.metric == metric)


@pytest.mark.parametrize("trouble", [SourceState.UNREADABLE, SourceState.RETRYING, SourceState.STALE])
def test_a_source_in_trouble_is_not_judged_on_however_often_its_engine_answers(trouble: SourceState) -> None:
    state = pass_time(fold(live()), START + 5, "canary", "baseline")
    assert panel(state).verdict is Verdict.OK

    state.apply(SourceChanged(START + 5, "app", trouble, "its log driver cannot be read"))
    pass_time(state, START + 5 + LOST_AFTER_S)
    assert panel(state).verdict is Verdict.OK, "a moment of trouble is no news"
    pass_time(state, START + 6 + LOST_AFTER_S)
    soaked_s = state.phase.soaked_s
    pass_time(state, START + 60)

    assert panel(state).verdict is Verdict.BROKEN
    assert panel(state).reason == f"app {trouble}: its log driver cannot be read"
    assert state.phase.soaked_s == soaked_s


def test_trouble_that_changes_its_kind_goes_on() -> None:
    state = pass_time(fold(live()), START + 5, "canary")

    for second in range(5, 30, 2):
        trouble = SourceState.RETRYING if second % 4 == 1 else SourceState.UNREADABLE
        state.apply(SourceChanged(START + second, "app", trouble, "refused"))
        pass_time(state, START + second + 2)

    assert panel(state).verdict is Verdict.BROKEN


def test_lines_that_come_while_the_source_is_in_trouble_do_not_make_it_well() -> None:
    state = fold(live(), SourceChanged(START + 1, "app", SourceState.RETRYING, "refused"))

    pass_time(state, START + 30, "canary")

    assert panel(state).verdict is Verdict.BROKEN
    state.apply(live(START + 31))
    pass_time(state, START + 32, "canary", "baseline")
    assert panel(state).verdict is Verdict.OK


def test_a_source_that_never_begins_is_no_reason_to_trust_what_was_known() -> None:
    state = pass_time(fold(live()), START + 5, "canary", "baseline")

    state.apply(SourceChanged(START + 6, "app", SourceState.STARTING))
    pass_time(state, START + 7 + STARTING_S)

    assert (panel(state).verdict, panel(state).reason) == (Verdict.BROKEN, "app has not begun to answer")


UNREAD = Unread("none-1", "canary", "its log driver cannot be read (driver none)")


def test_one_canary_container_that_cannot_be_read_keeps_the_canary_from_being_ok_and_is_named() -> None:
    state = fold(live(unread=(UNREAD,)))

    pass_time(state, START + 20, "canary", "baseline")

    assert panel(state).verdict is Verdict.UNKNOWN
    assert panel(state).reason == "none-1 cannot be read: its log driver cannot be read (driver none)"
    assert state.phase.soaked_s == 0
    assert state.phase.holds == ("failures is UNKNOWN",)


def test_what_breaches_in_the_containers_that_are_read_counts_and_stays() -> None:
    state = fold(live(unread=(UNREAD,)), lines(START + 1, ["failed"]))

    pass_time(state, START + 20, "canary", "baseline")

    assert panel(state).verdict is Verdict.CRITICAL


def test_a_baseline_container_that_cannot_be_read_spoils_no_canary_that_is_judged_alone() -> None:
    state = fold(live(unread=(Unread("none-1", "baseline", "driver none"),)))

    pass_time(state, START + 20, "canary", "baseline")

    assert panel(state).verdict is Verdict.OK


def test_a_canary_of_which_no_container_runs_is_unknown_and_does_not_soak() -> None:
    state = pass_time(fold(live()), START + 5, "canary", "baseline")

    state.apply(live(START + 6, {"baseline": 6}))
    pass_time(state, START + 6 + SILENT_S - 5, "baseline")
    assert panel(state).verdict is Verdict.OK, "a container that is replaced is no news"
    pass_time(state, START + 6 + SILENT_S + 20, "baseline")
    soaked_s = state.phase.soaked_s
    pass_time(state, START + 300, "baseline")

    assert panel(state).verdict is Verdict.UNKNOWN
    assert panel(state).reason == "nothing was read from canary for more than 1m, and none of its containers runs"
    assert state.phase.soaked_s == soaked_s
    assert not frame_of(state).phase.may_advance


def test_when_no_container_at_all_runs_the_canary_is_unknown() -> None:
    state = pass_time(fold(live()), START + 5, "canary", "baseline")

    state.apply(SourceChanged(START + 6, "app", SourceState.QUIET, "no container is running"))
    pass_time(state, START + 100)

    assert panel(state).verdict is Verdict.UNKNOWN


def test_a_container_that_runs_may_be_silent() -> None:
    state = pass_time(fold(live()), START + 5, "canary", "baseline")

    pass_time(state, START + 300)

    assert panel(state).verdict is Verdict.OK


def test_of_a_file_nobody_knows_whether_its_writer_lives() -> None:
    state = pass_time(fold(live(parts={"canary": 1}), rollout=FILES), START + 5, "canary")

    pass_time(state, START + 100)

    assert panel(state).reason == "nothing was read from canary for more than 1m"
    assert panel(state).verdict is Verdict.UNKNOWN


def test_silence_clears_nothing() -> None:
    state = fold(live(), lines(START + 1, ["failed"] * 9), TimePassed(START + 3), live(START + 4, {"baseline": 6}))

    pass_time(state, START + 100)

    assert [one.verdict for one in frame_of(state).panels[:2]] == [Verdict.CRITICAL, Verdict.CRITICAL]


def test_where_no_failure_is_allowed_a_gap_in_the_window_is_unknown_with_its_bounds() -> None:
    state = fold(live(), gap(START + 10.5))

    pass_time(state, START + 20, "canary", "baseline")

    assert panel(state).verdict is Verdict.UNKNOWN
    assert panel(state).reason == "lines may be missing (at most 40 lines), app 00:00:09.5–00:00:10.5"
    assert panel(state).values[0].text.startswith("≥0 of ")
    assert "<" not in panel(state).values[0].text, "no bound on what may have been lost"


def test_a_gap_in_the_window_does_not_clear_what_stands_and_hides_no_breach() -> None:
    state = fold(live(), gap(START + 1), lines(START + 2, ["failed"]))

    pass_time(state, START + 20, "canary", "baseline")

    assert panel(state).verdict is Verdict.CRITICAL


def test_a_count_that_the_missing_lines_could_not_bring_over_its_limit_keeps_its_verdict() -> None:
    near = pass_time(fold(live(), gap(START + 1, lines_at_most=1_000)), START + 5, "canary", "baseline")
    far = pass_time(fold(live(), gap(START + 1, lines_at_most=999)), START + 5, "canary", "baseline")
    unsized = pass_time(fold(live(), gap(START + 1, lines_at_most=None)), START + 5, "canary", "baseline")

    assert [panel(each, "few").verdict for each in (near, far, unsized)] == [
        Verdict.UNKNOWN,
        Verdict.OK,
        Verdict.UNKNOWN,
    ]


def test_a_share_keeps_its_verdict_and_is_marked_as_short() -> None:
    state = pass_time(fold(live(), gap(START + 1)), START + 5, "canary", "baseline")

    assert panel(state, "errors").verdict is Verdict.OK
    assert [value.text for value in panel(state, "errors").values] == ["0 %, short", "0 %"]


def test_a_gap_of_another_track_or_before_the_window_concerns_nobody() -> None:
    state = fold(live(), gap(START - 5), gap(START + 3, track="baseline"))

    pass_time(state, START + 20, "canary", "baseline")

    assert panel(state).verdict is Verdict.OK


def test_a_gap_whose_bounds_are_no_longer_kept_is_not_forgotten() -> None:
    state = fold(live(), gap(START + 3), *(gap(START + 10 + number, track="baseline") for number in range(KEPT)))

    pass_time(state, START + 60, "canary", "baseline")

    assert (panel(state).verdict, panel(state).reason) == (
        Verdict.UNKNOWN,
        "lines may be missing (nobody knows how many), app",
    )


@given(st.lists(st.sampled_from(["live", "unread", "lost", "gone", "gap", "failed", "served"]), max_size=12))
@settings(max_examples=50)
def test_a_doubt_never_earns_a_better_verdict(happened: list[str]) -> None:
    doubtful, sure = fold(live()), fold(live())
    for number, what in enumerate(happened):
        at = START + 40 * number + 1
        told: dict[str, Input] = {
            "live": live(at),
            "unread": live(at, unread=(UNREAD,)),
            "lost": SourceChanged(at, "app", SourceState.RETRYING, "refused"),
            "gone": live(at, {"baseline": 6}),
            "gap": gap(at),
            "failed": lines(at, ["failed"]),
            "served": lines(at),
        }
        doubtful.apply(told[what])
        sure.apply(told[what] if what in ("failed", "served") else live(at))
        for second in range(2, 40, 6):
            doubtful.apply(TimePassed(at + second))
            sure.apply(TimePassed(at + second))
        for metric in ("failures", "errors"):
            was, now = sure.verdict_of(metric).verdict, doubtful.verdict_of(metric).verdict
            is_blind = now is Verdict.BROKEN  # what fails while nothing is read is seen later
            assert now.rank >= was.rank or is_blind


def test_the_time_in_trouble_grows_and_the_lag_is_at_least_that() -> None:
    state = pass_time(fold(live()), START + 5, "canary", "baseline")
    assert frame_of(state).flow.is_lag_least is False

    state.apply(SourceChanged(START + 5, "app", SourceState.UNREADABLE, "driver none"))
    pass_time(state, START + 23)

    frame = frame_of(state)
    assert (frame.sources[0].age_s, frame.flow.lag_s, frame.flow.is_lag_least) == (18, 18, True)


def test_one_container_that_cannot_be_read_is_told_beside_what_is_live_and_the_lag_is_that_of_it() -> None:
    state = pass_time(fold(live(unread=(UNREAD,))), START + 30, "canary", "baseline")

    frame = frame_of(state)

    assert frame.sources[0].state is SourceState.LIVE
    assert frame.sources[0].unread == ((UNREAD.name, UNREAD.reason),)
    assert (frame.flow.lag_s, frame.flow.is_lag_least) == (30, True)
    assert [alert.text for alert in frame.alerts if alert.name == "app"] == [
        "source app: none-1 cannot be read: its log driver cannot be read (driver none)"
    ]


def test_before_a_source_has_begun_nobody_knows_the_lag() -> None:
    assert frame_of(fold()).flow.lag_s is None


def test_the_rate_of_lines_is_nothing_a_few_seconds_after_the_last_one() -> None:
    state = fold(live(), *(lines(START + second, ["served"] * 10) for second in range(10)), TimePassed(START + 10))
    assert frame_of(state).flow.lines_per_s == 10

    pass_time(state, START + 13)

    assert frame_of(state).flow.lines_per_s == 0


def test_the_gaps_of_a_source_have_a_total_also_of_those_whose_bounds_are_forgotten() -> None:
    state = fold(live(), *(gap(START + number) for number in range(KEPT + 5)), gap(START + 50, lines_at_most=None))

    source = frame_of(state).sources[0]

    assert (source.gaps, source.gap_lines, source.unsized_gaps) == (KEPT + 6, (KEPT + 5) * 40, 1)


def test_a_step_of_the_clock_is_no_time_in_trouble() -> None:
    state = pass_time(fold(live()), START + 5, "canary", "baseline")
    state.apply(SourceChanged(START + 6, "app", SourceState.RETRYING, "refused"))

    state.apply(ClockStepped(START + 3_600, 3_593.0))
    state.apply(TimePassed(START + 3_601))

    assert panel(state).verdict is Verdict.OK
    pass_time(state, START + 3_620)
    assert panel(state).verdict is Verdict.BROKEN


HEARTBEAT = Rollout.model_validate(
    DOCUMENT
    | {
        "metrics": {
            "beats": {
                "events": {"of": "served"},
                "window": "20s",
                "target": ">= 1",
                "critical": "< 1",
                "no_data": "bad",
            }
        },
        "phases": [{"name": "Canary 10%", "traffic": "10%", "soak": "1h", "advance": ["beats"]}],
    }
)


@pytest.mark.parametrize(
    "away",
    [
        SessionOpened(START + 100, Actor("anna", "ops1", "pts/3"), "1", START + 10),
        ClockStepped(START + 100, 90.0),
    ],
    ids=["started again", "slept"],
)
def test_what_was_not_read_while_the_console_was_away_is_not_counted_as_absent(away: Input) -> None:
    state = fold(live(), lines(START + 5), rollout=HEARTBEAT)
    pass_time(state, START + 10)
    state.apply(away)

    back = panel(pass_time(state, START + 101), "beats")
    silent = panel(pass_time(state, START + 121), "beats")

    assert (back.verdict, back.reason) == (Verdict.UNKNOWN, "nothing was read yet since this console came back")
    assert (silent.verdict, silent.reason) == (Verdict.CRITICAL, "0 of 0 samples, which counts as bad")
