"""Gaps and clocks: what a frame, a journal, a report and a session that is taken up again say of them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from console.core.counts import LinesCounted
from console.core.frame import Frame, SessionView
from console.core.gaps import KEPT, Gaps, bounds_text, gaps_text, short_counts, short_note, size_text, total_text
from console.core.inputs import GapSuspected, SkewMeasured, SourceChanged
from console.core.memory import restore
from console.core.plain import plain_screen
from console.core.report import report_of
from console.core.report_json import snapshot_json
from console.core.report_md import report_md
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.words import SourceState
from tests import exports, frames
from tests.core.taken_up import taken_up

START = 1_795_219_200.0
"""2026-11-21 00:00:00 UTC."""
ROLLOUT = Rollout.model_validate(
    {
        "rollout": "shop",
        "title": "The new shop",
        "service": "shop",
        "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
        "sources": {"app": {"docker": {"service": "shop"}}, "legacy": {"file": "*.log"}},
        "events": {"failed": {"match": "failed"}},
        "phases": [{"name": "Canary 10%", "traffic": "10%"}],
    }
)


def gap(at: float = START + 60, source: str = "app", **more: Any) -> GapSuspected:
    known: dict[str, Any] = {"since": at - 5.2, "until": at - 1, "lines_at_most": 4_000, "track": "canary"}
    return GapSuspected(at, source, "app-1", "the log was rotated", **{**known, **more})


def frame_of(state: State, at: float) -> Frame:
    return build_frame(state, at, session=SessionView("s", START, False, ""))


def restored(state: State, at: float) -> State:
    return taken_up(state, at, documents=json.loads(json.dumps(state.documents())))


def test_a_gap_is_written_down_with_its_bounds() -> None:
    state = State(ROLLOUT, START)

    (record,) = state.apply(gap())

    assert record.kind == "gap"
    assert record.body == {
        "source": "app",
        "name": "app-1",
        "reason": "the log was rotated",
        "since": START + 54.8,
        "until": START + 59,
        "lines_at_most": 4_000,
        "track": "canary",
    }
    assert "00:00:54.8–00:00:59.0, at most 4,000 lines" in record.text


def test_a_gap_of_which_nobody_knows_more_says_so() -> None:
    (record,) = State(ROLLOUT, START).apply(gap(since=None, until=None, lines_at_most=None))

    assert "lines may be missing, at an unknown time, nobody knows how many lines: the log was rotated" in record.text
    assert record.body["since"] is None


def test_the_source_shows_how_many_and_the_bounds_of_the_newest_ones_latest_first() -> None:
    state = State(ROLLOUT, START)
    for number in range(KEPT + 5):
        state.apply(gap(START + number))

    source = frame_of(state, START + 60).sources[0]

    assert source.gaps == KEPT + 5
    assert [each.at for each in source.newest_gaps] == [START + number for number in range(KEPT + 4, 4, -1)]


def test_gaps_outlive_a_restart_and_so_do_their_bounds() -> None:
    state = State(ROLLOUT, START)
    for number in range(KEPT + 5):
        state.apply(gap(START + number, track="baseline" if number % 2 else None))

    again = restored(state, START + 100)

    before, after = frame_of(state, START + 100), frame_of(again, START + 100)
    assert after.sources[0].gaps == before.sources[0].gaps == KEPT + 5
    assert after.sources[0].newest_gaps == before.sources[0].newest_gaps
    assert after.short == before.short
    again.apply(gap(START + 101))
    assert len(frame_of(again, START + 101).sources[0].newest_gaps) == KEPT


def test_a_session_from_before_bounds_were_kept_still_marks_its_counts() -> None:
    state = State(ROLLOUT, START)
    restore(
        state,
        documents={"sources": json.dumps({"gaps": {"app": 3}, "states": {}})},
        positions={},
        counts=state.rollup.packed(),
        totals={},
        labels={},
        lines=0,
        unclassified=0,
    )

    frame = frame_of(state, START)

    assert frame.sources[0].gaps == 3
    assert [short.total for short in frame.short] == [True, True]
    assert short_note(frame.short, frame.sources) == "may be short: app"


def test_only_counts_of_the_time_and_the_track_of_a_gap_may_be_short() -> None:
    state = State(ROLLOUT, START)
    state.apply(gap())

    def short(at: float) -> dict[str, tuple[bool, bool, bool]]:
        found = frame_of(state, at).short
        return {each.track: (each.total, each.last_hour, each.last_minute) for each in found}

    assert short(START + 70) == {"canary": (True, True, True)}
    assert short(START + 200) == {"canary": (True, True, False)}
    assert short(START + 4_000) == {"canary": (True, False, False)}
    state.apply(gap(START + 4_000, source="legacy", track=None))
    assert short(START + 4_010) == {"canary": (True, True, True), "baseline": (True, True, True)}


@given(
    gaps=st.lists(
        st.tuples(st.floats(min_value=0, max_value=10_000), st.sampled_from(["canary", "baseline", None])), max_size=30
    ),
    at=st.floats(min_value=10_000, max_value=20_000),
)
def test_a_count_over_a_longer_time_is_never_surer_than_one_over_a_shorter(
    gaps: list[tuple[float, str | None]], at: float
) -> None:
    known = Gaps()
    for moment, track in sorted(gaps, key=lambda each: each[0]):
        known.add(gap(moment, track=track))

    for short in short_counts([known], ("canary", "baseline"), at):
        assert short.total >= short.last_hour >= short.last_minute


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (START + 43_384.12, START + 43_389.3, "12:03:04.1–12:03:09.3"),
        (START + 43_384.123, START + 43_384.125, "12:03:04.123–12:03:04.125"),
        (START + 0.5, START + 86_401.25, "11-21 00:00:00.5–11-22 00:00:01.2"),
        (START, None, "after 00:00:00.0"),
        (None, START, "before 00:00:00.0"),
        (None, None, "at an unknown time"),
    ],
)
def test_bounds_are_said_as_people_write_times(since: float | None, until: float | None, said: str) -> None:
    assert bounds_text(since, until) == said


def test_sizes_are_said_with_their_bound() -> None:
    assert [size_text(number) for number in (None, 0, 1, 4_000)] == [
        "nobody knows how many lines",
        "at most 0 lines",
        "at most 1 line",
        "at most 4,000 lines",
    ]
    assert gaps_text(1, ()) == "1 gap"


def test_the_plain_screen_marks_what_may_be_short_and_says_why() -> None:
    text = "\n".join(plain_screen(frames.gapped(frames.healthy()), 200))

    assert "engine clock 3.2 s ahead" in text
    assert "2 gaps, newest 14:02:21.8–14:02:26.9, at most 4,000 lines" in text
    assert "≥ may be short: app 14:02:21.8–14:02:26.9, at most 4,000 lines; and 1 before" in text
    row = next(line for line in text.splitlines() if line.strip().startswith("transition"))
    assert row.split()[1:4] == ["≥48,112", "46", "≥2,731"]


def test_the_newest_gap_of_all_sources_is_the_one_that_is_said() -> None:
    frame = frames.gapped(frames.healthy())
    other = replace(
        frame.sources[0], name="legacy", gaps=1, newest_gaps=(replace(frame.sources[0].newest_gaps[0], at=frame.at),)
    )

    assert short_note(frame.short, (*frame.sources, other)).startswith("may be short: legacy ")
    assert short_note((), frame.sources) == ""


def counted(at: float, newest: float) -> LinesCounted:
    return LinesCounted(at, "app", "c1", "stdout", "app-1", "canary", -1, 1, 1, 0, {}, {}, newest=newest)


def test_the_lag_is_by_one_clock_whatever_the_engine_thinks_the_time_is() -> None:
    state = State(ROLLOUT, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE))
    state.apply(SkewMeasured(START, "app", 7.25, 7.0))
    state.apply(counted(START + 10, START + 10.25 - 0.5))  # written half a second ago, 7 s already taken off

    source = frame_of(state, START + 10).sources[0]

    assert source.lag_s == pytest.approx(0.5)
    assert source.skew_s == 7.25


def test_clocks_that_agree_to_the_second_are_not_mentioned_and_others_are_written_down_once() -> None:
    state = State(ROLLOUT, START)

    said = [
        record.text
        for skew_s in (0.4, 3.2, 3.3, 3.9, -0.2)
        for record in state.apply(SkewMeasured(START, "app", skew_s, float(round(skew_s))))
    ]

    assert said == ["app: engine clock 3.2 s ahead", "app: engine clock 0.2 s behind"]
    assert frame_of(state, START).sources[0].skew_s is None
    assert state.apply(SkewMeasured(START, "unknown", 9.0, 9.0)) == []


def test_a_report_says_what_may_be_missing_and_which_counts_that_concerns() -> None:
    text = report_md(report_of(exports.export(frames.gapped(frames.regression()))))

    assert "Counts may be short: app 14:02:21.8–14:02:26.9, at most 4,000 lines; and 1 before." in text
    assert "2 gaps, newest 14:02:21.8–14:02:26.9, at most 4,000 lines" in text
    assert "engine clock 3.2 s ahead" in text


def test_a_snapshot_has_the_bounds_of_the_newest_gaps() -> None:
    app, *others = snapshot_json(exports.export(frames.gapped(frames.healthy())))["sources"]

    assert (app["gaps"], app["skew_s"]) == (2, 3.24)
    assert [each["at"] for each in app["newest_gaps"]] == ["2026-03-02T14:02:27.000Z", "2026-03-02T13:53:27.000Z"]
    assert app["newest_gaps"][0] == {
        "at": "2026-03-02T14:02:27.000Z",
        "name": "canary-1",
        "track": "canary",
        "reason": "rotated",
        "since": "2026-03-02T14:02:21.800Z",
        "until": "2026-03-02T14:02:26.900Z",
        "lines_at_most": 4_000,
    }
    assert all((each["newest_gaps"], each["skew_s"]) == ([], None) for each in others)


def test_a_total_says_how_many_lines_all_gaps_may_be_and_of_how_many_nobody_knows() -> None:
    assert total_text(8, 220_000, 0) == "8 gaps, at most 220,000 lines"
    assert total_text(1, 1, 0) == "1 gap, at most 1 line"
    assert total_text(8, 220_000, 2) == "8 gaps, at most 220,000 lines and 2 of unknown size"
    assert total_text(2, 0, 2) == "2 gaps, nobody knows how many lines"


def test_many_gaps_of_one_track_do_not_hide_that_of_another() -> None:
    gaps = Gaps()
    gaps.add(GapSuspected(100, "app", "c", "cut", since=90, until=99, track="canary"))
    for number in range(KEPT):
        gaps.add(GapSuspected(101 + number, "app", "b", "cut", since=100, until=101 + number, track="baseline"))
    written = TypeAdapter(Gaps).dump_python(gaps, mode="json")
    before_ends_were_kept = {name: said for name, said in written.items() if name != "forgotten"}

    canary, baseline = short_counts([TypeAdapter(Gaps).validate_python(written)], ["canary", "baseline"], 130)
    old = short_counts([TypeAdapter(Gaps).validate_python(before_ends_were_kept)], ["baseline"], 130)

    assert (canary.last_minute, canary.last_hour) == (True, True)
    assert old == (baseline,)
