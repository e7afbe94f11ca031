"""The keys that open something over the soak screen: each says when it works, and makes its screen when it does."""

from abc import abstractmethod
from collections.abc import Callable, Mapping

from console.actions import KEYS, LADDER_ORDERS
from console.core.action_frame import AttemptView
from console.core.desk import Order
from console.core.frame import Frame, Panel
from console.screens.base import ConsoleScreen
from widgets.attempt import attempt_to_show

_GUARDS: Mapping[str, Callable[[Frame], bool]] = {
    "has_alerts": lambda frame: bool(frame.alerts or frame.silences),
    "has_matrix": lambda frame: bool(frame.matrices),
    "has_views": lambda frame: bool(frame.views),
    "has_kpis": lambda frame: bool(frame.kpis),
    "has_attempt": lambda frame: bool(frame.attempts),
}
"""When a key has something to show, by the guard that it names; one without a guard always has."""


class PlacesScreen(ConsoleScreen[None]):
    """A screen from which all others are opened."""

    @abstractmethod
    def chosen_panel(self) -> Panel | None:
        """Return the panel that the keys of a metric are for."""

    def opens(self, action: str) -> bool:
        """Return whether the key of an action has something to do now."""
        guard = next((key.guard for key in KEYS if key.id == action), "")
        if guard == "is_holding":
            held = self.held()
            return held is not None and LADDER_ORDERS[action] in held.orders
        if guard == "is_automatic":
            automatic = self.desk.frame.automatic
            return self.may_act and automatic is not None and bool(automatic.metric or automatic.disarmed)
        return guard not in _GUARDS or _GUARDS[guard](self.desk.frame)

    def held(self) -> AttemptView | None:
        """Return the ladder that may be steered, if there is one and this console may act."""
        return next((held for held in self.desk.frame.attempts if held.orders), None) if self.may_act else None

    def action_investigate(self) -> None:
        """Open the investigation queries of the selected panel."""
        panel = self.chosen_panel()
        if panel is None:
            return
        if not panel.investigate:
            self.app.notify(f"{panel.metric} has no investigation query in the rollout file", markup=False)
            return
        from console.screens.investigate import InvestigateScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(InvestigateScreen(self.desk, panel, is_read_only=self.is_read_only))

    def action_why(self) -> None:
        """Show why the selected panel's verdict stands."""
        panel = self.chosen_panel()
        if panel is None:
            return
        from console.screens.why import WhyScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(WhyScreen(self.desk, panel, is_read_only=self.is_read_only))

    def action_checklist(self) -> None:
        """Open the checklist."""
        from console.screens.checklist import ChecklistScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(ChecklistScreen(self.desk, is_read_only=self.is_read_only))

    def action_journal(self) -> None:
        """Open the journal."""
        from console.screens.journal import JournalScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(JournalScreen(self.desk, is_read_only=self.is_read_only))

    def action_alerts(self) -> None:
        """Open the alerts."""
        from console.screens.alerts import AlertsScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(AlertsScreen(self.desk, is_read_only=self.is_read_only))

    def action_incident(self) -> None:
        """Open the incident, or a screen to open one by hand."""
        from console.screens.incident import IncidentScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(IncidentScreen(self.desk, is_read_only=self.is_read_only))

    def action_kpis(self) -> None:
        """Open the goals of the whole rollout."""
        from console.screens.kpis import KpiScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(KpiScreen(self.desk, is_read_only=self.is_read_only))

    def action_attempt(self) -> None:
        """Open the action under way, or the latest one."""
        attempt = attempt_to_show(self.desk.frame) or next(iter(self.desk.frame.attempts), None)
        if attempt is None:
            return
        from console.screens.attempt import AttemptScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(AttemptScreen(self.desk, attempt.attempt, is_read_only=self.is_read_only))

    def action_matrix(self) -> None:
        """Open the table of pairs."""
        from console.screens.matrix import MatrixScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(MatrixScreen(self.desk, is_read_only=self.is_read_only))

    def _ask_to_steer(self, order: Order) -> None:
        held = self.held()
        if held is None:
            return
        from console.screens.steering import SteeringScreen  # noqa: PLC0415 - only when it is needed

        self.app.push_screen(SteeringScreen(self.desk, held, order, is_read_only=self.is_read_only))

    def action_next_rung(self) -> None:
        """Show what the next rung would do."""
        held = self.held()
        if held is not None:
            self.offer_next_rung(held)

    def action_to_zero(self) -> None:
        """Ask whether to jump to zero."""
        self._ask_to_steer("zero")

    def action_stay(self) -> None:
        """Ask whether to leave the share as it is."""
        self._ask_to_steer("stop")

    def action_snapshot(self) -> None:
        """Export the session with a picture of this screen."""
        picture = self.app.export_screenshot()

        async def export() -> None:
            folder = await self.desk.snapshot(picture)
            self.app.notify(str(folder), title="Snapshot written", markup=False, timeout=10)

        self.order(export)
