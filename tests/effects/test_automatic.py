"""The rollback that begins by itself, with a real session and a real runner: once, in sight, and written down."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from console import adoption
from console.core.automatic import Countdown, due
from console.core.desk import Refused
from console.core.inputs import Reading, SampleTaken
from console.core.planning import plan
from console.core.state import State
from console.core.words import Outcome
from console.effects import automatic, executor
from console.effects.begin import Intent, begin
from console.engine import Engine
from console.opening import open_session
from console.orders import Orders
from console.spec.load import load
from tests.effects.acting import ACTOR, write_rollout
from tests.effects.test_act import Shell
from tests.waiting import DEADLINE_S, wait_until

METRICS = {
    "errors": {
        "command": ["cat", "errors"],
        "every": "1s",
        "critical": "> 5",
        "on": {"critical": "back", "automatic_after": "10s"},
    }
}


def written(folder: Path, *, exit_code: int = 0) -> Path:
    step = {"run": [f"echo ran >> ran; exit {exit_code}"], "shell": True}
    back = {"title": "Roll back", "kind": "rollback", "key": "R", "steps": [step]}
    return write_rollout(folder, {"steps": [{"run": ["true"]}]}, metrics=METRICS, actions={"back": back})


class Soak:
    """A session whose clock the test moves, watched by a console that may act."""

    def __init__(self, engine: Engine, desk: Orders, folder: Path) -> None:
        self.engine, self.desk, self.folder = engine, desk, folder
        self.ahead_s = 0.0
        self.looks = 0
        """How often the console has looked at the countdown."""

    def clock(self) -> float:
        return time.time() + self.ahead_s

    def look(self, state: State, at: float) -> Countdown | None:
        self.looks += 1
        return due(state, at)

    async def go_on(self, seconds: int, value: float = 9.0) -> None:
        """Let seconds pass with a measurement in each, and the console do what comes of it."""
        await self.pass_time(seconds, value)
        looks, deadline = self.looks, time.monotonic() + DEADLINE_S
        while self.looks < looks + 3:  # the first may be from before, the second within a beginning
            assert time.monotonic() < deadline, "the countdown is not looked at"
            await asyncio.sleep(0.02)

    async def pass_time(self, seconds: int, value: float = 9.0) -> None:
        """Let seconds pass with a measurement in each."""
        for _ in range(seconds):
            self.ahead_s += 1
            at = self.clock()
            self.engine.apply(SampleTaken(at, "errors", (Reading("", value),), 0.01))
            self.engine.tick()
            await asyncio.sleep(0)

    def ran(self) -> int:
        ran = self.folder / "ran"
        return len(ran.read_text().splitlines()) if ran.exists() else 0

    def told(self) -> list[str]:
        return [record.text for record in reversed(self.engine.journal()) if record.kind == "automatic"]

    async def until_over(self) -> Outcome:
        deadline = time.monotonic() + DEADLINE_S
        while not (found := self.engine.fresh_frame().attempts) or found[0].outcome is Outcome.RUNNING:
            assert time.monotonic() < deadline, "no attempt ended"
            await asyncio.sleep(0.02)
        return found[0].outcome


@asynccontextmanager
async def soaking(file: Path, *, ahead_s: float = 0.0, **how: Any) -> AsyncIterator[Soak]:
    folder = file.parent
    opened = await open_session(load(file, {}), folder / "state", ACTOR, **how)
    engine = opened.engine
    assert engine is not None
    desk = Orders(engine, opened.session, folder / "state")
    soak = Soak(engine, desk, folder)
    soak.ahead_s = ahead_s
    engine.clock = engine._steady = soak.clock
    with patch("console.unattended.due", soak.look), patch("console.unattended.LOOK_S", 0.05):
        keeping = asyncio.create_task(desk.keep_house())
        try:
            yield soak
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await opened.leave()


async def test_what_is_proven_for_long_enough_is_rolled_back_once_and_written_down(tmp_path: Path) -> None:
    async with soaking(written(tmp_path)) as soak:
        await soak.go_on(9)
        assert soak.ran() == 0

        await soak.go_on(3)

        assert await soak.until_over() is Outcome.DONE
        frame = soak.engine.fresh_frame()
        assert frame.phase.traffic == 0
        assert frame.attempts[0].actor == f"automatic@{ACTOR.host}"
        assert frame.attempts[0].reason == "by itself: errors CRITICAL: > 5"
        assert soak.told() == [
            "back begins by itself in 10s: errors CRITICAL: > 5",
            "back is begun by itself: errors CRITICAL: > 5; not again until somebody arms it",
        ]
        assert soak.ran() == 1


async def test_one_that_fails_is_never_begun_again_by_itself(tmp_path: Path) -> None:
    file = written(tmp_path, exit_code=1)
    async with soaking(file) as soak:
        await soak.go_on(12)
        assert await soak.until_over() is Outcome.FAILED
        await soak.go_on(60)
        ahead_s = soak.ahead_s
    async with soaking(file, ahead_s=ahead_s) as soak:
        await soak.go_on(60)
        ahead_s = soak.ahead_s
    async with soaking(file, ahead_s=ahead_s, is_new=True) as soak:
        await soak.go_on(60)

        assert "back could not be begun: it was begun by itself" in soak.told()[-1]
        assert soak.ran() == 1


async def test_one_that_was_halted_begins_only_after_somebody_arms_it_with_a_reason(tmp_path: Path) -> None:
    async with soaking(written(tmp_path)) as soak:
        await soak.go_on(5)
        await soak.desk.halt()
        await soak.go_on(30)
        assert soak.ran() == 0
        with pytest.raises(Refused, match="it is off: stopped by ana"):
            await soak.desk.halt()
        with pytest.raises(Refused, match="say why"):
            await soak.desk.arm(" ")

        await soak.desk.arm("the deploy of the others is over")
        with pytest.raises(Refused, match="it is armed"):
            await soak.desk.arm("twice")
        await soak.go_on(13)

        assert await soak.until_over() is Outcome.DONE
        assert soak.ran() == 1


async def test_one_that_is_halted_while_it_is_being_written_down_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_noting, may_go_on = threading.Event(), threading.Event()

    def noted_slowly(folders: list[Path], service: str, at: float, machine: Path | None) -> None:
        is_noting.set()
        may_go_on.wait(DEADLINE_S)

    monkeypatch.setattr(automatic, "note", noted_slowly)
    async with soaking(written(tmp_path)) as soak:
        await soak.pass_time(12)
        assert await asyncio.to_thread(is_noting.wait, DEADLINE_S)

        await soak.desk.halt()
        may_go_on.set()
        await soak.go_on(3)

        assert soak.told()[-1] == f"nothing is begun by itself until somebody arms it: stopped by {ACTOR}"
        assert soak.ran() == 0


async def test_one_whose_proof_goes_while_it_is_being_written_down_is_not_begun_and_counts_down_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_noting, may_go_on, note = threading.Event(), threading.Event(), automatic.note

    def noted_slowly(folders: list[Path], service: str, at: float, machine: Path | None) -> None:
        is_noting.set()
        may_go_on.wait(DEADLINE_S)
        note(folders, service, at, machine)

    monkeypatch.setattr(automatic, "note", noted_slowly)
    async with soaking(written(tmp_path)) as soak:
        await soak.pass_time(12)
        assert await asyncio.to_thread(is_noting.wait, DEADLINE_S)

        await soak.pass_time(1, value=1.0)
        may_go_on.set()
        await soak.go_on(3)
        assert soak.ran() == 0

        await soak.go_on(12)
        assert await soak.until_over() is Outcome.DONE
        assert soak.ran() == 1


async def test_one_that_has_begun_cannot_be_halted_any_more(tmp_path: Path) -> None:
    async with soaking(written(tmp_path)) as soak:
        await soak.go_on(12)
        await soak.until_over()

        with pytest.raises(Refused, match="it is off: back was begun by itself"):
            await soak.desk.halt()


async def acted_elsewhere(soak: Soak, action: str) -> None:
    """Let a command of somebody else carry an action out, to its end."""
    loaded, where = soak.engine.loaded, soak.desk._places
    asked = plan(loaded.rollout, action, phase_index=0, traffic=loaded.rollout.phases[0].traffic)
    folder, _ = await begin(asked, loaded, Intent(time.time(), ACTOR, "by hand"), where)
    deadline = time.monotonic() + DEADLINE_S
    while executor.is_running(folder):
        assert time.monotonic() < deadline, "the command did not end"
        await asyncio.sleep(0.01)


async def test_one_is_not_begun_on_top_of_what_somebody_did_a_moment_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "ADOPT_EVERY_S", 3600)  # nothing is taken up while the test goes on
    async with soaking(written(tmp_path)) as soak:
        await soak.go_on(5)
        await acted_elsewhere(soak, "back")

        await soak.go_on(8)

        said = "back could not be begun: Roll back was begun by ana@laptop (pts/3) meanwhile"
        assert said in soak.told()[-1]
        assert soak.ran() == 1


async def test_a_session_that_lost_the_record_does_not_begin_it_a_second_time(tmp_path: Path) -> None:
    file = written(tmp_path, exit_code=1)
    async with soaking(file) as soak:
        automatic.note([soak.folder / "state"], "app", soak.clock())

        await soak.go_on(30)

        assert soak.told()[-1].endswith("could not be begun: it was begun by itself before in this session")
        assert soak.ran() == 0


async def test_a_console_that_only_looks_begins_nothing(tmp_path: Path) -> None:
    async with soaking(written(tmp_path), is_read_only=True) as soak:
        await soak.go_on(60)

        assert soak.ran() == 0
        with pytest.raises(Refused, match="only looks"):
            await soak.desk.halt()
        with pytest.raises(Refused, match="only looks"):
            await soak.desk.arm("now")


def test_what_cannot_be_remembered_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="Not a directory"):
        automatic.note([tmp_path / "file" / "state"], "app", 1.0)


def test_a_folder_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folders = [tmp_path / "file" / "state", tmp_path / "spare"]

    automatic.note(folders, "app", 1000.0)

    why = automatic.obstacle(folders, "app", at=1060.0, session_began=1010.0, armed_at=0.0)
    assert why == "it was begun by itself in another session less than 1h ago"
    assert automatic.obstacle(folders, "app", at=1060.0, session_began=1010.0, armed_at=1050.0) == ""
    assert automatic.obstacle(folders, "app", at=5000.0, session_began=4900.0, armed_at=0.0) == ""
    assert automatic.obstacle(folders, "other", at=1060.0, session_began=0.0, armed_at=0.0) == ""


def test_a_watch_without_a_screen_rolls_back_by_itself_and_says_so(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    file = written(tmp_path)
    (tmp_path / "errors").write_text("9\n")
    command = [sys.executable, "-m", "console", "watch", str(file), "--headless", "--json"]
    told = tmp_path / "told"
    with told.open("w") as stdout:
        watch = subprocess.Popen(command, env=shell.env, cwd=Path(__file__).parents[2], stdout=stdout)
    try:
        wait_until(lambda: '"outcome"' in told.read_text(), "the end of the rollback")
    finally:
        watch.send_signal(signal.SIGINT)
        watch.wait(DEADLINE_S)

    kinds = [json.loads(line).get("kind") for line in told.read_text().splitlines()]
    assert kinds.count("automatic") == 2
    assert kinds.index("action") > kinds.index("automatic")
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_signal_halts_the_countdown_of_a_watch_without_a_screen(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    file = written(tmp_path)
    (tmp_path / "errors").write_text("9\n")
    command = [sys.executable, "-m", "console", "watch", str(file), "--headless"]
    told = tmp_path / "told"
    with told.open("w") as stdout:
        watch = subprocess.Popen(command, env=shell.env, cwd=Path(__file__).parents[2], stdout=stdout)
    try:
        wait_until(lambda: "begins by itself in 10s" in told.read_text(), "the countdown")
        watch.send_signal(signal.SIGUSR1)
        wait_until(lambda: "nothing is begun by itself until somebody arms it" in told.read_text(), "the halt")
    finally:
        watch.send_signal(signal.SIGINT)
        watch.wait(DEADLINE_S)

    assert not (tmp_path / "ran").exists()


async def test_a_console_that_looks_over_a_shoulder_shows_the_countdown(tmp_path: Path) -> None:
    file = written(tmp_path)
    async with soaking(file) as soak:
        await soak.go_on(3)
        await soak.engine.commit(durable=True)

        opened = await open_session(load(file, {}), tmp_path / "state", ACTOR)
        looking = opened.onlooker
        assert looking is not None
        with patch("console.reading.time", SimpleNamespace(time=soak.clock)):
            shown = looking.frame.automatic
        await opened.leave()

        assert shown is not None
        assert (shown.metric, shown.title) == ("errors", "Roll back")
        assert 0 < shown.left_s < 10
