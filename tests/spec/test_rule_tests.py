"""Files of rule tests: read with every problem at its line, run by the state itself, and shipped with the rollouts."""

import json
from pathlib import Path

import pytest

from console.cli import main
from console.core.rollout import Rollout
from console.core.rule_run import Failure, run_rule_test
from console.core.rule_tests import RuleTest
from console.spec.files import shipped
from console.spec.problems import RolloutFileError
from console.spec.rule_tests import file_of_tests, load_tests

Capture = pytest.CaptureFixture[str]
ROLLOUT = """\
rollout: shop
title: The new shop
service: shop
tracks: {canary: {label: track=canary}, baseline: {label: track=baseline}}
sources:
  app: {docker: {service: shop}}
  old: {file: shop.log, track: baseline}
  db: {postgres: "${DATABASE_URL}"}
events:
  failed: {match: failed}
  served: {match: served}
metrics:
  failures: {events: {of: failed, over: [failed, served]}, window: 1m, unit: "%", target: "< 1%", critical: "> 5%"}
  error_rate:
    {query: rate.sql, source: db, every: 30s, unit: "%", target: "< 1%", warning: "> 2%", critical: "> 5%", for: 1m}
  latency: {query: rate.sql, source: db, every: 30s, unit: ms, target: "< 2s"}
  health: {http: {url: "http://127.0.0.1/health"}, every: 10s, target: "== 1", critical: "< 1", for: 30s, keep_for: 20s}
phases:
  - {name: Canary 10%, traffic: 10%}
  - {name: All, traffic: 100%}
"""
HEAD = 'rollout: shop.yaml\nenv: {DATABASE_URL: "postgresql://db/shop"}\ntests:\n'
"""The first three lines: a test begins in line 4."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a rollout file and its query."""
    (tmp_path / "shop.yaml").write_text(ROLLOUT)
    (tmp_path / "rate.sql").write_text("SELECT 1 AS value")
    return tmp_path


def written(folder: Path, text: str) -> str:
    """Write a file of rule tests and return its path."""
    path = folder / "shop.test.yaml"
    path.write_text(HEAD + text)
    return str(path)


def found_in(folder: Path, text: str) -> list[str]:
    """What the tests of a file expect and do not find."""
    loaded = load_tests(written(folder, text), {})
    return [
        f"{failure.metric} {failure.at}: {failure.expected}; {failure.found}"
        for test in loaded.tests
        for failure in run_rule_test(loaded.rollout, test)
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", shipped())
def test_every_shipped_rollout_keeps_what_its_rule_tests_promise(name: str) -> None:
    loaded = load_tests(name, {})

    failures = {test.name: run_rule_test(loaded.rollout, test) for test in loaded.tests}

    assert len(failures) >= 9
    assert {test: found for test, found in failures.items() if found} == {}


def test_a_value_stands_as_measured_and_for_is_kept(folder: Path) -> None:
    text = """\
  - name: slow to alarm
    series: {error_rate: "0.5x2 6x4 0.5"}
    expect:
      - {at: 30s, metric: error_rate, verdict: OK}
      - {at: 90s, metric: error_rate, verdict: OFF TARGET}
    first:
      - {metric: error_rate, verdict: CRITICAL, at: 2m}
    never:
      - {metric: error_rate, verdict: warning}
"""
    assert found_in(folder, text) == []


def test_what_is_not_so_is_told_with_what_was_found(folder: Path) -> None:
    text = """\
  - name: wrong in every way
    interval: 1m
    series: {error_rate: "3/100x5"}
    expect:
      - {at: 4m, metric: error_rate, verdict: OK}
      - {at: 4m, metric: error_rate, verdict: WARNING, reason: "> 5%"}
    never:
      - {metric: error_rate, verdict: WARNING}
    first:
      - {metric: error_rate, verdict: WARNING, at: 3m}
      - {metric: error_rate, verdict: CRITICAL, at: 3m}
"""
    assert found_in(folder, text) == [
        "error_rate 240.0: OK; WARNING (> 2%), 3 % of 100 samples",
        "error_rate 240.0: WARNING because of '> 5%'; WARNING (> 2%), 3 % of 100 samples",
        "error_rate 60.0: never WARNING; WARNING (> 2%)",
        "error_rate 60.0: WARNING for the first time at 3m; at 1m (> 2%)",
        "error_rate None: CRITICAL for the first time at 3m; never",
    ]


def test_first_may_be_off_by_as_much_as_it_says(folder: Path) -> None:
    text = """\
  - name: about two minutes
    series: {error_rate: "6x6"}
    first: [{metric: error_rate, verdict: CRITICAL, at: 50s, within: 10s}]
"""
    assert found_in(folder, text) == []
    assert len(found_in(folder, text.replace("within: 10s", "within: 9s"))) == 1


def test_missing_values_failures_and_answers_without_a_number_are_told_apart(folder: Path) -> None:
    text = """\
  - name: no data of three kinds
    series: {error_rate: "0.5 _x4 0.5 ! ? 0.5"}
    expect:
      - {at: 90s, metric: error_rate, verdict: OK}
      - {at: 120s, metric: error_rate, verdict: UNKNOWN, reason: no answer}
      - {at: 150s, metric: error_rate, verdict: OK}
      - {at: 180s, metric: error_rate, verdict: BROKEN, reason: measuring failed}
      - {at: 210s, metric: error_rate, verdict: UNKNOWN, reason: no data}
      - {at: 240s, metric: error_rate, verdict: OK}
"""
    assert found_in(folder, text) == []


def test_lines_are_classified_by_the_rules_and_counted_where_they_stand(folder: Path) -> None:
    text = """\
  - name: from the log
    lines:
      - {every: 1s, for: 2m, source: app, track: canary, count: 9, text: "served home"}
      - {at: 1m, source: app, track: canary, text: "failed to serve", count: 60}
      - {every: 1s, source: old, text: served}
    until: 4m
    expect:
      - {at: 1m, metric: failures, verdict: OK}
      - {at: 70s, metric: failures, verdict: CRITICAL}
      - {at: 70s, metric: failures, verdict: OK, track: baseline}
      - {at: 122s, metric: failures, verdict: OK}
      - {at: 4m, metric: failures, verdict: UNKNOWN}
    first: [{metric: failures, verdict: CRITICAL, at: 61s}]
"""
    assert found_in(folder, text) == []


def test_a_metric_of_events_may_be_given_as_it_would_be_read(folder: Path) -> None:
    text = """\
  - name: told
    interval: 1m
    series: {failures: {canary: "1/1000x2 80/1000 _ !", baseline: "1/1000x5"}}
    expect:
      - {at: 119s, metric: failures, verdict: OK}
      - {at: 2m, metric: failures, verdict: CRITICAL}
      - {at: 3m, metric: failures, verdict: CRITICAL, reason: no data}
      - {at: 4m, metric: failures, verdict: CRITICAL, reason: measuring failed}
      - {at: 5m, metric: failures, verdict: CRITICAL}
"""
    assert found_in(folder, text) == []


def test_while_the_console_is_away_nothing_is_held_and_lines_are_read_when_it_is_back(folder: Path) -> None:
    text = """\
  - name: away
    series: {health: "1x3 0x30"}
    gap: {at: 40s, for: 3m}
    expect:
      - {at: 230s, metric: health, verdict: OFF TARGET}
    first: [{metric: health, verdict: CRITICAL, at: 4m}]
  - name: lines of then
    gap: {at: 30s, for: 20s}
    lines: [{at: 35s, source: app, track: canary, text: failed, count: 50}]
    expect: [{at: 49s, metric: failures, verdict: UNKNOWN}]
    first: [{metric: failures, verdict: CRITICAL, at: 50s}]
"""
    assert found_in(folder, text) == []


def test_the_phase_decides_which_track_is_judged(folder: Path) -> None:
    text = """\
  - name: the canary
    series: {failures: {canary: "80/1000x3", baseline: "1/1000x3"}}
    expect: [{at: 30s, metric: failures, verdict: CRITICAL}]
  - name: without traffic
    traffic: 0%
    series: {failures: {canary: "80/1000x3", baseline: "1/1000x3"}}
    expect: [{at: 30s, metric: failures, verdict: OK}]
  - name: the last phase
    phase: All
    series: {failures: {canary: "80/1000x3"}}
    expect: [{at: 30s, metric: failures, verdict: CRITICAL}]
"""
    assert found_in(folder, text) == []


def test_a_test_of_days_takes_ten_seconds_at_a_time(folder: Path) -> None:
    text = """\
  - name: days
    interval: 6h
    series: {failures: {canary: "1/1000x8"}}
    expect: [{at: 42h, metric: failures, verdict: OK}]
"""
    assert found_in(folder, text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  - {name: a}\n", "4: tests[0]: nothing is expected: write expect, never or first"),
        (
            "  - name: a\n    serie: {health: '1'}\n    never: [{metric: health, verdict: OK}]\n",
            "5: tests[0].serie: this key is not known here; did you mean series?",
        ),
        (
            "  - name: a\n    series: {helth: '1'}\n    never: [{metric: health, verdict: OK}]\n",
            "5: tests[0].series.helth: there is no metric helth; did you mean health?",
        ),
        (
            "  - name: a\n    never: [{metric: helth, verdict: OK}]\n",
            "5: tests[0].never[0].metric: there is no metric helth; did you mean health?",
        ),
        (
            "  - name: a\n    series:\n      health: '1x 0'\n    never: [{metric: health, verdict: OK}]\n",
            "6: tests[0].series.health: health: expected values such as 0.5x10 3/120 4@200 _x3 ? !, found '1x'",
        ),
        (
            "  - name: a\n    series: {latency: '3/120'}\n    never: [{metric: latency, verdict: OK}]\n",
            "5: tests[0].series.latency: latency: expected a value such as 3.2@200, because the metric is in ms,"
            " found '3/120'",
        ),
        (
            "  - name: a\n    series: {health: {canary: '1'}}\n    never: [{metric: health, verdict: OK}]\n",
            "5: tests[0].series.health.canary: a http metric has no tracks; write its values without one",
        ),
        (
            "  - name: a\n    phase: Canary\n    never: [{metric: health, verdict: OK}]\n",
            "5: tests[0].phase: there is no phase Canary; did you mean Canary 10%?",
        ),
        (
            "  - name: a\n    lines: {source: db, text: x}\n    never: [{metric: health, verdict: OK}]\n",
            "5: tests[0].lines[0].source: there is no log source db; log sources of the rollout: app, old",
        ),
        (
            "  - name: a\n    lines: [{source: app, text: x}]\n    never: [{metric: health, verdict: OK}]\n",
            "5: tests[0].lines[0]: these lines have no track; add `track:`, one of canary, baseline",
        ),
        (
            "  - name: a\n    expect: [{at: 5, metric: health, verdict: OK}]\n",
            "5: tests[0].expect[0].at: found the number 5; expected a duration such as 500ms, 30s, 5m, 48h or 7d",
        ),
        (
            "  - name: a\n    expect: [{at: 5s, metric: health, verdict: GOOD}]\n",
            "5: tests[0].expect[0].verdict: found 'GOOD'; expected NOT JUDGED, OK, OFF TARGET, UNKNOWN, BROKEN,"
            " WARNING or CRITICAL",
        ),
        (
            "  - name: a\n    evidence: {latency: '1/2'}\n    never: [{metric: health, verdict: OK}]\n",
            "5: tests[0].evidence.latency: no query is asked for evidence of latency; write its `series`, or the log"
            " lines that it is counted from",
        ),
    ],
)
def test_a_slip_is_told_with_its_line_and_a_remedy(folder: Path, text: str, expected: str) -> None:
    with pytest.raises(RolloutFileError) as caught:
        load_tests(written(folder, text), {})

    assert [str(found).removeprefix(f"{folder}/shop.test.yaml:") for found in caught.value.problems] == [expected]


def test_a_rollout_file_is_no_file_of_rule_tests(folder: Path) -> None:
    with pytest.raises(RolloutFileError, match="this is a rollout file; its rule tests stand in a file of their own"):
        load_tests(str(folder / "shop.yaml"), {})


def test_a_problem_of_the_rollout_file_is_told_at_its_own_line(folder: Path) -> None:
    (folder / "shop.yaml").write_text(ROLLOUT.replace('critical: "< 1"', 'critical: "< one"'))

    with pytest.raises(RolloutFileError, match=r"shop\.yaml:17: metrics\.health\.critical"):
        load_tests(written(folder, "  - {name: a, never: [{metric: health, verdict: OK}]}\n"), {})


def test_a_shipped_name_means_the_tests_beside_the_shipped_file() -> None:
    assert [file_of_tests(name).is_file() for name in shipped()] == [True] * len(shipped())


def test_the_command_tells_each_test_and_exits_1_when_one_fails(folder: Path, capsys: Capture) -> None:
    good = "  - {name: fine, series: {health: '1x5'}, expect: [{at: 40s, metric: health, verdict: OK}]}\n"
    bad = "  - {name: not so, series: {health: '1x5'}, expect: [{at: 40s, metric: health, verdict: CRITICAL}]}\n"
    path = written(folder, good)

    assert main(["test", path]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["  ✓ passed  fine", "1 test, 0 failed"]

    path = written(folder, good + bad)
    assert main(["test", path]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  ✓ passed  fine",
        "  ✗ failed  not so",
        f"      {path}:5: health at 40s: expected CRITICAL, found OK (== 1), 1",
        "2 tests, 1 failed",
    ]

    assert main(["test", path, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["passed"], said["failed"]) == (1, 1)
    assert [(test["name"], test["line"], test["passed"]) for test in said["files"][0]["tests"]] == [
        ("fine", 4, True),
        ("not so", 5, False),
    ]
    assert said["files"][0]["tests"][1]["failures"] == [
        {"line": 5, "at_s": 40.0, "metric": "health", "expected": "CRITICAL", "found": "OK (== 1), 1"}
    ]


def test_a_test_is_told_of_as_soon_as_it_ends(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def run_slowly(rollout: Rollout, test: RuleTest) -> list[Failure]:
        told.append(capsys.readouterr().out)
        return run_rule_test(rollout, test)

    monkeypatch.setattr("console.commands.test.run_rule_test", run_slowly)
    tests = (
        f"  - {{name: {name}, series: {{health: '1x5'}}, never: [{{metric: health, verdict: CRITICAL}}]}}\n"
        for name in ("one", "two")
    )
    main(["test", written(folder, "".join(tests))])

    assert told[1] == "  ✓ passed  one\n"


def test_a_file_that_is_not_there_is_exit_code_4(capsys: Capture) -> None:
    assert main(["test", "nosuch.yaml"]) == 4

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "nosuch.yaml: there is no such file" in shown.err


def test_the_example_of_the_page_on_rule_tests_passes(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "what-if.md").read_text("utf-8")
    (tmp_path / "shop.test.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    (tmp_path / "rate.sql").write_text("SELECT 1 AS value")
    (tmp_path / "shop.yaml").write_text(
        ROLLOUT.replace('critical: "> 5%", for: 1m}', 'critical: "> 5%", for: 5m}').replace(
            "  failures:", '  rejection_rate: {events: {of: failed}, target: "== 0", critical: "> 0"}\n  failures:'
        )
    )

    loaded = load_tests(str(tmp_path / "shop.test.yaml"), {})

    assert [run_rule_test(loaded.rollout, test) for test in loaded.tests] == [[], []]
