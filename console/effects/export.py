"""Snapshots on disk: a whole folder at once, or none."""

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from console.core.export import Export, Redact, cleaned, iso, without_secrets
from console.core.journal import record_json
from console.core.picture import drawn_lines, still_picture
from console.core.plain import plain_screen
from console.core.record import JournalRow
from console.core.report import Report, report_of
from console.core.report_html import report_html
from console.core.report_json import snapshot_json
from console.core.report_md import report_md

_SCREEN_WIDTH = 120
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
"""What renaming onto a name that is already there answers."""


def write_snapshot(folder_parent: Path, export: Export, redact: Redact) -> Path:
    """Write a snapshot into a new folder below `folder_parent` and return that folder.

    It holds `snapshot.json`, `report.md`, `report.html` and `screen.svg`, readable by the owner only. The folder
    has its final name, `<rollout>-<session>-<UTC time>`, only once all of it is on disk; a name that is taken gets
    `-2` and so on. Raises `OSError`, and leaves nothing behind.
    """
    files = rendered(export, redact)
    folder_parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".snapshot-", dir=folder_parent))
    try:
        for name, text in files.items():
            _write(unfinished / name, text)
        _sync_folder(unfinished)
        folder = _put_in_place(unfinished, folder_parent / folder_name(export))
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _sync_folder(folder_parent)
    return folder


def write_journal(folder_parent: Path, session_id: str, rows: Iterable[JournalRow], at: float) -> Path:
    """Write journal records into a new file below `folder_parent`, a JSON object a line, and return the file.

    It is readable by the owner only; a name that is taken gets `-2` and so on. Raises `OSError`.
    """
    folder_parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{session_id}-journal-{_compact(at)}Z"
    number = 1
    while True:
        path = folder_parent / f"{stem if number == 1 else f'{stem}-{number}'}.jsonl"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(json.dumps(record_json(row)) + "\n" for row in rows)
        return path


def rendered(export: Export, redact: Redact) -> dict[str, str]:
    """Return the text of every file of a snapshot by name; no secret that `redact` knows is in any of them."""
    clean = without_secrets(export, redact)
    report = report_without_secrets(clean, redact)
    document = json.dumps(snapshot_json(clean), indent=1, allow_nan=False)
    picture = still_picture(export.screen_svg, redact) if export.screen_svg else None
    if picture is None:
        lines = [redact(line) for line in plain_screen(clean.frame, _SCREEN_WIDTH)]
        picture = drawn_lines(lines, clean.frame.title)
    return {
        "snapshot.json": document + "\n",
        "report.md": report_md(report),
        "report.html": report_html(report),
        "screen.svg": picture,
    }


def report_without_secrets(export: Export, redact: Redact) -> Report:
    """Return the report of an export, redacted before and after texts were put together."""
    return cleaned(report_of(without_secrets(export, redact)), redact)


def folder_name(export: Export) -> str:
    """Return what the folder of a snapshot is called; a session named after its rollout does not say it twice."""
    rollout, session = export.frame.rollout, export.frame.session.id
    said = [session] if session.startswith(f"{rollout}-") else [rollout, session]
    plain = "-".join(re.sub(r"[^A-Za-z0-9._-]+", "-", part) for part in said).lstrip(".-")[:150]
    return f"{plain}-{_compact(export.taken_at)}Z"


def _compact(at: float) -> str:
    """Return a time as a part of a name: `20260713T140327`."""
    return (iso(at) or "no-time").split(".")[0].replace("-", "").replace(":", "")


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("utf-8", errors="backslashreplace"))
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(unfinished: Path, wanted: Path) -> Path:
    """Rename the finished folder to the first name that is free, and return it."""
    target, number = wanted, 1
    while not _renamed(unfinished, target):
        number += 1
        target = wanted.with_name(f"{wanted.name}-{number}")
    return target


def _renamed(unfinished: Path, target: Path) -> bool:
    if os.path.lexists(target):  # renaming onto an empty folder would replace it
        return False
    try:
        unfinished.rename(target)
    except OSError as problem:
        if problem.errno in _TAKEN:
            return False
        raise
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
