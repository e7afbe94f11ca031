"""`rollout-console doctor`: tries each source and says what is wrong."""

import argparse
import asyncio
import json
import os
from dataclasses import asdict

from console.commands.common import load_or_explain
from console.core.exits import Exit
from console.sources.examine import Finding, examine
from console.spec.loaded import Loaded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", help="a rollout file, or the name of a shipped rollout")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Try every source and return 0, 3 when one fails, or 4 when the file cannot be used."""
    loaded = load_or_explain(arguments.file, os.environ)
    if loaded is None:
        return Exit.USAGE
    findings = asyncio.run(_examine_all(loaded))
    if arguments.json:
        print(json.dumps({"rollout": loaded.rollout.rollout, "sources": [asdict(one) for one in findings]}, indent=2))
    else:
        print("\n".join(said(findings)) or "this rollout has no sources")
    return Exit.DONE if all(one.ok for one in findings) else Exit.UNKNOWN


def said(findings: list[Finding]) -> list[str]:
    """Return one line per source, and below it what to do."""
    name_width = max((len(one.name) for one in findings), default=0)
    kind_width = max((len(one.kind) for one in findings), default=0)
    lines: list[str] = []
    for one in findings:
        lines.append(f"{'✓' if one.ok else '✗'} {one.name:<{name_width}}  {one.kind:<{kind_width}}  {one.what}")
        if one.remedy:
            lines.append(f"  {'':<{name_width}}  {'':<{kind_width}}  → {one.remedy}")
    return lines


async def _examine_all(loaded: Loaded) -> list[Finding]:
    tried = (examine(name, spec, loaded.rollout, loaded.base_dir) for name, spec in loaded.rollout.sources.items())
    return list(await asyncio.gather(*tried))
