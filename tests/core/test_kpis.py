"""The goals of the whole rollout, and the course that they are judged by."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.actors import Actor
from console.core.course import Course, entered
from console.core.dashboard_frame import KpiOutcome, KpiView
from console.core.frame import SessionView
from console.core.inputs import ClockStepped, KpiEntered, Reading, SampleTaken
from console.core.inputs import TimePassed as Tick
from console.core.kpis import views
from console.core.memory import document, restore
from console.core.report_kpis import kpi_sections
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.words import Outcome

ANNA = Actor("anna", "ops1")
T = 1_000_000.0
MET, MISSED, UNKNOWN = KpiOutcome


def rollout(**kpis: dict[str, Any]) -> Rollout:
    return Rollout.model_validate(
        {
            "rollout": "shop",
            "title": "t",
            "service": "app",
            "metrics": {"up": {"command": ["x"], "every": "1s", "target": "== 1", "critical": "< 1", "unit": ""}},
            "phases": [
                {"name": "Before", "traffic": "0%"},
                {"name": "A", "traffic": "50%"},
                {"name": "B", "traffic": "100%"},
            ],
            "actions": {
                "back": {"title": "Back", "kind": "rollback", "steps": [{"run": ["x"]}]},
                "part": {"title": "Part", "parameters": {"component": {}}, "steps": [{"run": ["x"]}]},
                "on": {"title": "On", "kind": "advance"},
            },
            "kpis": kpis,
        },
        by_alias=True,
        by_name=False,
    )


class Watch:
    """A state with a clock: every second a measurement and a tick."""

    def __init__(self, **kpis: dict[str, Any]) -> None:
        self.state, self.at, self.begun = State(rollout(**kpis), T), T, 0
        self.is_tracked = False
        """Whether canary and baseline are measured apart."""
        self.beside: float | None = None
        self.state.apply(Tick(T))

    def run(self, seconds: int, up: float | None = 1.0) -> "Watch":
        for _ in range(seconds):
            self.at += 1
            if up is not None:
                apart = (Reading("canary", up), Reading("baseline", self.beside))
                found = apart if self.is_tracked else (Reading("", up),)
                self.state.apply(SampleTaken(self.at, "up", found, 0.0))
            self.state.apply(Tick(self.at))
        return self

    def begin(self, action: str, *, phase: int | None = None, **more: Any) -> "Watch":
        self.begun += 1
        name, share = f"a{self.begun}", None if phase is None else self.state.rollout.phases[phase].traffic
        share = 0.0 if action == "back" else share
        kind = {"on": "advance", "back": "rollback", "part": "task"}[action]
        self.state.apply(ActionStarted(self.at, name, action, kind, action, ANNA, "why", share, phase, ("x",), **more))
        self.state.apply(ActionEnded(self.at, name, Outcome.DONE))
        self.state.apply(Tick(self.at))
        return self

    def kpi(self, name: str) -> KpiView:
        return next(one for one in goals_of(self.state) if one.kpi == name)


def goals_of(state: State, *, is_complete: bool = False) -> tuple[KpiView, ...]:
    return views(state.course, state.rollout, tracked=state.standing().tracked, is_complete=is_complete)


UPTIME = {"mean": "up", "target": "> 99.5%"}


def test_the_mean_is_over_the_time_in_which_the_canary_had_traffic() -> None:
    watch = Watch(uptime=UPTIME)

    before = watch.run(100, up=0.0).kpi("uptime")
    after = watch.begin("on", phase=1).run(1, up=1.0).run(995).run(4, up=0.0).kpi("uptime")

    assert (before.outcome, before.text, before.reason) == (UNKNOWN, "–", "mean up; the canary had no traffic yet")
    # 0 stood for the first second, until the first measurement, and for the last three of four.
    assert (after.outcome, after.text) == (MET, "99.6 %")


def test_a_mean_that_falls_below_its_goal_is_missed() -> None:
    watch = Watch(uptime=UPTIME).run(1).begin("on", phase=1).run(90).run(10, up=0.0)

    missed = watch.kpi("uptime")

    assert (missed.outcome, missed.text) == (MISSED, "91 %")


def test_a_figure_near_its_goal_shows_on_which_side_it_is() -> None:
    watch = Watch(uptime={"mean": "up", "target": "== 100%"}).run(1).begin("on", phase=1)

    told = watch.run(4000).run(2, up=0.0).run(1).kpi("uptime")

    assert (told.outcome, told.text) == (MISSED, "99.95 %")


def test_a_goal_is_met_so_far_until_the_rollout_is_complete() -> None:
    watch = Watch(uptime=UPTIME).run(1, up=0.0).begin("on", phase=1).run(1)

    behind = watch.kpi("uptime")
    early = watch.run(900).kpi("uptime")
    late = goals_of(watch.state, is_complete=True)[0]

    assert (behind.outcome, behind.said) == (MISSED, "missed so far")
    assert (early.outcome, early.said) == (MET, "met so far")
    assert (late.outcome, late.said) == (MET, "met")


def test_what_stays_missed_is_not_missed_so_far() -> None:
    watch = Watch(rollbacks={"count": ["back"], "target": "== 0"}).run(1)

    said = [watch.kpi("rollbacks").said, watch.begin("back").kpi("rollbacks").said]

    assert said == ["met so far", "missed"]


def test_a_goal_is_of_the_canary_unless_it_is_of_both_tracks_by_their_traffic() -> None:
    both, highest = {"mean": "up", "both_tracks": True, "target": "> 0.9"}, {"highest": "up", "target": "<= 1"}
    worst = highest | {"both_tracks": True}
    watch = Watch(canary={"mean": "up", "target": "> 0.9"}, both=both, highest=highest, worst=worst)
    watch.is_tracked, watch.beside = True, 2.0

    half = watch.run(1).begin("on", phase=1).run(100).kpi("both")
    watch.beside = None
    alone = watch.begin("on", phase=2).run(100).kpi("both")

    assert (half.outcome, half.text, half.reason) == (MET, "1.50", "mean up of both tracks")
    assert watch.kpi("canary").text == "1"
    assert watch.kpi("canary").reason == "mean up of the canary"
    assert alone.text == "1.25"  # 1.5 and then 1, for 100 seconds each
    assert [watch.kpi(name).text for name in ("highest", "worst")] == ["1", "2"]


def test_both_tracks_are_known_only_while_the_baseline_is() -> None:
    watch = Watch(both={"mean": "up", "both_tracks": True, "target": "> 0.9"})
    watch.is_tracked, watch.beside = True, 1.0
    watch.run(1).begin("on", phase=1).run(100)

    watch.beside = None
    told = watch.run(100).kpi("both")

    assert (told.outcome, told.reason) == (UNKNOWN, "mean up of both tracks; known for 1m 41s of 3m 20s")


def test_a_metric_that_was_not_known_for_long_enough_proves_nothing() -> None:
    watch = Watch(uptime=UPTIME).run(1).begin("on", phase=1).run(60)

    watch.run(60, up=None)

    told = watch.kpi("uptime")
    assert told.outcome is UNKNOWN
    # A value counts until it is more than ten seconds old, and the look at ten holds until the next one.
    assert told.reason == "mean up; known for 1m 11s of 2m"


def test_the_highest_value_is_never_forgotten_and_a_gap_does_not_excuse_it() -> None:
    watch = Watch(isolation={"highest": "up", "target": "== 0"}).run(1, up=0.0).begin("on", phase=1)

    clean = watch.run(50, up=0.0).kpi("isolation").outcome
    watch.run(2, up=3.0).run(50, up=0.0).run(100, up=None)

    assert clean is MET
    assert (watch.kpi("isolation").outcome, watch.kpi("isolation").text) == (MISSED, "3")


def test_time_in_which_nobody_watched_is_not_known() -> None:
    watch = Watch(uptime=UPTIME).run(1).begin("on", phase=1).run(100)
    watch.at += 100

    watch.state.apply(Tick(watch.at))

    assert watch.kpi("uptime").outcome is UNKNOWN
    assert watch.kpi("uptime").reason.endswith("known for 1m 40s of 3m 20s")


def test_a_step_of_the_clock_is_no_time() -> None:
    watch = Watch(uptime=UPTIME).run(1).begin("on", phase=1).run(100)
    watch.at += 3600

    watch.state.apply(ClockStepped(watch.at, 3600))
    watch.run(10)

    assert watch.state.course.watched_s == 110
    assert watch.kpi("uptime").outcome is MET


def test_actions_are_counted_when_they_are_begun_and_not_when_they_are_verified_or_carried_on() -> None:
    watch = Watch(rollbacks={"count": ["back", "part"], "target": "== 0"})

    none = watch.kpi("rollbacks")
    watch.begin("back").begin("back", is_check=True, continues="a1").begin("back", continues="a1")

    assert (none.outcome, none.text, none.reason) == (MET, "0", "back, part begun")
    assert (watch.kpi("rollbacks").outcome, watch.kpi("rollbacks").text) == (MISSED, "1")


KEPT = {"kept": {"AGENT": "A", "TOOLS": "B"}, "by": ["back", "part"], "target": "== 100%"}


def test_components_are_kept_when_all_phases_were_entered_and_nothing_was_taken_back() -> None:
    watch = Watch(kept=KEPT).begin("on", phase=1).run(1)

    half = watch.kpi("kept")
    watch.begin("on", phase=2).run(1)

    assert (half.outcome, half.reason) == (UNKNOWN, "1 of 2 entered, 0 taken back; 1 to come")
    assert (watch.kpi("kept").outcome, watch.kpi("kept").text) == (MET, "100 %")


def test_a_rollback_takes_back_what_was_entered_and_one_component_only_itself() -> None:
    whole = Watch(kept=KEPT).begin("on", phase=1).run(1).begin("back").run(1)
    part = Watch(kept=KEPT).begin("on", phase=1).run(1).begin("on", phase=2).run(1)
    part.begin("part", given={"component": "TOOLS"}).begin("part", given={"component": "TOOLS"}).run(1)
    early = Watch(kept=KEPT).run(1).begin("back").run(1)

    assert (whole.kpi("kept").outcome, whole.kpi("kept").text) == (MISSED, "50 %")
    assert (part.kpi("kept").outcome, part.kpi("kept").reason) == (MISSED, "2 of 2 entered, 1 taken back")
    assert early.kpi("kept").text == "100 %"


def test_a_figure_is_what_a_person_entered_last_and_the_journal_has_each() -> None:
    watch = Watch(tickets={"entered": True, "unit": "%", "target": "< 10%", "title": "More tickets"})

    open_ = watch.kpi("tickets")
    first = watch.state.apply(KpiEntered(T + 1, "tickets", 14.0, ANNA, "support desk"))
    worse = watch.kpi("tickets").outcome
    watch.state.apply(KpiEntered(T + 2, "tickets", 4.0, ANNA))

    assert (open_.outcome, open_.text, open_.reason) == (UNKNOWN, "–", "somebody has yet to enter it")
    assert [(one.kind, one.text) for one in first] == [("kpi", "tickets is 14, entered by anna@ops1: support desk")]
    assert first[0].body["actor"] == "anna@ops1"
    assert worse is MISSED
    assert (watch.kpi("tickets").outcome, watch.kpi("tickets").text) == (MET, "4 %")
    assert (watch.kpi("tickets").by, watch.kpi("tickets").at) == ("anna@ops1", T + 2)


def test_the_course_goes_on_after_a_restart() -> None:
    watch = Watch(uptime=UPTIME, kept=KEPT).run(1).begin("on", phase=1).run(30)
    watch.state.apply(KpiEntered(T, "uptime", 1.0, ANNA))
    course = watch.state.course

    again = State(rollout(uptime=UPTIME, kept=KEPT), watch.at)
    said = {name: document(watch.state, name) for name in ("session", "phase", "course")}
    none: dict[Any, Any] = {}
    restore(again, documents=said, positions=none, counts=watch.state.rollup.packed(), totals=none, labels=none,
            lines=0, unclassified=0)  # fmt: skip

    assert json.loads(said["course"])["watched_s"] == 30
    assert again.course == course
    assert goals_of(again) == goals_of(watch.state)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from((0.0, 1.0, None)), st.integers(1, 40)), max_size=12))
def test_what_is_known_is_never_more_than_what_passed_and_the_mean_lies_between_the_values(
    stretches: list[tuple[float | None, int]],
) -> None:
    watch = Watch(uptime=UPTIME).run(1).begin("on", phase=1)

    for up, seconds in stretches:
        watch.run(seconds, up)

    course = watch.state.course
    assert course.watched_s == sum(seconds for _, seconds in stretches)
    for seen in course.seen.values():
        assert 0 <= seen.sum <= seen.known_s <= course.watched_s


def test_a_course_is_written_and_read_as_it_is() -> None:
    kept = TypeAdapter(Course)
    course, _ = entered(Course(looked=1.0), KpiEntered(2.0, "x", 0.1, ANNA, "ä"))

    assert kept.validate_json(kept.dump_json(course)) == course


def test_in_a_report_nobody_has_said_what_nobody_entered() -> None:
    watch = Watch(rollbacks={"count": ["back"], "target": "== 0"}, tickets={"entered": True, "target": "< 10"}).run(1)
    frame = build_frame(watch.state, watch.at, session=SessionView("s", T, is_read_only=False, held_by=""))

    (section,) = kpi_sections(frame)

    assert [row[4].text for row in section.rows] == ["the console", "nobody yet"]
    assert section.note == "1 of 2 are met so far."
