"""`rollout-console query`: run monitoring queries now."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from console.commands.arguments import add_file
from console.commands.common import load_or_explain
from console.core.cleaned import cleaned_table
from console.core.exits import Exit
from console.core.inputs import Input
from console.core.redact import Redactor
from console.core.rollout import Metric, Rollout
from console.core.text import visible
from console.core.values import format_value
from console.sources.base import Answer, ProbeFailed
from console.sources.connect import Connections
from console.spec.loaded import Loaded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_file(parser)
    parser.add_argument("name", nargs="?", metavar="NAME", help="a metric or a query of it; all queries by default")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run the queries and print their rows; 0 if all answered, 3 if one did not, 4 for an unknown name."""
    loaded = load_or_explain(arguments.file, os.environ)
    if loaded is None:
        return Exit.USAGE
    asked = asked_for(loaded.rollout, arguments.name)
    if not asked:
        known = ", ".join(asked_for(loaded.rollout, None))
        named = f" {visible(arguments.name)}" if arguments.name else ""
        print(f"this rollout has no query{named}" + (f"; it has: {known}" if known else ""), file=sys.stderr)
        return Exit.USAGE
    answers = asyncio.run(_ask_all(loaded, asked))
    redactor = Redactor(loaded.secrets)
    if arguments.json:
        said = {name: _as_json(answer, redactor) for name, answer in answers.items()}
        print(json.dumps(said, allow_nan=False))
    else:
        for name, answer in answers.items():
            _print(loaded, name, asked[name], answer, redactor)
    return Exit.UNKNOWN if any(isinstance(answer, ProbeFailed) for answer in answers.values()) else Exit.DONE


def asked_for(rollout: Rollout, name: str | None) -> Mapping[str, Metric]:
    """Return the query metrics and investigations of this name, all of them for none."""
    found: dict[str, Metric] = {}
    postgres = next((source for source, spec in rollout.sources.items() if spec.kind == "postgres"), None)
    for metric_name, metric in rollout.metrics.items():
        if metric.kind == "query" and name in (None, metric_name, metric.query):
            found[metric_name] = metric
        for query in metric.investigate:
            source = metric.source if metric.kind == "query" else postgres
            if name in (None, query) and source is not None:
                found[query] = Metric.model_validate({"query": query, "source": source, "timeout": "15s"})
    return found


async def _ask_all(loaded: Loaded, asked: Mapping[str, Metric]) -> dict[str, Answer | ProbeFailed]:
    connections = Connections(loaded.rollout, loaded.base_dir, loaded.queries, _forget)

    async def ask(metric: Metric) -> Answer | ProbeFailed:
        try:
            return await connections.asker_for(metric).ask(metric, loaded.queries[metric.query or ""])
        except ProbeFailed as failure:
            return failure

    try:
        return {name: await ask(metric) for name, metric in asked.items()}
    finally:
        await connections.close()


def _forget(_: Input) -> None:
    """What sources say of themselves is not asked here."""


def _as_json(answer: Answer | ProbeFailed, redactor: Redactor) -> dict[str, Any]:
    if isinstance(answer, ProbeFailed):
        return {"error": redactor.redact(str(answer))}
    table = None if answer.table is None else cleaned_table(answer.table, redactor)
    return {
        "readings": [
            {"track": one.track, "value": one.value, "samples": one.samples, "bad": one.bad} for one in answer.readings
        ],
        "columns": list(table.columns) if table else [],
        "rows": [list(row) for row in table.rows] if table else [],
        "is_cut": bool(table and table.is_cut),
    }


def _print(loaded: Loaded, name: str, metric: Metric, answer: Answer | ProbeFailed, redactor: Redactor) -> None:
    print(f"{name}: {visible(loaded.queries[metric.query or ''].title)}")
    if isinstance(answer, ProbeFailed):
        print(f"  ⊘ {redactor.redact(str(answer))}\n")
        return
    for reading in answer.readings:
        value = "no data" if reading.value is None else format_value(reading.value, metric.unit)
        samples = "" if reading.samples is None else f"  {reading.samples:,} samples"
        print(f"  {reading.track or 'all':9} {value}{samples}")
    if answer.table is not None and answer.table.columns:
        rows = [answer.table.columns, *cleaned_table(answer.table, redactor).rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(answer.table.columns))]
        for row in rows:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if answer.table.is_cut:
            print("  … more rows were left out")
    print()
