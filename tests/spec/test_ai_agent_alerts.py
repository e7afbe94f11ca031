"""The alerts of `ai-agent`: its four rules with their durations, who is told, and in which words."""

import pytest

from console.core.alert_values import example, values_of
from console.core.alerts import Why
from console.core.receivers import addresses_of, routes_of
from console.spec.load import load
from console.spec.templates import render

SET = {"PAGERDUTY_URL": "pagerduty://integration@key", "SLACK_URL": "slack://a/b/c"}


def test_nobody_is_told_while_no_address_is_set() -> None:
    rollout = load("ai-agent", {}).rollout

    assert routes_of(rollout) == ()
    assert addresses_of(rollout) == {}


@pytest.mark.parametrize(("variable", "severity"), [("PAGERDUTY_URL", "critical"), ("SLACK_URL", "warning")])
def test_each_address_alone_is_told_of_its_severity_and_is_a_secret(variable: str, severity: str) -> None:
    loaded = load("ai-agent", {variable: SET[variable]})

    assert [route.severity for route in routes_of(loaded.rollout)] == [severity]
    assert list(addresses_of(loaded.rollout).values()) == [SET[variable]]
    assert SET[variable] in loaded.secrets


@pytest.mark.parametrize(
    ("metric", "severity", "condition", "minutes", "title"),
    [
        ("error_rate", "critical", "> 5%", 5, "High Error Rate: 6.1 of the answers fail"),
        ("p95_latency", "warning", "> 5s", 10, "Slow Response Time: 95th percentile 6.1"),
        ("daily_cost", "warning", "> $100", 60, "High Cost: 6.1 in the last 24 hours"),
        ("handoff_rate", "warning", "> 20%", 30, "High Handoff Rate: 6.1 of the conversations go to a person"),
    ],
)
def test_the_four_rules_have_their_durations_and_their_words(
    metric: str, severity: str, condition: str, minutes: int, title: str
) -> None:
    rollout = load("ai-agent", SET).rollout
    (found,) = [one for one in rollout.alerts.templates.values() if metric in one.about]
    values = values_of(example(rollout), rollout, session="s", why=Why.FIRING, at=250.0)

    message = render(found, {**values, "value_text": "6.1"}, is_resolved=False)

    judged = rollout.metrics[metric]
    assert str(judged.critical if severity == "critical" else judged.warning) == condition
    assert (found.severity, judged.for_) == (severity, minutes * 60)
    assert message.title == title
