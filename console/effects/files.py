"""Small files written so that a crash leaves the old one or the new one, never half of it."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is on disk, whole, when this returns. Raises `OSError`."""
    show_private(path, text)
    synchronise_folder(path.parent)


def show_private(path: Path, text: str) -> None:
    """Write a file as `write_private` does, but do not wait until the disk knows its name. Raises `OSError`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(handle, text)
        finally:
            os.close(handle)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def create_private(path: Path, text: str) -> None:
    """Write a new file, durably; raises `FileExistsError` if there is one already, and other `OSError`s."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _write_all(handle, text)
        synchronise_folder(path.parent)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(handle)


def append_private(path: Path, text: str) -> None:
    """Add to a file, durably; a part that did not fit is taken back. Raises `OSError`."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(handle).st_size
        try:
            _write_all(handle, text)
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def synchronise_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, text: str) -> None:
    left = text.encode("utf-8", "backslashreplace")
    while left:
        left = left[os.write(handle, left) :]
    os.fsync(handle)
