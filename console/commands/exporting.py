"""What `report` and `snapshot` share: a session found by its id and read without being held."""

import argparse
import sys
from pathlib import Path

from console.core.export import Export
from console.effects.session_schema import FILE_NAME, SessionUnreadable
from console.effects.sessions import Session, find_session, list_sessions, state_dir


def add_session(parser: argparse.ArgumentParser) -> None:
    """Add the session."""
    parser.add_argument(
        "session",
        metavar="ID",
        help="a session as `sessions` lists it, the name of a rollout for its latest session, or a session's folder",
    )


def read_or_explain(said: str) -> Export | None:
    """Return a session as it stands, whoever holds it, or `None` after saying on stderr why it cannot be read."""
    found = _found(said)
    if found is None:
        print(f"no session {said}; `rollout-console sessions` lists them", file=sys.stderr)
        return None
    from console.reading import read_export  # noqa: PLC0415 - brings the engine along, which usage errors do not need

    folder, session = found
    holder = None if session is None else session.holder
    try:
        return read_export(folder, folder.name if session is None else session.id, str(holder or ""))
    except (SessionUnreadable, OSError) as error:
        print(f"session {said} cannot be read: {error}", file=sys.stderr)
    except (KeyError, ValueError) as error:
        print(f"session {said} holds nothing to report yet, or not what this version wrote: {error}", file=sys.stderr)
    return None


def _found(said: str) -> tuple[Path, Session | None] | None:
    base = state_dir()
    session = find_session(base, said) or next((s for s in list_sessions(base) if s.rollout == said), None)
    if session is not None:
        return session.folder, session
    folder = Path(said)
    return (folder.absolute(), None) if (folder / FILE_NAME).is_file() else None
