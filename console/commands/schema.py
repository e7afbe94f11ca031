"""`rollout-console schema`: the JSON Schema of rollout files, or of rule tests, for editors."""

import argparse
import json

from console.core.exits import Exit
from console.spec.schema import schema, tests_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--tests", action="store_true", help="the schema of files of rule tests instead")


def run(arguments: argparse.Namespace) -> int:
    """Print the schema and return 0."""
    print(json.dumps(tests_schema() if arguments.tests else schema(), indent=2, ensure_ascii=False))
    return Exit.DONE
