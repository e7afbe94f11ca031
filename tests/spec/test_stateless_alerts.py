"""The alerts of `stateless-orchestration`: who is told of what, and in which words."""

import pytest

from console.core.alert_values import example, values_of
from console.core.alerts import Why
from console.core.receivers import addresses_of, routes_of
from console.spec.load import load
from console.spec.templates import render

NAME = "stateless-orchestration"
SET = {"PAGERDUTY_URL": "pagerduty://integration@key", "SLACK_URL": "slack://a/b/c"}


def test_nobody_is_told_while_no_address_is_set() -> None:
    rollout = load(NAME, {}).rollout

    assert routes_of(rollout) == ()
    assert addresses_of(rollout) == {}


@pytest.mark.parametrize(
    ("variable", "severity"),
    [("PAGERDUTY_URL", "critical"), ("SLACK_URL", "warning")],
)
def test_each_address_alone_is_told_of_its_severity(variable: str, severity: str) -> None:
    rollout = load(NAME, {variable: SET[variable]}).rollout

    assert [route.severity for route in routes_of(rollout)] == [severity]
    assert list(addresses_of(rollout).values()) == [SET[variable]]


def test_addresses_are_secrets() -> None:
    secrets = load(NAME, SET).secrets

    assert set(SET.values()) <= set(secrets)


@pytest.mark.parametrize(
    ("metric", "severity", "title"),
    [
        ("error_rate", "critical", "High Error Rate: 5.42 % of the canary sessions fail"),
        ("p95_latency", "critical", "High Latency: 95th percentile 6.1 s on the canary"),
        ("isolation", "critical", "Session Isolation Failure: 2 sessions with more than one user"),
        ("error_rate", "warning", "Moderate Error Rate: 5.42 % of the canary sessions fail"),
    ],
)
def test_the_four_alerts_have_their_names(metric: str, severity: str, title: str) -> None:
    rollout = load(NAME, SET).rollout
    shown = {"error_rate": "5.42 %", "p95_latency": "6.1 s", "isolation": "2"}
    found = next(
        template
        for template in rollout.alerts.templates.values()
        if metric in template.about and template.severity == severity
    )
    values = values_of(example(rollout), rollout, session="s", why=Why.FIRING, at=250.0)
    known = {**values, "value_text": shown[metric], "track": "canary", "samples": 400, "phase": "Canary 10%"}

    message = render(found, known, is_resolved=False)

    assert message.title == title
    assert "400" in message.text
    assert "Canary 10%" in message.text
