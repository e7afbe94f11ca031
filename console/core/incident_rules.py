"""The part of the frozen model that says what an incident is: severities, roles, procedure, war room, post-mortem.

What is left out is as in the incident procedures of the rollout documents: three severities with 5 minutes, 15 minutes
and an hour to respond, a war room within 5 minutes, a post-mortem within 48 hours.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from console.core.fields import Seconds
from console.core.parts import Names, Part
from console.core.probes import IncidentSeverity
from console.core.stages import Id

RESPOND_WITHIN_S: Mapping[int, float] = {1: 300.0, 2: 900.0, 3: 3600.0}
"""How soon somebody must respond to an incident of each severity, where the file does not say."""


class SeverityRule(Part):
    """What a severity of incidents asks for."""

    severity: IncidentSeverity
    """1 is the worst, 3 the mildest."""
    respond_within: Seconds | None = None
    """How soon somebody must take the incident; without it 5m, 15m and 1h for the severities 1, 2 and 3."""
    escalate_after: Seconds | None = None
    """When `escalate_to` is told while nobody has taken it; `0s` is at once. Without it, `respond_within`."""
    escalate_to: tuple[str, ...] = ()
    """Addresses that are told beside the alert routes; they are kept secret."""
    about: Names = ()
    """The metrics, budgets and actions whose critical alert is an incident of this severity."""
    opens_at: Literal["warning", "critical"] = "critical"
    """Which verdict opens the incident, on a metric of `about` or one that says this severity; a `warning` that does is
    told as if it were critical."""
    action: str | None = None
    """The action that is offered."""
    advice: str = ""
    """What is to be done, in a few words."""


class Trigger(StrEnum):
    """What opens a war room."""

    SEVERITY_1 = "severity 1"
    TWO_OF_SEVERITY_2 = "two of severity 2"
    """Two causes that are severity 2 or worse, in one incident."""
    ROLLBACK = "rollback"
    """A rollback, a step down or a task that is a way back was begun; without an open incident it opens one."""
    PERSON = "escalated by a person"
    """Somebody opened the incident by hand, as for a customer. To escalate an open one opens it in any case."""


class WarRoom(Part):
    """Where those who respond meet."""

    opens_on: tuple[Trigger, ...] = tuple(Trigger)
    """What opens it: `severity 1`, `two of severity 2`, `rollback`, `escalated by a person`."""
    within: Seconds = 300.0
    """How soon somebody must be in it."""
    where: str = ""
    """A room, a channel or the address of a call."""


Sign = Literal["response", "war_room", "rollback", "monitoring", "all_ok", "post_mortem"]


class ProcedureItem(Part):
    """A step of the procedure: a person ticks it, or the console when it sees it done."""

    id: Id
    """What the journal calls it."""
    text: str
    """What is to be done."""
    done_when: Sign | None = None
    """What the console ticks it on: `response`, somebody took the incident; `war_room`, somebody is in it; `rollback`,
    a rollback, a step down or a task that is a way back was done and verified; `monitoring`, every metric is measured;
    `all_ok`, every panel was OK for `well_for`; `post_mortem`, it was held."""


ROLES: Mapping[str, str] = {
    "commander": "Incident commander",
    "technical_lead": "Technical lead",
    "communications": "Communications",
    "customer_liaison": "Customer liaison",
    "executive_sponsor": "Executive sponsor",
}
PROCEDURE = (
    ProcedureItem(id="war-room", text="Activate the war room", done_when="war_room"),
    ProcedureItem(id="assess", text="Assess the impact and determine the response"),
    ProcedureItem(id="respond", text="Execute the response: fix or roll back", done_when="rollback"),
    ProcedureItem(id="monitor", text="Monitor progress with the metrics", done_when="monitoring"),
    ProcedureItem(id="communicate", text="Communicate the status to stakeholders"),
    ProcedureItem(id="validate", text="Validate the resolution before standing down", done_when="all_ok"),
    ProcedureItem(id="post-mortem", text="Conduct the post-mortem", done_when="post_mortem"),
)


class Incidents(Part):
    """What a critical alert means: an incident, with a clock, roles and a procedure."""

    severities: tuple[SeverityRule, ...] = ()
    """What each severity asks for; those left out have their response times only."""
    otherwise: IncidentSeverity = 1
    """The severity of a critical alert that neither its metric nor `about` gives one: a person may lower it."""
    war_room: WarRoom = WarRoom()
    roles: dict[Id, str] = Field(default_factory=lambda: dict(ROLES))
    """Who takes part: a name for each role, and who it is as a rule."""
    procedure: tuple[ProcedureItem, ...] = PROCEDURE
    """What is to be done, in order."""
    well_for: Seconds = 600.0
    """For how long every panel must be OK before the console offers to resolve the incident."""
    post_mortem: Seconds = 172_800.0
    """How soon after the incident was resolved its post-mortem is due."""

    def rule(self, severity: int) -> SeverityRule:
        """Return what a severity asks for."""
        found = next((one for one in self.severities if one.severity == severity), None)
        return found or SeverityRule.model_validate({"severity": severity})

    def severity_of(self, about: str, said: int | None = None) -> int:
        """Return the severity of an alert's incident: what its metric says, the one that names it, or `otherwise`."""
        return self._named(about, said) or self.otherwise

    def opens_at_warning(self, about: str, said: int | None = None) -> bool:
        """Return whether the first warning of a metric is an incident already; `said` is the metric's own severity."""
        severity = self._named(about, said)
        return severity is not None and self.rule(severity).opens_at == "warning"

    def _named(self, about: str, said: int | None) -> int | None:
        return said or next((rule.severity for rule in self.severities if about in rule.about), None)

    def respond_within_s(self, severity: int) -> float:
        """Return how soon somebody must respond to an incident of a severity."""
        said = self.rule(severity).respond_within
        return RESPOND_WITHIN_S[severity] if said is None else said

    def escalate_after_s(self, severity: int) -> float:
        """Return when those of a severity are told; 0 is at once."""
        said = self.rule(severity).escalate_after
        return self.respond_within_s(severity) if said is None else said
