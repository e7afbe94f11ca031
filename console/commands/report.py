"""`rollout-console report`: the report of a session, for a pull request, an incident document or a browser."""

import argparse

from console.commands.exporting import add_session, read_or_explain
from console.core.exits import Exit
from console.core.redact import Redactor
from console.core.report_html import report_html
from console.core.report_md import report_md
from console.effects.export import report_without_secrets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_session(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--md", action="store_true", help="Markdown; so it is without an option too")
    form.add_argument("--html", action="store_true", help="one self-contained page with plots")


def run(arguments: argparse.Namespace) -> int:
    """Print the report of a session and return 0, or 4 when there is no such session."""
    export = read_or_explain(arguments.session)
    if export is None:
        return Exit.USAGE
    report = report_without_secrets(export, Redactor().redact)
    print(report_html(report) if arguments.html else report_md(report), end="")
    return Exit.DONE
