"""A gradual rollback from which somebody jumps to zero, and what comes in between."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from console.core.action_inputs import ActionStarted
from tests.faults.acts_screen import SHOWN_S, in_terminal, press
from tests.faults.acts_story import Story
from tests.faults.acts_world import ROLLBACK, World
from tests.terminal import Terminal

_RUNG = 50
_OVER_S = 30.0


class LadderWorld(World):
    """A rollout at 90 %, whose ladder goes by 50 % to 0, or to 25 and by the rollback to 0."""

    is_verified_slowly = False
    """Whether the verification of the first rung goes on and on."""
    _written = ""
    """The action that is just being written into the rollout file."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The steps of the first rung, of the ladder's last one, and of the rollback."""
        return self.case.order * 3

    def range_of(self, started: ActionStarted) -> range:
        """Return which of all steps an attempt is at."""
        place = 2 if started.action == "rollback" else 0 if started.traffic == _RUNG else 1
        return range(place * len(self.case.order), (place + 1) * len(self.case.order))

    def is_out(self, attempts: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether the newest attempt is at zero."""
        return bool(attempts) and self.adopted(attempts[-1]["attempt"]).started.traffic == 0

    def rollout(self) -> dict[str, Any]:
        """Return the rollout file."""
        ladder = [_RUNG, 0] if self.case.seed % 2 else [_RUNG, 25]
        down = {"key": "G", "title": "Step down", "kind": "step_down", "ladder": ladder, "hold": "10m"}
        said, actions = super().rollout(), {}
        for name, action in (("down", down), ("rollback", ROLLBACK)):
            self._written = name
            actions[name] = {**super().rollout()["actions"]["rollback"], **action}
        self._written = ""
        return {**said, "phases": [{"name": "Most", "traffic": "90%", "soak": "1h"}], "actions": actions}

    def verifications(self, every: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the verifications of an action; those that go on and on have time for it."""
        is_slow = self.case.moment == "verifying" and self._written == "down"
        return [{**one, "within": "10s"} if is_slow else one for one in every]

    def path(self, number: int) -> str:
        """Return what names the trace of a step at the servers."""
        return f"{self.token}-{self.trace(number)}"

    def trace(self, number: int) -> str:
        """Return what names the trace of a command."""
        if self._written:
            return f"{self._written}-{number}-${{traffic}}"
        place, step = divmod(number, len(self.case.order))
        action, share = (("down", _RUNG), ("down", 0), ("rollback", 0))[place]
        return f"{action}-{step}-{share}"

    def settings(self, number: int) -> dict[str, str]:
        """Return the keys that a step sets."""
        if self._written:
            return {"SHARE": "${traffic}", "BY": self._written}
        action, _, share = self.trace(number).split("-")
        return {"SHARE": share, "BY": action}

    def is_well(self, number: int) -> bool:
        """Return whether the verification of a step passes."""
        if self.is_verified_slowly and number < len(self.case.order):
            return False
        return super().is_well(number)


def jump(story: Story) -> None:
    """Begin a ladder in a terminal, jump to zero from its first rung, and let something come in between."""
    world, case = story.world, story.case
    assert isinstance(world, LadderWorld)
    armed = world.folder / "armed"
    command = case.order.index("run")
    if case.moment in ("applying", "failed"):
        world.break_step(
            command,
            {"applying": ("hang", "hang after"), "failed": ("exit", "killed after")}[case.moment][case.seed // 2 % 2],
        )
    world.is_verified_slowly = case.moment == "verifying"
    has_point = case.at > 0
    with in_terminal(world, story.fault(armed=str(armed)) if has_point else None) as terminal:
        terminal.wait("Shop", SHOWN_S)
        press(terminal, "G", lambda text: "Esc cancel" in text)
        press(terminal, "y", lambda _: bool(world.listed()))
        _read_until(terminal, lambda: _is_at(world, case.moment))
        world.heal_commands()
        armed.touch()
        terminal.send("zz" if case.way == "twice" else "z")
        _read_until(terminal, lambda: _is_over(world))
        story.outcome.did.append(terminal.text)
    story.outcome.has_met_fault = story.has_met() if has_point else True
    world.is_verified_slowly = False
    _judge(story)


def _read_until(terminal: Terminal, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _OVER_S
    while time.monotonic() < deadline and not terminal.has_ended() and not holds():
        terminal.read()


def _is_at(world: LadderWorld, moment: str) -> bool:
    """Return whether the first rung is where somebody is to jump from."""
    newest = world.listed()[-1]
    if moment in ("held", "failed"):
        return bool(newest["outcome"] != "running")
    states = {one.step: one.state for one in world.adopted(newest["attempt"]).progress}
    at = world.case.order.index("run") if moment == "applying" else len(world.case.order)
    return states.get(at) == "running" or newest["outcome"] != "running"


def _is_over(world: LadderWorld) -> bool:
    attempts = world.listed()
    return world.is_out(attempts) and attempts[-1]["outcome"] != "running"


def _judge(story: Story) -> None:
    """See that one jump was begun at the most, that it was where nothing hindered it, and what the rung says."""
    story.look(None)
    world, problems = story.world, story.outcome.problems
    attempts = world.listed()
    jumps = [one for one in attempts if world.adopted(one["attempt"]).started.traffic == 0]
    if len(jumps) > 1:
        problems.append(f"jumped {len(jumps)} times")
    if not story.case.at and [one["outcome"] for one in jumps] != ["done"]:
        problems.append(f"nothing was in the way of a jump, and it came to {jumps}")
    rung = attempts[0]
    is_cut = rung["outcome"] not in ("done", "running") and story.case.moment in ("applying", "verifying")
    if is_cut and "ended by" not in rung["detail"]:
        problems.append(f"the rung was ended by a jump and does not say so: {rung['detail']}")
