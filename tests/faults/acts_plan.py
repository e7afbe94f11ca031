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
    COUNTDOWN = "a headless watch that counts down"
    COUNTDOWN_SCREEN = "the console that counts down in a terminal"
    JUMP = "the console that jumps to zero"
    JUMP_RUNNER = "the runner of a jump to zero"


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
    Scene.COUNTDOWN: "watch",
    Scene.COUNTDOWN_SCREEN: "watch",
    Scene.JUMP: "watch",
    Scene.JUMP_RUNNER: "runner",
}
"""Which process meets the fault, as `injected/sitecustomize.py` calls it."""

_TURN = (
    *(Scene.RUNNER, Scene.STEP, Scene.ACT, Scene.RUNNER, Scene.STEP, Scene.RUNNER_DISK, Scene.RESUME, Scene.RUNNER),
    *(Scene.STEP, Scene.COMPOSE, Scene.ACT, Scene.RUNNER, Scene.STEP, Scene.RIVALS, Scene.RUNNER, Scene.STEP),
    *(Scene.ACT_DISK, Scene.STOPPED, Scene.WATCH, Scene.COMPOSE, Scene.STEP, Scene.RUNNER, Scene.TWO_ACTS),
    *(Scene.LAUNCHER, Scene.SCREEN, Scene.COUNTDOWN, Scene.JUMP, Scene.COUNTDOWN_SCREEN, Scene.JUMP_RUNNER),
    *(Scene.COUNTDOWN, Scene.JUMP),
)
TURN = len(_TURN)
"""So many seeds that follow each other have every scene."""

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
    Scene.COUNTDOWN: 80,
    Scene.COUNTDOWN_SCREEN: 80,
    Scene.JUMP: 60,
    Scene.JUMP_RUNNER: 120,
}
"""How many points there are to meet a fault at; a case whose fault lies behind the last one meets none."""

PROCESS_FAULTS = ("kill", "torn", "term", "hup", "full", "read only", "dead")
"""What a process meets at one of its points."""

_STRIDE = 37  # prime to all of them, so that seed after seed every point is met

STEP_FAULTS = (
    *(("run", way) for way in ("exit", "exit after", "killed", "killed after", "hang", "hang after", "gone")),
    *(("env_file", way) for way in ("gone", "folder")),
    *(("sql", way) for way in ("down", "cut", "cut after", "hang", "hang after", "refused")),
    *(("redis", way) for way in ("down", "cut", "cut after", "hang", "hang after", "refused")),
    *(("http", way) for way in ("cut", "cut after", "hang", "hang after", "refused", "broken", "broken after")),
)
"""What a step meets: before it took effect, or after it did and before it said so."""

COUNTDOWN_FAULTS = (
    *("kill", "recovers", "halted", "torn", "steps down", "kill", "blind", "full"),
    *("term", "halted", "dead", "recovers", "hup", "kill", "steps down"),
)
"""What comes in the way of a countdown: the console or its disk, the metric, somebody, or what the steps need."""

JUMP_FAULTS = ("kill", "twice", "hup", "kill", "term", "torn", "")
"""What comes in the way of a jump to zero; nothing at times, for what is jumped from is enough."""

MOMENTS = ("held", "applying", "verifying", "failed")
"""What the rung is at from which one jumps."""

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
    after_s: float = 0.0
    """When the fault comes, in seconds since a countdown was begun."""
    moment: str = ""
    """What the rung is at from which somebody jumps to zero."""

    def __str__(self) -> str:
        where = f"at point {self.at}" if self.at else f"in {self.faulty}" if self.faulty else "anywhere"
        where += (
            f" after {self.after_s:.1f}s" if self.after_s else f" of a rung that is {self.moment}" * bool(self.moment)
        )
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
    is_counted = chosen in (Scene.COUNTDOWN, Scene.COUNTDOWN_SCREEN)
    is_jump = chosen in (Scene.JUMP, Scene.JUMP_RUNNER)
    if is_jump:
        order = [kind for kind in order if kind != "http"]
    return Case(
        seed=seed,
        scene=chosen,
        order=tuple(order),
        way=way,
        at=at,
        lasts=chance.choice((3, 1_000_000, 1_000_000)) if way in ("full", "read only") else 1_000_000,
        faulty=faulty,
        is_slow=chosen in (Scene.RUNNER, Scene.STOPPED, Scene.WATCH, Scene.SCREEN) and chance.random() < 0.6,
        has_session=chosen in (Scene.WATCH, Scene.SCREEN) or is_counted or is_jump or chance.random() < 0.2,
        verifies=chance.random() < 0.6,
        abandons=chance.random() < 0.08,
        after_s=_moment_s(chance) if is_counted else 0.0,
        moment=MOMENTS[index % len(MOMENTS)] if is_jump else "",
    )


def _moment_s(chance: random.Random) -> float:
    """Return a moment of a countdown of 10 s: most often the last, in which it begins."""
    return chance.choice((chance.uniform(0.1, 9.0), chance.uniform(9.0, 10.5), chance.uniform(9.5, 10.3)))


def _fault(scene: Scene, index: int, chance: random.Random) -> tuple[str, str, int]:
    """Return the way of the fault, the kind of step that meets it, and at which point of a process."""
    if scene is Scene.STEP:
        faulty, way = STEP_FAULTS[index * 11 % len(STEP_FAULTS)]
        return way, faulty, 0
    at = 1 + index * _STRIDE % POINTS[scene]
    if scene is Scene.COUNTDOWN_SCREEN:
        return ("halted", "", 0) if index % 2 == 0 else (("kill", "hup", "term")[index // 2 % 3], "", at)
    if scene is Scene.COMPOSE:
        way = COMPOSE_FAULTS[index % len(COMPOSE_FAULTS)]
        return ("kill", "", at) if way == "point" else (way, "compose", 0)
    if scene is Scene.COUNTDOWN:
        way = COUNTDOWN_FAULTS[index % len(COUNTDOWN_FAULTS)]
        return way, "", at if way in PROCESS_FAULTS else 0
    if scene is Scene.JUMP:
        way = JUMP_FAULTS[index % len(JUMP_FAULTS)]
        return way, "", at if way in PROCESS_FAULTS else 0
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
        Scene.JUMP_RUNNER: ("kill", "torn"),
    }.get(scene, ("kill",))
    return chance.choice(ways), "", at
