"""Programs of the demo that actions and checklists of the shipped rollout files run, one module for each rollout.

`python -m console.demo.programs.NAME FOLDER WHAT …`: the folder is the demo's, and `Place.of(folder)` says where its
servers are. They do real work on them, print what they do, and end with 0 when it is done.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PLACE_FILE = "place.json"

Program = Callable[["Place", Sequence[str]], Coroutine[None, None, int]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a demo runs, for what works beside it."""

    folder: str
    rollout: str
    scenario: str
    speed: float
    owner_url: str
    """The database, as its owner."""
    redis_url: str
    service_urls: Mapping[str, str]
    """By track."""

    def write(self) -> None:
        """Write it down for `of`, readable for this account only; raises `OSError`."""
        path = Path(self.folder, PLACE_FILE)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def of(cls, folder: str) -> "Place":
        """Return the place of the demo in a folder.

        Raises `OSError`, `ValueError` or `TypeError` where there is none.
        """
        return cls(**json.loads(Path(folder, PLACE_FILE).read_text(encoding="utf-8")))


def main(programs: Mapping[str, Program]) -> int:
    """Run the program that the command line names and return its exit code."""
    known = "|".join(programs)
    if len(sys.argv) < 3 or sys.argv[2] not in programs:
        print(f"usage: python -m {Path(sys.argv[0]).stem} FOLDER {known} …", file=sys.stderr)
        return 2
    try:
        place = Place.of(sys.argv[1])
    except (OSError, ValueError, TypeError) as error:
        print(f"no demo runs in {sys.argv[1]}: {error}", file=sys.stderr)
        return 1
    return asyncio.run(programs[sys.argv[2]](place, sys.argv[3:]))
