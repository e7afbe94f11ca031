"""`rollout-console new`: a commented rollout file to begin with."""

import argparse
import sys
from pathlib import Path

from console.core.exits import Exit
from console.core.text import visible
from console.spec.starter import NAME, starter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", nargs="?", help="where to write it; without, it is printed")
    parser.add_argument("--name", metavar="ID", help="id of the rollout; without, the name of the file")


def run(arguments: argparse.Namespace) -> int:
    """Write or print the file and return 0, or 4 when it is already there or cannot be written."""
    path = None if arguments.file is None else Path(arguments.file)
    text = starter(arguments.name or (NAME if path is None else path.stem))
    if path is None:
        print(text, end="")
        return Exit.DONE
    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        return _refused(f"{path} is already there; give another name")
    except (OSError, ValueError) as error:
        return _refused(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}")
    print(f"{visible(str(path), 500)} is written; try it with: rollout-console validate {visible(str(path), 500)}")
    return Exit.DONE


def _refused(why: str) -> int:
    print(f"rollout-console new: {visible(why, 600)}", file=sys.stderr)
    return Exit.USAGE
