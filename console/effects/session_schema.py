"""The session file's tables, and how it is opened: checked, and never twice for writing."""

import errno
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from console.effects import session_counts, session_samples, session_upgrade

FILE_NAME = "session.db"

APPLICATION_ID = 0x524F4C43
"""`ROLC`: tells a session from any other SQLite file."""

VERSION = 2
"""Version 1 kept a row per counter and second or minute, and a row per measurement for ever."""

_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, body TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TABLE positions (
    source TEXT NOT NULL, origin TEXT NOT NULL, stream TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (source, origin, stream)
) WITHOUT ROWID;
CREATE TABLE lines (source TEXT PRIMARY KEY, lines INTEGER NOT NULL, unclassified INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE labels (
    track TEXT NOT NULL, event TEXT NOT NULL, label TEXT NOT NULL, value TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (track, event, label, value)
) WITHOUT ROWID;
CREATE TABLE docs (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
{session_counts.TABLES}
{session_samples.TABLES}
"""

WAL_BYTES = 8 * 1024 * 1024
"""What the log beside the file is cut back to. It is folded into the file every 4 MB, and is longer only while
somebody reads what was before that."""

FailureKind = Literal["full", "read-only", "no access", "gone", "damaged", "busy", "refused", "io"]


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """A commit that did not happen; nothing of it is in the file."""

    kind: FailureKind
    """`refused` is for lines that do not follow those in the file; trying that again is of no use."""
    reason: str

    def __str__(self) -> str:
        return self.reason


class SessionUnreadable(Exception):
    """The session file cannot be used; the text says why."""


class SessionDamaged(SessionUnreadable):
    """The session file is damaged and was moved aside."""

    def __init__(self, reason: str, kept: Path) -> None:
        super().__init__(f"{reason}; the damaged file is kept as {kept}")
        self.kept = kept
        """Where the damaged file is now."""


def create(folder: Path) -> sqlite3.Connection:
    """Make a new session file, readable by its owner only; raises `FileExistsError` or `SessionUnreadable`."""
    path = folder / FILE_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise
    except OSError as error:
        raise SessionUnreadable(f"{path} cannot be made: {error.strerror or error}") from error
    return _open(path)


def open_checked(folder: Path) -> sqlite3.Connection:
    """Open a session file for writing after checking it; a damaged one is moved aside and `SessionDamaged` raised."""
    path = folder / FILE_NAME
    if not path.exists():
        raise SessionUnreadable(f"{path} does not exist")
    return _open(path)


def open_read_only(folder: Path) -> sqlite3.Connection:
    """Open a session file for reading; raises `SessionUnreadable`."""
    path = folder / FILE_NAME
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5)
    except sqlite3.Error as error:
        raise SessionUnreadable(f"{path} cannot be read: {error}") from error
    try:
        _check_kind(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise SessionUnreadable(f"{path} cannot be read: {error}") from error
    except SessionUnreadable:
        connection.close()
        raise
    return connection


def failure(error: Exception, path: Path) -> StoreFailed:
    """Return what an error of SQLite or of the system means for a commit."""
    if isinstance(error, FileNotFoundError):
        return StoreFailed("gone", f"the session file {path} is no longer there")
    name = getattr(error, "sqlite_errorname", "") or ""
    number = error.errno if isinstance(error, OSError) else None
    if name == "SQLITE_FULL" or number in (errno.ENOSPC, errno.EDQUOT):
        return StoreFailed("full", f"the disk is full: {path}")
    if name.startswith("SQLITE_IOERR") or number == errno.EIO:
        return StoreFailed("io", f"the disk fails: {path}: {error}")
    if name == "SQLITE_PERM" or number in (errno.EACCES, errno.EPERM):
        return StoreFailed("no access", f"this account may no longer write: {path}: {error}")
    if name.startswith("SQLITE_READONLY") or number == errno.EROFS:
        return StoreFailed("read-only", f"the disk can only be read: {path}: {error}")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreFailed("damaged", f"{path} is damaged: {error}")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreFailed("busy", f"{path} is locked by another program")
    return StoreFailed("io", f"writing {path} failed: {error}")


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        if connection.execute("PRAGMA schema_version").fetchone()[0] == 0:
            _make(connection)
        _check_kind(connection, path)
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")
        if damage == "ok" and version_of(connection) < VERSION:
            session_upgrade.from_version_1(connection, VERSION)
    except SessionUnreadable:
        connection.close()
        raise
    except sqlite3.Error as error:
        connection.close()
        if _is_damage(error):
            raise SessionDamaged(f"{path} is damaged: {error}", _set_aside(path)) from error
        raise SessionUnreadable(f"{path} cannot be opened: {error}") from error
    if damage != "ok":
        connection.close()
        raise SessionDamaged(f"{path} is damaged: {damage}", _set_aside(path))
    return connection


def _make(connection: sqlite3.Connection) -> None:
    """Make the tables; a crash leaves an empty file, which is made again."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def version_of(connection: sqlite3.Connection) -> int:
    """Return the format of a session file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = version_of(connection)
    if application_id != APPLICATION_ID:
        raise SessionUnreadable(f"{path} is no session of rollout-console")
    if version > VERSION:
        raise SessionUnreadable(
            f"{path} was written by a newer rollout-console (format {version}, this one reads {VERSION})"
        )


def _is_damage(error: sqlite3.Error) -> bool:
    name = getattr(error, "sqlite_errorname", "") or ""
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _set_aside(path: Path) -> Path:
    """Rename a damaged file, with its log, to a name that is free."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(kept)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    return kept
