"""What goes wrong with an action in a case, and what the operator does about it: a pure function of a seed."""

import random
from dataclasses import dataclass
from enum import StrEnum

FAMILY = "actions"
KINDS = ("env_file", "run", "sql", "redis", "http")


class Scene(StrEnum):
    """Who meets the fault."""

    RUNNER = "the runner"
    LAUNCHER = "the process that becomes the runner"
    ACT = "the command act"
    RESUME = "the command that resumes"
    STEP = "a step"
    RUNNER_DISK = "the disk under the runner"
    ACT_DISK = "the disk under the command act"
    RIVALS = "two commands that resume at once"
    TWO_ACTS = "two commands act at once"
    STOPPED = "an action that somebody stops"
    WATCH = "a headless watch"
    SCREEN = "the console in a terminal"
    COMPOSE = "a step of Compose"


WHO = {
    Scene.RUNNER: "runner",
    Scene.LAUNCHER: "launcher",
    Scene.ACT: "act",
    Scene.RESUME: "attempts",
    Scene.RUNNER_DISK: "runner",
    Scene.ACT_DISK: "act",
    Scene.RIVALS: "attempts",
    Scene.TWO_ACTS: "act",
    Scene.STOPPED: "runner",
    Scene.WATCH: "watch",
    Scene.SCREEN: "watch",
    Scene.COMPOSE: "runner",
}
"""Which process meets the fault, as `injected/sitecustomize.py` calls it."""

_TURN = (
    *(Scene.RUNNER, Scene.STEP, Scene.ACT, Scene.RUNNER, Scene.STEP, Scene.RUNNER_DISK, Scene.RESUME, Scene.RUNNER),
    *(Scene.STEP, Scene.COMPOSE, Scene.ACT, Scene.RUNNER, Scene.STEP, Scene.RIVALS, Scene.RUNNER, Scene.STEP),
    *(Scene.ACT_DISK, Scene.STOPPED, Scene.WATCH, Scene.COMPOSE, Scene.STEP, Scene.RUNNER, Scene.TWO_ACTS),
    *(Scene.LAUNCHER, Scene.SCREEN),
)
"""The scenes of 25 seeds that follow each other."""

POINTS = {
    Scene.RUNNER: 158,
    Scene.LAUNCHER: 2,
    Scene.ACT: 29,
    Scene.RESUME: 25,
    Scene.RUNNER_DISK: 158,
    Scene.ACT_DISK: 29,
    Scene.RIVALS: 25,
    Scene.TWO_ACTS: 29,
    Scene.STOPPED: 158,
    Scene.WATCH: 80,
    Scene.SCREEN: 60,
    Scene.COMPOSE: 90,
}
"""How many points there are to meet a fault at; a case whose fault lies behind the last one meets none."""

_STRIDE = 37  # prime to all of them, so that seed after seed every point is met

STEP_FAULTS = (
    *(("run", way) for way in ("exit", "exit after", "killed", "killed after", "hang", "hang after", "gone")),
    *(("env_file", way) for way in ("gone", "folder")),
    *(("sql", way) for way in ("down", "cut", "cut after", "hang", "hang after", "refused")),
    *(("redis", way) for way in ("down", "cut", "cut after", "hang", "hang after", "refused")),
    *(("http", way) for way in ("cut", "cut after", "hang", "hang after", "refused", "broken", "broken after")),
)
"""What a step meets: before it took effect, or after it did and before it said so."""

COMPOSE_FAULTS = ("point", "killed", "hang", "engine stopped", "engine killed", "dies", "point", "fails")


@dataclass(frozen=True, slots=True)
class Case:
    """An action with its fault, and the operator's way with it."""

    seed: int
    scene: Scene
    order: tuple[str, ...]
    """The kinds of the steps, in their order."""
    way: str
    at: int = 0
    """The point of the fault; 0 where a step meets it."""
    lasts: int = 1_000_000
    """For how many points a disk fails."""
    faulty: str = ""
    """The kind of step that meets the fault."""
    is_slow: bool = False
    """Whether commands take half a second, so that they outlive a runner that is killed."""
    has_session: bool = False
    verifies: bool = True
    """Whether the operator verifies what is not known before it is resumed."""
    abandons: bool = False
    """Whether the operator leaves what did not go well as it is."""

    def __str__(self) -> str:
        where = f"at point {self.at}" if self.at else f"in {self.faulty}"
        then = "abandons" if self.abandons else "verifies, resumes" if self.verifies else "resumes"
        extra = ", ".join(("slow",) * self.is_slow + ("session",) * self.has_session + (then,))
        return f"{self.scene}: {self.way} {where} ({', '.join(self.order)}; {extra})"


def case_of(seed: int, scene: str = "") -> Case:
    """Return the case of a seed; `scene` asks for one kind of it."""
    chance = random.Random(seed)
    turn, place = divmod(seed, len(_TURN))
    chosen = Scene(scene) if scene else _TURN[place]
    index = seed if scene else turn * _TURN.count(chosen) + _TURN[:place].count(chosen)
    order = [*KINDS, "run"]
    chance.shuffle(order)
    way, faulty, at = _fault(chosen, index, chance)
    if chosen is Scene.COMPOSE:
        order = ["env_file", "compose", "redis"]
    return Case(
        seed=seed,
        scene=chosen,
        order=tuple(order),
        way=way,
        at=at,
        lasts=chance.choice((3, 1_000_000, 1_000_000)) if way in ("full", "read only") else 1_000_000,
        faulty=faulty,
        is_slow=chosen in (Scene.RUNNER, Scene.STOPPED, Scene.WATCH, Scene.SCREEN) and chance.random() < 0.6,
        has_session=chosen in (Scene.WATCH, Scene.SCREEN) or chance.random() < 0.2,
        verifies=chance.random() < 0.6,
        abandons=chance.random() < 0.08,
    )


def _fault(scene: Scene, index: int, chance: random.Random) -> tuple[str, str, int]:
    """Return the way of the fault, the kind of step that meets it, and at which point of a process."""
    if scene is Scene.STEP:
        faulty, way = STEP_FAULTS[index * 11 % len(STEP_FAULTS)]
        return way, faulty, 0
    at = 1 + index * _STRIDE % POINTS[scene]
    if scene is Scene.COMPOSE:
        way = COMPOSE_FAULTS[index % len(COMPOSE_FAULTS)]
        return ("kill", "", at) if way == "point" else (way, "compose", 0)
    ways = {
        Scene.RUNNER: ("kill", "kill", "torn"),
        Scene.ACT: ("kill", "kill", "torn", "term", "hup"),
        Scene.RESUME: ("kill", "torn", "term", "hup"),
        Scene.RUNNER_DISK: ("full", "full", "read only"),
        Scene.ACT_DISK: ("full", "read only"),
        Scene.RIVALS: ("halt",),
        Scene.TWO_ACTS: ("halt",),
        Scene.STOPPED: ("term",),
        Scene.WATCH: ("kill", "kill", "term", "hup"),
        Scene.SCREEN: ("kill", "hup", "term"),
    }.get(scene, ("kill",))
    return chance.choice(ways), "", at
