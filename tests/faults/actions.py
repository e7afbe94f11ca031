"""One case: an action begun, its fault, what the operator does after it, and what must hold at the end."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from console.effects.session_schema import FILE_NAME
from console.effects.spares import spares
from tests.faults.acts_compose import ComposeWorld
from tests.faults.acts_countdown import CountdownWorld, count_down, count_down_on_screen
from tests.faults.acts_ladder import LadderWorld, jump
from tests.faults.acts_plan import Case, Scene
from tests.faults.acts_screen import rolled_back_by_key
from tests.faults.acts_servers import Servers
from tests.faults.acts_story import Outcome, Story
from tests.faults.acts_world import PATIENCE_S, World, until
from tests.servers import PrivateEngine


def run_case(case: Case, servers: Servers, engine: PrivateEngine | None = None, keep: Path | None = None) -> Outcome:
    """Live through a case and judge it; one that fails leaves its folder under `keep`.

    Cases of Compose need an engine, the others none.
    """
    began = time.monotonic()
    outcome = Outcome(case)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rca"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        servers.start()
        world = _world(folder, case, servers, engine)
        stack.callback(_clear, world)
        story = Story(world, outcome)
        try:
            _live_through(story)
        except (TimeoutError, subprocess.TimeoutExpired, AssertionError, RuntimeError, OSError) as failure:
            outcome.problems.append(f"{type(failure).__name__}: {failure}")
        if outcome.problems and keep is not None:
            outcome.folder = str(keep / f"action-{case.seed}")
            shutil.rmtree(outcome.folder, ignore_errors=True)
            shutil.copytree(folder, outcome.folder, ignore=shutil.ignore_patterns("*.sock"), symlinks=True)
    outcome.took_s = time.monotonic() - began
    return outcome


def _clear(world: World) -> None:
    world.end_all()
    world.heal()
    where = world.places()
    aside = [spare for folder in where.folders() for spare in spares(folder)]
    for place in (*aside, *(place.parents[1] for place in where.attempts)):
        if not place.is_relative_to(world.folder):
            shutil.rmtree(place, ignore_errors=True)


def _world(folder: Path, case: Case, servers: Servers, engine: PrivateEngine | None) -> World:
    if engine is not None:
        return ComposeWorld(folder, case, servers, engine)
    kinds = {
        Scene.COUNTDOWN: CountdownWorld,
        Scene.COUNTDOWN_SCREEN: CountdownWorld,
        Scene.JUMP: LadderWorld,
        Scene.JUMP_RUNNER: LadderWorld,
    }
    return kinds.get(case.scene, World)(folder, case, servers)


def _live_through(story: Story) -> None:
    """Begin the action, meet the fault, settle, and judge."""
    case = story.case
    if case.is_slow:
        for number, kind in enumerate(story.world.kinds):
            if kind == "run":
                story.world.break_step(number, "slow")
    is_met_in_step = case.scene is Scene.COMPOSE and not case.at
    (_meet_in_step if is_met_in_step else _BEGINNINGS.get(case.scene, _meet_at_point))(story)
    story.world.heal()
    story.settle()
    story.judge_end()


def _meet_at_point(story: Story) -> None:
    code = story.begun(*story.act(), fault=story.fault())
    story.outcome.has_met_fault = story.has_met()
    story.look(code if code >= 0 else None)


def _meet_in_step(story: Story) -> None:
    story.world.break_step(story.case.order.index(story.case.faulty), story.case.way)
    code = story.begun(*story.act())
    story.world.heal()
    story.outcome.has_met_fault = code != 0
    story.look(code)


def _fail_first(story: Story) -> str:
    """Let an action fail in a step that the seed chooses, and return the attempt."""
    number = story.case.order.index("run")
    story.world.break_step(number, ("exit", "killed")[story.case.seed % 2])
    story.look(story.begun(*story.act()))
    story.world.heal()
    return str(story.world.listed()[-1]["attempt"])


def _meet_in_resume(story: Story) -> None:
    words = ("attempts", str(story.world.file), _fail_first(story), "--resume")
    story.expect_repeat()
    story.begun(*words, fault=story.fault())
    story.outcome.has_met_fault = story.has_met()
    story.look(None)


def _rivals(story: Story) -> None:
    """Hold one command that resumes, let another one resume, and let the first go on."""
    words = ("attempts", str(story.world.file), _fail_first(story), "--resume")
    story.expect_repeat()
    _side_by_side(story, words)
    story.look(None)


def _two_acts(story: Story) -> None:
    done = _side_by_side(story, story.act())
    story.look(None)
    if done == 2:  # two people have each confirmed an action of their own, one after the other
        story.told.update(range(len(story.case.order)))


def _side_by_side(story: Story, words: tuple[str, ...]) -> int:
    """Give a command twice, the second while the first is held at its point; return how many did something."""
    first = story.world.begin(*words, fault=story.fault())
    try:
        until(lambda: _state(first.pid) in ("T", "Z"), "the first command held")
        story.outcome.has_met_fault = _state(first.pid) == "T"
        code, printed = story.world.give(*words)
        story.did(("rival", *words[1:]), code, printed)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(first.pid, signal.SIGCONT)
        printed, _ = first.communicate(timeout=PATIENCE_S)
    story.did(words, first.returncode, printed)
    return (code == 0) + (first.returncode == 0)


def _watched(story: Story) -> None:
    """Let a headless watch meet the fault while an action goes on beside it, and start it again."""
    armed = story.world.folder / "armed"
    watch = story.watch(armed=str(armed))
    try:
        until(lambda: _is_held(story) or watch.poll() is not None, "the session held")
        armed.touch()
        code = story.begun(*story.act())
    finally:
        story.ended(watch)
    story.outcome.has_met_fault = story.has_met()
    story.look(code)


def _is_held(story: Story) -> bool:
    return any("session.lock" in path.name for path in story.world.state.rglob("session.lock")) and any(
        story.world.state.rglob(FILE_NAME)
    )


def _on_screen(story: Story) -> None:
    armed = story.world.folder / "armed"
    story.outcome.did.append(rolled_back_by_key(story.world, story.fault(armed=str(armed)), armed))
    story.outcome.has_met_fault = story.has_met()
    story.look(None)


_BEGINNINGS: dict[Scene, Callable[[Story], None]] = {
    Scene.STEP: _meet_in_step,
    Scene.RESUME: _meet_in_resume,
    Scene.RIVALS: _rivals,
    Scene.TWO_ACTS: _two_acts,
    Scene.WATCH: _watched,
    Scene.SCREEN: _on_screen,
    Scene.COUNTDOWN: count_down,
    Scene.COUNTDOWN_SCREEN: count_down_on_screen,
    Scene.JUMP: jump,
    Scene.JUMP_RUNNER: jump,
}
"""How the action is begun where that is not at a point of a command."""


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
