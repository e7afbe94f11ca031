"""Snapshots on disk: whole or not at all, private, and free of secrets."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from console.core.export import EventTotal, Export, without_secrets
from console.core.frame import AlertView, Frame, JournalView
from console.core.redact import REDACTED, Redactor
from console.effects.export import folder_name, rendered, write_snapshot
from tests import exports, frames
from tests.frame_parts import AT

FILES = ["report.html", "report.md", "screen.svg", "snapshot.json"]
SECRETS = (
    "correct-horse_battery*staple",
    'p"a\\s<s>&|w`o[r]d',
    "ünïcödé–秘密-token",
    "spaces in the secret",
    "sk_live_51H8x2eZvKYlo2C",
    "__dunder__secret__",
)
LOOKS_SECRET = (
    "postgresql://ops:Tr0ub4dor@db.internal/app",
    "Authorization: Bearer abcdef0123456789abcdef",
    "AKIAIOSFODNN7EXAMPLE",
    "PGPASSWORD=swordfish99",
    '{"api_key": "zyxwvu987654"}',
)
GIVEN_AWAY = ("Tr0ub4dor", "abcdef0123456789abcdef", "AKIAIOSFODNN7EXAMPLE", "swordfish99", "zyxwvu987654")


def names(folder: Path) -> list[str]:
    """Return what is in a folder, hidden entries included."""
    return sorted(entry.name for entry in folder.iterdir())


def test_a_snapshot_is_four_files_in_a_folder_that_says_what_and_when(tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "new" / "snapshots", exports.export(), str)

    assert folder.name == "stateless-orchestration-s-20260301-2018-20260302T140328Z"
    assert names(folder) == FILES
    assert names(folder.parent) == [folder.name]
    assert json.loads((folder / "snapshot.json").read_text())["schema"] == "rollout-console/snapshot/1"
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (folder / "report.md").read_text().startswith("# Stateless orchestration")
    ElementTree.fromstring((folder / "screen.svg").read_text())  # noqa: S314 - our own picture


def test_only_the_owner_may_read_a_snapshot(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = write_snapshot(tmp_path / "snapshots", exports.export(), str)
    finally:
        os.umask(before)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in FILES} == {0o600}


def test_a_name_that_is_taken_is_left_alone_and_the_next_gets_a_number(tmp_path: Path) -> None:
    export = exports.export()
    first = write_snapshot(tmp_path, export, str)
    (tmp_path / f"{first.name}-2").mkdir()
    (tmp_path / f"{first.name}-3").write_text("a file")
    (tmp_path / f"{first.name}-4").symlink_to("nowhere")

    folder = write_snapshot(tmp_path, export, str)

    assert folder.name == f"{first.name}-5"
    assert names(folder) == FILES
    assert names(tmp_path / f"{first.name}-2") == []


def test_a_name_taken_at_the_last_moment_is_left_alone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write_snapshot(tmp_path, exports.export(), str)
    monkeypatch.setattr("os.path.lexists", lambda path: False)

    def refuse_unless_second(source: Path, target: Path) -> Path:
        if not target.name.endswith("-2"):
            raise OSError(errno.ENOTEMPTY, "not empty")
        os.rename(source, target)  # noqa: PTH104 - the method is what is replaced
        return target

    monkeypatch.setattr(Path, "rename", refuse_unless_second)

    assert write_snapshot(tmp_path, exports.export(), str).name == f"{first.name}-2"


@pytest.mark.parametrize("call", ["fsync", "rename", "open"])
def test_a_disk_that_fails_on_the_way_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real_open = os.open

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    def fail_to_create(path: str, flags: int, *more: int, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            fail()
        return real_open(path, flags, *more, dir_fd=dir_fd)

    if call == "rename":
        monkeypatch.setattr(Path, "rename", fail)
    else:
        monkeypatch.setattr(os, call, fail if call == "fsync" else fail_to_create)

    with pytest.raises(OSError, match="no space left"):
        write_snapshot(tmp_path, exports.export(), str)

    monkeypatch.undo()
    assert names(tmp_path) == []


def test_a_console_killed_while_it_writes_leaves_no_folder_under_a_final_name(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from console.effects.export import write_snapshot\n"
        "from tests import exports\n"
        "real, calls = os.fsync, []\n"
        "def fsync(handle):\n"
        "    calls.append(handle)\n"
        "    if len(calls) == 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    real(handle)\n"
        "os.fsync = fsync\n"
        "write_snapshot(Path(sys.argv[1]), exports.export(), str)\n"
    )

    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, cwd=Path(__file__).parents[2])

    assert ended.returncode == -signal.SIGKILL
    assert [name for name in names(tmp_path) if not name.startswith(".")] == []
    assert write_snapshot(tmp_path, exports.export(), str).is_dir()


def test_a_failure_to_lay_the_report_out_touches_no_disk(tmp_path: Path) -> None:
    def broken(text: str) -> str:
        raise RuntimeError("the redactor is broken")

    with pytest.raises(RuntimeError):
        write_snapshot(tmp_path / "snapshots", exports.export(), broken)

    assert names(tmp_path) == []


def test_names_that_are_no_file_names_become_some() -> None:
    frame = frames.healthy()
    odd = replace(frame, rollout="../../etc", session=replace(frame.session, id="a/b c\x1b\n日本" + "x" * 400))

    name = folder_name(exports.export(odd))

    assert "/" not in name
    assert not name.startswith(".")
    assert name.isascii()
    assert len(name) < 200


def test_a_session_named_after_its_rollout_does_not_say_it_twice() -> None:
    frame = frames.healthy()
    session = replace(frame.session, id="stateless-orchestration-20260301-201800")

    name = folder_name(exports.export(replace(frame, session=session)))

    assert name == "stateless-orchestration-20260301-201800-20260302T140328Z"


def planted(secret: str) -> Export:
    """Return an export with a secret in every text but the hashes, which are ours, and on the screen too."""
    made = exports.poisoned(f" {secret} ")
    shown = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace(" ", "&#160;")
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg"><text x="0" y="1" textLength="9">'
        f'before</text><text x="9" y="1">{shown}</text></svg>'
    )
    return replace(made, screen_svg=picture, journal_head="9f2c" * 16, file_sha256="41ab" * 16)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_the_console_knows_is_in_no_file_in_any_spelling(secret: str) -> None:
    files = rendered(planted(secret), Redactor([secret]).redact)

    spellings = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
        secret.replace(" ", "&#160;"),
    }
    assert sorted(files) == FILES
    for name, text in files.items():
        flat = text.replace("\\_", "_").replace("\\*", "*").replace("\\`", "`").replace("\\[", "[").replace("\\|", "|")
        assert not [spelling for spelling in spellings if spelling in text or spelling in flat], name
        assert "redacted" in text, name


@pytest.mark.parametrize(("text", "secret"), list(zip(LOOKS_SECRET, GIVEN_AWAY, strict=True)))
def test_what_looks_like_a_secret_is_in_no_file(text: str, secret: str) -> None:
    frame = frames.regression()
    frame = replace(
        frame,
        reason=text,
        alerts=(AlertView(text, "critical", text, AT),),
        attempts=(frames.attempt(reason=text, detail=text),),
        journal=(JournalView(1, AT, "note", text),),
    )

    files = rendered(exports.export(frame, journal=list(frame.journal), screen_svg=""), Redactor().redact)

    assert not [name for name, written in files.items() if secret in written]


def test_a_captured_value_is_judged_beside_the_name_of_its_group() -> None:
    events = {"canary": {"login": EventTotal(5, {"token": {"k3j9x2": 3, "p0q8": 2}, "state": {"CONFIRM": 5}})}}

    clean = without_secrets(exports.export(events=events), Redactor().redact)

    assert clean.events["canary"]["login"].labels == {"token": {REDACTED: 5}, "state": {"CONFIRM": 5}}


def test_redacting_changes_nothing_that_is_no_secret() -> None:
    export = exports.export()

    assert rendered(export, Redactor(["not in there"]).redact) == rendered(export, str)


def test_without_a_screen_the_picture_is_drawn_from_the_frame() -> None:
    svg = rendered(exports.export(), str)["screen.svg"]

    said = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")  # noqa: S314 - our own picture
    assert "✗ CRITICAL   stateless-orchestration" in said


def test_a_picture_that_would_fetch_something_is_replaced_by_one_that_does_not() -> None:
    export = exports.export(screen_svg='<svg><image href="https://evil.example/x.png"/></svg>')

    assert "evil.example" not in rendered(export, str)["screen.svg"]


@pytest.mark.parametrize("text", [frames.HOSTILE, "\ud800\udfff lone surrogates", "\x9b2J\x1b]0;x\x07"])
def test_no_file_holds_a_byte_that_a_terminal_interprets(tmp_path: Path, text: str) -> None:
    folder = write_snapshot(tmp_path, exports.poisoned(text), str)

    for name in FILES:
        written = (folder / name).read_text("utf-8")
        assert all(character.isprintable() or character == "\n" for character in written.replace("\xa0", " ")), name


@pytest.mark.parametrize("make", [frames.healthy, frames.holding, frames.rolled_back, frames.opening, frames.hostile])
def test_every_state_of_a_session_can_be_exported(tmp_path: Path, make: Callable[[], Frame]) -> None:
    folder = write_snapshot(tmp_path, exports.export(make()), Redactor().redact)

    assert names(folder) == FILES
