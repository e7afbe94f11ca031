"""What the tests of acting share: a rollout with one action, an attempt at it, and how it ended."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.actors import Actor
from console.core.planning import plan
from console.core.redact import Redactor
from console.effects import executor
from console.effects.preview import labels
from console.effects.sessions import fresh_attempt
from console.spec.load import load
from console.spec.loaded import Loaded

RUNNER = (sys.executable, str(Path(__file__).with_name("plain_runner.py")))
ACTOR = Actor("ana", "laptop", "pts/3")


def sh(text: str, timeout: str = "20s") -> dict[str, object]:
    """A step of an action that runs a line of shell."""
    return {"run": [text], "shell": True, "timeout": timeout}


def write_rollout(folder: Path, action: dict[str, Any], **more: Any) -> Path:
    path = folder / "rollout.yaml"
    said = {
        "rollout": "stateless",
        "title": "Stateless",
        "service": "app",
        "phases": [{"name": "Canary", "traffic": "10%"}],
        "actions": {"act": {"title": "Act", **action}},
        **more,
    }
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    return path


@dataclass
class Acting:
    """One rollout with one action, and attempts at it."""

    folder: Path
    action: dict[str, Any]
    more: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file = write_rollout(self.folder, self.action, **self.more)
        self.state = self.folder / "state"

    @property
    def loaded(self) -> Loaded:
        return load(self.file, self.env)

    def fresh(self) -> Path:
        return fresh_attempt(self.state / "attempts", "act", time.time())

    async def start(self, attempt: Path | None = None, *, reason: str = "", grace_s: float = 2.0) -> Path:
        loaded = self.loaded
        planned = plan(loaded.rollout, "act", phase_index=0, traffic=10)
        attempt = attempt or self.fresh()
        started = ActionStarted(
            at=time.time(),
            attempt=attempt.name,
            action="act",
            kind=planned.kind.value,
            title=planned.title,
            actor=ACTOR,
            reason=reason,
            traffic=planned.traffic,
            phase=planned.phase,
            steps=labels(planned, Redactor(loaded.secrets)),
        )
        await executor.start(
            planned, attempt, loaded, started, locks_dirs=(self.state,), runner=RUNNER, grace_s=grace_s
        )
        return attempt

    async def carry_out(self, **how: Any) -> tuple[Path, list[ActionProgressed], ActionEnded]:
        attempt = await self.start(**how)
        progress, ended = await followed(attempt)
        return attempt, progress, ended


async def followed(attempt: Path, seen: int = 0) -> tuple[list[ActionProgressed], ActionEnded]:
    progress: list[ActionProgressed] = []
    async for told in executor.follow(attempt, seen=seen, poll_s=0.02):
        if isinstance(told, ActionEnded):
            return progress, told
        progress.append(told)
    raise AssertionError("it ended without an end")


def states(progress: list[ActionProgressed]) -> list[tuple[int, str]]:
    return [(step.step, step.state) for step in progress]
