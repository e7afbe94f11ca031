"""`rollout-console sessions`: the sessions of this machine's user, latest first."""

import argparse
import json

from console.core.exits import Exit
from console.core.export import iso
from console.core.text import visible
from console.effects.sessions import Session, list_sessions, state_dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the sessions and return the exit code."""
    found = list_sessions(state_dir())
    if arguments.json:
        print(json.dumps([_as_json(session) for session in found], indent=2))
        return Exit.DONE
    if not found:
        print(f"no sessions in {visible(str(state_dir()))}; `rollout-console watch FILE` begins one")
        return Exit.DONE
    rows = [(visible(session.id), _holder(session), visible(session.title)) for session in found]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[2]]).rstrip())
    return Exit.DONE


def _holder(session: Session) -> str:
    holder = session.holder
    return visible(f"held by {holder}") if holder is not None else "not held"


def _as_json(session: Session) -> dict[str, object]:
    holder = session.holder
    return {
        "id": session.id,
        "rollout": session.rollout,
        "title": session.title,
        "held_by": None if holder is None else str(holder),
        "created": iso(session.created),
        "file": session.file,
        "folder": str(session.folder),
    }
