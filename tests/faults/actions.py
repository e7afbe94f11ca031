"""One case: an action begun, its fault, what the operator does after it, and what must hold at the end."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.effects.session_reader import SessionReader
from console.effects.session_schema import FILE_NAME
from console.effects.spares import spares
from tests.faults.acts_compose import ComposeWorld
from tests.faults.acts_plan import WHO, Case, Scene
from tests.faults.acts_servers import Servers
from tests.faults.acts_world import PATIENCE_S, World, until
from tests.servers import PrivateEngine

_ROUNDS = 6
_OVER_S = 10.0


@dataclass
class Outcome:
    """What came of a case."""

    case: Case
    took_s: float = 0.0
    ends: list[str] = field(default_factory=list)
    """How the attempts ended, in the order in which they were begun."""
    counts: list[int] = field(default_factory=list)
    """How often each step took effect."""
    has_met_fault: bool = False
    problems: list[str] = field(default_factory=list)
    did: list[str] = field(default_factory=list)
    """What was done and said, for a case that fails."""
    folder: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        met = "" if self.has_met_fault else " | fault not met"
        return (
            f"{'ok  ' if self.is_good else 'FAIL'} seed {self.case.seed}: {self.case}"
            f" | {' → '.join(self.ends) or 'nothing begun'} | in effect {self.counts}{met} | {self.took_s:.1f}s"
        )

    @property
    def report(self) -> str:
        """Everything that helps to find out what went wrong, and how to see it again."""
        return "\n".join(
            (
                str(self),
                *(f"  wrong: {problem}" for problem in self.problems),
                *(f"  {line}" for text in self.did for line in text.splitlines()),
                f"  kept in {self.folder}",
                f'  again: make soak ARGS="--family actions --seed {self.case.seed} --runs 1"',
            )
        )


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
        world = World(folder, case, servers) if engine is None else ComposeWorld(folder, case, servers, engine)
        stack.callback(_clear, world)
        story = Story(world, outcome)
        try:
            story.live_through()
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


class Story:
    """A case while it is lived through."""

    def __init__(self, world: World, outcome: Outcome) -> None:
        self._world, self._case, self._outcome = world, world.case, outcome
        self._judged: list[str] = []
        """The attempts that were looked at."""
        self._told: set[int] = set()
        """The steps that may have taken effect again, because that was said before they were repeated."""
        self._before = [0] * len(world.case.order)
        self._log = world.folder / "points"

    def live_through(self) -> None:
        """Begin the action, meet the fault, settle, and judge."""
        case = self._case
        beginning: dict[Scene, Callable[[], None]] = {
            Scene.STEP: self._meet_in_step,
            Scene.RESUME: self._meet_in_resume,
            Scene.RIVALS: self._rivals,
            Scene.TWO_ACTS: self._two_acts,
            Scene.WATCH: self._watched,
            Scene.SCREEN: self._on_screen,
            Scene.COMPOSE: self._meet_at_point if case.at else self._meet_in_step,
        }
        if case.is_slow:
            for number, kind in enumerate(case.order):
                if kind == "run":
                    self._world.break_step(number, "slow")
        beginning.get(case.scene, self._meet_at_point)()
        self._world.heal()
        self._settle()
        self._judge_end()

    # -- faults ----------------------------------------------------------------------------------------------------

    def _fault(self, **more: Any) -> dict[str, Any]:
        case, world = self._case, self._world
        under = [str(world.state)] if case.seed % 3 else [str(world.state), world.env["XDG_RUNTIME_DIR"]]
        return {
            "who": WHO[case.scene],
            "at": case.at,
            "way": case.way,
            "lasts": case.lasts,
            "under": under,
            "log": str(self._log),
            **more,
        }

    def _has_met(self) -> bool:
        with contextlib.suppress(OSError):
            return len(self._log.read_text().splitlines()) >= self._case.at
        return False

    def _begun(self, *words: str, fault: dict[str, Any] | None = None) -> int:
        """Give a command from a shell and return its exit code."""
        command = self._world.begin(*words, fault=fault)
        printed, _ = command.communicate(timeout=PATIENCE_S)
        self._did(words, command.returncode, printed)
        return command.returncode

    def _did(self, words: tuple[str, ...], code: int, printed: str) -> None:
        self._outcome.did.append(f"{words[0]} {' '.join(words[2:])} ended with {code}:\n{printed}")

    def _act(self) -> tuple[str, ...]:
        return ("act", str(self._world.file), "rollback", "--yes", "--reason", "error rate")

    def _meet_at_point(self) -> None:
        code = self._begun(*self._act(), fault=self._fault())
        self._outcome.has_met_fault = self._has_met()
        self._look(code if code >= 0 else None)

    def _meet_in_step(self) -> None:
        self._world.break_step(self._case.order.index(self._case.faulty), self._case.way)
        code = self._begun(*self._act())
        self._world.heal()
        self._outcome.has_met_fault = code != 0
        self._look(code)

    def _fail_first(self) -> str:
        """Let an action fail in a step that the seed chooses, and return the attempt."""
        number = self._case.order.index("run")
        self._world.break_step(number, ("exit", "killed")[self._case.seed % 2])
        self._look(self._begun(*self._act()))
        self._world.heal()
        return str(self._world.listed()[-1]["attempt"])

    def _meet_in_resume(self) -> None:
        words = ("attempts", str(self._world.file), self._fail_first(), "--resume")
        self._expect_repeat()
        self._begun(*words, fault=self._fault())
        self._outcome.has_met_fault = self._has_met()
        self._look(None)

    def _rivals(self) -> None:
        """Hold one command that resumes, let another one resume, and let the first go on."""
        words = ("attempts", str(self._world.file), self._fail_first(), "--resume")
        self._expect_repeat()
        self._side_by_side(words)
        self._look(None)

    def _two_acts(self) -> None:
        done = self._side_by_side(self._act())
        self._look(None)
        if done == 2:  # two people have each confirmed an action of their own, one after the other
            self._told.update(range(len(self._case.order)))

    def _side_by_side(self, words: tuple[str, ...]) -> int:
        """Give a command twice, the second while the first is held at its point; return how many did something."""
        first = self._world.begin(*words, fault=self._fault())
        try:
            until(lambda: _state(first.pid) in ("T", "Z"), "the first command held")
            self._outcome.has_met_fault = _state(first.pid) == "T"
            code, printed = self._world.give(*words)
            self._did(("rival", *words[1:]), code, printed)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(first.pid, signal.SIGCONT)
            printed, _ = first.communicate(timeout=PATIENCE_S)
        self._did(words, first.returncode, printed)
        return (code == 0) + (first.returncode == 0)

    def _watched(self) -> None:
        """Let a headless watch meet the fault while an action goes on beside it, and start it again."""
        world = self._world
        armed = world.folder / "armed"
        watch = world.begin("watch", str(world.file), "--headless", fault=self._fault(armed=str(armed)))
        try:
            until(lambda: self._is_held() or watch.poll() is not None, "the session held")
            armed.touch()
            code = self._begun(*self._act())
            if self._case.at > 40 and watch.poll() is None:
                watch.send_signal(signal.SIGKILL)
        finally:
            with contextlib.suppress(ProcessLookupError):
                watch.kill()
            printed, _ = watch.communicate(timeout=PATIENCE_S)
        self._did(("watch", ""), watch.returncode, printed)
        self._outcome.has_met_fault = self._has_met()
        self._look(code)

    def _is_held(self) -> bool:
        return any("session.lock" in path.name for path in self._world.state.rglob("session.lock")) and any(
            self._world.state.rglob(FILE_NAME)
        )

    def _on_screen(self) -> None:
        from tests.faults.acts_screen import rolled_back_by_key

        armed = self._world.folder / "armed"
        self._outcome.did.append(rolled_back_by_key(self._world, self._fault(armed=str(armed)), armed))
        self._outcome.has_met_fault = self._has_met()
        self._look(None)

    # -- the operator ----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Do what an operator does until the action is done, or left as it is."""
        world, case = self._world, self._case
        file = str(world.file)
        verified = ""
        for _ in range(_ROUNDS):
            attempts = world.wait_until_over()
            if not attempts:
                code, printed = world.give(*self._act())
                self._did(self._act(), code, printed)
                self._look(code)
                continue
            newest = attempts[-1]
            name, can = newest["attempt"], newest["choices"]
            if newest["outcome"] in ("done", "abandoned"):
                return
            if case.abandons or not {"verify", "resume"} & set(can):
                words = ["attempts", file, name, "--abandon", "--reason", "by hand"]
            elif "verify" in can and verified != name and (case.verifies or "resume" not in can):
                words = ["attempts", file, name, "--verify"]
            elif "resume" in can:
                words = ["attempts", file, name, "--resume"]
                self._expect_repeat()
            else:
                words = ["attempts", file, name, "--abandon", "--reason", "by hand"]
            code, printed = world.give(*words)
            self._did(tuple(words), code, printed)
            if "is running, begun by" in printed:
                self._outcome.problems.append(f"refused, although nothing runs: {printed}")
            self._look(None if "--abandon" in words else code)
            verified = world.listed()[-1]["attempt"] if "--verify" in words else ""
        raise AssertionError(f"not settled after {_ROUNDS} rounds: {world.listed()[-1:]}")

    def _expect_repeat(self) -> None:
        """Note the step that a resume repeats, if the end of the attempt says that it is not known to be done."""
        newest = self._world.listed()[-1]
        found = self._world.adopted(newest["attempt"])
        at = found.started.first_step
        steps = [] if found.started.is_check else [one for one in found.progress if one.step < len(self._case.order)]
        while any(one.step == at - found.started.first_step and one.state == "done" for one in steps):
            at += 1
        for one in self._world.listed():
            first = self._world.adopted(one["attempt"]).started.first_step
            if re.search(rf"step {at - first + 1} of|it was at: |no step was begun", one["detail"]):
                self._told.add(at)

    # -- judging ---------------------------------------------------------------------------------------------------

    def _look(self, code: int | None) -> None:
        """Compare what newly begun attempts say of their steps with what took effect since the last look."""
        attempts = self._world.wait_until_over()
        fresh = [one for one in attempts if one["attempt"] not in self._judged]
        now = self._world.counts()
        took = [after - before for after, before in zip(now, self._before, strict=True)]
        kinds = self._case.order
        self._before = now
        self._judged += [one["attempt"] for one in fresh]
        if not fresh and any(took):
            self._outcome.problems.append(f"took effect without an attempt: {took}")
        if code is not None and fresh and (code == 0) != (fresh[-1]["outcome"] in ("done",)):
            self._outcome.problems.append(f"exit code {code} for an attempt that ended {fresh[-1]['outcome']}")
        if len(fresh) != 1:
            return
        found = self._world.adopted(fresh[0]["attempt"])
        self._outcome.problems += judged(found, kinds, took)

    def _judge_end(self) -> None:
        world, outcome, case = self._world, self._outcome, self._case
        until(lambda: not world.held_locks() and not world.processes(), "the end of every process and lock")
        attempts = world.listed()
        outcome.ends = [one["outcome"] for one in attempts]
        outcome.counts = counts = world.counts()
        if isinstance(world, ComposeWorld):
            outcome.problems += _running_problems(world, attempts)
        overlaps = world.folder / "traces" / "overlaps"
        if overlaps.exists():
            outcome.problems.append(f"commands of two attempts ran at once: steps {overlaps.read_text().split()}")
        for number, count in enumerate(counts):
            if attempts[-1]["outcome"] == "done" and count < 1:
                outcome.problems.append(f"DONE, but step {number + 1} ({case.order[number]}) is not in effect")
            if count > 1 and number not in self._told:
                outcome.problems.append(f"step {number + 1} ({case.order[number]}) took effect {count} times")
        outcome.problems += [f"left behind: {path}" for path in world.litter()]
        if case.has_session:
            self._judge_journal(attempts)

    def _judge_journal(self, attempts: list[dict[str, Any]]) -> None:
        """Start the console once more, and read what its journal has of each attempt."""
        world = self._world
        code = self._begun("watch", str(world.file), "--headless", "--for", "1500ms")
        if code not in (0, 1, 2, 3):
            self._outcome.problems.append(f"the next console ended with {code}")
        (file,) = world.state.rglob(FILE_NAME)
        reader = SessionReader.open_read_only(file.parent)
        try:
            broken, records = reader.check_journal(), [row.record for row in reader.records()]
        finally:
            reader.close()
        if broken is not None:
            self._outcome.problems.append(f"the journal's chain is broken: {broken}")
        for one in attempts:
            of_it = [record for record in records if record.body.get("attempt") == one["attempt"]]
            begun = [record for record in of_it if record.kind in ("action", "override") and "action" in record.body]
            ended = [record.body["outcome"] for record in of_it if record.kind == "outcome"]
            if len(begun) != 1 or len(ended) != 1 or (ended[0] != one["outcome"] and one["outcome"] != "abandoned"):
                self._outcome.problems.append(f"journal of {one['attempt']} ({one['outcome']}): {len(begun)}, {ended}")


def judged(found: Any, kinds: tuple[str, ...], took: list[int]) -> list[str]:
    """Return where an attempt tells other things of its steps than what took effect while it ran."""
    first, outcome = found.started.first_step, found.ended.outcome
    states = {one.step + first: one for one in found.progress}  # the last word on each
    own = range(first, first if found.started.is_check else len(kinds))
    wrong = []
    for number, count in enumerate(took):
        one = states.get(number) if number in own else None
        state = "" if one is None else one.state
        named = f"step {number + 1} ({kinds[number]}), {state or 'not begun'}"
        is_server = kinds[number] in ("sql", "redis", "http", "env_file")
        if count > 1:
            wrong.append(f"{named}: took effect {count} times in one attempt")
        elif count and number not in own:
            wrong.append(f"{named}: took effect in an attempt that did not do it")
        elif state == "done" and not count and kinds[number] != "env_file":
            wrong.append(f"{named}: not in effect")
        elif count and not state:
            wrong.append(f"{named}: took effect before that was written down")
        elif count and state == "failed" and outcome == "failed" and is_server:
            wrong.append(f"{named}: in effect, although it failed for certain: {found.ended.detail}")
        elif outcome == "done" and number in own and state != "done":
            wrong.append(f"{named}: in an attempt that is done")
    if outcome != "done" and not found.ended.detail:
        wrong.append(f"ended {outcome} without a word")
    return wrong


def _running_problems(world: ComposeWorld, attempts: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with the containers at the end."""
    shares = world.running()
    if attempts[-1]["outcome"] == "done" and shares != ["0"]:
        return [f"DONE, but the containers that run have the shares {shares}"]
    return []


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
