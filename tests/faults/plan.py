"""What goes wrong in a run, and when: a pure function of a seed."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """Something that is done to the service, the engine, the connection or the console."""

    RATE = "other rate of lines"
    FLOOD = "flood"
    KILL = "kill -9 of the console"
    LEAVE = "SIGTERM to the console"
    BEGIN = "start of the console"
    HALT = "SIGSTOP of the console"
    GO_ON = "SIGCONT of the console"
    RESTART = "restart of a container"
    RESTART_HARD = "kill and start of a container"
    CRASH = "crash of a container, which the engine starts again"
    RECREATE = "recreation of a container, old log kept until it was read"
    RECREATE_AT_ONCE = "recreation of a container, old log removed at once"
    REMOVE_AT_ONCE = "kill and removal of a container"
    SCALE_UP = "one more container"
    SCALE_DOWN = "one container less, its log kept until it was read"
    RENAME = "other name of a container"
    PAUSE = "pause of a container"
    UNPAUSE = "end of the pause of a container"
    ENGINE_STOP = "SIGTERM to the engine, and its start"
    ENGINE_KILL = "kill -9 of the engine, and its start"
    CUT = "cut of every connection"
    FREEZE = "freeze of every connection"
    THAW = "end of the freeze"
    ROTATE = "rename of the log file"
    COPY_TRUNCATE = "copy of the log file, and its truncation"
    REPLACE = "another file in place of the log file"
    DELETE = "deletion of the log file"
    COMPRESS = "compression of the file that was renamed last"


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of run: how the engine logs, and which faults come how often."""

    name: str
    faults: Mapping[Fault, int]
    driver: str = "json-file"
    options: Mapping[str, str] = field(default_factory=dict)
    live_restore: bool = False
    may_discard: bool = False
    """Whether the engine itself may lose lines: rotated away, or removed with their container, or crashed."""
    top_rate: int = 3_000
    """Lines a second and container, at most."""
    flood: tuple[int, int] = (5_000, 60_000)


_EVERYDAY = {
    Fault.RATE: 4,
    Fault.FLOOD: 2,
    Fault.KILL: 4,
    Fault.LEAVE: 1,
    Fault.HALT: 2,
    Fault.RESTART: 3,
    Fault.RESTART_HARD: 2,
    Fault.CRASH: 3,
    Fault.RECREATE: 3,
    Fault.SCALE_UP: 2,
    Fault.SCALE_DOWN: 2,
    Fault.RENAME: 1,
    Fault.PAUSE: 1,
    Fault.CUT: 3,
    Fault.FREEZE: 2,
}
_SMALL = {"max-size": "1m", "max-file": "3"}

FAMILIES = (
    Family("everyday", _EVERYDAY),
    Family("rotation", _EVERYDAY, options=_SMALL, may_discard=True, top_rate=1_500, flood=(2_000, 30_000)),
    Family(
        "live restore", {**_EVERYDAY, Fault.ENGINE_STOP: 3, Fault.ENGINE_KILL: 3}, live_restore=True, may_discard=True
    ),
    Family("local", _EVERYDAY, driver="local"),
    Family(
        "removal",
        {**_EVERYDAY, Fault.RECREATE_AT_ONCE: 6, Fault.REMOVE_AT_ONCE: 6},
        may_discard=True,
    ),
    Family("engine stops", {**_EVERYDAY, Fault.ENGINE_STOP: 5}, may_discard=True),
    Family(
        "rotation, local",
        _EVERYDAY,
        driver="local",
        options=_SMALL,
        may_discard=True,
        top_rate=1_500,
        flood=(2_000, 60_000),
    ),
    Family("engine crashes", {**_EVERYDAY, Fault.ENGINE_KILL: 4}, may_discard=True),
    Family(
        "one file",
        _EVERYDAY,
        options={"max-size": "1m", "max-file": "1"},
        may_discard=True,
        top_rate=1_500,
        flood=(2_000, 30_000),
    ),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One fault, a time after the one before was done."""

    after_s: float
    fault: Fault
    slot: int = -1
    """Which container, by the place it has in the service; -1 for none."""
    amount: float = 0.0
    """Lines a second, lines, or seconds, as the fault has it."""

    def __str__(self) -> str:
        where = f" [{self.slot}]" if self.slot >= 0 else ""
        amount = f" {self.amount:g}" if self.amount else ""
        return f"+{self.after_s:.2f}s {self.fault}{where}{amount}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a run."""

    seed: int
    seconds: float
    family: Family
    tracks: tuple[str, ...]
    """The track of each container there is at the beginning."""
    steps: tuple[Step, ...]

    @property
    def summary(self) -> str:
        """The kind of the run and how often each fault comes, in one line."""
        counts: dict[str, int] = {}
        for step in self.steps:
            if step.fault not in _AFTERMATH and step.fault is not Fault.RATE:
                counts[step.fault.name.lower()] = counts.get(step.fault.name.lower(), 0) + 1
        return f"{self.family.name}: " + " ".join(f"{name}*{n}" for name, n in sorted(counts.items()))

    def __str__(self) -> str:
        family = self.family
        options = " ".join(f"{key}={value}" for key, value in family.options.items())
        live = ", live-restore" if family.live_restore else ""
        head = f"seed {self.seed}, {self.seconds:g}s, {family.name}: {family.driver} {options}{live}"
        return "\n".join((head, f"  containers: {', '.join(self.tracks)}", *(f"  {step}" for step in self.steps)))


_AFTERMATH = (Fault.BEGIN, Fault.GO_ON, Fault.THAW, Fault.UNPAUSE)
_MOST_RUNS = 45
"""Runs of the writer in all; each has two values of a label, of which the console keeps 100 apart."""
_MOST_CONTAINERS = 4
_SETTLED_S = 2.5
"""A container is known to a session after this long at the latest, while the console is well."""
_NEEDS_READER = (Fault.RECREATE, Fault.SCALE_DOWN, Fault.KILL, Fault.LEAVE, Fault.HALT, Fault.FREEZE)
_NEEDS_SLOT = (
    Fault.RATE,
    Fault.FLOOD,
    Fault.RESTART,
    Fault.RESTART_HARD,
    Fault.CRASH,
    Fault.RECREATE,
    Fault.RECREATE_AT_ONCE,
    Fault.REMOVE_AT_ONCE,
    Fault.SCALE_DOWN,
    Fault.RENAME,
    Fault.PAUSE,
)


@dataclass(slots=True)
class _Sketch:
    """What the world looks like at some point of a plan, so that what comes next makes sense."""

    now: float = 0.0
    pending: list[tuple[float, Fault, int]] = field(default_factory=list)
    """What ends a fault, and when."""
    known_at: dict[int, float] = field(default_factory=dict)
    """When the console knows the container in a slot, at the latest."""
    next_slot: int = 0
    runs: int = 0

    @property
    def is_read(self) -> bool:
        """Whether the console can read now."""
        return not any(fault is not Fault.UNPAUSE for _, fault, _ in self.pending)

    @property
    def paused(self) -> set[int]:
        return {slot for _, fault, slot in self.pending if fault is Fault.UNPAUSE}

    def born(self, slot: int) -> None:
        self.known_at[slot] = self.now + _SETTLED_S if self.is_read else float("inf")

    def blinded(self) -> None:
        """Nothing that was not known by now will be, until the console reads again."""
        for slot, at in self.known_at.items():
            if at > self.now:
                self.known_at[slot] = float("inf")

    def sees(self) -> None:
        for slot, at in self.known_at.items():
            if at == float("inf"):
                self.known_at[slot] = self.now + _SETTLED_S


_NEW_RUNS: Mapping[Fault, Callable[[_Sketch], int]] = {
    Fault.RESTART: lambda _: 1,
    Fault.RESTART_HARD: lambda _: 1,
    Fault.CRASH: lambda _: 1,
    Fault.RECREATE: lambda _: 1,
    Fault.RECREATE_AT_ONCE: lambda _: 1,
    Fault.SCALE_UP: lambda _: 1,
    Fault.ENGINE_STOP: lambda sketch: len(sketch.known_at),
    Fault.ENGINE_KILL: lambda sketch: len(sketch.known_at),
}
"""How many runs of the writer a fault begins, at most."""


def plan_of(seed: int, seconds: float, family: str = "") -> Plan:
    """Return the plan of a seed: its kind goes round with the seed, everything else is drawn from it."""
    chosen = next((f for f in FAMILIES if f.name == family), FAMILIES[seed % len(FAMILIES)])
    rng = random.Random(seed)
    tracks = tuple(rng.choice([("canary", "baseline"), ("canary", "baseline", "baseline"), ("canary",)]))
    sketch = _Sketch(next_slot=len(tracks), runs=len(tracks))
    for slot in range(len(tracks)):
        sketch.born(slot)
    steps = [Step(0.0, Fault.RATE, slot, rng.choice((200, 800, chosen.top_rate))) for slot in range(len(tracks))]
    steps += _steps(rng, chosen, sketch, seconds)
    return Plan(seed, seconds, chosen, tracks, tuple(steps))


def _steps(rng: random.Random, family: Family, sketch: _Sketch, seconds: float) -> Iterator[Step]:
    while True:
        pause_s = rng.choice((0.05, 0.3, 0.6, 1.0, 1.6)) * rng.uniform(0.5, 1.5)
        if sketch.now + pause_s > seconds and not sketch.pending:
            return
        ends = min(sketch.pending, default=None)
        if ends is not None and (ends[0] <= sketch.now + pause_s or sketch.now + pause_s > seconds):
            sketch.pending.remove(ends)
            after_s, sketch.now = max(0.0, ends[0] - sketch.now), max(sketch.now, ends[0])
            if sketch.is_read:
                sketch.sees()
            yield Step(after_s, ends[1], ends[2])
            continue
        sketch.now += pause_s
        yield _one(rng, family, sketch, pause_s)


def _one(rng: random.Random, family: Family, sketch: _Sketch, pause_s: float) -> Step:
    possible = {fault: weight for fault, weight in family.faults.items() if _makes_sense(fault, sketch)}
    fault = rng.choices(list(possible), list(possible.values()))[0]
    slot = rng.choice(_slots_for(fault, sketch)) if fault in _NEEDS_SLOT else -1
    amount = 0.0
    sketch.runs += _NEW_RUNS[fault](sketch) if fault in _NEW_RUNS else 0
    match fault:
        case Fault.RATE:
            amount = rng.choice((0, 20, 300, family.top_rate // 2, family.top_rate))
        case Fault.FLOOD:
            amount = rng.randrange(*family.flood)
        case Fault.ENGINE_STOP | Fault.ENGINE_KILL:
            amount = round(rng.uniform(0.1, 3.0), 2)
            sketch.blinded()
            sketch.now += amount
            if sketch.is_read:
                sketch.sees()
        case Fault.RECREATE | Fault.RECREATE_AT_ONCE:
            sketch.born(slot)
        case Fault.SCALE_UP:
            slot, sketch.next_slot = sketch.next_slot, sketch.next_slot + 1
            sketch.born(slot)
            amount = rng.choice((50, 500, family.top_rate))
        case Fault.SCALE_DOWN | Fault.REMOVE_AT_ONCE:
            del sketch.known_at[slot]
    _expect_the_end(rng, fault, slot, sketch)
    return Step(pause_s, fault, slot, amount)


def _expect_the_end(rng: random.Random, fault: Fault, slot: int, sketch: _Sketch) -> None:
    ends = {
        Fault.KILL: (Fault.BEGIN, 4.0),
        Fault.LEAVE: (Fault.BEGIN, 1.0),
        Fault.HALT: (Fault.GO_ON, 5.0),
        Fault.FREEZE: (Fault.THAW, 4.0),
        Fault.PAUSE: (Fault.UNPAUSE, 3.0),
    }.get(fault)
    if ends is None:
        return
    if fault is not Fault.PAUSE:
        sketch.blinded()
    longest_s = ends[1] if rng.random() < 0.5 else ends[1] / 5
    sketch.pending.append((sketch.now + rng.uniform(0.05, longest_s), ends[0], slot))


def _makes_sense(fault: Fault, sketch: _Sketch) -> bool:
    if fault in _NEEDS_READER and not sketch.is_read:
        return False
    if fault in (Fault.ENGINE_STOP, Fault.ENGINE_KILL) and sketch.paused:
        return False
    if fault in _NEW_RUNS and sketch.runs + _NEW_RUNS[fault](sketch) > _MOST_RUNS:
        return False
    if fault is Fault.SCALE_UP:
        return len(sketch.known_at) < _MOST_CONTAINERS
    return fault not in _NEEDS_SLOT or bool(_slots_for(fault, sketch))


def _slots_for(fault: Fault, sketch: _Sketch) -> list[int]:
    """Return the slots that a fault may befall; nobody can tell of a container that came and went unseen."""
    slots = [slot for slot in sketch.known_at if slot not in sketch.paused]
    if fault in (Fault.SCALE_DOWN, Fault.REMOVE_AT_ONCE) and len(sketch.known_at) == 1:
        return []
    if fault in (Fault.RECREATE_AT_ONCE, Fault.REMOVE_AT_ONCE):
        return [slot for slot in slots if sketch.known_at[slot] <= sketch.now]
    return slots
