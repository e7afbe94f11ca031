"""`rollout-console watch`: the console, on a screen or headless.

Only the arguments are dealt with here; what the watch needs is imported by `console.on_screen` after its first
picture, or by `console.headless`.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from console.commands.arguments import add_as, add_file, duration
from console.core.exits import Exit
from console.watching import Headless, Watch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_file(parser)
    add_as(parser)
    parser.add_argument("--new", action="store_true", help="begin a new session instead of going on in the latest one")
    parser.add_argument("--read-only", action="store_true", help="look and never act: the keys of actions are gone")
    parser.add_argument("--dry-run", action="store_true", help="alerts are not sent: the journal says what would be")
    parser.add_argument(
        "--since", type=duration, metavar="1h", help="read the logs of a new session from this long ago"
    )
    parser.add_argument("--headless", action="store_true", help="no screen; ends by --for, --until or a signal")
    parser.add_argument("--for", dest="for_s", type=duration, metavar="30m", help="headless: watch for this long")
    parser.add_argument(
        "--until",
        choices=("verdict", "phase"),
        help="headless: watch until the overall verdict is known, or the phase may advance or the rollout is complete",
    )
    parser.add_argument("--json", action="store_true", help="headless: print JSON, the last line as `check` does")


def run(arguments: argparse.Namespace) -> int:
    """Watch until told to leave, and return the exit code."""
    headless = Headless(arguments.for_s, arguments.until, arguments.json) if arguments.headless else None
    if headless is None and (arguments.for_s or arguments.until or arguments.json):
        print("rollout-console watch: --for, --until and --json go with --headless", file=sys.stderr)
        return Exit.USAGE
    asked = Watch(
        arguments.file,
        os.environ,
        None,
        is_new=arguments.new,
        is_read_only=arguments.read_only,
        is_dry_run=arguments.dry_run,
        since_s=arguments.since,
        says=arguments.says or "",
    )
    return watch(asked, headless)


def open_console(
    file: Path,
    env: Mapping[str, str],
    *,
    state_folder: Path,
    headless_options: argparse.Namespace | None = None,
) -> int:
    """Watch a rollout for another command, with its environment and state folder, and return the exit code."""
    given = headless_options
    return watch(
        Watch(str(file), env, state_folder), None if given is None else Headless(given.for_s, None, given.json)
    )


def watch(asked: Watch, headless: Headless | None) -> int:
    """Watch on the screen, or without one; every refusal is one message on stderr and an exit code."""
    if headless is not None:
        from console.headless import watch_headless  # noqa: PLC0415

        return watch_headless(asked, headless)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("rollout-console watch: no terminal here; --headless needs none", file=sys.stderr)
        return Exit.USAGE
    from console.on_screen import watch_on_screen  # noqa: PLC0415

    return watch_on_screen(asked)
