"""What the tests of the state of a session share: a shop judged by its lines and by a query, and its folds."""

from collections.abc import Sequence

from console.core.actors import Actor
from console.core.classify import Classifier
from console.core.counts import LinesCounted
from console.core.frame import Frame, SessionView
from console.core.inputs import Input, Reading, SampleTaken, SourceChanged, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.tally import count_lines
from console.core.view import build_frame
from console.core.words import SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
ROLLOUT = Rollout.model_validate(
    {
        "rollout": "shop",
        "title": "The new shop",
        "service": "shop",
        "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
        "sources": {"app": {"docker": {"service": "shop"}}, "db": {"postgres": "postgresql://db/shop"}},
        "events": {"failed": {"match": "failed"}, "served": {"match": "served (?P<page>\\w+)"}},
        "metrics": {
            "failures": {
                "events": {"of": "failed", "over": ["failed", "served"]},
                "window": "1m",
                "unit": "%",
                "target": "< 1%",
                "critical": "> 5%",
                "on": {"critical": "rollback"},
            },
            "leaks": {"query": "leaks", "source": "db", "every": "10s", "target": "== 0", "critical": "> 0"},
        },
        "phases": [
            {
                "name": "Canary 10%",
                "traffic": "10%",
                "soak": "1m",
                "advance": ["failures", "leaks"],
                "pause": ["failures > 2%"],
                "checklist": [{"id": "backup", "text": "Backed up"}],
                "sign_off": ["lead"],
            },
            {"name": "All", "traffic": "100%"},
        ],
        "actions": {
            "rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["true"]}]},
            "step_down": {
                "key": "G",
                "title": "Step down",
                "kind": "step_down",
                "ladder": ["50%", "5%", "0%"],
                "hold": "10m",
                "steps": [{"run": ["true"]}],
            },
            "advance": {"key": "A", "title": "Advance", "kind": "advance"},
        },
    }
)


def lines(at: float, track: str, words: Sequence[str], after: int = -1, *, rollout: Rollout = ROLLOUT) -> LinesCounted:
    """Lines that were written at one moment."""
    raw = [word.encode() for word in words]
    return count_lines(
        Classifier(rollout.events),
        at=at,
        source="app",
        origin=track,
        stream="stdout",
        name=f"shop-{track}",
        track=track,
        after=after,
        keys=range(after + 1, after + 1 + len(raw)),
        times=[at] * len(raw),
        lines=raw,
    )


def fold(*given: Input) -> State:
    """Fold inputs into a new state."""
    state = State(ROLLOUT, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1}))
    for one in given:
        state.apply(one)
    return state


def frame_of(state: State, at: float) -> Frame:
    """The frame of a state."""
    return build_frame(state, at, session=SessionView("s", START, is_read_only=False, held_by=""))


def watched(state: State, since: float, seconds: int) -> State:
    """Let a number of seconds pass."""
    for second in range(1, seconds + 1):
        state.apply(TimePassed(since + second))
    return state


def no_leak(at: float) -> SampleTaken:
    return SampleTaken(at, "leaks", (Reading("", 0.0, samples=50),), 0.01)


def healthy(since: float, seconds: int) -> State:
    """A state in which every metric is OK for a number of seconds."""
    state = fold(TimePassed(since))
    for second in range(1, seconds + 1):
        state.apply(lines(since + second, "canary", ["served x"] * 5, after=second * 10))
        state.apply(no_leak(since + second))
        state.apply(TimePassed(since + second + 0.5))
    return state
