"""Incidents as the screen and the exports get them, made by the program's own state."""

from dataclasses import replace

from console.core.actors import Actor
from console.core.frame import Frame, SessionView
from console.core.incidents import Decision, Step
from console.core.inputs import IncidentDecided, Reading, SampleTaken, SessionOpened, SourceChanged, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.view import build_frame
from console.core.words import SourceState
from tests.frame_parts import AT

ANNA = Actor("anna", "ops1", "pts/3")
ROLLOUT = Rollout.model_validate(
    {
        "rollout": "shop",
        "title": "The shop",
        "service": "shop",
        "sources": {"db": {"postgres": "postgresql://db/shop"}},
        "metrics": {
            "error_rate": {"query": "e", "source": "db", "unit": "%", "target": "< 1%", "critical": "> 5%"},
            "isolation": {"query": "i", "source": "db", "target": "== 0", "critical": "> 0"},
        },
        "phases": [{"name": "Canary", "traffic": "10%"}],
        "actions": {"rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["x"]}]}},
        "incidents": {
            "severities": [
                {"severity": 1, "about": "isolation", "action": "rollback", "advice": "Roll back at once"},
                {"severity": 2, "about": "error_rate"},
            ],
            "war_room": {"where": "https://meet.internal/war"},
            "roles": {"commander": "Engineering Lead", "communications": "Product Manager"},
        },
    }
)


class Story:
    """A session in which things go wrong, ten seconds at a time."""

    def __init__(self) -> None:
        self.state = State(ROLLOUT, AT - 600)
        self.at = AT - 600
        self.bad: dict[str, float] = {}
        self.state.apply(SessionOpened(self.at, ANNA, "1", None))
        self.state.apply(SourceChanged(self.at, "db", SourceState.LIVE))

    def measure(self, **bad: float) -> "Story":
        """Measure both metrics, well but for what was said last."""
        self.bad |= bad
        for name in ("error_rate", "isolation"):
            value = Reading("", self.bad.get(name, 0.0), samples=1_000)
            self.state.apply(SampleTaken(self.at, name, (value,), 0.01))
        self.state.apply(TimePassed(self.at))
        return self

    def later(self, seconds: float) -> "Story":
        """Let time pass."""
        for _ in range(int(seconds / 10)):
            self.at += 10
            self.measure()
        return self

    def decide(self, step: Step, **more: str | int) -> "Story":
        """Let somebody decide something."""
        decision = replace(Decision(step, 1), **more)  # type: ignore[arg-type]
        self.state.apply(IncidentDecided(self.at, decision, ANNA))
        return self

    def frame(self) -> Frame:
        """Return the picture of now."""
        session = SessionView("s-1", self.state.began, is_read_only=False, held_by="")
        return build_frame(self.state, self.at, session=session)


def fresh() -> Story:
    """An incident of severity 1 that nobody has responded to for 50 seconds."""
    return Story().measure(error_rate=7.25).later(40).measure(isolation=3).later(50)


def late() -> Story:
    """The same after nobody responded in time."""
    return fresh().later(400)


def taken() -> Story:
    """The same, taken, with a commander, in the war room."""
    story = fresh().decide(Step.TAKE).decide(Step.ROLE, subject="commander", text="Anna")
    return story.decide(Step.ROOM).decide(Step.ITEM, subject="assess", text="one shard").later(20)


def well() -> Story:
    """The same after everything was well for long enough."""
    return taken().measure(error_rate=0, isolation=0).later(620)


def resolved() -> Story:
    """The same, resolved."""
    return well().decide(Step.RESOLVE, text="rolled back").later(60)
