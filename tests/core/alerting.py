"""What the tests of alerts share: a rollout with routes, and a session whose messages receivers take or do not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.core import outbox
from console.core.alerts import Delivery, Why
from console.core.frame import AlertView, SessionView
from console.core.grains import Packed
from console.core.inputs import (
    Actor,
    DeliveryBegun,
    DeliveryEnded,
    Input,
    Reading,
    SampleFailed,
    SampleTaken,
    SessionOpened,
    SilenceMade,
    SourceChanged,
    TimePassed,
)
from console.core.memory import document, restore
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.words import SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
ESCALATING = {"severity": "critical", "to": ["json://one/a"], "escalate_after": "5m", "escalate_to": ["json://boss/b"]}
WARNINGS = {"severity": "warning", "to": ["json://eng/c"]}


def rollout(*routes: dict[str, Any], **alerts: Any) -> Rollout:
    """A rollout with two metrics from a database and one from elsewhere."""
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
                "lag": {"command": ["lag"], **asked, **judged},
            },
            "phases": [{"name": "Canary", "traffic": "10%"}],
            "actions": {"rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["x"]}]}},
            "alerts": {"routes": list(routes or (ESCALATING, WARNINGS)), **alerts},
        }
    )


@dataclass
class Scene:
    """A session whose messages are taken by receivers at once, unless they are down."""

    state: State
    down: set[str] = field(default_factory=set)
    got: list[tuple[float, Delivery]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    at: float = START

    def give(self, *given: Input) -> None:
        """Fold inputs."""
        for one in given:
            self.records += self.state.apply(one)

    def sample(self, metric: str, value: float) -> None:
        """Measure something."""
        self.give(SampleTaken(self.at, metric, (Reading("", value, samples=100),), 0.01))

    def measured(self, **values: float) -> None:
        """Measure everything, all well but for what is said."""
        for metric in ("errors", "leaks", "lag"):
            self.sample(metric, values.get(metric, 0.0))

    def deliver(self) -> None:
        """Let receivers take what is due, or not."""
        for delivery in outbox.due(self.state.alerts, self.at):
            self.give(DeliveryBegun(self.at, delivery.id))
            is_down = delivery.receiver in self.down
            self.give(DeliveryEnded(self.at, delivery.id, "refused" if is_down else "", "title"))
            if not is_down:
                self.got.append((self.at - START, delivery))

    def pass_time(self, seconds: float, step_s: float = 1.0, **values: float) -> None:
        """Let time pass, measuring all the while."""
        until = self.at + seconds
        while self.at < until:
            self.at += step_s
            self.measured(**values)
            self.give(TimePassed(self.at))
            self.deliver()

    def told(self) -> list[tuple[str, str, str]]:
        """Who was told what of which alert, in order; without refreshes."""
        return [
            (delivery.receiver, delivery.why.value, item.found.key)
            for _, delivery in self.got
            for item in delivery.items
            if delivery.why is not Why.REFRESHED
        ]

    def views(self) -> dict[str, AlertView]:
        """The alerts on the screen that are told of."""
        session = SessionView("s", START, is_read_only=False, held_by="")
        frame = build_frame(self.state, self.at, session=session)
        return {alert.key: alert for alert in frame.alerts if alert.key}

    def killed(self) -> "Scene":
        """Return the scene after the console was killed and started again, with what it had written down."""
        fresh = State(self.state.rollout, self.at)
        names = ("session", "phase", "attempts", "alerts", "sources", *(f"metric:{one}" for one in fresh.metrics))
        documents = {name: document(self.state, name) for name in names}
        restore(
            fresh, documents=documents, positions={}, counts=Packed(), totals={}, labels={}, lines=0, unclassified=0
        )
        again = Scene(fresh, self.down, self.got, self.records, self.at)
        again.give(SessionOpened(self.at, ANNA, "1", self.at))
        return again


def scene(*routes: dict[str, Any], **alerts: Any) -> Scene:
    made = Scene(State(rollout(*routes, **alerts), START))
    made.give(SessionOpened(START, ANNA, "1", None), SourceChanged(START, "db", SourceState.LIVE))
    made.pass_time(5)
    return made


CRITICAL = "metric:errors:critical"
WARNING = "metric:errors:warning"


def silence(shop: Scene, about: str = "errors", severity: str = "", seconds: float = 300) -> None:
    shop.give(SilenceMade(shop.at, "s1", about, severity, shop.at + seconds, ANNA, "known, waiting for the fix"))


def blind(shop: Scene, seconds: int, is_broken: Callable[[int], bool]) -> None:
    """Let nobody know anything of a metric for a time: each second it is BROKEN, or answers without a number."""
    for second in range(seconds):
        shop.at += 1
        if is_broken(second):
            shop.give(SampleFailed(shop.at, "lag", "no such file", 0.1))
        else:
            shop.give(SampleTaken(shop.at, "lag", (), 0.01))
        shop.sample("errors", 0)
        shop.sample("leaks", 0)
        shop.give(TimePassed(shop.at))
        shop.deliver()
