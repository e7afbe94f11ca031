"""Where the sessions of this machine's user are, and who sits at this terminal."""

import json
import os
import pwd
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from console.core.actors import Actor
from console.core.redact import Redactor
from console.effects.files import write_private
from console.effects.lock import SESSION_LOCK, Holder, holder_of

NAME_VARIABLE = "ROLLOUT_CONSOLE_AS"
"""Holds the name that somebody types on a shared account."""
STATE_VARIABLE = "ROLLOUT_CONSOLE_STATE"

EXPORTS = "exports"
"""Where journals are exported to, under the state folder: also by consoles that hold no session."""

_ABOUT = "session.json"
_SAID = ("rollout", "title", "file", "created")
_LOGIN_UID = Path("/proc/self/loginuid")
_NO_LOGIN = 2**32 - 1
"""What the kernel says of processes that no login began, such as those of a container."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session's folder and what it is about."""

    id: str
    folder: Path
    rollout: str
    title: str
    file: str
    """The rollout file it was begun with."""
    created: float

    @property
    def attempts(self) -> Path:
        """Where the attempts at actions are kept, each in its own folder."""
        return self.folder / "attempts"

    @property
    def holder(self) -> Holder | None:
        """The console that has the session now."""
        return holder_of(self.folder / SESSION_LOCK)


def state_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in which sessions, attempts and locks are kept; it need not exist."""
    chosen = env.get(STATE_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_state_path("rollout-console")


def this_actor(env: Mapping[str, str] = os.environ, *, login_file: Path = _LOGIN_UID, says: str = "") -> Actor:
    """Return who sits at this terminal: the user who logged in, also behind sudo and su, and how they came.

    The kernel's word for who logged in goes first; then the one who called sudo; else the account that this runs as.
    The address is the one that SSH says, so behind a terminal multiplexer it is that of whoever started it. What a
    person on a shared account says to be called stands beside the account, and takes nothing's place.
    """
    account = _account(os.geteuid())
    user = _logged_in(login_file) or env.get("SUDO_USER") or account
    try:
        tty = os.ttyname(0)
    except OSError:
        tty = ""
    came_from = next(iter(env.get("SSH_CONNECTION", "").split()), "")
    acts_as = account if account != user else ""
    says = re.sub(r"[^\w. -]", "", says or env.get(NAME_VARIABLE, "")).strip()[:40]
    return Actor(user, socket.gethostname(), tty.removeprefix("/dev/"), acts_as, came_from, says)


def _logged_in(login_file: Path) -> str:
    """Return who logged in, as the kernel keeps it through sudo and su; empty where it keeps nothing."""
    try:
        uid = int(login_file.read_text("ascii"))
    except (OSError, ValueError):
        return ""
    return "" if uid == _NO_LOGIN else _account(uid)


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def create_session(
    base: Path, rollout: str, *, title: str, file: Path, at: float, redactor: Redactor | None = None
) -> Session:
    """Make the folder of a new session of a rollout under a state folder; raises `OSError`.

    The rollout file is copied into it, without the secrets that somebody may have written into it.
    """
    stem = f"{rollout}-{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}"
    folder = _fresh(base / "sessions", stem)
    session = Session(folder.name, folder, rollout, title, str(file), at)
    session.attempts.mkdir(mode=0o700)
    text = file.read_text("utf-8", errors="replace")
    write_private(folder / "rollout.yaml", (redactor or Redactor()).redact(text))
    _write(session)
    return session


def list_sessions(base: Path) -> list[Session]:
    """Return the sessions under a state folder, latest first; folders that are no session are left out.

    A disk that cannot be read has none.
    """
    try:
        found = [_read(folder) for folder in (base / "sessions").iterdir()]
    except OSError:
        return []
    return sorted((session for session in found if session is not None), key=lambda s: (-s.created, s.id))


def find_session(base: Path, session_id: str) -> Session | None:
    """Return a session by its id."""
    return next((session for session in list_sessions(base) if session.id == session_id), None)


def find_latest(base: Path, rollout: str) -> Session | None:
    """Return the latest session of a rollout; it is taken up again until `watch --new` begins another."""
    return next((session for session in list_sessions(base) if session.rollout == rollout), None)


def fresh_attempt(parent: Path, action: str, at: float) -> Path:
    """Make the folder of a new attempt at an action and return it; its name is the attempt's id. Raises `OSError`."""
    return _fresh(parent, f"{action}-{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}")


def loose_attempts(base: Path, rollout: str) -> Path:
    """Return where attempts are kept that were made while the rollout had no session."""
    return base / "attempts" / rollout


def _fresh(parent: Path, stem: str) -> Path:
    """Make a folder with this name, or with a number behind it where it is taken."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


def _write(session: Session) -> None:
    about = {name: getattr(session, name) for name in _SAID}
    write_private(session.folder / _ABOUT, json.dumps(about, indent=2) + "\n")


def _read(folder: Path) -> Session | None:
    try:
        said = json.loads((folder / _ABOUT).read_text("utf-8"))
        return Session(folder.name, folder, **{name: said[name] for name in _SAID})
    except (OSError, ValueError, TypeError, KeyError):
        return None
