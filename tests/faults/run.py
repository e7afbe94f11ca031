"""One run: a service, a console, a plan of faults, and the comparison at the end."""

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults.comparing import Comparison, compare, counted_in, gaps_of
from tests.faults.engine_log import NotTheLog
from tests.faults.files import TRACK, FileWorld, LogFile
from tests.faults.plan import Fault, Plan, Step
from tests.faults.program import AFTER_S, CONSOLE_LOG, Program, Relay, wait_for
from tests.faults.rules import SOURCE, write_rollout
from tests.faults.service import Service
from tests.faults.truth import Box, runs_of
from tests.servers import PrivateEngine

READ_S = 60.0
"""Longest time that a log may take to be read, beside a flood and after the longest pause between attempts."""
_SAID_LINES = 8
_TRACKS = ("canary", "baseline")
STREAMS = {"o": "stdout", "e": "stderr"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    comparison: Comparison
    took_s: float
    did: Sequence[str] = ()
    """The steps with the times at which they were done."""
    said: str = ""
    """What the console printed last."""
    folder: str = ""
    """Where everything of a run that failed is kept."""

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.comparison.problems

    def __str__(self) -> str:
        found = self.comparison
        return (
            f"{'ok  ' if self.is_good else 'FAIL'} seed {self.plan.seed}: {self.plan.summary}"
            f" | written {found.written:,} kept {found.kept:,} counted {found.counted:,}"
            f" | lost {found.lost} double {found.double} in gaps {found.excused} of {len(found.gaps)} gaps"
            f" | {self.took_s:.0f}s"
        )

    @property
    def report(self) -> str:
        """Everything that helps to find out what went wrong, and how to see it again."""
        gaps = [f"  {gap}" for gap in self.comparison.gaps]
        return "\n".join(
            (
                str(self),
                str(self.plan),
                "done at:",
                *(f"  {step}" for step in self.did),
                "gaps:",
                *gaps,
                "wrong:",
                *(f"  {problem}" for problem in self.comparison.problems),
                "the console's last words:",
                *(f"  {line}" for line in self.said.splitlines()),
                f"kept in {self.folder}" if self.folder else "",
                f'again: make soak ARGS="--seed {self.plan.seed} --runs 1 --seconds {self.plan.seconds:g}'
                f" --family '{self.plan.family.name}'\"",
            )
        )


def run(plan: Plan, engine: PrivateEngine | None, keep: Path | None = None) -> Outcome:
    """Carry a plan out and compare; a run that fails leaves its session and logs under `keep`.

    Plans for log files need no engine.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rcf") as name, ExitStack() as stack:
        folder = Path(name)
        world = (
            _file_world(stack, folder, plan.family.options["pattern"])
            if engine is None
            else _world(stack, folder, engine, plan)
        )
        comparison = Comparison()
        try:
            comparison = world.live_through(plan)
        except (RuntimeError, TimeoutError, NotTheLog) as failure:
            comparison.note(f"{type(failure).__name__}: {failure}")
        kept = ""
        if comparison.problems and keep is not None:
            kept = str(keep / f"seed-{plan.seed}")
            _keep(folder, Path(kept))
        said = "\n".join((folder / CONSOLE_LOG).read_text(errors="replace").splitlines()[-_SAID_LINES:])
        return Outcome(plan, comparison, time.monotonic() - began, world.did, said, kept)


def _world(stack: ExitStack, folder: Path, engine: PrivateEngine, plan: Plan) -> "World":
    engine.start()
    relay = Relay(engine.url.removeprefix("unix://"), f"{folder}/wire.sock")
    relay.start()
    stack.callback(relay.close)
    source = f'{{docker: {{project: shop, service: app}}, host: "unix://{folder}/wire.sock"}}'
    program = Program(write_rollout(folder, source), folder)
    service = Service(engine, plan.family, folder)
    stack.callback(service.clear)
    stack.callback(engine.start)
    stack.callback(program.close)
    return World(engine, relay, program, service)


def _file_world(stack: ExitStack, folder: Path, pattern: str) -> FileWorld:
    (folder / "logs").mkdir()
    program = Program(write_rollout(folder, f'{{file: "logs/{pattern}", track: {TRACK}}}'), folder)
    file = LogFile(folder / "logs")
    stack.callback(file.close)
    stack.callback(program.close)
    return FileWorld(file, program, pattern)


class World:
    """Everything that a plan acts upon."""

    def __init__(self, engine: PrivateEngine, relay: Relay, program: Program, service: Service) -> None:
        self._engine = engine
        self._relay = relay
        self._program = program
        self._service = service
        self.did: list[str] = []

    def live_through(self, plan: Plan) -> Comparison:
        """Begin the service and the console, do what the plan says, and compare when all is quiet.

        Raises `TimeoutError` if it does not become quiet, and `RuntimeError` if the console ends by itself.
        """
        self._program.start()
        for slot, track in enumerate(plan.tracks):
            self._service.begin(slot, track, 100.0)
        wait_for(self._knows_all, READ_S, "something counted of every container")
        for step in plan.steps:
            time.sleep(step.after_s)
            self.did.append(f"{time.time():.3f} {step.fault} {step.slot if step.slot >= 0 else ''}")
            self._do(step, plan)
        self._service.end_writing()
        self._service.look()
        late = self._wait_until_all_is_read()
        self._program.watch_on(AFTER_S, READ_S)
        self._program.end(signal.SIGTERM)
        self._program.start()  # takes the session up again, and must find nothing new
        wait_for(self._program.has_looked_again, READ_S, "the session taken up again")
        self._program.watch_on(AFTER_S, READ_S)
        self._program.end(signal.SIGTERM)
        comparison = self._compare()
        if late:
            comparison.note(late)
        if (broken := self._program.broken_journal()) is not None:
            comparison.note(f"the journal's chain is broken: {broken}")
        return comparison

    def _do(self, step: Step, plan: Plan) -> None:
        service, slot = self._service, step.slot
        acts: Mapping[Fault, Callable[[], object]] = {
            Fault.RATE: partial(service.write_at, slot, step.amount),
            Fault.FLOOD: partial(service.flood, slot, int(step.amount)),
            Fault.KILL: partial(self._program.end, signal.SIGKILL),
            Fault.LEAVE: partial(self._program.end, signal.SIGTERM),
            Fault.BEGIN: self._program.start,
            Fault.HALT: partial(self._program.send, signal.SIGSTOP),
            Fault.GO_ON: partial(self._program.send, signal.SIGCONT),
            Fault.RESTART: partial(service.restart, slot, kill=False),
            Fault.RESTART_HARD: partial(service.restart, slot, kill=True),
            Fault.CRASH: partial(service.crash, slot),
            Fault.RECREATE: partial(service.recreate, slot, self._wait_until_read),
            Fault.RECREATE_AT_ONCE: partial(service.recreate, slot, None),
            Fault.REMOVE_AT_ONCE: partial(service.remove, slot, None),
            Fault.SCALE_UP: partial(service.begin, slot, _TRACKS[slot % 2], step.amount),
            Fault.SCALE_DOWN: partial(service.remove, slot, self._wait_until_read),
            Fault.RENAME: partial(service.rename, slot),
            Fault.PAUSE: partial(service.pause, slot),
            Fault.UNPAUSE: partial(service.unpause, slot),
            Fault.ENGINE_STOP: partial(self._restart_engine, signal.SIGTERM, step.amount, plan),
            Fault.ENGINE_KILL: partial(self._restart_engine, signal.SIGKILL, step.amount, plan),
            Fault.CUT: self._relay.cut,
            Fault.FREEZE: self._relay.freeze,
            Fault.THAW: self._relay.thaw,
        }
        acts[step.fault]()

    def _restart_engine(self, number: signal.Signals, down_s: float, plan: Plan) -> None:
        self._engine.stop(number)
        time.sleep(down_s)
        self._engine.start()
        if not plan.family.live_restore:
            self._service.wait_until_all_run()

    def _wait_until_read(self, box: Box) -> None:
        """Return once the session has counted up to the last line of a container. Raises `TimeoutError`."""
        wait_for(partial(self._is_read, box), READ_S, f"{'/'.join(box.names)} read to the end {box.ends_ns}")

    def _knows_all(self) -> bool:
        """Return whether something was counted of every container there is: before that nothing can be missed."""
        stored = self._program.read()
        known = set() if stored is None else {origin for _, origin, _ in stored.positions}
        return all(box.id in known for box in self._service.slots.values())

    def _is_read(self, box: Box) -> bool:
        stored = self._program.read()
        return stored is not None and all(
            stored.positions.get((SOURCE, box.id, STREAMS[stream]), -1) >= end for stream, end in box.ends_ns.items()
        )

    def _wait_until_all_is_read(self) -> str:
        """Return once every container was read to its end, or what was not."""
        try:
            for box in self._service.slots.values():
                self._wait_until_read(box)
        except TimeoutError as late:
            return str(late)
        return ""

    def _compare(self) -> Comparison:
        stored = self._program.read()
        if stored is None:
            raise RuntimeError("the console left no session")
        boxes = self._service.boxes
        runs = [run for box in boxes for run in runs_of(box)]
        return compare(boxes, runs, counted_in(stored), gaps_of(self._program.journal()))


def _keep(folder: Path, kept: Path) -> None:
    """Keep what a run left, apart from its sockets."""
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("*.sock"))
