"""What the tests of incidents share: a rollout with severities, and a session that is measured every ten seconds."""

from dataclasses import dataclass, field
from typing import Any

from console.core.actors import Actor
from console.core.incidents import Decision, Incident, Step
from console.core.inputs import IncidentDecided, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from tests.core.shop import ANNA, METRICS, START, Shop, rollout_of

LI = Actor("li", "ops2")
SEVERITIES = [
    {"severity": 1, "about": "leaks", "escalate_after": "0s", "escalate_to": ["json://cto/x"], "action": "rollback"},
    {"severity": 2, "about": ["errors", "rollback"], "escalate_to": ["json://lead/y"]},
]
DOCUMENT: dict[str, Any] = {"severities": SEVERITIES}
ROUTES = [
    {"severity": "critical", "to": ["json://one/a"], "escalate_after": "1h", "escalate_to": ["json://boss/b"]},
    {"severity": "warning", "to": ["json://eng/c"]},
]


@dataclass
class Scene(Shop):
    """A session whose metrics are measured every ten seconds."""

    values: dict[str, float] = field(default_factory=dict)
    """What was measured last, where it was said."""

    def measure(self, **values: float) -> None:
        """Measure everything, all well but for what was said last."""
        self.values.update(values)
        for metric in METRICS:
            self.sample(metric, self.values.get(metric, 0.0))
        self.tick()

    def tick(self) -> None:
        """Let the session judge this moment, and receivers take what is due."""
        self.give(TimePassed(self.at))
        self.deliver()

    def pass_time(self, seconds: float, step_s: float = 10.0) -> None:
        """Let time pass, measuring all the while."""
        until = self.at + seconds
        while self.at < until:
            self.at = min(until, self.at + step_s)
            self.measure()

    def decide(self, step: Step, *, actor: Actor = ANNA, incident: int = 1, **more: Any) -> None:
        """Decide something of an incident."""
        self.give(IncidentDecided(self.at, Decision(step, incident, **more), actor))

    def told(self, key: str) -> list[tuple[str, str]]:
        """Who was told of an alert, and why, in order."""
        return [
            (delivery.receiver, delivery.why.value)
            for _, delivery in self.got
            for item in delivery.items
            if item.found.key == key
        ]

    @property
    def incident(self) -> Incident:
        """The newest one."""
        return self.state.incidents.incidents[self.state.incidents.number]

    def said(self) -> list[str]:
        """What the journal says of incidents."""
        return [record.text for record in self.records if record.kind == "incident"]


def rollout(incidents: dict[str, Any] | None = DOCUMENT, **more: Any) -> Rollout:
    """The rollout of the shop with this section of incidents, or without it."""
    section = {} if incidents is None else {"incidents": incidents}
    return rollout_of({"group_wait": "0s", "routes": ROUTES}, **section, **more)


def scene(incidents: dict[str, Any] | None = DOCUMENT, **more: Any) -> Scene:
    """A session that was just opened, with all well."""
    made = Scene(State(rollout(incidents, **more), START))
    made.open()
    made.measure()
    return made
