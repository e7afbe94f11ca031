"""From a CRITICAL panel to the first step of a rollback, by keys, while 20,000 lines a second pour in."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from console.effects.attempt_files import ENDED
from console.screens.action import ARMED_AFTER_S
from tests.bench.flood import RATE, Pour
from tests.bench.scene import some_lines
from tests.bench.table import ASKED, Table
from tests.terminal import PROGRAM, Terminal

ROUNDS = 5
SERVICE = "agent"
_POURED_S = 3.0


def run() -> list[Table]:
    """Roll back by keys in a new session each time, and return how long the machine took for its part."""
    taken = [_rolled_back() for _ in range(ROUNDS)]
    shown, begun = (statistics.median(times) for times in zip(*taken, strict=True))
    worst = max(sum(times) for times in taken)
    return [
        Table(
            f"from a CRITICAL panel to the first step, {RATE:,} lines a second pouring in",
            ("", "measured", ASKED),
            (
                ("keys beside the name of the service", "2: the action's, Enter", "at most 3"),
                ("from the action's key to its whole preview", f"{shown * 1000:.0f} ms", ""),
                ("from Enter to the first step", f"{begun * 1000:.0f} ms", ""),
                ("both, the slowest round", f"{worst * 1000:.0f} ms", "under 1 s"),
            ),
            (
                f"medians of {ROUNDS} rounds; a preview takes no Enter for its first {ARMED_AFTER_S:g} s, while the"
                " name is typed",
            ),
        )
    ]


def _rolled_back() -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="rcb") as name:
        folder = Path(name)
        first_step, state = folder / "first-step", folder / "state"
        file = _written(folder, first_step)
        pour = Pour(folder / "agent.log")
        command = [*PROGRAM, "watch", str(file), "--since", "1h"]
        terminal = Terminal(command, env={"ROLLOUT_CONSOLE_STATE": str(state)})
        try:
            pour.start()
            terminal.wait("CRITICAL", 60.0)
            _until(lambda: pour.wrote > RATE * _POURED_S, terminal)
            shown_s = _timed(terminal, "R", lambda: "to confirm" in terminal.text)
            confirmable_at = time.monotonic() + ARMED_AFTER_S
            terminal.send(SERVICE)
            _until(lambda: time.monotonic() > confirmable_at + 0.2, terminal)
            begun_s = _timed(terminal, "\r", first_step.exists)
            _until(lambda: any(state.rglob(ENDED)), terminal)
            return shown_s, begun_s
        finally:
            pour.stop()
            terminal.close()


def _timed(terminal: Terminal, key: str, holds: Callable[[], bool]) -> float:
    began = time.monotonic()
    terminal.send(key)
    _until(holds, terminal)
    return time.monotonic() - began


def _until(holds: Callable[[], bool], terminal: Terminal) -> None:
    deadline = time.monotonic() + 30.0
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come about; the screen shows:\n{terminal.text}")
        terminal.read(0.002)


def _written(folder: Path, first_step: Path) -> Path:
    (folder / "agent.log").write_bytes(some_lines(1))
    (folder / ".env").write_text("SHARE=10\n")
    said = {
        "rollout": "bench",
        "title": "Bench rollout",
        "service": SERVICE,
        "sources": {"app": {"file": "agent.log", "track": "canary"}},
        "events": {"line": {"match": ".", "sample": ["x"]}},
        "metrics": {"lines": {"events": {"of": "line"}, "critical": "> 0", "on": {"critical": "rollback"}}},
        "phases": [{"name": "Canary", "traffic": "10%"}],
        "actions": {
            "rollback": {
                "key": "R",
                "title": "Roll back to 0%",
                "kind": "rollback",
                "steps": [
                    {"run": ["touch", str(first_step)]},
                    {"env_file": {"path": ".env", "set": {"SHARE": "0"}}},
                ],
            }
        },
    }
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(said))
    return path
