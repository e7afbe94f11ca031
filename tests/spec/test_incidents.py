"""The section of incidents: what it says when it is right, and what is said of it when it is not."""

import json

import pytest

from console.core.incident_rules import PROCEDURE, Trigger
from console.spec.schema import schema
from tests.spec.conftest import PHASES, Write, loads, problems_of

METRICS = (
    PHASES
    + "metrics:\n  errors: {command: [x], target: '< 1', critical: '> 5'}\n  leaks: {command: [x], target: '< 1'}\n"
)
"""Lines 4 to 7."""


def test_an_empty_mapping_asks_for_the_times_the_roles_and_the_procedure_of_the_documents(write: Write) -> None:
    found = loads(write(METRICS + "incidents: {}\n")).rollout.incidents

    assert found is not None
    assert [found.respond_within_s(severity) for severity in (1, 2, 3)] == [300, 900, 3600]
    assert (found.war_room.within, found.post_mortem) == (300, 172_800)
    assert found.war_room.opens_on == tuple(Trigger)
    assert found.procedure == PROCEDURE
    assert len(found.procedure) == 7
    assert list(found.roles) == [
        "commander",
        "technical_lead",
        "communications",
        "customer_liaison",
        "executive_sponsor",
    ]


def test_everything_may_be_said(write: Write) -> None:
    text = METRICS + (
        "incidents:\n"
        "  severities:\n"
        "    - {severity: 1, respond_within: 2m, escalate_after: 0s, escalate_to: ['json://cto'], about: errors}\n"
        "  otherwise: 2\n"
        "  war_room: {opens_on: [severity 1], within: 1m, where: 'https://meet.internal/x'}\n"
        "  roles: {commander: Engineering Lead}\n"
        "  procedure: [{id: a, text: Look, done_when: response}]\n"
        "  well_for: 5m\n"
        "  post_mortem: 24h\n"
    )

    loaded = loads(write(text))

    found = loaded.rollout.incidents
    assert found is not None
    assert (found.respond_within_s(1), found.escalate_after_s(1), found.escalate_after_s(2)) == (120, 0, 900)
    assert found.rule(1).about == ("errors",)
    assert loaded.warnings == ()


def test_a_severity_that_opens_at_warning_takes_a_metric_that_is_never_critical(write: Write) -> None:
    text = PHASES + "metrics:\n  errors: {command: [x], target: '< 1', warning: '> 5', severity: 1}\n"

    as_usual = loads(write(text + "incidents: {}\n"))
    at_warning = loads(write(text + "incidents: {severities: [{severity: 1, opens_at: warning}]}\n"))

    assert "this metric is never CRITICAL" in str(as_usual.warnings)
    assert at_warning.warnings == ()


def test_the_addresses_of_a_severity_are_secret(write: Write) -> None:
    text = METRICS + "incidents: {severities: [{severity: 1, escalate_to: ['slack://t0ken-canary-42/x']}]}\n"

    assert "slack://t0ken-canary-42/x" in loads(write(text)).secrets


WRONG = [
    ("{severities: [{severity: 4}]}", "8: incidents.severities[0].severity: found the number 4; expected a number of"),
    ("{severities: [{severity: 1}, {severity: 1}]}", "severities[1].severity: severity 1 stands in"),
    ("{severities: [{severity: 1, respond_within: 0s}]}", "respond_within: found '0s'; expected more than 0s"),
    ("{severities: [{severity: 1, respond_within: 5}]}", "expected a duration such as"),
    ("{severities: [{severity: 1, about: erors}]}", "budget or action 'erors'; did you mean errors?"),
    ("{severities: [{severity: 1, about: errors}, {severity: 2, about: errors}]}", "errors is of severity 1 too"),
    ("{severities: [{severity: 1, action: rollback}]}", "there is no action 'rollback'"),
    ("{severities: [{severity: 1, escalate_after: 1m}]}", "escalate_after: nobody is told then; add `escalate_to`"),
    ("{severities: [{severity: 1, escalate_to: ['']}]}", "escalate_to[0]: this address is empty"),
    ("{severities: [{severity: 1, escalate_to: 'slack://s3cret'}]}", "found 'slack://…'; expected a list"),
    ("{war_room: {opens_on: [rollbak]}}", "expected severity 1, two of severity 2, rollback or escalated by a person"),
    ("{war_room: {within: 0s}}", "war_room.within: found '0s'; expected more than 0s"),
    ("{war_room: {were: x}}", "this key is not known here; did you mean where?"),
    ("{roles: {Boss: x}}", "roles.Boss: found 'Boss'; use small letters"),
    ("{roles: {boss: ''}}", "roles.boss: this is empty"),
    ("{procedure: [{id: a, text: A}, {id: a, text: B}]}", "procedure[1].id: 'a' stands twice in the procedure"),
    ("{procedure: [{id: a, text: A, done_when: done}]}", "done_when: found 'done'; expected response, war_room"),
    ("{well_for: 0s}", "well_for: found '0s'; expected more than 0s"),
    ("{post_mortem: 0s}", "post_mortem: found '0s'; expected more than 0s"),
]


@pytest.mark.parametrize(("section", "said"), WRONG, ids=[said[:50] for _, said in WRONG])
def test_what_is_wrong_is_said_with_its_place_and_a_remedy(write: Write, section: str, said: str) -> None:
    found = problems_of(write(METRICS + f"incidents: {section}\n"))

    assert any(said in one for one in found), found
    assert all(one.startswith("rollout.yaml:8: incidents.") for one in found)
    assert not any("s3cret" in one for one in found)


def test_a_severity_of_a_metric_is_a_number_from_1_to_3(write: Write) -> None:
    assert problems_of(write(METRICS.replace("'> 5'}", "'> 5', severity: high}"))) == [
        "rollout.yaml:6: metrics.errors.severity: found 'high'; expected a whole number"
    ]


DOUBTS = [
    (METRICS + "incidents:\n", "this section is empty, so no alert opens an incident; write `incidents: {}`"),
    (METRICS.replace("'> 5'}", "'> 5', severity: 1}"), "errors.severity: no alert opens an incident"),
    (METRICS.replace("'< 1'}", "'< 1', severity: 1}") + "incidents: {}\n", "this metric is never CRITICAL"),
    (METRICS + "incidents: {severities: [{severity: 1, escalate_to: [nope]}]}\n", "this is no address"),
    (
        METRICS.replace("'> 5'}", "'> 5', severity: 1}") + "incidents: {severities: [{severity: 2, about: errors}]}\n",
        "metrics.errors says severity 1, and that counts",
    ),
    (
        METRICS + "incidents: {severities: [{severity: 1, respond_within: 1h}, {severity: 2}]}\n",
        "a milder severity than 1 asks for a response sooner",
    ),
]


@pytest.mark.parametrize(("text", "said"), DOUBTS, ids=[said[:50] for _, said in DOUBTS])
def test_what_is_probably_not_meant_is_a_warning(write: Write, text: str, said: str) -> None:
    assert any(said in one for one in loads(write(text)).warnings)


def test_the_schema_knows_the_section() -> None:
    parts = schema()["$defs"]

    assert "respond_within" in parts["SeverityRule"]["properties"]
    for name in ("Incidents", "SeverityRule", "WarRoom", "ProcedureItem"):
        assert all("description" in field for field in parts[name]["properties"].values() if "$ref" not in field), name
    assert json.dumps(parts["Metric"]["properties"]["severity"]).count("3")
