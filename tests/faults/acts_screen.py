"""The console in a terminal, rolled back by its keys until its fault ends it."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.faults.acts_world import INJECTED, World
from tests.terminal import PROGRAM, Terminal

SHOWN_S = 40.0
"""So long a screen may take to show what it is waited for."""
_AGAIN_S = 2.0
_LOOK_S = 1.5


def in_terminal(world: World, fault: Mapping[str, Any] | None) -> Terminal:
    """Return the console of a case in a terminal of its own, with a fault inside it or its runner."""
    injected = {} if fault is None else {"FAULT": json.dumps(fault), "PYTHONPATH": str(INJECTED)}
    env = {**world.env, "PYTHONDONTWRITEBYTECODE": "1", **injected}
    return Terminal([*PROGRAM, "watch", str(world.file)], env=env, cwd=world.folder)


def rolled_back_by_key(world: World, fault: Mapping[str, Any], armed: Path) -> str:
    """Confirm a rollback on the screen, go on until it ended or the console is gone, and return the last screen.

    The points are counted from the moment at which it is confirmed. Raises `AssertionError` if nothing comes of a key.
    """
    with in_terminal(world, fault) as terminal:
        terminal.wait("Shop", SHOWN_S)
        press(terminal, "R", lambda text: "to confirm" in text)
        press(terminal, "shop", lambda text: "to confirm: shop" in " ".join(text.split()))
        armed.touch()
        press(terminal, "\r", lambda _: any(one["outcome"] != "running" for one in world.listed()))
        until = time.monotonic() + _LOOK_S  # the console takes that up and writes it down
        while time.monotonic() < until and not terminal.has_ended():
            terminal.read()
        return terminal.text


def press(terminal: Terminal, keys: str, holds: Callable[[str], bool]) -> None:
    """Press keys, again where a dialog was not ready for them, until something holds or the console is gone."""
    deadline = time.monotonic() + SHOWN_S
    while time.monotonic() < deadline:
        if terminal.has_ended():
            return
        terminal.send(keys)
        again = time.monotonic() + (SHOWN_S if keys == "\r" else _AGAIN_S)
        while time.monotonic() < min(again, deadline):
            terminal.read()
            if holds(terminal.text) or terminal.has_ended():
                return
    raise AssertionError(f"{keys!r} has no effect:\n{terminal.text}")
