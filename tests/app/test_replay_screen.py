"""A recorded session on the soak screen."""

from itertools import pairwise
from pathlib import Path

import pytest

from console.cli import main
from console.core.desk import Refused
from console.core.inputs import Input
from console.core.recorded import Recording
from console.core.rollout import Action, ActionKind, Rollout, Step
from console.playing import Player
from console.reading import read_recording
from console.replay_screen import ReplayApp
from tests.recordings import ROLLOUT, START, answer, lines, live, record
from tests.screen_text import text_of, until

FIRST = int(START)
ROLLBACK = Action(key="R", title="Roll back", kind=ActionKind.ROLLBACK, steps=(Step(run=("true",)),))


@pytest.fixture
def rollout() -> Rollout:
    """A rollout with an action."""
    return ROLLOUT.model_copy(update={"actions": {"rollback": ROLLBACK}})


@pytest.fixture
def recording(tmp_path: Path, rollout: Rollout) -> Recording:
    """Two minutes in which something leaks after one."""
    given: list[Input] = live(START + 0.4)
    for second in range(1, 118):
        given.append(lines(FIRST + second, failed=0, served=10))
        if second % 5 == 0:
            given.append(answer(FIRST + second + 0.5, 1.0 if second >= 60 else 0.0))
    record(tmp_path / "s", (START, 120, sorted(given, key=lambda one: one.at)), rollout=rollout)
    return read_recording(tmp_path / "s")


def played(recording: Recording, speed: float = 60.0) -> Player:
    """A player at the beginning."""
    return Player(recording, recording.rollout, "shop-1", speed, clock=lambda: 0.0)


def test_a_recording_is_played_step_by_step_to_its_end_and_back(recording: Recording) -> None:
    player = played(recording)

    pictures = [player.frame]
    while player.frame.session.replayed != "at its end":
        player.step(1)
        pictures.append(player.frame)
    for _ in range(3):
        player.step(-1)

    assert [frame.at for frame in pictures] == sorted(frame.at for frame in pictures)
    assert all(after.at - before.at <= 14 for before, after in pairwise(pictures))
    assert pictures[-1].at == recording.until
    assert {panel.metric: panel.verdict.value for panel in pictures[-1].panels}["leaks"] == "CRITICAL"
    assert player.frame.at == pictures[-4].at
    assert player.frame.session.replayed == "60x"
    assert all(view.at <= player.frame.at for view in player.frame.journal)


def test_what_was_stepped_back_over_is_the_same_when_it_comes_again(recording: Recording) -> None:
    player = played(recording)
    for _ in range(5):
        player.step(1)
    fifth = player.frame

    for by in (-1, -1, 1, 1):
        player.step(by)

    assert player.frame == fifth
    player.step(1)
    assert player.frame.at > fifth.at


async def test_a_replay_takes_no_order(recording: Recording) -> None:
    player = played(recording)

    with pytest.raises(Refused, match="this is a replay of what was recorded"):
        await player.preview("rollback")
    with pytest.raises(Refused, match="this is a replay of what was recorded"):
        await player.note("a note")


async def test_the_screen_says_replay_and_is_steered_by_three_keys_and_by_none_that_acts(recording: Recording) -> None:
    player = played(recording)
    player.is_paused = True
    app = ReplayApp(player)

    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: " REPLAY paused " in text_of(app))
        before = player.frame.at
        await pilot.press("right")
        assert player.frame.at > before
        await pilot.press("left")
        assert player.frame.at == before
        await pilot.press("R")
        assert len(app.screen_stack) == 1
        assert "Roll back" not in text_of(app).splitlines()[-1]
        await pilot.press("space")
        await until(pilot, lambda: "✗ CRITICAL" in text_of(app) and "REPLAY at its end" in text_of(app))
        assert "no news for" not in text_of(app)


def test_without_a_terminal_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "shop", "--screen"]) == 4
    assert "no terminal here" in capsys.readouterr().err

    with pytest.raises(SystemExit, match="4"):
        main(["replay", "shop", "--screen", "--speed", "fast"])
    assert "expected a number from 0.1 to 100000, found 'fast'" in capsys.readouterr().err
