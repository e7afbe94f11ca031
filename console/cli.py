"""The commands. Each lives in its own module, imported only when it is the one asked for."""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from console.core.exits import Exit
from console.lasting import lasting

COMMANDS = {
    "demo": "a live rollout on this machine, nothing else needed",
    "watch": "the console: open or resume the session of a rollout",
    "check": "measure everything once and judge",
    "count": "classify finished logs into counts",
    "query": "run monitoring queries now",
    "act": "run an action headless",
    "attempts": "list what was begun, and settle an action that hangs or whose outcome is not known",
    "alerts": "send a test message to every address of the alert routes",
    "verify": "run the automatic checklist items",
    "sessions": "list the sessions on this machine",
    "journal": "print the journal of a session, or check that nobody changed it",
    "report": "print the report of a session",
    "handover": "print what the next shift has to know",
    "replay": "fold a recorded session again, by its own conditions or by others",
    "snapshot": "export a session into a folder",
    "test": "run rule tests written as series over time",
    "validate": "check a rollout file",
    "schema": "print the JSON Schema of rollout files",
    "new": "write a commented starter rollout file",
    "doctor": "try each source and say what is wrong",
}


class _Parser(argparse.ArgumentParser):
    """A parser that leaves with the exit code of the contract."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 healthy or done, 1 warning, 2 critical, 3 unknown or broken, 4 bad rollout file or usage, 5 an action failed.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    parser = _Parser(
        prog="rollout-console",
        description="The terminal an on-call engineer keeps open while a new version soaks.",
        epilog="rollout-console COMMAND --help tells more.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    asked = next((word for word in given if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
        if name == asked:
            with lasting():
                module = importlib.import_module(f"console.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    arguments, rest = parser.parse_known_args(given)
    if rest and asked == "count" and not any(word.startswith("-") and word != "-" for word in rest):
        arguments.logs += rest  # argparse takes no list of positionals that an option interrupts
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.version:
        from importlib.metadata import version  # noqa: PLC0415 - rarely asked for

        print(f"rollout-console {version('rollout-console')}")
        return Exit.DONE
    if arguments.command is None:
        parser.print_help()
        return Exit.USAGE
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.DONE
    except Exception:  # noqa: BLE001 - Python's own exit code would say WARNING
        from console.core.redact import Redactor  # noqa: PLC0415 - hardly ever needed
        from console.spec.variables import secrets_in  # noqa: PLC0415 - the same

        print(Redactor(secrets_in(os.environ)).redact(traceback.format_exc()), end="", file=sys.stderr)
        print("rollout-console: this is a fault of the program; what it was doing is not known", file=sys.stderr)
        return Exit.UNKNOWN
