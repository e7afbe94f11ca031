"""A shop with two metrics from a database and one from elsewhere, and a session whose messages receivers take."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from console.core import outbox
from console.core.actors import Actor
from console.core.alerts import Delivery
from console.core.grains import Packed
from console.core.inputs import DeliveryBegun, DeliveryEnded, Input, Reading, SampleTaken, SessionOpened, SourceChanged
from console.core.memory import document, restore
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.state import State
from console.core.words import SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
METRICS = ("errors", "leaks", "lag")


def rollout_of(alerts: dict[str, Any], **more: Any) -> Rollout:
    """The rollout of the shop with these alerts, and more sections."""
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
            "alerts": alerts,
            **more,
        }
    )


@dataclass
class Shop:
    """A session whose messages are taken by receivers at once, unless they are down."""

    state: State
    at: float = START
    down: set[str] = field(default_factory=set)
    got: list[tuple[float, Delivery]] = field(default_factory=list)
    """What receivers took, and how many seconds after the start."""
    records: list[Record] = field(default_factory=list)

    def open(self) -> None:
        """Open the session, whose database answers."""
        self.give(SessionOpened(self.at, ANNA, "1", None), SourceChanged(self.at, "db", SourceState.LIVE))

    def give(self, *given: Input) -> None:
        """Fold inputs."""
        for one in given:
            self.records += self.state.apply(one)

    def sample(self, metric: str, value: float) -> None:
        """Measure something."""
        self.give(SampleTaken(self.at, metric, (Reading("", value, samples=100),), 0.01))

    def deliver(self) -> None:
        """Let receivers take what is due, or not."""
        for delivery in outbox.due(self.state.alerts, self.at):
            self.give(DeliveryBegun(self.at, delivery.id))
            is_down = delivery.receiver in self.down
            self.give(DeliveryEnded(self.at, delivery.id, "refused" if is_down else "", "title"))
            if not is_down:
                self.got.append((self.at - START, delivery))

    def killed(self, changed: Rollout | None = None) -> Self:
        """Return the session after the console was killed and started again, with what it had written down."""
        fresh = State(changed or self.state.rollout, self.at)
        names = ("session", "phase", "attempts", "alerts", "incidents", "sources")
        names += tuple(f"metric:{one}" for one in fresh.metrics if one in self.state.metrics)
        documents = {name: document(self.state, name) for name in names}
        restore(
            fresh, documents=documents, positions={}, counts=Packed(), totals={}, labels={}, lines=0, unclassified=0
        )
        again = replace(self, state=fresh)
        again.give(SessionOpened(self.at, ANNA, "1", self.at))
        return again
