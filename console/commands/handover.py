"""`rollout-console handover`: what the next shift has to know."""

import argparse
import json
import sys
import time
from pathlib import Path

from console.commands.arguments import duration
from console.commands.exporting import found_or_explain
from console.core.exits import Exit
from console.core.export import cleaned
from console.core.handover import Handover
from console.core.handover_text import handover_json, handover_md, handover_text
from console.core.redact import Redactor
from console.effects.sessions import find_session, list_sessions, state_dir

SHIFT_S = 8 * 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "session",
        metavar="ID",
        nargs="?",
        help="a session as `sessions` lists it, the name of a rollout, or a folder; without it the latest session",
    )
    parser.add_argument("--since", type=duration, default=SHIFT_S, metavar="8h", help="how far back; 8h without it")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--md", action="store_true", help="Markdown")
    form.add_argument("--json", action="store_true", help="JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the summary of a session and return 0, or 4 when there is no such session."""
    asked = arguments.session or next((session.id for session in list_sessions(state_dir())), None)
    if asked is None:
        print("no session on this machine; `rollout-console watch FILE` begins one", file=sys.stderr)
        return Exit.USAGE
    found = found_or_explain(asked, lambda folder: _read(folder, arguments.since))
    if found is None:
        return Exit.USAGE
    summary = cleaned(found[1], Redactor().redact)
    if arguments.json:
        print(json.dumps(handover_json(summary), indent=2, ensure_ascii=False))
    else:
        print((handover_md if arguments.md else handover_text)(summary), end="")
    return Exit.DONE


def _read(folder: Path, since_s: float) -> Handover:
    from console.reading import read_handover  # noqa: PLC0415 - brings the engine along, which usage errors do not need

    session = find_session(state_dir(), folder.name)
    holder = None if session is None or session.folder != folder else session.holder
    return read_handover(folder, folder.name, str(holder or ""), since_s=since_s, at=time.time())
