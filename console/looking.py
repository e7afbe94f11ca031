"""A desk that takes no orders: every one is refused with its reason."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from console.core.desk import Choice, Order, Refused
from console.core.incidents import Decision
from console.core.plan import Preview
from console.core.words import Table


class OnlyLooking(ABC):
    """The half of a desk that refuses; what there is to see is its children's."""

    @abstractmethod
    def why_not(self) -> str:
        """Return why no order is taken."""

    def _refusal(self) -> Refused:
        return Refused(self.why_not())

    async def preview(
        self, action: str, *, traffic: float | None = None, given: Mapping[str, str] | None = None
    ) -> Preview:
        """Refuse."""
        raise self._refusal()

    async def values(self, action: str, parameter: str) -> tuple[str, ...]:
        """Refuse."""
        raise self._refusal()

    async def look_before(self, preview: Preview) -> Preview:
        """Refuse."""
        raise self._refusal()

    async def start(self, preview: Preview, *, reason: str, typed: str, is_dry_run: bool = False) -> str:
        """Refuse."""
        raise self._refusal()

    async def steer(self, attempt: str, order: Order) -> None:
        """Refuse."""
        raise self._refusal()

    async def settle(self, attempt: str, choice: Choice, *, reason: str) -> str:
        """Refuse."""
        raise self._refusal()

    async def halt(self) -> None:
        """Refuse."""
        raise self._refusal()

    async def arm(self, reason: str) -> None:
        """Refuse."""
        raise self._refusal()

    def output(self, attempt: str) -> tuple[str, ...]:
        """Output stays with the console that runs the action."""
        return ()

    async def tick(self, item: str, *, is_done: bool, note: str = "", stage: str = "") -> None:
        """Refuse."""
        raise self._refusal()

    async def sign_off(self, role: str, *, note: str = "") -> None:
        """Refuse."""
        raise self._refusal()

    async def enter_kpi(self, kpi: str, figure: str, *, note: str = "") -> None:
        """Refuse."""
        raise self._refusal()

    view = ""
    """The view that was chosen; it is for this console only."""

    async def choose_view(self, view: str) -> None:
        """Choose a view; nothing is written for that."""
        self.view = view

    async def note(self, text: str) -> None:
        """Refuse."""
        raise self._refusal()

    async def acknowledge(self, alert: str, reason: str) -> None:
        """Refuse."""
        raise self._refusal()

    async def silence(self, about: str, severity: str, duration: str, reason: str) -> None:
        """Refuse."""
        raise self._refusal()

    async def end_silence(self, silence: str) -> None:
        """Refuse."""
        raise self._refusal()

    async def decide(self, decision: Decision) -> None:
        """Refuse."""
        raise self._refusal()

    async def snapshot(self, screen_svg: str) -> Path:
        """Export what the file says; looking at a session may be written down elsewhere."""
        raise self._refusal()

    async def ask_now(self, metric: str) -> None:
        """Refuse."""
        raise self._refusal()

    async def investigate(self, query: str) -> Table:
        """Refuse."""
        raise self._refusal()
