"""`rollout-console test`: rule tests, written as series over time, run by the judging of the console itself."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from console.core.durations import format_duration
from console.core.exits import Exit
from console.core.rule_run import Failure, run_rule_test
from console.core.text import visible
from console.core.words import count_of
from console.spec.problems import RolloutFileError
from console.spec.rule_tests import LoadedTests, load_tests


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="files of rule tests, or names of shipped rollouts for theirs"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run the tests of all files and return 0, 1 when one of them fails, or 4 when a file cannot be used."""
    try:
        loaded = [load_tests(file, os.environ) for file in arguments.files]
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    results = [(file, list(_results(file, is_told=not arguments.json))) for file in loaded]
    failed = sum(bool(failures) for _, found in results for failures in found)
    passed = sum(len(found) for _, found in results) - failed
    if arguments.json:
        files = [_as_json(file, found) for file, found in results]
        print(json.dumps({"passed": passed, "failed": failed, "files": files}, indent=2))
    else:
        print(f"{count_of(passed + failed, 'test')}, {failed} failed")
    return Exit.WARNING if failed else Exit.DONE


def _results(file: LoadedTests, *, is_told: bool) -> Iterator[list[Failure]]:
    """Run the tests of a file and yield what each does not find; where it is to be told, as soon as each ends."""
    if is_told:
        print(f"{visible(str(file.path))}  {file.rollout.rollout}", flush=True)
    for number, test in enumerate(file.tests):
        failures = run_rule_test(file.rollout, test)
        if is_told:
            print("\n".join(_as_text(file, number, failures)), flush=True)
        yield failures


def _as_text(file: LoadedTests, number: int, failures: list[Failure]) -> Iterator[str]:
    yield f"  {'✗ failed' if failures else '✓ passed'}  {visible(file.tests[number].name)}"
    for failure in failures:
        line = file.line_of(number, failure.path)
        at = "" if failure.at is None else f" at {format_duration(failure.at)}"
        said = f"{failure.metric}{at}: expected {failure.expected}, found {failure.found}"
        yield f"      {visible(f'{file.path}:{line}: {said}')}"


def _as_json(file: LoadedTests, found: list[list[Failure]]) -> dict[str, Any]:
    return {
        "file": str(file.path),
        "rollout": file.rollout.rollout,
        "tests": [
            {
                "name": test.name,
                "line": file.line_of(number, ()),
                "passed": not failures,
                "failures": [
                    {
                        "line": file.line_of(number, failure.path),
                        "at_s": failure.at,
                        "metric": failure.metric,
                        "expected": failure.expected,
                        "found": failure.found,
                    }
                    for failure in failures
                ],
            }
            for number, (test, failures) in enumerate(zip(file.tests, found, strict=True))
        ],
    }
