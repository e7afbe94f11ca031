"""Templates of alerts: those of the user-context rollout, and what no template may do."""

import textwrap

import pytest

from console.core.alert_values import Named, example, values_of
from console.core.alerts import Why
from console.core.receivers import addresses_of, routes_of
from console.core.rollout import AlertTemplate, Rollout
from console.spec import filling, templates
from console.spec.problems import RolloutFileError
from console.spec.templates import TemplateWrong, render
from tests.spec.conftest import PHASES, Write, loads, problems_of

ROLLOUT = Rollout(rollout="shop", title="The shop", service="shop")

USER_CONTEXT = """
    sources: {db: {postgres: "postgresql://db/x"}}
    metrics:
      isolation: {command: [x], critical: "> 0"}
      golden_path: {command: [x], unit: "%", critical: "< 80%"}
    alerts:
      routes:
        - {severity: critical, to: ["pagerduty://k@key", "slack://a/b/c", "mailto://u:p@h"], escalate_after: 5m,
           escalate_to: ["mailto://cto:p@h"]}
        - {severity: warning, to: ["slack://a/b/d"], escalate_after: 15m, escalate_to: ["mailto://team:p@h"]}
      templates:
        user_isolation_violation:
          about: [isolation]
          with: {affected_users: row.affected_users, violation_type: labels.type, detection_time: started_at}
          title: "🚨 CRITICAL: User Isolation Violation Detected"
          message: |
            IMMEDIATE ACTION REQUIRED: Cross-user data contamination detected

            Details:
            - Users Affected: {{affected_users}}
            - Contamination Type: {{violation_type}}
            - Detection Time: {{detection_time}}

            Runbook: https://docs.company.com/runbooks/user-isolation-violation
        golden_path_failure:
          about: [golden_path]
          with: {success_rate: value, failed_count: bad, time_period: window}
          title: "🔥 CRITICAL: Golden Path Failure"
          message: |
            Golden Path user workflow failing - Revenue at risk

            Details:
            - Success Rate: {{success_rate}}%
            - Failed Requests: {{failed_count}}
            - Time Period: {{time_period}}

            Impact: $500K+ ARR functionality affected
"""


def values(**more: object) -> dict[str, object]:
    known = values_of(example(ROLLOUT), ROLLOUT, session="s", why=Why.FIRING, at=250.0)
    return {**known, **more}


def said(message: str, **more: object) -> str:
    return render(AlertTemplate(title="t", message=message), values(**more), is_resolved=False).text


def test_the_templates_of_the_user_context_document_are_said_as_they_stand_there(write: Write) -> None:
    loaded = loads(write(textwrap.dedent(USER_CONTEXT) + PHASES), {})
    isolation, golden = loaded.rollout.alerts.templates.values()

    first = render(isolation, values(row={"affected_users": "3"}, labels={"type": "context (2)"}), is_resolved=False)
    second = render(golden, values(value=79.3, bad=412, window="1h"), is_resolved=False)

    assert first.title == "🚨 CRITICAL: User Isolation Violation Detected"
    assert "- Users Affected: 3\n- Contamination Type: context (2)\n- Detection Time: 1970" in first.text
    assert "- Success Rate: 79.3%\n- Failed Requests: 412\n- Time Period: 1h" in second.text
    assert not loaded.warnings


def test_a_number_that_is_not_known_is_said_to_be_unknown() -> None:
    assert (
        said("{{ value }} of {{ samples }}, {{ row.users }}", value=None, samples=None) == "unknown of unknown, unknown"
    )


@pytest.mark.parametrize(
    "message",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ value_text * 1000000 }}",
        "{{ 9 ** 999999 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ nothing }}",
        "{{ value / 0 }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ 'x'.ljust(999999999) }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_can_neither_reach_out_nor_say_much(message: str) -> None:
    with pytest.raises(TemplateWrong):
        said(message)


ENDLESS = {
    "loops that say nothing": "{% for a in text %}" * 12 + "{% endfor %}" * 12,
    "a number that is squared": "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a > 1 }}",
    "digits": "{{ 1.5 | round(999999999, 'ceil') }}",
    "a text that doubles": "{% set a = text %}" + "{% set a = a ~ a %}" * 60,
    "a text that is replaced": "{% set a = text %}" + "{% set a = a | replace('r', a) %}" * 60,
    "parentheses": "{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}",
    "nesting": "{% for a in text %}" * 40 + "{% endfor %}" * 40,
}


@pytest.mark.parametrize("key", ["title", "message", "resolved", "with"])
def test_a_template_that_is_nested_too_deeply_is_wrong_at_its_line(write: Write, key: str) -> None:
    deep = "(" * 900 + "1" + ")" * 900
    text = {"with": f"{{a: '{deep}'}}"}.get(key, f"'{{{{ {deep} }}}}'")
    more = {"title": "t", "message": "m", key: text}
    lines = "".join(f"      {name}: {said}\n" for name, said in more.items())

    with pytest.raises(RolloutFileError) as raised:
        loads(write(f"alerts:\n  templates:\n    t:\n{lines}" + PHASES), {})

    assert f"alerts.templates.t.{key}" in str(raised.value)
    assert "nested too deeply" in str(raised.value)


@pytest.mark.parametrize("what", ENDLESS)
def test_a_template_that_does_not_end_is_wrong_and_holds_nothing_up(
    write: Write, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "CPU_S", 1)
    lines = "alerts:\n  templates:\n    good: {title: t, message: m}\n    bad:\n      title: t\n"

    with pytest.raises(RolloutFileError) as raised:
        loads(write(f'{lines}      message: "{ENDLESS[what]}"\n' + PHASES), {})

    assert "alerts.templates.bad" in str(raised.value)
    assert "alerts.templates.good" not in str(raised.value)


def test_a_column_may_be_called_as_a_method_is() -> None:
    assert said("{{ row.items }} {{ labels.keys }} {{ row.values }}", row=Named(items="7"), labels=Named(keys="k")) == (
        "7 k unknown"
    )


def test_what_a_template_says_is_cut() -> None:
    text = said(
        "{% for a in sources %}{% for b in sources %}{{ a }}{{ b }}{% endfor %}{% endfor %}", sources=["x" * 99] * 999
    )

    assert len(text) == templates.TEXT_LIMIT


def test_a_title_is_one_line() -> None:
    message = render(AlertTemplate(title="a\n\n b\t{{ unit }}", message="x"), values(), is_resolved=False)

    assert message.title == "a b %"


def test_what_is_over_is_said_by_its_own_template_or_by_the_default() -> None:
    with_own = AlertTemplate(title="t", message="bad", resolved="all is well")

    assert render(with_own, values(), is_resolved=True).text == "all is well"
    assert render(AlertTemplate(title="t", message="bad"), values(), is_resolved=True).text.startswith("over: ")


def test_a_template_that_fails_without_a_value_is_a_warning(write: Write) -> None:
    text = "alerts: {templates: {t: {title: x, message: '{{ value + 1 }}'}}}\n"

    (warning,) = loads(write(text + PHASES), {}).warnings

    assert "fails where a value is not known" in warning


def test_routes_without_a_critical_one_are_a_warning(write: Write) -> None:
    (warning,) = loads(write('alerts: {routes: [{severity: warning, to: ["json://x"]}]}\n' + PHASES), {}).warnings

    assert "nobody is told of what is critical" in warning


def test_an_address_without_a_service_is_a_warning_that_does_not_repeat_it(write: Write) -> None:
    text = 'alerts: {routes: [{severity: critical, to: ["hooks.slack.com/T0kenT0ken"]}]}\n'

    (warning,) = loads(write(text + PHASES), {}).warnings

    assert "alerts.routes[0].to[0]: nobody can be told here: this is no address" in warning
    assert "T0ken" not in warning


@pytest.mark.parametrize(
    "routes",
    [
        '[{severity: critical, to: "slack://T0kenT0ken/x"}]',
        '["slack://T0kenT0ken/x"]',
        '"slack://T0kenT0ken/x"',
        '[{severity: "slack://T0kenT0ken/it\'s/x", to: []}]',
        "[{severity: critical, to: [], slack://T0kenT0ken/x: 1}]",
    ],
)
def test_an_address_in_the_wrong_place_is_wrong_and_not_repeated(write: Write, routes: str) -> None:
    with pytest.raises(RolloutFileError) as raised:
        loads(write(f"alerts: {{routes: {routes}}}\n" + PHASES), {})

    assert "rollout.yaml:" in str(raised.value)
    assert "slack://…" in str(raised.value)
    assert "T0ken" not in str(raised.value)


def test_a_variable_that_is_not_set_and_may_be_empty_is_nobody(write: Write) -> None:
    routes = """
        alerts:
          routes:
            - {severity: critical, to: ["${PAGER:-}", "${CHAT:-}"], escalate_after: 5m, escalate_to: ["${CTO:-}"]}
            - {severity: warning, to: ["${MAIL:-}"]}
        phases: [{name: Canary, traffic: 0%}]
    """
    path = write(routes)

    nobody = loads(path)
    chat_only = loads(path, {"CHAT": "json://chat.internal/hook1234"})

    assert nobody.warnings == ()
    assert routes_of(nobody.rollout) == ()
    (route,) = routes_of(chat_only.rollout)
    assert [one.label for one in route.to] == ["json, routes[0].to[1]"]
    assert (route.escalate_to, route.escalate_after_s) == ((), None)
    assert list(addresses_of(chat_only.rollout)) == ["0.to.1"]


def test_a_variable_that_is_set_to_nothing_where_it_must_not_be_is_a_problem(write: Write) -> None:
    path = write('alerts: {routes: [{severity: critical, to: ["${PAGER}"]}]}\n')

    assert ["this address is empty" in one for one in problems_of(path, {"PAGER": ""})] == [True]
