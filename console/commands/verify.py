"""`rollout-console verify`: run the checklist items that the console verifies by itself."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence

from console.commands.arguments import add_file
from console.commands.common import load_or_explain
from console.commands.verifying import asking
from console.core.exits import Exit
from console.core.redact import Redactor
from console.core.rollout import Check, ChecklistItem, Phase, ValidationWindow
from console.core.text import visible
from console.effects.verification import Verified, until_passes
from console.spec.loaded import Loaded

Stage = Phase | ValidationWindow
"""What has a checklist."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_file(parser)
    parser.add_argument(
        "--phase", metavar="NAME", help="only this phase or validation window: its name, or its number from 1"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Verify, print every item, and return the exit code: 0 all passed, 2 one did not, 3 one could not be asked."""
    loaded = load_or_explain(arguments.file, os.environ)
    if loaded is None:
        return Exit.USAGE
    stages: tuple[Stage, ...] = (*loaded.rollout.phases, *loaded.rollout.validation)
    phases = _chosen(stages, arguments.phase)
    if phases is None:
        known = ", ".join(stage.name for stage in stages)
        print(f"there is no phase {visible(arguments.phase)}; there are: {visible(known)}", file=sys.stderr)
        return Exit.USAGE
    asked = [(phase, item, item.verify) for phase in phases for item in _items(phase) if item.verify is not None]
    if not asked:
        print("no checklist item is verified by the console", file=sys.stderr)
    found = asyncio.run(_verified(loaded, [check for _, _, check in asked]))
    _print([(phase, item) for phase, item, _ in asked], found, is_json=arguments.json)
    if any(one.is_known and not one.ok for one in found):
        return Exit.CRITICAL
    return Exit.DONE if all(one.ok for one in found) else Exit.UNKNOWN


def _items(stage: Stage) -> Sequence[ChecklistItem]:
    """Return what must be done about a stage: before it first."""
    return (*stage.prerequisites, *stage.checklist) if isinstance(stage, Phase) else stage.checklist


def _chosen(phases: Sequence[Stage], asked: str | None) -> Sequence[Stage] | None:
    if asked is None:
        return phases
    numbered = {str(number): phase for number, phase in enumerate(phases, 1)}
    named = [phase for phase in phases if phase.name == asked]
    return named or ([numbered[asked]] if asked in numbered else None)


async def _verified(loaded: Loaded, checks: Sequence[Check]) -> list[Verified]:
    redactor = Redactor(loaded.secrets)
    async with asking(loaded.rollout, loaded.base_dir, loaded.queries) as ask:
        found = await asyncio.gather(*(until_passes(ask, check) for check in checks))
    return [Verified(one.ok, redactor.redact(one.detail), one.is_known) for one in found]


def _print(items: Sequence[tuple[Stage, ChecklistItem]], found: Sequence[Verified], *, is_json: bool) -> None:
    if is_json:
        said = [
            {
                "phase": phase.name,
                "item": item.id,
                "text": item.text,
                "outcome": _word(one),
                "detail": one.detail,
            }
            for (phase, item), one in zip(items, found, strict=True)
        ]
        print(json.dumps(said, indent=2))
        return
    last = ""
    for (phase, item), one in zip(items, found, strict=True):
        if phase.name != last:
            print(visible(phase.name))
            last = phase.name
        glyph = "✓" if one.ok else "✗" if one.is_known else "?"
        print(visible(f"  {glyph} {item.text} ({item.id}): {_word(one)}" + (f", {one.detail}" if one.detail else "")))


def _word(one: Verified) -> str:
    if one.ok:
        return "passed"
    return "not passed" if one.is_known else "could not be asked"
