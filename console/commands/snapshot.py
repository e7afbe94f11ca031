"""`rollout-console snapshot`: a session exported into a folder, while it is watched or afterwards."""

import argparse
import sys
from pathlib import Path

from console.commands.exporting import add_session, read_or_explain
from console.core.exits import Exit
from console.core.redact import Redactor
from console.effects.export import write_snapshot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_session(parser)
    parser.add_argument(
        "--to", metavar="FOLDER", type=Path, help="where the snapshot's folder is made; else with the session"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write a snapshot, print its folder and return 0; 4 when there is no such session or it cannot be written."""
    export = read_or_explain(arguments.session)
    if export is None:
        return Exit.USAGE
    parent = arguments.to or Path(export.session_folder) / "snapshots"
    try:
        folder = write_snapshot(parent.absolute(), export, Redactor().redact)
    except OSError as error:
        print(f"the snapshot cannot be written to {parent}: {error.strerror or error}", file=sys.stderr)
        return Exit.USAGE
    print(folder)
    return Exit.DONE
