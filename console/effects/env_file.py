"""Env files edited in place: the keys asked for change, every other byte stays."""

import fcntl
import glob
import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from console.core.env_text import EnvFileProblem, edited, values
from console.core.plan import FileChange
from console.core.redact import REDACTED, Redactor, is_secret_name
from console.effects.files import synchronise_folder

_UNFINISHED = ".rollout-console"
SIZE_LIMIT_BYTES = 4 * 1024 * 1024
"""A larger file is no env file."""


def read_env_file(path: Path) -> str:
    """Return the text of an env file; bytes that are no UTF-8 survive a round trip. Raises `EnvFileProblem`."""
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        raise EnvFileProblem(f"{path} does not exist") from None
    except OSError as error:
        raise EnvFileProblem(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > SIZE_LIMIT_BYTES:
        raise EnvFileProblem(f"{path} is larger than {SIZE_LIMIT_BYTES // 1024 // 1024} MiB; this is no env file")
    return raw.decode("utf-8", "surrogateescape")


def edit_env_file(path: Path, settings: Mapping[str, str], attempt: str) -> Path | None:
    """Set keys of an env file in one step that a crash cannot halve, and return the copy of what was there before.

    The copy is `NAME.before-ATTEMPT`, made once per attempt; `None` if nothing had to change. A symbolic link stays
    one; mode and owner stay. Raises `EnvFileProblem`.
    """
    target = Path(os.path.realpath(path))
    before = read_env_file(target)
    try:
        after = edited(before, settings)
    except EnvFileProblem as problem:
        raise EnvFileProblem(f"{path}: {problem}") from None
    if after == before:
        return None
    backup = target.with_name(f"{target.name}.before-{attempt}")
    try:
        was = target.stat()
        if not backup.exists():
            _replace(backup, before, was)
        _replace(target, after, was)
    except OSError as error:
        raise EnvFileProblem(f"{path} cannot be written: {error.strerror or error}") from error
    return backup


def changes(path: Path, settings: Mapping[str, str], shown: str, redactor: Redactor) -> tuple[FileChange, ...]:
    """Return key by key what an edit would change in a file that is called `shown`, secrets masked.

    Raises `EnvFileProblem`.
    """
    return _changed(values(read_env_file(path)), settings, shown, redactor)


def without_file(settings: Mapping[str, str], shown: str, redactor: Redactor) -> tuple[FileChange, ...]:
    """Return what an edit sets in a file that is not there yet, and may say anything by then, secrets masked."""
    return _changed({}, settings, shown, redactor)


def _changed(
    present: Mapping[str, str], settings: Mapping[str, str], shown: str, redactor: Redactor
) -> tuple[FileChange, ...]:
    return tuple(
        FileChange(
            path=shown,
            key=key,
            before=_masked(key, present[key], redactor) if key in present else None,
            after=_masked(key, value, redactor),
        )
        for key, value in settings.items()
        if present.get(key) != value
    )


def write_problem(path: Path) -> str:
    """Return why an env file could not be edited, empty if it could."""
    target = Path(os.path.realpath(path))
    if not target.exists():
        return f"{path} does not exist"
    if not target.is_file():
        return f"{path} is no file"
    if not os.access(target, os.R_OK):
        return f"{path} cannot be read"
    if not os.access(target.parent, os.W_OK | os.X_OK):
        return f"{target.parent} cannot be written, so {path} cannot be replaced"
    return ""


def _replace(path: Path, text: str, like: os.stat_result) -> None:
    """Write a file beside its name and rename it there, with the mode and owner of another."""
    _remove_left(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_UNFINISHED, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            made = os.fstat(file.fileno())
            if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    synchronise_folder(path.parent)


def _remove_left(path: Path) -> None:
    """Remove what a writer that was killed has left beside a file: it may hold secrets, and nobody else would."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{_UNFINISHED}"):
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _masked(key: str, value: str, redactor: Redactor) -> str:
    return REDACTED if value and is_secret_name(key) else redactor.redact(value)
