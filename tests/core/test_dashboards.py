"""The views of a rollout file: what their sections show of a session."""

from typing import Any

import pytest

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.actors import Actor
from console.core.dashboard_frame import DashboardRow, DashboardSection
from console.core.dashboards import AtRisk
from console.core.frame import SessionView
from console.core.inputs import KpiEntered, Reading, SampleTaken, TimePassed
from console.core.memory import document
from console.core.rollout import Rollout
from console.core.state import State
from console.core.verdict import Verdict
from console.core.view import build_frame
from console.core.words import Outcome

ANNA = Actor("anna", "ops1")
T = 1_800_000_000.0


def state(*sections: dict[str, Any], traffic: float = 25.0, **more: Any) -> State:
    """A state in its second phase, with one view of these sections."""
    rollout = Rollout.model_validate(
        {
            "rollout": "shop",
            "title": "t",
            "service": "app",
            "sources": {"db": {"postgres": "postgresql://h"}},
            "events": {"lost": {"match": "lost (?P<why>\\w+)"}},
            "metrics": {
                "golden": {
                    "title": "Golden path",
                    "query": "q",
                    "source": "db",
                    "unit": "%",
                    "target": "> 95%",
                    "critical": "< 80%",
                    "on": {"critical": "back"},
                },
                "errors": {"query": "q", "source": "db", "unit": "%", "target": "< 1%"},
            },
            "phases": [
                {"name": "Before", "traffic": "0%"},
                {"name": "One", "traffic": f"{traffic}%", "soak": "30m", "checklist": [{"id": "a", "text": "Asked"}]},
                {"name": "All", "traffic": "100%", "soak": "1h"},
            ],
            "actions": {
                "part": {"key": "C", "title": "Part", "way_back": True, "steps": [{"run": ["x"]}]},
                "back": {"key": "R", "title": "Back", "kind": "rollback", "steps": [{"run": ["x"]}]},
                "other": {"key": "O", "title": "Other", "steps": [{"run": ["x"]}]},
                "on": {"key": "A", "title": "On", "kind": "advance"},
            },
            "views": {"one": {"title": "One view", "sections": list(sections)}},
            **more,
        },
        by_alias=True,
        by_name=False,
    )
    made = State(rollout, T)
    made.apply(ActionStarted(T, "a1", "on", "advance", "On", ANNA, "go", traffic, 1, ()))
    made.apply(ActionEnded(T + 1, "a1", Outcome.DONE))
    return made


def measured(made: State, metric: str, canary: float | None, baseline: float | None = 97.0, at: float = T + 2) -> None:
    made.apply(SampleTaken(at, metric, (Reading("canary", canary, 400), Reading("baseline", baseline, 900)), 0.0))
    made.apply(TimePassed(at))


def shown(made: State) -> dict[str, tuple[DashboardRow, ...]]:
    frame = build_frame(made, made.at, session=SessionView("s", T, is_read_only=False, held_by=""))
    (view,) = frame.views
    assert view.title == "One view"
    return {section.title: section.rows for section in view.sections if isinstance(section, DashboardSection)}


@pytest.mark.parametrize(("traffic", "tracks"), [(25.0, ["canary", "baseline"]), (100.0, ["canary"])])
def test_with_all_traffic_on_the_canary_a_baseline_without_data_is_not_shown(traffic: float, tracks: list[str]) -> None:
    made = state({"title": "Health", "metrics": ["golden"]}, traffic=traffic)

    measured(made, "golden", 97.8, None)

    frame = build_frame(made, made.at, session=SessionView("s", T, is_read_only=False, held_by=""))
    assert [value.track for value in frame.panels[0].values] == tracks


def test_a_metric_has_its_verdict_value_and_baseline() -> None:
    made = state({"title": "Health", "metrics": ["golden"]})
    measured(made, "golden", 97.8)

    (well,) = shown(made)["Health"]
    measured(made, "golden", 78.0, at=T + 3)
    (bad,) = shown(made)["Health"]

    assert (well.mark, well.tone, well.name, well.text) == ("✓", Verdict.OK, "Golden path", "97.8 %")
    assert well.more == "baseline 97 %; target > 95%, critical < 80%"
    assert (bad.tone, bad.text, bad.spark[-2:]) == (Verdict.CRITICAL, "78 %", (97.8, 78.0))
    assert bad.more.startswith("< 80%")


AT_RISK = {"amount": "500,000", "unit": "USD a year", "metric": "golden"}


def test_what_is_at_risk_is_the_amount_times_the_share_of_the_traffic_times_what_fails() -> None:
    made = state({"title": "Revenue", "at_risk": AT_RISK})
    measured(made, "golden", 78.0)

    (row,) = shown(made)["Revenue"]

    # 500,000 x 25 % x 22 %
    assert (row.name, row.text, row.tone) == ("Revenue, an estimate", "27,500 USD a year", Verdict.CRITICAL)
    assert row.more == "500,000 USD a year × 25 % of the traffic × 22 % failing"


def test_where_less_is_better_the_value_itself_is_what_fails() -> None:
    made = state({"title": "Revenue", "at_risk": {**AT_RISK, "metric": "errors"}})
    measured(made, "errors", 2.0, baseline=1.0)

    assert shown(made)["Revenue"][0].text == "2,500 USD a year"


def test_without_a_figure_nothing_is_estimated_and_the_section_is_not_there() -> None:
    made = state({"title": "Revenue", "at_risk": {**AT_RISK, "amount": ""}}, {"title": "All", "shows": ["verdict"]})
    measured(made, "golden", 78.0)

    assert list(shown(made)) == ["All"]


def test_what_is_not_known_is_not_estimated() -> None:
    unmeasured = state({"title": "Revenue", "at_risk": AT_RISK})
    unmeasured.apply(TimePassed(T + 2))
    without_traffic = state({"title": "Revenue", "at_risk": AT_RISK})
    without_traffic.apply(ActionStarted(T + 2, "a2", "back", "rollback", "Back", ANNA, "why", 0.0, None, ()))
    without_traffic.apply(ActionEnded(T + 3, "a2", Outcome.DONE))
    measured(without_traffic, "golden", 78.0, at=T + 4)

    assert [(row.text, row.tone) for row in shown(unmeasured)["Revenue"]] == [("not known", Verdict.UNKNOWN)]
    assert [(row.text, row.more) for row in shown(without_traffic)["Revenue"]] == [
        ("0 USD a year", "no traffic is on the new code")
    ]


@pytest.mark.parametrize("amount", ["much", "-5", "1e6", "500.000,00", "1/2"])
def test_an_amount_that_is_no_plain_number_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="plain number such as 500000"):
        AtRisk(amount=amount, unit="USD", metric="golden")


def test_the_deployment_says_what_is_behind_present_and_to_come() -> None:
    made = state({"title": "Phases", "shows": ["phases"]}, {"title": "Way", "shows": ["advance"]})
    made.apply(TimePassed(T + 2))

    rows = shown(made)

    assert [(row.mark, row.name, row.text, row.more) for row in rows["Phases"]] == [
        ("✓", "Before", "0 %", "behind"),
        ("▶", "One", "25 %", "now, soaked 1s of 30m"),
        ("·", "All", "100 %", "to come, soak 1h"),
    ]
    assert ("✗", "Asked", "somebody to tick it") in [(row.mark, row.name, row.more) for row in rows["Way"]]


def test_a_share_that_is_not_that_of_the_phase_is_said() -> None:
    made = state({"title": "Phases", "shows": ["phases"]})
    made.apply(ActionStarted(T + 2, "a2", "back", "rollback", "Back", ANNA, "why", 0.0, None, ()))
    made.apply(ActionEnded(T + 3, "a2", Outcome.DONE))

    present = shown(made)["Phases"][1]

    assert present.more.startswith("now, the share is 0 %")
    assert present.tone is Verdict.WARNING


def test_the_ways_out_are_those_that_take_traffic_or_a_part_back_with_how_they_went_last() -> None:
    made = state({"title": "Ways", "shows": ["ways_out"]}, {"title": "Done", "shows": ["history"]})

    before = shown(made)["Ways"]
    made.apply(ActionStarted(T + 2, "a2", "back", "rollback", "Back", ANNA, "errors", 0.0, None, ()))
    running = shown(made)["Ways"]
    made.apply(ActionEnded(T + 6, "a2", Outcome.FAILED, "exit code 1"))
    after = shown(made)

    assert [(row.key, row.name, row.text, row.more) for row in before] == [
        ("C", "Part", "not looked at yet", "not begun in this session"),
        ("R", "Back", "not looked at yet", "not begun in this session"),
    ]
    assert running[0].text == "another action is running"
    assert "failed by anna@ops1, took 4s" in after["Ways"][1].more
    assert [(row.name, row.text, row.tone) for row in after["Done"]] == [
        ("Back", "failed", Verdict.CRITICAL),
        ("On", "done", Verdict.OK),
    ]


def test_the_history_of_alerts_counts_what_was_raised_and_says_how_long_it_stood() -> None:
    made = state({"title": "History", "shows": ["alert_history"]}, {"title": "Now", "shows": ["alerts"]})
    at = T + 2
    for value in (97.0, 70.0, 97.0, 70.0):
        measured(made, "golden", value, at=at)
        made.apply(TimePassed(at + 1))
        at += 10

    rows = shown(made)

    assert [(row.text, row.more) for row in rows["History"][:1]] == [("2 raised", "1 stand now")]
    assert [row.text for row in rows["History"][1:]] == ["stands, raised 2 times", "for 10s, raised 2 times"]
    assert [row.tone for row in rows["Now"]] == [Verdict.CRITICAL]


def test_with_nothing_wrong_the_view_says_so() -> None:
    made = state({"title": "Now", "shows": ["alerts", "incidents"]})
    made.apply(TimePassed(T + 2))

    assert [row.name for row in shown(made)["Now"]] == ["Nothing calls for attention", "No incident is open"]


def test_goals_stand_in_a_view_as_they_do_on_their_own_screen() -> None:
    kpis = {"tickets": {"title": "Tickets", "entered": True, "unit": "%", "target": "< 10%"}}
    made = state({"title": "Goals", "shows": ["kpis"]}, kpis=kpis)
    made.apply(KpiEntered(T + 2, "tickets", 12.0, ANNA, "desk"))

    (row,) = shown(made)["Goals"]

    assert (row.mark, row.tone, row.name, row.text) == ("✗", Verdict.CRITICAL, "Tickets", "12 % missed so far")
    assert row.more == "< 10%; entered by anna@ops1: desk"


def test_a_rollout_without_views_and_goals_keeps_no_course() -> None:
    made = state({"title": "Now", "shows": ["alerts"]}, views={})
    made.apply(TimePassed(T + 6))

    assert "course" not in made.documents()
    assert document(made, "course") == document(State(made.rollout, T), "course")
