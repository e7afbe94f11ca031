"""Folders that may be written when the disk of the state folder is full or broken: in memory, then temporary ones."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

_ROOTS = ("/dev/shm", "/tmp", "/var/tmp")  # noqa: S108 - the folder made there is the user's own, and looked at


def spares(about: Path) -> list[Path]:
    """Return the folders that stand in for another one; they need not exist.

    Every process of this user finds the same ones for the same folder, the first that works first.
    """
    roots = [os.environ.get("XDG_RUNTIME_DIR", ""), *_ROOTS, tempfile.gettempdir()]
    name = f"rollout-console-{os.getuid()}-{hashlib.sha256(os.fsencode(about)).hexdigest()[:8]}"
    own = dict.fromkeys(Path(root) / name for root in roots if root)
    return [folder for folder in own if _is_ours(folder)]


def _is_ours(folder: Path) -> bool:
    """Return whether a folder in a place that all may write is nobody else's; one that is not there yet may be made."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
