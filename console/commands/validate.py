"""`rollout-console validate`: everything that is wrong with a rollout file, or a summary of it."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from console.core.exits import Exit
from console.spec.load import load
from console.spec.loaded import Loaded
from console.spec.problems import RolloutFileError
from console.spec.rule_costs import RuleCost, cost_of_all, costs_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", help="a rollout file, or the name of a shipped rollout")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check the file and return 0, or 4 when it cannot be used; nothing is connected to."""
    try:
        loaded = load(arguments.file, os.environ)
    except RolloutFileError as error:
        if arguments.json:
            print(json.dumps({"is_valid": False, "problems": _problems(error), "warnings": []}, indent=2))
        else:
            print(error, file=sys.stderr)
        return Exit.USAGE
    costs = costs_of(loaded.rollout.events)
    warnings = [*loaded.warnings, *(cost.warning for cost in costs if cost.warning)]
    if arguments.json:
        print(json.dumps(_result(loaded, warnings, costs), indent=2))
    else:
        print(_summary(loaded, costs))
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return Exit.DONE


def _problems(error: RolloutFileError) -> list[dict[str, Any]]:
    return [
        {
            "file": found.file,
            "line": found.line or None,
            "key": found.key,
            "found": found.found,
            "expected": found.expected,
            "text": str(found),
        }
        for found in error.problems
    ]


def _counts(loaded: Loaded) -> dict[str, int]:
    rollout = loaded.rollout
    return {
        "sources": len(rollout.sources),
        "events": len(rollout.events),
        "metrics": len(rollout.metrics),
        "queries": len(loaded.queries),
        "phases": len(rollout.phases),
        "actions": len(rollout.actions),
    }


def _result(loaded: Loaded, warnings: Sequence[str], costs: Sequence[RuleCost]) -> dict[str, Any]:
    return {
        "is_valid": True,
        "rollout": loaded.rollout.rollout,
        "title": loaded.rollout.title,
        "path": str(loaded.path),
        "sha256": loaded.text_sha256,
        "counts": _counts(loaded),
        "problems": [],
        "warnings": list(warnings),
        "us_per_line": {cost.event: round(cost.us_per_line, 2) for cost in costs},
    }


def _summary(loaded: Loaded, costs: Sequence[RuleCost]) -> str:
    counts = ", ".join(f"{count} {name if count != 1 else _one(name)}" for name, count in _counts(loaded).items())
    phases = " → ".join(phase.name for phase in loaded.rollout.phases)
    lines = [f"{loaded.rollout.rollout}: {loaded.rollout.title}", counts, phases]
    if costs:
        slowest = max(costs, key=lambda cost: cost.us_per_line)
        all_us = cost_of_all(loaded.rollout.events)
        lines.append(
            f"classifying costs {all_us:.1f} µs a line; the dearest rule is {slowest.event}:"
            f" {slowest.us_per_line:.1f} µs"
        )
    return "\n".join(lines)


def _one(names: str) -> str:
    return names.removesuffix("ies") + "y" if names.endswith("ies") else names.removesuffix("s")
