"""The alerts of the shipped rollouts: every severity leads to somebody once its variable is set, in words that fit."""

import pytest

from console.core.alert_values import example, values_of
from console.core.alerts import Why
from console.core.own_checks import leads_to_people
from console.core.receivers import addresses_of, routes_of
from console.core.rollout import ChecklistItem
from console.spec.files import shipped
from console.spec.load import load
from console.spec.templates import render

SET = {
    "PAGERDUTY_URL": "pagerduty://integration@key",
    "ESCALATION_URL": "json://boss/s3cret",
    "SLACK_URL": "slack://a/b/c",
    "SLACK_ENG_URL": "slack://d/e/f",
}
OURS = ("ai-agent", "fsm-checkpoint", "tool-history")


def items(name: str) -> list[ChecklistItem]:
    return [item for phase in load(name, {}).rollout.phases for item in (*phase.prerequisites, *phase.checklist)]


@pytest.mark.parametrize("name", shipped())
def test_no_severity_leads_to_anybody_before_a_variable_is_set_and_each_does_afterwards(name: str) -> None:
    unset, told = load(name, {}), load(name, SET)

    assert leads_to_people(unset.rollout, ("critical", "warning")) == (False, "critical: nobody; warning: nobody")
    assert leads_to_people(told.rollout, ("critical", "warning"))[0]
    assert set(addresses_of(told.rollout).values()) <= set(told.secrets)


@pytest.mark.parametrize("name", shipped())
def test_a_checklist_is_not_done_while_alerts_lead_to_nobody(name: str) -> None:
    asked = [item.verify.alerts for item in items(name) if item.verify is not None and item.verify.alerts is not None]

    assert asked == [("critical", "warning")]


@pytest.mark.parametrize("name", OURS)
def test_what_nobody_acknowledges_in_five_minutes_goes_to_somebody_else(name: str) -> None:
    (critical,) = [one for one in routes_of(load(name, SET).rollout) if one.severity == "critical"]

    assert critical.escalate_after_s == 300
    assert [receiver.label.partition(",")[0] for receiver in critical.escalate_to] == ["json"]


@pytest.mark.parametrize(
    ("name", "metric", "severity", "title"),
    [
        ("fsm-checkpoint", "divergence", "critical", "FSM state at risk: divergence 6 in Canary"),
        ("fsm-checkpoint", "p99_latency", "critical", "The new agent fails its users: p99_latency 6 on the canary"),
        ("fsm-checkpoint", "denial_rate", "warning", "FSM drifts: denial_rate 6"),
        ("tool-history", "newest_row", "warning", "Tool history stands still: the newest execution is 6 old"),
        ("tool-history", "table", "critical", "Tool history: the table or a column of it is gone"),
        ("tool-history", "record_time", "warning", "Tool history is slow: record_time 6"),
    ],
)
def test_what_is_told_names_what_is_wrong(name: str, metric: str, severity: str, title: str) -> None:
    rollout = load(name, SET).rollout
    found = next(one for one in rollout.alerts.templates.values() if metric in one.about)
    values = values_of(example(rollout), rollout, session="s", why=Why.FIRING, at=250.0)
    known = {**values, "metric": metric, "value_text": "6", "track": "canary", "phase": "Canary", "reason": "too many"}

    message = render(found, known, is_resolved=False)

    assert message.title == title
    assert found.severity in (None, severity)
    assert "too many" in message.text
