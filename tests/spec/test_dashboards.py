"""Views and goals of a rollout file: what is wrong with them is said with its line."""

import pytest

from tests.spec.conftest import Write, loads, problems_of

BASE = """
metrics: {up: {command: [x], unit: "%", target: "> 95%"}, load: {command: [x], target: "< 5"}}
events: {lost: {match: lost, sample: [lost]}}
phases: [{name: A, traffic: 0%}]
actions: {back: {title: Back, steps: [{run: [x]}]}}
"""


def test_views_and_goals_that_are_right_load(write: Write) -> None:
    text = """
        kpis:
          uptime: {mean: up, target: "> 99.5%"}
          kept: {kept: {AGENT: A}, by: back, target: "== 100%"}
          tickets: {entered: true, unit: "%", target: "< 10%"}
        views:
          one:
            title: One
            sections:
              - {title: S, metrics: [up], events: [lost], shows: [phases, kpis]}
              - {title: R, at_risk: {amount: "${ARR:-}", unit: USD, metric: up}}
    """
    path = write(BASE + "".join(line[8:] + "\n" for line in text.splitlines()))

    loaded = loads(path, {"ARR": "500000"})

    assert loaded.warnings == ()
    assert loaded.rollout.views["one"].sections[1].at_risk is not None
    assert loaded.rollout.views["one"].sections[1].at_risk.number == 500_000
    assert loaded.rollout.kpis["kept"].by == ("back",)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("kpis: {k: {mean: upp, target: '> 1%'}}", "kpis.k.mean: there is no metric 'upp'; did you mean up?"),
        ("kpis: {k: {mean: up, target: 'high'}}", "kpis.k.target: found 'high'; expected a condition such as"),
        ("kpis: {k: {mean: up, target: '> 3s'}}", "kpis.k.target: s cannot be compared with a metric in %"),
        ("kpis: {k: {mean: up, target: '<= baseline'}}", "kpis.k.target: a goal of the whole rollout has no baseline"),
        ("kpis: {k: {target: '> 1%'}}", "found none; expected exactly one of mean, highest, count, kept, entered"),
        ("kpis: {k: {mean: up, entered: true, target: '> 1%'}}", "found mean, entered"),
        ("kpis: {k: {mean: up, unit: s, target: '> 1%'}}", "unit belongs to a figure that is entered"),
        ("kpis: {k: {count: [bak], target: '== 0'}}", "kpis.k.count[0]: there is no action 'bak'"),
        ("kpis: {k: {kept: {X: B}, by: [back], target: '== 100%'}}", "kpis.k.kept.X: there is no phase 'B'"),
        ("kpis: {k: {kept: {X: A}, target: '== 100%'}}", "kept and by go together"),
        ("views: {v: {title: V, sections: []}}", "views.v: found none; expected at least one section"),
        ("views: {v: {title: V, sections: [{title: S}]}}", "a section with none of them shows nothing"),
        (
            "views: {v: {title: V, sections: [{title: S, metrics: [upp]}]}}",
            "views.v.sections[0].metrics[0]: there is no metric or budget 'upp'; did you mean up?",
        ),
        ("views: {v: {title: V, sections: [{title: S, events: [x]}]}}", "sections[0].events[0]: there is no event 'x'"),
        ("views: {v: {title: V, sections: [{title: S, shows: [x]}]}}", "views.v.sections[0].shows[0]: found 'x'"),
        (
            "views: {v: {title: V, sections: [{title: S, at_risk: {amount: '1', unit: x, metric: load}}]}}",
            "sections[0].at_risk.metric: load is in plain numbers; name a rate with the unit %",
        ),
        (
            "views: {v: {title: V, sections: [{title: S, at_risk: {amount: lots, unit: x, metric: up}}]}}",
            "expected a plain number such as 500000",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_problem_with_its_key(write: Write, said: str, problem: str) -> None:
    path = write(BASE + said)

    assert problem in "\n".join(problems_of(path))


def test_an_amount_that_comes_from_the_environment_is_not_repeated(write: Write) -> None:
    path = write(
        BASE + "views: {v: {title: V, sections: [{title: S, at_risk: {amount: '${A}', unit: x, metric: up}}]}}"
    )

    said = "\n".join(problems_of(path, {"A": "half a million"}))

    assert "views.v.sections[0].at_risk.amount: found '${A}'; expected a plain number such as 500000" in said
    assert "half a million" not in said
