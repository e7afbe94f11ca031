"""What the commands share: their common arguments, and how they explain a file that cannot be used."""

import argparse
import sys
from collections.abc import Mapping

from console.core.durations import parse_duration
from console.spec.load import Loaded, load
from console.spec.problems import RolloutFileError


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the rollout file."""
    parser.add_argument("file", metavar="FILE", help="a rollout file, or the name of a shipped rollout")


def duration(text: str) -> float:
    """Return the seconds of a duration argument."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def load_or_explain(file: str, env: Mapping[str, str]) -> Loaded | None:
    """Return the rollout file, or `None` after saying on stderr what is wrong with it."""
    try:
        return load(file, env)
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return None
