"""The rollout `user-context`: its order, flags, routes, words of alerts, incidents, ways back and views."""

from collections import Counter
from typing import Any

import pytest

from console.core.alert_values import example, values_of
from console.core.alerts import Severity, Why
from console.core.incident_rules import Trigger
from console.core.inputs import Reading, SampleTaken, TimePassed
from console.core.planning import plan
from console.core.receivers import routes_of
from console.core.rollout import Rollout
from console.core.stages import FULL_SHARE
from console.core.state import State
from console.core.verdict import Verdict
from console.spec.load import load
from console.spec.templates import render

NAME = "user-context"
PHASES = (
    ("Before deployment", 0, 0),
    ("1A Agent execution core", 25, 30),
    ("1B Workflow orchestrator", 50, 30),
    ("1C Tool dispatcher", 75, 30),
    ("Stable for 48 h", 75, 48 * 60),
    ("1D WebSocket", 100, 30),
    ("Validation and clean-up", 100, 0),
)
FLAGS = tuple(
    f"ENABLE_{component}_MIGRATION"
    for component in ("AGENT_EXECUTION_CORE", "WORKFLOW_ORCHESTRATOR", "TOOL_DISPATCHER", "WEBSOCKET_EXECUTOR")
)
ENV = {
    "PAGERDUTY_URL": "pagerduty://k1@api",
    "SLACK_OPS_URL": "slack://a1/b1/ops",
    "EXEC_MAIL_URL": "mailto://exec1@mail",
    "ENGINEERING_LEAD_MAIL_URL": "mailto://lead1@mail",
    "CTO_MAIL_URL": "mailto://cto1@mail",
    "DEVOPS_ONCALL_MAIL_URL": "mailto://oncall1@mail",
    "SLACK_ENG_URL": "slack://a1/b1/eng",
    "ENG_MAIL_URL": "mailto://eng1@mail",
    "ENGINEERING_TEAM_MAIL_URL": "mailto://team1@mail",
    "DEVOPS_TEAM_MAIL_URL": "mailto://devops1@mail",
}


def rollout(**env: str) -> Rollout:
    return load(NAME, env).rollout


def test_the_sub_phases_come_in_order_with_their_windows() -> None:
    said = [(phase.name, phase.traffic, phase.soak / 60) for phase in rollout().phases]

    assert said == [*PHASES]
    assert {phase.on_breach for phase in rollout().phases[1:6]} == {"restart"}, "a window is one of minutes in a row"


def test_what_must_be_done_before_is_in_four_groups_and_signed_by_lead_and_cto() -> None:
    first = rollout().phases[0]

    assert Counter(item.group for item in first.checklist) == {
        "Security and compliance": 7,
        "Testing and quality": 8,
        "Infrastructure and configuration": 8,
        "Business continuity": 5,
    }
    assert [role.role for role in first.sign_off] == ["engineering-lead", "cto"]
    assert [role.role for role in rollout().phases[-1].sign_off] == ["engineering-lead"]


def _flags_after(phase: int) -> dict[str, str]:
    """Return what the env file says after the advance into a phase, of what it edits."""
    planned = plan(rollout(), "advance", phase_index=phase - 1, traffic=0.0)
    edits = [step.env_file.set for step in planned.steps if step.env_file is not None]
    return {key: value for edit in edits for key, value in edit.items()}


@pytest.mark.parametrize(("phase", "on"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 4)])
def test_an_advance_sets_the_flags_of_its_sub_phase_and_of_those_before_and_no_other(phase: int, on: int) -> None:
    said = _flags_after(phase)

    assert {key: value for key, value in said.items() if key in FLAGS} == dict.fromkeys(FLAGS[:on], "true")
    assert said["CANARY_PERCENTAGE"] == f"{PHASES[phase][1]}"


def test_a_full_rollback_takes_every_flag_and_all_traffic_back() -> None:
    planned = plan(rollout(), "rollback", phase_index=5, traffic=FULL_SHARE)

    edit = planned.steps[0].env_file
    assert edit is not None
    assert edit.set == {**dict.fromkeys(FLAGS, "false"), "CANARY_PERCENTAGE": "0"}
    assert planned.verify, "it is verified"


@pytest.mark.parametrize("flag", FLAGS)
def test_one_component_is_rolled_back_by_its_own_flag_and_nothing_else(flag: str) -> None:
    component = flag.removeprefix("ENABLE_").removesuffix("_MIGRATION")

    planned = plan(rollout(), "rollback_component", phase_index=5, traffic=FULL_SHARE, given={"component": component})

    edit = planned.steps[0].env_file
    assert edit is not None
    assert edit.set == {flag: "false"}
    assert planned.traffic is None


def test_who_is_told_comes_from_the_environment_and_nobody_where_it_says_nothing() -> None:
    critical, warning = (one for one in routes_of(rollout(**ENV)) if not one.incident)

    assert routes_of(rollout()) == ()
    assert (critical.severity, critical.escalate_after_s) == (Severity.CRITICAL, 300)
    assert [one.label.partition(",")[0] for one in critical.to] == ["pagerduty", "slack", "mailto"]
    assert len(critical.escalate_to) == 3
    assert (warning.severity, warning.escalate_after_s) == (Severity.WARNING, 900)
    assert [one.label.partition(",")[0] for one in warning.to] == ["slack", "mailto"]
    assert len(warning.escalate_to) == 2


def _said(template: str, about: str, **more: Any) -> str:
    found = rollout().alerts.templates[template]
    item = example(rollout(), about)
    values = {**values_of(item, rollout(), session="s", why=Why.FIRING, at=250.0), **more}
    message = render(found, values, is_resolved=False)
    return f"{message.title}\n{message.text}"


def test_a_violation_says_whom_it_affects_what_it_was_and_what_to_do() -> None:
    row = {"affected_users": "ann, bob", "violation_type": "tool result"}

    said = _said("user_isolation_violation", "user_isolation_violations", row=row)

    assert "CRITICAL" in said.splitlines()[0]
    for part in ("Users affected: ann, bob", "What it was: tool result", "Detected: 1970-01-01 00:00:00 UTC"):
        assert part in said
    assert "1. Roll everything back" in said
    assert "2. Notify the users affected" in said
    assert "https://docs.company.com/runbooks/user-isolation-violation" in said


def test_a_failing_golden_path_says_how_many_failed_in_which_time() -> None:
    said = _said("golden_path_failure", "golden_path_success_rate", value_text="78.3 %", row={"failed": "412"})

    for part in ("Success rate: 78.3 %", "Failed requests: 412", "In the last: 1h", "revenue is at risk"):
        assert part in said
    assert "https://docs.company.com/runbooks/golden-path-recovery" in said


def test_a_warning_of_isolation_has_the_same_words_because_one_violation_is_one_too_many() -> None:
    templates = rollout().alerts.templates

    assert templates["user_isolation_violation"].severity is None
    assert rollout().metrics["user_isolation_violations"].on.warning == "rollback"


def test_the_first_violation_is_an_incident_of_severity_1_with_a_war_room_and_is_told_as_critical() -> None:
    state = State(rollout(**ENV), 0.0)

    state.apply(SampleTaken(1.0, "user_isolation_violations", (Reading("", 1.0, samples=400),), 0.0))
    state.apply(TimePassed(1.0))

    found = state.incidents.open
    assert state.verdict_of("user_isolation_violations").verdict is Verdict.WARNING
    assert found is not None
    assert (found.severity, found.room is not None) == (1, True)
    (alert,) = (one for one in state.alerts.alerts.values() if one.found.about == "user_isolation_violations")
    assert alert.found.severity is Severity.CRITICAL


def test_severities_have_their_times_escalation_and_action() -> None:
    rules = rollout(**ENV).incident_rules

    assert [rules.respond_within_s(severity) for severity in (1, 2, 3)] == [300, 900, 3600]
    assert rules.escalate_after_s(1) == 0
    assert rules.opens_at_warning("user_isolation_violations")
    assert not rules.opens_at_warning("golden_path_success_rate")
    assert [rules.rule(severity).action for severity in (1, 2, 3)] == ["rollback", "rollback_component", None]
    assert {"user_isolation_violations", "health", "state_corruptions", "golden_path_users_affected"} <= {
        *rules.rule(1).about
    }
    assert set(rules.war_room.opens_on) == set(Trigger)
    assert (rules.war_room.within, rules.post_mortem) == (300, 48 * 3600)
    assert list(rules.roles.values()) == [
        "Engineering lead",
        "Migration architect",
        "Product manager",
        "Customer success",
        "CTO",
    ]
    assert len(rules.procedure) == 7


def test_every_critical_opens_an_incident_of_a_severity_that_the_file_names() -> None:
    found = rollout()
    named = [name for rule in found.incident_rules.severities for name in rule.about]
    critical = [name for name, metric in found.metrics.items() if metric.critical is not None]

    assert [name for name in critical if name not in named] == []


def test_the_three_windows_follow_each_other_after_full_rollout() -> None:
    hours = [(window.from_ / 3600, window.until / 3600) for window in rollout().validation]

    assert hours == [(0, 4), (4, 24), (24, 168)]
    assert all(window.metrics and window.checklist for window in rollout().validation)


def test_every_dashboard_has_its_sections() -> None:
    titles = {view.title: [section.title for section in view.sections] for view in rollout().views.values()}

    assert titles == {
        "Executive": [
            "Golden path health",
            "Revenue at risk",
            "User experience",
            "Security status",
            "System stability",
            "Goals",
        ],
        "Engineering": [
            "Component health",
            "Performance trends",
            "Error analysis",
            "Resource utilization",
            "Migration progress",
        ],
        "Operations": [
            "Incident status",
            "Alert history",
            "Rollback readiness",
            "Deployment status",
            "Business metrics",
            "History",
        ],
    }


def test_revenue_is_estimated_only_from_a_figure_of_the_environment() -> None:
    without, given = (found.views["executive"].sections[1] for found in (rollout(), rollout(ANNUAL_REVENUE="500000")))

    assert not without.has_content
    assert given.at_risk is not None
    assert given.at_risk.number == 500_000


def test_the_goals_have_the_figures_of_the_plan() -> None:
    kpis = rollout().kpis

    assert {name: kpis[name].target for name in ("migration_success", "isolation", "performance", "uptime")} == {
        "migration_success": "== 100%",
        "isolation": "== 0",
        "performance": "< 5%",
        "uptime": "> 99.5%",
    }
    assert kpis["rollbacks"].target == "== 0"
    assert (kpis["support_tickets"].target, kpis["support_tickets"].entered) == ("< 10%", True)
    assert list(kpis["migration_success"].kept.values()) == [PHASES[index][0] for index in (1, 2, 3, 5)]
