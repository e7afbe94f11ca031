"""What the tests of alerts share: a rollout with routes, and a session whose messages receivers take or do not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from console.core.alerts import Why
from console.core.frame import AlertView, SessionView
from console.core.inputs import SampleFailed, SampleTaken, SilenceMade, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from tests.core.shop import ANNA, METRICS, START, Shop, rollout_of

ESCALATING = {"severity": "critical", "to": ["json://one/a"], "escalate_after": "5m", "escalate_to": ["json://boss/b"]}
WARNINGS = {"severity": "warning", "to": ["json://eng/c"]}


@dataclass
class Scene(Shop):
    """A session that is measured every second."""

    def measured(self, **values: float) -> None:
        """Measure everything, all well but for what is said."""
        for metric in METRICS:
            self.sample(metric, values.get(metric, 0.0))

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


def rollout(*routes: dict[str, Any], **alerts: Any) -> Rollout:
    """The rollout of the shop with these routes, or the usual ones."""
    return rollout_of({"routes": list(routes or (ESCALATING, WARNINGS)), **alerts})


def scene(*routes: dict[str, Any], **alerts: Any) -> Scene:
    """A session that was opened five seconds ago, with all well."""
    made = Scene(State(rollout(*routes, **alerts), START))
    made.open()
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
