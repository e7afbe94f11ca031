"""What the tests of incidents share: a rollout with severities, and a session whose messages are taken at once."""

from dataclasses import dataclass, field
from typing import Any

from console.core import outbox
from console.core.alerts import Delivery
from console.core.grains import Packed
from console.core.incidents import Decision, Incident, Step
from console.core.inputs import (
    Actor,
    DeliveryBegun,
    DeliveryEnded,
    IncidentDecided,
    Input,
    Reading,
    SampleTaken,
    SessionOpened,
    SourceChanged,
    TimePassed,
)
from console.core.memory import document, restore
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.state import State
from console.core.words import SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
LI = Actor("li", "ops2")
SEVERITIES = [
    {"severity": 1, "about": "leaks", "escalate_after": "0s", "escalate_to": ["json://cto/x"], "action": "rollback"},
    {"severity": 2, "about": ["errors", "rollback"], "escalate_to": ["json://lead/y"]},
]
DOCUMENT: dict[str, Any] = {"severities": SEVERITIES}


def rollout(incidents: dict[str, Any] | None = DOCUMENT, **more: Any) -> Rollout:
    asked = {"every": "10s", "stale_after": "1m"}
    judged = {"target": "< 1", "warning": "> 2", "critical": "> 5"}
    return Rollout.model_validate(
        {
            "rollout": "shop",
            "title": "The shop",
            "service": "shop",
            "sources": {"db": {"postgres": "postgresql://db/shop"}},
            "metrics": {
                "errors": {"query": "errors", "source": "db", **asked, **judged},
                "leaks": {"query": "leaks", "source": "db", **asked, **judged},
                "lag": {"command": ["lag"], **asked, **judged, "severity": 3},
            },
            "phases": [{"name": "Canary", "traffic": "10%"}],
            "actions": {"rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["x"]}]}},
            "alerts": {
                "group_wait": "0s",
                "routes": [
                    {
                        "severity": "critical",
                        "to": ["json://one/a"],
                        "escalate_after": "1h",
                        "escalate_to": ["json://boss/b"],
                    },
                    {"severity": "warning", "to": ["json://eng/c"]},
                ],
            },
            **({} if incidents is None else {"incidents": incidents}),
            **more,
        }
    )


@dataclass
class Scene:
    """A session whose messages are taken at once, and whose metrics are measured every ten seconds."""

    state: State
    at: float = START
    values: dict[str, float] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    got: list[Delivery] = field(default_factory=list)

    def give(self, *inputs: Input) -> None:
        for one in inputs:
            self.records += self.state.apply(one)

    def measure(self, **values: float) -> None:
        """Measure everything, all well but for what was said last."""
        self.values.update(values)
        for metric in ("errors", "leaks", "lag"):
            self.give(SampleTaken(self.at, metric, (Reading("", self.values.get(metric, 0.0), samples=100),), 0.01))
        self.tick()

    def tick(self) -> None:
        self.give(TimePassed(self.at))
        for delivery in outbox.due(self.state.alerts, self.at):
            self.give(DeliveryBegun(self.at, delivery.id), DeliveryEnded(self.at, delivery.id, "", "title"))
            self.got.append(delivery)

    def pass_time(self, seconds: float, step_s: float = 10.0) -> None:
        until = self.at + seconds
        while self.at < until:
            self.at = min(until, self.at + step_s)
            self.measure()

    def decide(self, step: Step, *, actor: Actor = ANNA, incident: int = 1, **more: Any) -> None:
        self.give(IncidentDecided(self.at, Decision(step, incident, **more), actor))

    def told(self, key: str) -> list[tuple[str, str]]:
        """Who was told of an alert, and why, in order."""
        return [
            (delivery.receiver, delivery.why.value)
            for delivery in self.got
            for item in delivery.items
            if item.found.key == key
        ]

    @property
    def incident(self) -> Incident:
        return self.state.incidents.incidents[self.state.incidents.number]

    def said(self) -> list[str]:
        return [record.text for record in self.records if record.kind == "incident"]

    def killed(self, changed: Rollout | None = None) -> "Scene":
        """Return the scene after the console was killed and started again, with what it had written down."""
        fresh = State(changed or self.state.rollout, self.at)
        names = ("session", "phase", "attempts", "alerts", "incidents", "sources")
        names += tuple(f"metric:{one}" for one in fresh.metrics if one in self.state.metrics)
        documents = {name: document(self.state, name) for name in names}
        restore(
            fresh, documents=documents, positions={}, counts=Packed(), totals={}, labels={}, lines=0, unclassified=0
        )
        again = Scene(fresh, self.at, dict(self.values), self.records, self.got)
        again.give(SessionOpened(self.at, ANNA, "1", self.at))
        return again


def scene(incidents: dict[str, Any] | None = DOCUMENT, **more: Any) -> Scene:
    made = Scene(State(rollout(incidents, **more), START))
    made.give(SessionOpened(START, ANNA, "1", None), SourceChanged(START, "db", SourceState.LIVE))
    made.measure()
    return made
