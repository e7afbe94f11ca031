"""A case while it is lived through: what is begun, what the operator does after the fault, and what must hold."""

import contextlib
import re
import signal
import subprocess
from dataclasses import dataclass, field
from typing import Any

from console.core.record import ChainBreak, Record
from console.effects.session_reader import SessionReader
from console.effects.session_schema import FILE_NAME, SessionUnreadable
from tests.faults.acts_compose import ComposeWorld
from tests.faults.acts_plan import WHO, Case
from tests.faults.acts_world import PATIENCE_S, World, until

_ROUNDS = 6


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


class Story:
    """A case while it is lived through."""

    def __init__(self, world: World, outcome: Outcome) -> None:
        self.world, self.case, self.outcome = world, world.case, outcome
        self._judged: list[str] = []
        """The attempts that were looked at."""
        self.told: set[int] = set()
        """The steps that may have taken effect again, because that was said before they were repeated."""
        self._before = [0] * len(world.kinds)
        self._log = world.folder / "points"

    # -- faults ----------------------------------------------------------------------------------------------------

    def fault(self, **more: Any) -> dict[str, Any]:
        """Return the case's fault as `injected/sitecustomize.py` reads it."""
        case, world = self.case, self.world
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

    def has_met(self) -> bool:
        """Return whether the point of the fault was reached."""
        with contextlib.suppress(OSError):
            return len(self._log.read_text().splitlines()) >= self.case.at
        return False

    def begun(self, *words: str, fault: dict[str, Any] | None = None) -> int:
        """Give a command from a shell and return its exit code."""
        command = self.world.begin(*words, fault=fault)
        printed, _ = command.communicate(timeout=PATIENCE_S)
        self.did(words, command.returncode, printed)
        return command.returncode

    def did(self, words: tuple[str, ...], code: int, printed: str) -> None:
        """Keep what a command said, for a case that fails."""
        self.outcome.did.append(f"{words[0]} {' '.join(words[2:])} ended with {code}:\n{printed}")

    def act(self) -> tuple[str, ...]:
        """Return the command that rolls back."""
        return ("act", str(self.world.file), "rollback", "--yes", "--reason", "error rate")

    def watch(self, **fault: Any) -> "subprocess.Popen[str]":
        """Begin a headless watch that meets the fault, if one is given."""
        return self.world.begin(
            "watch", str(self.world.file), "--headless", fault=self.fault(**fault) if fault else None
        )

    def ended(self, watch: "subprocess.Popen[str]", way: int = signal.SIGKILL) -> str:
        """End a watch and return what it printed."""
        with contextlib.suppress(ProcessLookupError):
            watch.send_signal(way)
        printed, _ = watch.communicate(timeout=PATIENCE_S)
        self.did(("watch", ""), watch.returncode, printed)
        return printed

    def journal(self) -> tuple[ChainBreak | None, list[Record]]:
        """Return where the journal's chain is broken, and what is in it; nothing while there is no session."""
        for file in self.world.state.rglob(FILE_NAME):
            with contextlib.suppress(SessionUnreadable):
                reader = SessionReader.open_read_only(file.parent)
                try:
                    return reader.check_journal(), [row.record for row in reader.records()]
                finally:
                    reader.close()
        return None, []

    # -- the operator ----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Do what an operator does until the action is done, or left as it is."""
        world, case = self.world, self.case
        file = str(world.file)
        verified = ""
        for _ in range(_ROUNDS):
            attempts = world.wait_until_over()
            if not world.is_out(attempts):
                code, printed = world.give(*self.act())
                self.did(self.act(), code, printed)
                self.look(code)
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
                self.expect_repeat()
            else:
                words = ["attempts", file, name, "--abandon", "--reason", "by hand"]
            code, printed = world.give(*words)
            self.did(tuple(words), code, printed)
            if "is running, begun by" in printed:
                self.outcome.problems.append(f"refused, although nothing runs: {printed}")
            self.look(None if "--abandon" in words else code)
            verified = world.listed()[-1]["attempt"] if "--verify" in words else ""
        raise AssertionError(f"not settled after {_ROUNDS} rounds: {world.listed()[-1:]}")

    def expect_repeat(self) -> None:
        """Note the step that a resume repeats, if the end of the attempt says that it is not known to be done."""
        newest = self.world.listed()[-1]
        found = self.world.adopted(newest["attempt"])
        own = self.world.range_of(found.started)
        at = found.started.first_step
        steps = [] if found.started.is_check else [one for one in found.progress if one.step < len(own)]
        while any(one.step == at - found.started.first_step and one.state == "done" for one in steps):
            at += 1
        for one in self.world.listed():
            first = self.world.adopted(one["attempt"]).started.first_step
            if re.search(rf"step {at - first + 1} of|it was at: |no step was begun", one["detail"]):
                self.told.add(own.start + at)

    # -- judging ---------------------------------------------------------------------------------------------------

    def look(self, code: int | None) -> None:
        """Compare what newly begun attempts say of their steps with what took effect since the last look."""
        attempts = self.world.wait_until_over()
        fresh = [one for one in attempts if one["attempt"] not in self._judged]
        now = self.world.counts()
        took = [max(0, after - before) for after, before in zip(now, self._before, strict=True)]
        self._before = now
        self._judged += [one["attempt"] for one in fresh]
        if not fresh and any(took):
            self.outcome.problems.append(f"took effect without an attempt: {took}")
        if code is not None and fresh and (code == 0) != (fresh[-1]["outcome"] in ("done",)):
            self.outcome.problems.append(f"exit code {code} for an attempt that ended {fresh[-1]['outcome']}")
        if len(fresh) != 1:
            return
        found = self.world.adopted(fresh[0]["attempt"])
        self.outcome.problems += judged(found, self.world.kinds, took, self.world.range_of(found.started))

    def judge_end(self) -> None:
        """See what the whole case came to."""
        world, outcome, case = self.world, self.outcome, self.case
        until(lambda: not world.held_locks() and not world.processes(), "the end of every process and lock")
        attempts = world.listed()
        outcome.ends = [one["outcome"] for one in attempts]
        outcome.counts = counts = world.counts()
        if isinstance(world, ComposeWorld):
            outcome.problems += _running_problems(world, attempts)
        overlaps = world.folder / "traces" / "overlaps"
        if overlaps.exists():
            outcome.problems.append(f"commands of two attempts ran at once: steps {overlaps.read_text().split()}")
        last = world.range_of(world.adopted(attempts[-1]["attempt"]).started)
        for number, count in enumerate(counts):
            if attempts[-1]["outcome"] == "done" and count < 1 and number in last:
                outcome.problems.append(f"DONE, but step {number + 1} ({world.kinds[number]}) is not in effect")
            if count > 1 and number not in self.told:
                outcome.problems.append(f"step {number + 1} ({world.kinds[number]}) took effect {count} times")
        outcome.problems += [f"left behind: {path}" for path in world.litter()]
        if case.has_session:
            self._judge_journal(attempts)

    def _judge_journal(self, attempts: list[dict[str, Any]]) -> None:
        """Start the console once more, and read what its journal has of each attempt."""
        world = self.world
        code = self.begun("watch", str(world.file), "--headless", "--for", "1500ms")
        if code not in (0, 1, 2, 3):
            self.outcome.problems.append(f"the next console ended with {code}")
        broken, records = self.journal()
        if broken is not None:
            self.outcome.problems.append(f"the journal's chain is broken: {broken}")
        for one in attempts:
            of_it = [record for record in records if record.body.get("attempt") == one["attempt"]]
            begun = [record for record in of_it if record.kind in ("action", "override") and "action" in record.body]
            ended = [record.body["outcome"] for record in of_it if record.kind == "outcome"]
            if len(begun) != 1 or len(ended) != 1 or (ended[0] != one["outcome"] and one["outcome"] != "abandoned"):
                self.outcome.problems.append(f"journal of {one['attempt']} ({one['outcome']}): {len(begun)}, {ended}")


def judged(found: Any, kinds: tuple[str, ...], took: list[int], own: range) -> list[str]:
    """Return where an attempt tells other things of its steps than what took effect while it ran.

    `own` says which of all the `kinds` are the steps of its action.
    """
    first, outcome = own.start + found.started.first_step, found.ended.outcome
    states = {one.step + first: one for one in found.progress}  # the last word on each
    own = range(first, first if found.started.is_check else own.stop)
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
