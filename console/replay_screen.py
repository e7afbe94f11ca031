"""The soak screen, playing a recorded session."""

import asyncio
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.app import ConsoleApp
from console.core.recorded import Recording
from console.core.rollout import Rollout
from console.playing import Player

KEYS = "Space stops it and lets it run again, \u2190 and \u2192 step, q leaves"


class ReplayApp(ConsoleApp):
    """The console on a recording: three keys of its own, and none that acts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play_or_stop", "Stop", priority=True, show=False),
        Binding("left", "step(-1)", "Back", priority=True, show=False),
        Binding("right", "step(1)", "On", priority=True, show=False),
    ]

    def __init__(self, player: Player) -> None:
        super().__init__(player, is_read_only=True)
        self._player = player

    def on_mount(self) -> None:
        """Begin to play, and say how it is steered."""
        self.run_worker(self._player.follow(), group="play", exit_on_error=False)
        self.notify(KEYS, title="This is a replay", timeout=15)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys to a field that is being written in."""
        if action in ("play_or_stop", "step") and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_play_or_stop(self) -> None:
        """Stop, or go on."""
        self._player.is_paused = not self._player.is_paused

    def action_step(self, by: int) -> None:
        """Stop, and show the picture before or after."""
        self._player.is_paused = True
        self._player.step(by)


def play(recording: Recording, rollout: Rollout, session_id: str, speed: float) -> int:
    """Play a recording on the terminal until somebody leaves, and return the exit code."""
    code = asyncio.run(ReplayApp(Player(recording, rollout, session_id, speed)).run_async())
    return 0 if code is None else code
