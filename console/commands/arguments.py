"""Arguments that several commands take; light to import, because they stand before the first picture."""

import argparse


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the rollout file."""
    parser.add_argument("file", metavar="FILE", help="a rollout file, or the name of a shipped rollout")


def duration(text: str) -> float:
    """Return the seconds of a duration argument."""
    from console.core.durations import parse_duration  # noqa: PLC0415 - brings the model along

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
