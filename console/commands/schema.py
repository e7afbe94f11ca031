"""`rollout-console schema`: the JSON Schema of rollout files, for editors."""

import argparse
import json

from console.spec.schema import schema


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(_: argparse.Namespace) -> int:
    """Print the schema and return 0."""
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0
