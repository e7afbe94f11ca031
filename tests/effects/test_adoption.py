"""Attempts that others begin are taken up, whatever becomes of the disk that they are kept on."""

import asyncio
import contextlib
import errno
import functools
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from console.adoption import Adoption
from console.core.incidents import Decision, Step
from console.core.words import Outcome
from console.effects import executor
from console.effects.begin import Places
from tests.effects.acting import ACTOR
from tests.effects.test_act import Shell
from tests.effects.test_automatic import Soak, acted_elsewhere, soaking, written
from tests.waiting import DEADLINE_S, until


@contextlib.asynccontextmanager
async def adopting(soak: Soak) -> AsyncIterator["asyncio.Task[None]"]:
    """Adopt beside the desk, and hand the task over."""
    task = asyncio.create_task(soak.desk._attempts.keep_adopting())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def break_disk(monkeypatch: pytest.MonkeyPatch, under: Path, number: int) -> list[str]:
    """Let every look at what lies under a folder fail, and return the looks that did, which grow."""
    failed: list[str] = []

    def broken(name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(os, name)

        def call(path: object, *given: object, **named: object) -> object:
            if isinstance(path, str | os.PathLike) and Path(path).is_relative_to(under):
                failed.append(name)
                raise OSError(number, os.strerror(number))
            return real(path, *given, **named)

        return call

    for name in ("stat", "lstat", "open", "listdir", "scandir"):
        monkeypatch.setattr(os, name, broken(name))
    return failed


async def test_whoever_rolls_back_from_a_shell_has_responded_to_the_open_incident(tmp_path: Path) -> None:
    async with soaking(written(tmp_path)) as soak:
        await soak.desk.decide(Decision(Step.OPEN, 0, severity=1, text="a customer called"))
        await acted_elsewhere(soak, "back")

        await until(lambda: bool(soak.engine.state.attempts))

        stopped = soak.engine.state.incidents.incidents[1].response.stopped
        assert stopped is not None
        assert (stopped.by, stopped.text) == (str(ACTOR), "Roll back")


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
async def test_adopting_outlives_the_disk_of_an_attempt_that_did_not_go_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    async with soaking(written(tmp_path, exit_code=1)) as soak:
        shown = await soak.desk.preview("back")
        await soak.desk.start(shown, reason="slow", typed=shown.type_to_confirm or "")
        assert await soak.until_over() is Outcome.FAILED
        looks: list[asyncio.Task[Any] | None] = []
        adopt = Adoption._adopt
        monkeypatch.setattr(Adoption, "_adopt", lambda known: (looks.append(asyncio.current_task()), adopt(known))[1])
        refused = break_disk(monkeypatch, soak.folder / "state", number)

        async with adopting(soak) as task:
            await until(lambda: task.done() or looks.count(task) > 2)

            assert not task.done(), task.exception()
            assert refused
        assert soak.engine.fresh_frame().attempts[0].outcome is Outcome.FAILED


class HangingDisk:
    """A look that hangs, until the disk answers again."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self._real = real
        self._answers = threading.Event()
        self.waiting = 0

    def __call__(self, *given: object) -> Any:
        self.waiting += not self._answers.is_set()
        assert self._answers.wait(DEADLINE_S)
        return self._real(*given)

    def answer(self) -> None:
        self._answers.set()


async def test_a_disk_that_hangs_is_told_once_while_an_attempt_is_followed_which_is_reported_when_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = HangingDisk(executor.adopt)
    monkeypatch.setattr(executor, "adopt", disk)
    monkeypatch.setattr(executor, "follow", functools.partial(executor.follow, limit_s=0.5))
    async with soaking(written(tmp_path)) as soak:

        def told() -> list[str]:
            return [one.text for one in soak.engine.journal() if "cannot be read" in one.text]

        shown = await soak.desk.preview("back")
        attempt = await soak.desk.start(shown, reason="slow", typed=shown.type_to_confirm or "")
        await until(lambda: disk.waiting == 2)
        disk.answer()

        assert await soak.until_over() is Outcome.DONE
        assert told() == [f"how {attempt} goes on cannot be read: no answer within 0.5s; it goes on all the same"]
        assert disk.waiting == 2


async def test_a_disk_that_tells_nothing_of_an_attempt_is_not_asked_for_ever(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be read"):
        async for _ in executor.follow(tmp_path / "gone", poll_s=0.01, limit_s=0.05):
            pass


async def test_a_disk_that_hangs_does_not_keep_the_screen_from_what_was_printed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with soaking(written(tmp_path)) as soak:
        shown = await soak.desk.preview("back")
        attempt = await soak.desk.start(shown, reason="slow", typed=shown.type_to_confirm or "")
        await soak.until_over()
        await until(lambda: bool(soak.desk.output(attempt)))
        before = soak.desk.output(attempt)
        disk = HangingDisk(executor.output)
        monkeypatch.setattr(executor, "output", disk)

        during = [soak.desk.output(attempt) for _ in range(20)]

        disk.answer()
        assert during == [before] * 20
        assert disk.waiting == 1


async def test_what_was_done_before_a_session_is_written_down_in_it_once_and_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path)
    shell.file = written(tmp_path)
    assert shell.act("back", "--yes", "--reason", "3 a.m.").returncode == 0
    read: list[str] = []
    looks: list[int] = []
    real, folders = executor.adopt, Places.folders
    monkeypatch.setattr(Places, "folders", lambda places: (looks.append(1), folders(places))[1])
    monkeypatch.setattr(executor, "adopt", lambda folder, at: (read.append(folder.name), real(folder, at))[1])

    async with soaking(shell.file) as soak:

        def told() -> list[str]:
            return [one.text for one in soak.engine.journal() if one.text.startswith("before this session, ")]

        await until(lambda: bool(told()))
        looked = len(looks)
        await until(lambda: len(looks) > looked + 1)

        assert len(told()) == len(read) == 1
        assert ": 3 a.m.; it ended done (back-" in told()[0]
