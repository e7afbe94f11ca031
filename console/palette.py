"""Everything that can be done, for the command palette."""

from collections.abc import Callable
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from console.screens.base import ConsoleScreen
from widgets.lines import clean

_LEFT_OUT = ("commands", "leave")


class ConsoleCommands(Provider):
    """The rollout's actions and the table of keys."""

    def _commands(self) -> list[tuple[str, str, Callable[[], Any]]]:
        """Return name, explanation and what to call, for all that works now.

        Textual reads the explanation as markup, so it is always one of our own sentences.
        """
        screen = self.screen
        if not isinstance(screen, ConsoleScreen):
            return []
        found: list[tuple[str, str, Callable[[], Any]]] = []
        if screen.may_act:
            for action in screen.desk.frame.actions:
                name = clean(f"{action.title} ({action.key})" if action.key else action.title)
                place = "Needs a reason in this phase; show what it will do" if action.out_of_place else ""
                said = place or "Show what it will do" if action.is_available else "Not possible now; show why"
                found.append((name, said, partial(screen.offer, action)))
        for key in screen.keys:
            if key.group == "move" or key.id in _LEFT_OUT or not screen.check_action(key.id, ()):
                continue
            target = screen if hasattr(screen, f"action_{key.id}") else self.app
            found.append((f"{key.label} ({key.shown})", key.tooltip, partial(target.run_action, key.id)))
        return found

    async def discover(self) -> Hits:
        """Give everything before anything is typed."""
        for name, said, call in self._commands():
            yield DiscoveryHit(Content(name), call, text=name, help=said)

    async def search(self, query: str) -> Hits:
        """Give what the typed text fits."""
        matcher = self.matcher(query)
        for name, said, call in self._commands():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, Content(name), call, text=name, help=said)
