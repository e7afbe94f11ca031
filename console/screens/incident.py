"""The incident screen: its clock, what is critical, the procedure, the roles and its history; decisions by key."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from console.core.desk import Desk
from console.core.frame import Frame
from console.core.incident_frame import IncidentView, open_incident
from console.core.incidents import Decision, Step
from console.screens.base import ConsoleDialog
from widgets.entry import Entry
from widgets.incident import IncidentBody, IncidentPart, incident_lines
from widgets.key_bar import KeyCap

_ASKS = {
    Step.OPEN: "severity and why, such as: 1 a customer sees another's cart; Enter opens it, Esc takes it away",
    Step.SEVERITY: "severity and why, such as: 2 one shard only; Enter changes it, Esc takes it away",
    Step.ROLE: "who takes this role; Enter writes it down, Esc takes it away",
    Step.ITEM: "a note; Enter ticks the step with it, Esc takes it away",
    Step.ESCALATE: "why, such as: customer 4711 calls; Enter opens the war room, Esc takes it away",
    Step.RESOLVE: "what resolved it; Enter resolves the incident, Esc takes it away",
    Step.POST_MORTEM: "where it is written down; Enter says that it was held, Esc takes it away",
}
_WITH_SEVERITY = (Step.OPEN, Step.SEVERITY)


class IncidentScreen(ConsoleDialog[None]):
    """The incident that is open, or the one that waits for its post-mortem."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("5", "close", "Back", show=False),
        Binding("t", "decide('taken')", "Take it", show=False),
        Binding("w", "war_room", "War room", show=False),
        Binding("space,enter", "choose", "Tick, or take a role", show=False),
        Binding("n", "note", "Tick with a note", show=False),
        Binding("v", "ask('severity')", "Severity", show=False),
        Binding("r", "ask('resolved')", "Resolve", show=False),
        Binding("p", "ask('post-mortem')", "Post-mortem held", show=False),
        Binding("o", "ask('opened')", "Open one", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
    ]

    def __init__(self, desk: Desk, *, is_read_only: bool) -> None:
        super().__init__(desk, is_read_only=is_read_only)
        self._body = IncidentBody(id="body")
        self._said = Entry(id="said")
        self._said.display = False
        self._asked: Decision | None = None
        """What is decided when the field is sent, without its text."""
        self._cursor = 0
        self._hints: tuple[KeyCap, ...] = ()

    @property
    def body(self) -> IncidentBody:
        """The incident."""
        return self._body

    def fields(self) -> Iterable[Widget]:
        """Return the field for a reason, a name or a note."""
        return (self._said,)

    # -- drawing -------------------------------------------------------------------------------------------------

    def _shown(self) -> IncidentView | None:
        """Return the incident to show: the open one, else the oldest that waits for its post-mortem, or the newest."""
        found = self.desk.frame.incidents
        return open_incident(found) or self._waiting() or next(iter(found), None)

    def _waiting(self) -> IncidentView | None:
        resolved = (one for one in reversed(self.desk.frame.incidents) if not one.is_open)
        return next((one for one in resolved if not one.is_settled), None)

    def _part(self) -> IncidentPart:
        shown, frame = self._shown(), self.desk.frame
        others = tuple(one for one in frame.incidents if shown is None or one.number != shown.number)
        return IncidentPart(shown, others, self._cursor, frame.has_incidents, self.may_act)

    def show_frame(self, frame: Frame) -> None:
        """Draw the incident of the frame."""
        self._body.show(self._part())
        shown = self._shown()
        title = "Incident: none is open" if shown is None else f"Incident {shown.number}, severity {shown.severity}"
        hints = self.key_hints()
        if (title, hints) != (self.title_text, self._hints):
            self.title_text, self._hints = title, hints
            self.renew()

    def key_hints(self) -> tuple[KeyCap, ...]:
        """Return the keys that do something now."""
        caps = [KeyCap("Esc", "close", 0)]
        if not self.may_act:
            return (*caps, KeyCap("↑ ↓ PgUp PgDn", "read", 1))
        found = open_incident(self.desk.frame.incidents)
        if found is None:
            if self._waiting() is not None:
                caps.append(KeyCap("p", "post-mortem held", 1))
            return (*caps, KeyCap("o", "open an incident", 2))
        if found.response.is_running:
            caps.append(KeyCap("t", "take it", 0))
        if found.room is None or found.room.clock.is_running:
            caps.append(KeyCap("w", "escalate" if found.room is None else "in the war room", 1))
        caps += [KeyCap("Space", "tick", 2), KeyCap("n", "note", 4), KeyCap("v", "severity", 3)]
        return (*caps, KeyCap("r", "resolve", 1))

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_move(self, steps: int) -> None:
        """Move the cursor over procedure and roles; without an open incident, scroll."""
        found = self._shown()
        if found is None or not found.is_open or not self.may_act:
            self.body.scroll_rows(steps)
            return
        count = len(found.procedure) + len(found.roles)
        self._cursor = max(0, min(count - 1, self._cursor + steps))
        self.show_frame(self.desk.frame)
        self._body.reveal(incident_lines(self._part(), max(20, self._body.size.width - 1))[1])

    def action_decide(self, step: str) -> None:
        """Decide what needs no words."""
        found = open_incident(self.desk.frame.incidents)
        if self.may_act and found is not None:
            self._order(Decision(Step(step), found.number))

    def action_war_room(self) -> None:
        """Say that somebody is in the war room; where none is open, ask why one should be."""
        found = open_incident(self.desk.frame.incidents)
        if found is not None and found.room is not None:
            self.action_decide(Step.ROOM)
        else:
            self.action_ask(Step.ESCALATE)

    def action_choose(self) -> None:
        """Tick or untick the step under the cursor, or ask who takes the role under it."""
        found = open_incident(self.desk.frame.incidents)
        if found is None or not self.may_act:
            return
        if self._cursor < len(found.procedure):
            item = found.procedure[self._cursor]
            self._order(Decision(Step.ITEM, found.number, subject=item.item, is_done=not item.is_done))
        elif self._cursor - len(found.procedure) < len(found.roles):
            role = found.roles[self._cursor - len(found.procedure)]
            self._ask(Decision(Step.ROLE, found.number, subject=role.role))

    def action_note(self) -> None:
        """Ask for the note with which the step under the cursor is ticked."""
        found = open_incident(self.desk.frame.incidents)
        if found is not None and self.may_act and self._cursor < len(found.procedure):
            self._ask(Decision(Step.ITEM, found.number, subject=found.procedure[self._cursor].item))

    def action_ask(self, step: str) -> None:
        """Open the field for what somebody decides with words."""
        asked = Step(step)
        found = self._waiting() if asked is Step.POST_MORTEM else open_incident(self.desk.frame.incidents)
        if self.may_act and (found is not None or asked is Step.OPEN):
            self._ask(Decision(asked, 0 if found is None else found.number))

    def _ask(self, decision: Decision) -> None:
        self._asked = decision
        self._said.placeholder = _ASKS[decision.step]
        self._said.display = True
        self.fit_body()
        self.set_focus(self._said)  # at once: what is typed next is meant for the field

    def action_close(self) -> None:
        """Take the field away, or close the screen."""
        if not self._said.display:
            self.dismiss(None)
            return
        self._put_away()

    def _put_away(self) -> None:
        self._said.display = False
        self._said.value = ""
        self.fit_body()
        self._body.focus()

    @on(Input.Submitted, "#said")
    def _on_said(self, event: Input.Submitted) -> None:
        event.stop()
        said, asked = event.value.strip(), self._asked
        self._put_away()
        if asked is not None:
            self._order(_with_words(asked, said))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key works now: while the field is open, what is typed decides nothing."""
        return action == "close" or not self._said.display

    def _order(self, decision: Decision) -> None:
        self.order(lambda: self.desk.decide(decision))


def _with_words(asked: Decision, said: str) -> Decision:
    """Return a decision with what was typed: a severity and why, or only words."""
    severity, words = 0, said
    if asked.step in _WITH_SEVERITY:
        first, _, words = said.partition(" ")
        severity = int(first) if first in ("1", "2", "3") else 0
    return Decision(asked.step, asked.incident, severity, asked.subject, words.strip(), asked.is_done)
