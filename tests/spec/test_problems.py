"""Mistakes in a rollout file: what is merely odd, several at once, and files that are no rollout file at all."""

from pathlib import Path

import pytest

from console.spec.load import load
from console.spec.problems import RolloutFileError
from tests.spec.conftest import DB, METRIC, PHASES, Write, loads, problems_of

DOUBT = [
    ("events: {a: {match: x}}", "rollout.yaml:4: events.a: this rule has no sample"),
    ("events: {a: {match: 'x*', sample: [x]}}", "events.a.match: this matches every line"),
    (METRIC.replace("KEYS", "for: 1s"), "metrics.m.for: this is shorter than `every`, 30s"),
    (METRIC.replace("KEYS", "every: 5s, timeout: 5s"), "metrics.m.timeout: this is not shorter than `every`"),
    (METRIC.replace("KEYS", "stale_after: 5s"), "metrics.m.stale_after: this is shorter than `every`"),
    (METRIC.replace("KEYS", "window: 5m"), "metrics.m.window: a http metric has no window"),
    (METRIC.replace("KEYS", "on: {critical: hold}"), "metrics.m.on.critical: the metric has no critical condition"),
    (DB + METRIC.replace("KEYS", "source: log"), "metrics.m.source: a http metric asks no source"),
    ("phases: [{name: a, traffic: 5%}]", "there is no action of kind rollback"),
    ("phases: []", "there are no phases"),
    ("actions: {a: {title: t, key: m, steps: [{run: [x]}]}}", "this covers the console's own key m"),
    (
        "actions: {a: {title: t, steps: [{run: [x]}], verify: [{command: [x], for: 1m}]}}",
        "this is longer than `within`",
    ),
    (
        DB + "actions: {a: {title: t, steps: [{run: [x]}], verify:"
        " [{redis: {scan: 'k:*', has_field: f}, source: cache}]}}",
        "actions.a.verify[0].redis: any share but 0 passes, 1 % as well as 100 %; say which: expect: '== 100%'",
    ),
]


@pytest.mark.parametrize(("text", "said"), DOUBT, ids=lambda value: value[:60])
def test_what_is_probably_not_meant_is_a_warning(write: Write, text: str, said: str) -> None:
    path = write(text + ("" if "phases:" in text else "\n" + PHASES))

    warnings = loads(path).warnings

    assert len(warnings) == 1, warnings
    assert said in warnings[0]


@pytest.mark.parametrize(("unit", "expect", "doubts"), [("%", "", 1), ("%", ", expect: '> 80%'", 0), ("ms", "", 0)])
def test_a_verified_share_says_how_much_is_enough(write: Write, unit: str, expect: str, doubts: int) -> None:
    write("SELECT 9 AS value", "filled.sql", is_whole=True)
    path = write(
        f"""
        sources: {{db: {{postgres: 'postgresql://h/d'}}}}
        metrics: {{filled: {{query: filled.sql, source: db, unit: '{unit}'}}}}
        phases:
          - name: a
            traffic: 0%
            checklist: [{{id: f, text: Filled, verify: {{query: filled.sql, source: db{expect}}}}}]
        """
    )

    said = [warning for warning in loads(path).warnings if "any share but 0" in warning]

    assert len(said) == doubts
    assert all("phases[0].checklist[0].verify.query" in warning for warning in said)


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file(write: Write) -> None:
    path = write(
        """
        titel: x
        events:
          a: {match: 'foo(', sample: [foo]}
          b: {match: bar, sample: [baz]}
        metrics:
          m: {http: {url: 'http://h/'}, target: big, evry: 5s}
          n: {events: {of: c}}
          o: {query: x, source: db, every: 5 minutes}
        phases:
          - {name: a, traffic: 500%, advance: [o]}
          - {name: b, traffic: 5%, advance: [p]}
        """
    )

    said = [problem.split(": ")[:2] for problem in problems_of(path)]

    assert said == [
        ["rollout.yaml:4", "titel"],
        ["rollout.yaml:6", "events.a.match"],
        ["rollout.yaml:7", "events.b.sample[0]"],
        ["rollout.yaml:9", "metrics.m.evry"],
        ["rollout.yaml:9", "metrics.m.target"],
        ["rollout.yaml:10", "metrics.n.events.of"],
        ["rollout.yaml:11", "metrics.o.every"],
        ["rollout.yaml:11", "metrics.o.source"],
        ["rollout.yaml:11", "metrics.o.query"],
        ["rollout.yaml:13", "phases[0].traffic"],
        ["rollout.yaml:14", "phases[1].advance[0]"],
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the file is empty"),
        (b"# nothing yet\n", "the file is empty"),
        (b"- a\n", "rollout.yaml:1: the file is a list"),
        (b"hello\n", "rollout.yaml:1: the file is text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "this is a binary file"),
        ("rollout: x\n".encode("utf-16"), "this is a binary file"),
        (b"rollout: x\ntitle: caf\xe9\n", "rollout.yaml:2: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"a" * 10_000_000, "is larger than 1024 KB"),
    ],
)
def test_a_file_that_is_something_else_is_one_problem(write: Write, raw: bytes, said: str) -> None:
    problems = problems_of(write(raw))

    assert len(problems) == 1
    assert said in problems[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.yaml", "there is no such file; shipped rollouts: "),
        (".", "is a directory; give the rollout file itself"),
        ("a\0b", "this is no path; give"),
        ("x" * 5000, "cannot be read: File name too long"),
        ("fsm-chekpoint", "did you mean fsm-checkpoint?"),
    ],
)
def test_a_path_that_leads_nowhere_is_one_problem(
    tmp_path: Path, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RolloutFileError) as caught:
        load(name, {})

    assert len(caught.value.problems) == 1
    assert said in str(caught.value)


def test_contradictory_conditions_are_told_beside_a_simple_error_of_the_same_metric(write: Write) -> None:
    path = write(
        """
        events: {a: {match: foo}}
        metrics:
          m: {events: {of: a}, for: five minutes, min_samples: many, target: "< 5", warning: "> 3", critical: "> 2"}
          n: {every: often, target: "< 5"}
        """
    )

    said = [problem.split(": ")[1] for problem in problems_of(path)]

    assert said == [
        "metrics.m.for",
        "metrics.m.min_samples",
        "metrics.m.warning",
        "metrics.m.critical",
        "metrics.m.critical",
        "metrics.n.every",
        "metrics.n",
    ]
