"""Arguments that several commands take; light to import, because they stand before the first picture."""

import argparse
import re


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the rollout file."""
    parser.add_argument("file", metavar="FILE", help="a rollout file, or the name of a shipped rollout")


def add_as(parser: argparse.ArgumentParser) -> None:
    """Add the name that somebody types on an account that several people share."""
    parser.add_argument(
        "--as",
        dest="says",
        type=_name,
        metavar="NAME",
        help="your name, on an account that several people share; the journal has it beside the account",
    )


def _name(text: str) -> str:
    if not re.fullmatch(r"[\w.-][\w. -]{0,39}", text):
        raise argparse.ArgumentTypeError(f"expected a name of letters, digits, . _ - and spaces, found {text!r}")
    return text.strip()


def duration(text: str) -> float:
    """Return the seconds of a duration argument."""
    from console.core.durations import parse_duration  # noqa: PLC0415 - brings the model along

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
