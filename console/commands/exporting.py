"""What `report`, `snapshot`, `replay` and `journal` share: a session found by its id and read without being held."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from console.core.export import Export
from console.core.text import visible
from console.effects.session_schema import FILE_NAME, SessionUnreadable
from console.effects.sessions import find_session, list_sessions, state_dir

T = TypeVar("T")


def add_session(parser: argparse.ArgumentParser) -> None:
    """Add the session."""
    parser.add_argument(
        "session",
        metavar="ID",
        help="a session as `sessions` lists it, the name of a rollout for its latest session, or a session's folder",
    )


def read_or_explain(said: str) -> Export | None:
    """Return a session as it stands, whoever holds it, or `None` after saying on stderr why it cannot be read."""
    from console.reading import read_export  # noqa: PLC0415 - brings the engine along, which usage errors do not need

    def read(folder: Path) -> Export:
        session = find_session(state_dir(), folder.name)
        holder = None if session is None or session.folder != folder else session.holder
        return read_export(folder, folder.name, str(holder or ""))

    found = found_or_explain(said, read)
    return None if found is None else found[1]


def found_or_explain(said: str, read: Callable[[Path], T]) -> tuple[str, T] | None:
    """Return the id of a session and what `read` makes of its folder, or `None` after saying on stderr why not."""
    folder = folder_or_explain(said)
    if folder is None:
        return None
    try:
        return folder.name, read(folder)
    except (SessionUnreadable, OSError) as error:
        print(f"session {visible(said)} cannot be read: {error}", file=sys.stderr)
    except (KeyError, ValueError) as error:
        print(
            f"session {visible(said)} holds nothing to read yet, or not what this version wrote: {error}",
            file=sys.stderr,
        )
    return None


def folder_or_explain(said: str) -> Path | None:
    """Return the folder of a session, or `None` after saying on stderr that there is none."""
    folder = _found(said)
    if folder is None:
        print(f"no session {visible(said)}; `rollout-console sessions` lists them", file=sys.stderr)
    return folder


def _found(said: str) -> Path | None:
    base = state_dir()
    session = find_session(base, said) or next((s for s in list_sessions(base) if s.rollout == said), None)
    if session is not None:
        return session.folder
    folder = Path(said)
    return folder.absolute() if (folder / FILE_NAME).is_file() else None
