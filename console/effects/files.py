"""Small files written so that a crash leaves the old one or the new one, never half of it."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is on disk, whole, when this returns. Raises `OSError`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(temporary, text, os.O_CREAT | os.O_TRUNC)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    synchronise_folder(path.parent)


def create_private(path: Path, text: str) -> None:
    """Write a new file, durably; raises `FileExistsError` if there is one already, and other `OSError`s."""
    _write(path, text, os.O_CREAT | os.O_EXCL)
    synchronise_folder(path.parent)


def synchronise_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, text: str, flags: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | flags, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
