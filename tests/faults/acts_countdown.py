"""A rollback that is about to begin by itself, and what comes in between."""

import signal
import time
from collections.abc import Callable
from typing import Any

from console.core.record import Record
from tests.faults.acts_plan import PROCESS_FAULTS
from tests.faults.acts_screen import SHOWN_S, in_terminal
from tests.faults.acts_story import Story
from tests.faults.acts_world import World, until
from tests.terminal import Terminal

_BAD, _GOOD = "9", "0"
_GONE_S = 2.0
"""So long a countdown may be over before a console that is watched does anything."""


class CountdownWorld(World):
    """A rollout whose rollback begins by itself when a number in a file says so."""

    def rollout(self) -> dict[str, Any]:
        """Return the rollout file."""
        on = {"critical": "rollback", "automatic_after": "10s"}
        errors = {"command": ["cat", "errors"], "every": "1s", "critical": "> 5", "on": on}
        return {**super().rollout(), "metrics": {"errors": errors}}

    def measure(self, value: str) -> None:
        """Let the metric be so from now on."""
        new = self.folder / "run" / "errors"
        new.write_text(value)
        new.replace(self.folder / "errors")

    def heal(self) -> None:
        """End every fault; the metric is well by now."""
        super().heal()
        self.measure(_GOOD)


def count_down(story: Story) -> None:
    """Let a headless watch count down, let something come in between, and take it up again where it is gone."""
    world = story.world
    armed = world.folder / "armed"
    is_of_process = story.case.way in PROCESS_FAULTS
    _world(story).measure(_BAD)
    watch = story.watch(**({"armed": str(armed)} if is_of_process else {}))
    try:
        until(lambda: "begun" in _ways(story) or watch.poll() is not None, "the countdown")
        time.sleep(story.case.after_s)
        _come_between(story, lambda: watch.send_signal(signal.SIGUSR1))
        _wait_for_end(story, lambda: watch.poll() is not None)
    finally:
        story.ended(watch, signal.SIGTERM if story.case.seed % 2 else signal.SIGKILL)
    story.outcome.has_met_fault = story.has_met() if is_of_process else True
    _judge(story)
    _go_on(story)


def count_down_on_screen(story: Story) -> None:
    """The same in a terminal, where the key halts it."""
    armed = story.world.folder / "armed"
    _world(story).measure(_BAD)
    with in_terminal(story.world, story.fault(armed=str(armed)) if story.case.at else None) as terminal:
        terminal.wait("Shop", SHOWN_S)
        _read_until(terminal, lambda: "begun" in _ways(story), SHOWN_S)
        _read_until(terminal, lambda: False, story.case.after_s)
        _come_between(story, lambda: terminal.send("h"))
        _read_until(terminal, lambda: _has_ended(story), SHOWN_S)
        story.outcome.did.append(terminal.text)
    story.outcome.has_met_fault = story.has_met() if story.case.at else True
    _judge(story)
    _go_on(story)


def _world(story: Story) -> CountdownWorld:
    assert isinstance(story.world, CountdownWorld)
    return story.world


def _read_until(terminal: Terminal, holds: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and not terminal.has_ended() and not holds():
        terminal.read()


def _come_between(story: Story, halt: Callable[[], object]) -> None:
    world, way = _world(story), story.case.way
    if way in PROCESS_FAULTS:
        (world.folder / "armed").touch()
    elif way == "recovers":
        world.measure(_GOOD)
    elif way == "halted":
        halt()
    elif way == "blind":
        (world.folder / "errors").unlink()
    else:
        world.servers.postgres.stop()
        world.servers.valkey.stop()


def _wait_for_end(story: Story, is_gone: Callable[[], bool]) -> None:
    """Wait until a countdown came to something, or is over and nothing is to be heard of it."""
    deadline = time.monotonic() + 10 + _GONE_S
    while not _has_ended(story) and not is_gone() and time.monotonic() < deadline:
        time.sleep(0.1)


def _has_ended(story: Story) -> bool:
    attempts = story.world.listed()
    if attempts:
        return all(one["outcome"] != "running" for one in attempts)
    return bool({"ended", "stopped"} & set(_ways(story)))


def _told(story: Story) -> list[Record]:
    return [record for record in story.journal()[1] if record.kind == "automatic"]


def _ways(story: Story) -> list[str]:
    return [str(record.body["way"]) for record in _told(story)]


def _judge(story: Story) -> None:
    """See that it was begun once at the most, never after it was halted, and never without a word."""
    story.world.servers.start()
    story.look(None)
    problems, ways = story.outcome.problems, _ways(story)
    own = [one for one in story.world.listed() if one["actor"].startswith("automatic@")]
    if len(own) > 1:
        problems.append(f"begun by itself {len(own)} times")
    if ways.count("fired") > 1:
        problems.append(f"written down as begun by itself more than once: {ways}")
    if own and any(one.body["way"] == "stopped" and not one.body["why"] for one in _told(story)):
        problems.append(f"begun by itself although it was halted: {ways}")
    is_heard = story.case.way not in PROCESS_FAULTS
    if own and is_heard and "fired" not in ways:
        problems.append(f"begun by itself without a word: {ways}")
    if not own and is_heard and not {"ended", "stopped"} & set(ways):
        problems.append(f"not begun by itself, and nobody says why: {ways}")


def _go_on(story: Story) -> None:
    """Start the console again while the metric is still bad, unless it was well again, and see what it does."""
    if story.case.way not in PROCESS_FAULTS or story.world.listed():
        return
    before = len(_told(story))
    watch = story.watch()
    try:
        _wait_for_new(story, before)
    finally:
        story.ended(watch, signal.SIGTERM)
    _judge(story)
    if not story.world.listed() and "lost" not in _ways(story) and "stopped" not in _ways(story):
        story.outcome.problems.append(f"nothing was begun by itself, and nobody says so: {_ways(story)}")


def _wait_for_new(story: Story, before: int) -> None:
    """Wait until a console that was started again has begun it, or says that it does not."""
    said = ("lost", "stopped")
    until(
        lambda: _has_ended(story) if story.world.listed() else any(w in said for w in _ways(story)[before:]),
        "what becomes of the countdown",
    )
