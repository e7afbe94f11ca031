"""What a rollout file may say of phases, validation windows and error budgets."""

import pytest

from tests.spec.conftest import Write, loads, problems_of

BASE = """\
sources: {db: {postgres: 'postgresql://h/d'}}
events: {bad: {match: bad, sample: [bad]}, good: {match: good, sample: [good]}}
metrics:
  failures: {events: {of: bad, over: [bad, good]}}
  hits: {events: {of: bad}}
  up: {http: {url: 'http://h/'}}
  slow: {query: slow.sql, source: db, WINDOW}
phases:
  - {name: Canary, traffic: 10%, checklist: [{id: backup, text: Backed up}]}
  - {name: All, traffic: 100%}
actions: {back: {title: Back, kind: rollback, steps: [{run: ['true']}]}}
"""


def text(more: str, window: str = "window: 5m") -> str:
    return BASE.replace("WINDOW", window) + more


@pytest.fixture(autouse=True)
def _slow(write: Write) -> None:
    write("-- title: Slow\nSELECT 1 AS bad, 2 AS total WHERE now() - :window < now()", "slow.sql", is_whole=True)


GOOD = """\
validation:
  - {name: 0-4 h, until: 4h, metrics: [failures, slow]}
  - {name: 4-24 h, from: 4h, until: 24h, metrics: [failures], checklist: [{id: tickets, text: Tickets were read}]}
slo:
  availability: {metric: failures, objective: 99.9%}
  answers: {metric: slow, objective: 99%, period: 28d}
"""


def test_windows_and_budgets_are_read(write: Write) -> None:
    rollout = loads(write(text(GOOD))).rollout

    assert [(window.from_, window.until, window.watched) for window in rollout.validation] == [
        (0, 4 * 3600, 95),
        (4 * 3600, 24 * 3600, 95),
    ]
    assert rollout.slo["availability"].period == 30 * 86_400
    assert rollout.slo["answers"].objective == 99


def test_a_phase_says_what_a_stop_does_to_its_soak(write: Write) -> None:
    said = text("").replace("traffic: 10%,", "traffic: 10%, on_gap: restart,")

    phase = loads(write(said)).rollout.phases[0]

    assert (phase.on_gap, phase.on_breach) == ("restart", "pause")


WRONG = [
    ("validation: [{name: a, from: 4h, until: 4h, metrics: [up]}]", "validation[0]: expected a window that ends after"),
    ("validation: [{name: a, until: 4h}]", "validation[0]: expected metrics or a checklist"),
    ("validation: [{name: a, metrics: [up]}]", "validation[0].until: missing; this key is needed"),
    (
        "validation: [{name: a, until: 4, metrics: [up]}]",
        "validation[0].until: found the number 4; expected a duration",
    ),
    ("validation: [{name: a, until: 4h, metrics: [upp]}]", "validation[0].metrics[0]: there is no metric 'upp'"),
    (
        "validation: [{name: a, until: 1h, metrics: [up]}, {name: a, until: 2h, metrics: [up]}]",
        "validation[1].name: validation[0] is named 'a' too",
    ),
    (
        "validation: [{name: a, until: 1h, checklist: [{id: backup, text: x}]}]",
        "validation[0].checklist[0].id: 'backup' stands twice in the phases and windows",
    ),
    ("validation: [{name: a, until: 1h, metrics: [up], til: 2h}]", "validation[0].til: this key is not known here"),
    ("slo: {a: {metric: failures, objective: 100%}}", "slo.a: expected an objective between 0% and 100%"),
    ("slo: {a: {metric: failures}}", "slo.a.objective: missing"),
    (
        "slo: {a: {metric: failure, objective: 99%}}",
        "slo.a.metric: there is no metric 'failure'; did you mean failures?",
    ),
    ("slo: {a: {metric: hits, objective: 99%}}", "slo.a.metric: hits has no counts of bad and total"),
    ("slo: {a: {metric: up, objective: 99%}}", "expected a ratio of events (of, over), or a query with total and bad"),
    (
        "slo: {up: {metric: failures, objective: 99%}}",
        "slo.up: there is a metric up, and both would have the same line",
    ),
]


@pytest.mark.parametrize(("more", "said"), WRONG)
def test_what_does_not_fit_is_named_with_its_line_and_key(write: Write, more: str, said: str) -> None:
    found = "\n".join(problems_of(write(text(more))))

    assert said in found
    assert found.startswith("rollout.yaml:15: ")
    assert found.count("\n") == 0, "one clear error"


def test_a_stop_can_only_pause_or_restart(write: Write) -> None:
    found = "\n".join(problems_of(write(text("").replace("traffic: 10%,", "traffic: 10%, on_breach: stop,"))))

    assert "phases[0].on_breach: found 'stop'; expected pause or restart" in found


def test_a_query_that_does_not_say_over_how_long_it_counts_has_no_budget(write: Write) -> None:
    write("-- window: 5m\nSELECT 1 AS bad, 2 AS total WHERE now() - :window < now()", "slow.sql", is_whole=True)

    found = "\n".join(problems_of(write(text("slo: {a: {metric: slow, objective: 99%}}", "timeout: 5s"))))

    assert "slo.a.metric: nothing says over how long the query of slow counts; add `window:` to the metric" in found


def test_burn_rates_that_a_query_cannot_say_are_named(write: Write) -> None:
    loaded = loads(write(text("slo: {a: {metric: slow, objective: 99%}}", "window: 1h")))

    (warning,) = [one for one in loaded.warnings if "slo.a" in one]
    assert "slow counts over 1h, which says nothing of the last 5m, 30m" in warning


def test_a_query_over_a_day_says_nothing_at_all_of_burn_rates(write: Write) -> None:
    found = "\n".join(problems_of(write(text("slo: {a: {metric: slow, objective: 99%}}", "window: 24h"))))

    assert "expected a shorter window, 5m for all four burn rates" in found


def test_windows_that_can_never_begin_are_doubted(write: Write) -> None:
    said = text("validation: [{name: a, until: 1h, metrics: [up]}]").replace("traffic: 100%", "traffic: 50%")

    assert any("so these windows never begin" in warning for warning in loads(write(said)).warnings)
