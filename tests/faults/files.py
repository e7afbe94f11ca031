"""The same for log files: a writer of numbered lines, rotation of every kind, and the console killed in between.

Files have no times of their own, so what is compared are sums, per life of a file: what it held from its creation, or
its truncation, to its end. Lines of a life that ended before they were read may be missing, with a gap reported; lines
of one that was renamed, or that the console had read, may not. A life that ends before the console ever saw it under a
name of the pattern leaves nothing to tell a gap by, so none ends before; where the pattern names the renamed files too,
they may be renamed at any time.
"""

import gzip
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path

from tests.faults.comparing import Comparison, compare, counted_in, gaps_of
from tests.faults.plan import Family, Fault, Plan, Step
from tests.faults.program import AFTER_S, Program, wait_for
from tests.faults.rules import SOURCE, said_by
from tests.faults.truth import Box, Line, RunStream
from tests.faults.writer import line_of

FAMILY = Family("files", {}, driver="files")
PATTERNS = ("app.log", "app.log*")
TRACK = "canary"
READ_S = 40.0
_BLIND = (Fault.KILL, Fault.LEAVE, Fault.HALT)
ALL_READ_S = 300.0
STILL_S = 13.0
"""A file that was renamed is read for ten seconds more before its last line, if that has no end, counts."""
_ENDS = {Fault.ROTATE: 5, Fault.COPY_TRUNCATE: 3, Fault.REPLACE: 3, Fault.DELETE: 3}
_OTHERS = {Fault.RATE: 3, Fault.FLOOD: 3, Fault.COMPRESS: 3, Fault.KILL: 4, Fault.LEAVE: 1, Fault.HALT: 1}


def plan_of_files(seed: int, seconds: float) -> Plan:
    """Return the plan of a seed for log files; an amount of 1 lets the console read to the end of the file first."""
    rng = random.Random(f"files {seed}")
    family = replace(FAMILY, options={"pattern": rng.choice(PATTERNS)})
    return Plan(seed, seconds, family, (TRACK,), tuple(_steps(rng, seconds)))


def _steps(rng: random.Random, seconds: float) -> Iterator[Step]:
    now, back = 0.0, Fault.BEGIN
    back_at = inf
    faults = {**_ENDS, **_OTHERS}
    yield Step(0.0, Fault.RATE, -1, 500)
    while now < seconds:
        pause_s = rng.choice((0.05, 0.3, 0.8, 1.5))
        if now + pause_s >= back_at:
            yield Step(max(0.0, back_at - now), back)
            now, back_at = max(now, back_at), inf
            continue
        now += pause_s
        is_read = back_at == inf
        fault = rng.choices(list(faults), list(faults.values()))[0]
        amount = 0.0
        match fault:
            case Fault.KILL | Fault.LEAVE | Fault.HALT if is_read:
                back = Fault.GO_ON if fault is Fault.HALT else Fault.BEGIN
                back_at = now + rng.uniform(0.05, 3.0)
            case Fault.KILL | Fault.LEAVE | Fault.HALT:
                continue
            case Fault.RATE:
                amount = rng.choice((0, 30, 1_000, 6_000))
            case Fault.FLOOD:
                amount = rng.randrange(3_000, 60_000)
            case Fault.COPY_TRUNCATE | Fault.REPLACE | Fault.DELETE | Fault.COMPRESS:
                amount = float(is_read and rng.random() < 0.5)
            case _:
                pass
        yield Step(pause_s, fault, -1, amount)
    if back_at < inf:
        yield Step(0.0, back)


@dataclass(slots=True)
class Life:
    """What a file holds from one creation or truncation to the next."""

    run: str
    number: int = 0
    open_bytes: bytes = b""
    """What is still to be written of a line whose beginning is in the file."""
    times: list[float] = field(default_factory=list)
    path: Path | None = None
    """Where it is, `None` when it is gone."""
    is_kept: bool = True
    """Whether every line of it can still be read, or was."""


class LogFile:
    """A log file and the thread that writes it."""

    def __init__(self, folder: Path) -> None:
        self.lives: list[Life] = []
        self.rate = 0.0
        self.flood = 0
        self.lock = threading.Lock()
        """Held while lines are written, and while the file is exchanged."""
        self._folder = folder
        self._path = folder / "app.log"
        self._stream = self._path.open("ab", buffering=0)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._begin()
        self._thread.start()

    @property
    def life(self) -> Life:
        """The one that is being written."""
        return self.lives[-1]

    def close(self) -> None:
        """Write no more."""
        self._is_over.set()
        self._thread.join()
        self._stream.close()

    def rotate(self, *, is_still_named: bool) -> None:
        """Rename the file; where its new name is followed too, a line without an end would stay open for ever."""
        with self.lock:
            if is_still_named:
                self._finish_line()
            for life in self.lives:
                if life.path not in (None, self._path):
                    assert life.path is not None
                    life.path = life.path.rename(self._folder / f"app.log.{int(life.path.suffix[1:]) + 1}")
            self.life.path = self._path.rename(self._folder / "app.log.1")
            self._reopen()

    def copy_and_truncate(self) -> None:
        """Copy the file to where nobody looks, and truncate it."""
        with self.lock:
            shutil.copy(self._path, self._folder / "copy")
            self.life.path, self.life.is_kept = None, False
            os.truncate(self._path, 0)
            self._begin()

    def replace(self) -> None:
        """Put another file in its place."""
        with self.lock:
            self.life.path, self.life.is_kept = None, False
            (self._folder / "new").write_bytes(b"")
            (self._folder / "new").rename(self._path)
            self._reopen()

    def delete(self) -> None:
        """Delete the file; the writer makes a new one."""
        with self.lock:
            self.life.path, self.life.is_kept = None, False
            self._path.unlink()
            self._reopen()

    def compress(self, life: Life) -> None:
        """Pack a file that was rotated away."""
        with self.lock:
            assert life.path is not None
            packed = life.path.with_name(f"{life.path.name}.gz")
            while packed.exists():
                packed = packed.with_name(f"older-{packed.name}")
            packed.write_bytes(gzip.compress(life.path.read_bytes()))
            life.path.unlink()
            life.path, life.is_kept = None, False

    def end(self) -> None:
        """End the line that has begun, and write no more."""
        self.rate, self.flood = 0.0, 0
        with self.lock:
            self._finish_line()

    def _reopen(self) -> None:
        self._stream.close()
        self._stream = self._path.open("ab", buffering=0)
        self._begin()

    def _begin(self) -> None:
        self.lives.append(Life(f"g{len(self.lives)}s1", path=self._path))

    def _write(self) -> None:
        due = 0.0
        while not self._is_over.wait(0.01):
            with self.lock:
                due += self.rate * 0.01
                count, self.flood = int(due) + self.flood, 0
                due -= int(due)
                self._write_lines(count)

    def _write_lines(self, count: int) -> None:
        life = self.life
        self._finish_line()
        if not count:
            return
        first = life.number + 1
        life.number += count
        life.times += [time.time()] * count
        text = b"".join(line_of(life.run, "o", number) for number in range(first, life.number + 1))
        # The end of the last line comes a moment later, sometimes in another life than its beginning.
        cut = len(text) - life.number % 3
        self._stream.write(text[:cut])
        life.open_bytes = text[cut:]

    def _finish_line(self) -> None:
        self._stream.write(self.life.open_bytes)
        self.life.open_bytes = b""


class FileWorld:
    """Everything that a plan for files acts upon."""

    def __init__(self, file: LogFile, program: Program, pattern: str) -> None:
        self._file = file
        self._program = program
        self._names_renamed = pattern.endswith("*")
        self._is_reading = True
        self.did: list[str] = []

    def live_through(self, plan: Plan) -> Comparison:
        """Do what the plan says, and compare when all is read. Raises `TimeoutError` and `RuntimeError`."""
        self._program.start()
        for step in plan.steps:
            time.sleep(step.after_s)
            self.did.append(f"{time.time():.3f} {step.fault}")
            self._do(step)
        self._file.end()
        self._wait_until_still()
        self._program.end(signal.SIGTERM)
        self._program.start()  # takes the session up again, and must find nothing new
        wait_for(self._program.has_looked_again, READ_S, "the session taken up again")
        self._program.watch_on(AFTER_S, READ_S)
        self._program.end(signal.SIGTERM)
        return self._compare()

    def _do(self, step: Step) -> None:
        file, program = self._file, self._program
        self._is_reading = (self._is_reading or step.fault in (Fault.BEGIN, Fault.GO_ON)) and step.fault not in _BLIND
        match step.fault:
            case Fault.RATE:
                file.rate = step.amount
            case Fault.FLOOD:
                file.flood = int(step.amount)
            case Fault.KILL:
                program.end(signal.SIGKILL)
            case Fault.LEAVE:
                program.end(signal.SIGTERM)
            case Fault.BEGIN:
                program.start()
            case Fault.HALT:
                program.send(signal.SIGSTOP)
            case Fault.GO_ON:
                program.send(signal.SIGCONT)
            case Fault.ROTATE if self._names_renamed:
                file.rotate(is_still_named=True)
            case Fault.ROTATE:
                self._exchange(step, partial(file.rotate, is_still_named=False), file.life)
            case Fault.COMPRESS:
                rotated = [life for life in file.lives if life.path is not None and life is not file.life]
                if rotated:
                    self._exchange(step, partial(file.compress, rotated[-1]), rotated[-1])
            case Fault.COPY_TRUNCATE:
                self._exchange(step, file.copy_and_truncate, file.life)
            case Fault.REPLACE:
                self._exchange(step, file.replace, file.life)
            case Fault.DELETE:
                self._exchange(step, file.delete, file.life)
            case _:
                raise ValueError(f"{step.fault} does not befall files")

    def _exchange(self, step: Step, act: Callable[[], None], life: Life) -> None:
        """End the life of a file: once the console knows of it, or once it was read; not if it cannot know of it."""
        if self._is_reading:
            wait_for(partial(self._is_known, life), READ_S, f"{life.run} known")
        elif not self._is_known(life):
            return
        if not step.amount:
            act()
            return
        rate, self._file.rate = self._file.rate, 0.0
        with self._file.lock:
            pass  # what is being written is in the file now
        wait_for(partial(self._is_read, life), READ_S, f"{life.run} read")
        act()
        life.is_kept = True
        self._file.rate = rate

    def _is_known(self, life: Life) -> bool:
        """Return whether something of a life was counted, or there is nothing in it."""
        return self._counted(life) > 0 or life.number <= 1

    def _is_read(self, life: Life) -> bool:
        """Return whether every line of a life was counted, apart from one that has no end and those no rule names."""
        numbers = range(1, life.number + (not life.open_bytes))
        return self._counted(life) >= sum(bool(said_by(number).event) for number in numbers)

    def _counted(self, life: Life) -> int:
        stored = self._program.read()
        labels = {} if stored is None else stored.labels
        return sum(n for cell, n in labels.items() if (cell.label, cell.value) == ("run", f"{life.run}o"))

    def _wait_until_still(self) -> None:
        """Return once all that was written is counted, or once nothing more comes."""
        written = sum(life.number for life in self._file.lives)
        counted, still_since = -1, time.monotonic()

        def is_still() -> bool:
            nonlocal counted, still_since
            stored = self._program.read()
            found = 0 if stored is None else stored.lines.get(SOURCE, 0)
            if found != counted:
                counted, still_since = found, time.monotonic()
            return counted >= written or time.monotonic() - still_since >= STILL_S

        wait_for(is_still, ALL_READ_S, "everything read, or nothing more coming")

    def _compare(self) -> Comparison:
        stored = self._program.read()
        if stored is None:
            raise RuntimeError("the console left no session")
        gaps = [replace(gap, until=min(gap.until, gap.at)) for gap in gaps_of(self._program.journal())]
        box = Box("g", TRACK, Path(), 0, id="file", names={gap.name for gap in gaps})
        runs = [
            RunStream(
                f"{life.run}o",
                TRACK,
                box.id,
                [
                    Line(said_by(number), life.times[number - 1], inf, is_kept=life.is_kept)
                    for number in range(1, life.number + 1)
                ],
            )
            for life in self._file.lives
        ]
        return compare([box], runs, counted_in(stored), gaps, has_times=False)
