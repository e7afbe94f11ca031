"""`validate`, `schema` and `new`."""

import json
from pathlib import Path

import pytest

from console.cli import main
from console.spec.load import load
from console.spec.starter import starter
from tests.spec.conftest import PHASES, Write

Capture = pytest.CaptureFixture[str]


def test_a_good_file_is_summed_up(capsys: Capture) -> None:
    assert main(["validate", "stateless-orchestration"]) == 0

    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == "stateless-orchestration: Stateless orchestration and the safe JSON parser"
    assert "2 sources, 7 events, 5 metrics, 11 queries, 6 phases, 4 actions" in shown.out
    assert shown.err == ""


def test_problems_go_to_standard_error_with_exit_code_4(write: Write, capsys: Capture) -> None:
    path = write("titel: x\nmetrics: {m: {http: {url: x}}}\n")

    assert main(["validate", str(path)]) == 4

    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.split(": ")[0] for line in shown.err.splitlines()] == [f"{path}:4", f"{path}:5"]


def test_problems_as_json_name_file_line_and_key(write: Write, capsys: Capture) -> None:
    path = write("titel: x\n" + PHASES)

    assert main(["validate", str(path), "--json"]) == 4

    said = json.loads(capsys.readouterr().out)
    assert said["is_valid"] is False
    assert [(found["file"], found["line"], found["key"]) for found in said["problems"]] == [(str(path), 4, "titel")]
    assert said["problems"][0]["expected"] == "did you mean title?"


def test_a_warning_does_not_make_a_file_bad(write: Write, capsys: Capture) -> None:
    path = write("events: {a: {match: x}}\n" + PHASES)

    assert main(["validate", str(path)]) == 0
    assert "warning: " in capsys.readouterr().err

    assert main(["validate", str(path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 1


def test_the_schema_is_printed_as_json(capsys: Capture) -> None:
    assert main(["schema"]) == 0

    assert "metrics" in json.loads(capsys.readouterr().out)["properties"]


def test_a_new_file_is_printed_or_written_and_validates(tmp_path: Path, capsys: Capture) -> None:
    assert main(["new"]) == 0
    printed = capsys.readouterr().out
    path = tmp_path / "My Shop.yaml"

    assert main(["new", str(path)]) == 0

    loaded = load(path, {})
    assert printed == starter()
    assert loaded.rollout.rollout == "my-shop"
    assert loaded.warnings == ()


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("precious", encoding="utf-8")

    assert main(["new", str(path)]) == 4
    assert main(["new", str(tmp_path / "no" / "folder.yaml")]) == 4

    assert path.read_text(encoding="utf-8") == "precious"
    assert "is already there" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "!!!", "Ünï", "a" * 50])
def test_any_name_gives_a_file_that_validates(tmp_path: Path, name: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(starter(name), encoding="utf-8")

    assert load(path, {}).rollout.rollout


def test_slow_rules_are_named_with_their_cost_and_what_to_do(write: Write, capsys: Capture) -> None:
    events = r"""
events:
  digits: {match: '\d{3}\s+\d', sample: ["123 4"]}
  endless: {match: '(?:\w+\s?)+:$', sample: ["a b:"]}
  short: {match: '(?:\w{1,8} ?){1,7}: failed', sample: ["a b: failed"]}
  word: {match: 'DENIED (?P<tool>\w+)', sample: ["DENIED x"]}
"""
    path = write(events + PHASES)

    assert main(["validate", str(path), "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert set(said["us_per_line"]) == {"digits", "endless", "short", "word"}
    assert said["us_per_line"]["digits"] > said["us_per_line"]["word"]
    slow = [warning for warning in said["warnings"] if "this rule" in warning]
    assert [warning.split(":")[0] for warning in slow] == [
        f"events.{event}.match" for event in ("digits", "endless", "short")
    ]
    assert "runs on every line" in slow[0]
    assert all("given up after 20 ms" in warning for warning in slow[1:])


def test_a_sample_that_backtracks_without_end_is_a_problem_and_not_a_wait(write: Write, capsys: Capture) -> None:
    path = write(f"events:\n  endless: {{match: '^(?:a|aa)+$', sample: ['{'a' * 60}!']}}\n" + PHASES)

    assert main(["validate", str(path)]) == 4

    assert "takes too long" in capsys.readouterr().err
