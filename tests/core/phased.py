"""What the tests of phases share: a shop with two phases, and a session of it that is measured second by second."""

from typing import Any

from console.core.action_inputs import ActionEnded, ActionStarted
from console.core.actors import Actor
from console.core.counts import Cell, LinesCounted
from console.core.frame import Clause, Frame, SessionView
from console.core.inputs import Input, Reading, SampleTaken, SourceChanged, TimePassed
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.state import State
from console.core.tally import LINES
from console.core.view import build_frame
from console.core.words import Outcome, SourceState
from tests.core.taken_up import taken_up, written

START = 1_795_219_200.0
"""2026-11-21 00:00:00 UTC."""
ANNA = Actor("anna", "ops1", "pts/3")


def rollout(**more: Any) -> Rollout:
    said: dict[str, Any] = {
        "rollout": "shop",
        "title": "The new shop",
        "service": "shop",
        "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
        "sources": {"app": {"docker": {"service": "shop"}}, "db": {"postgres": "postgresql://db/shop"}},
        "events": {"failed": {"match": "failed"}, "served": {"match": "served"}},
        "metrics": {
            "errors": {
                "query": "errors",
                "source": "db",
                "every": "10s",
                "unit": "%",
                "target": "< 1%",
                "critical": "> 5%",
                "min_samples": 1000,
                "keep_for": "2m",
                "window": "5m",
            },
            "failures": {"events": {"of": "failed", "over": ["failed", "served"]}, "unit": "%", "target": "< 50%"},
        },
        "phases": [
            {
                "name": "Canary 10%",
                "traffic": "10%",
                "soak": "1h",
                "advance": ["errors"],
                "checklist": [{"id": "backup", "text": "Backed up"}],
                "sign_off": ["lead"],
            },
            {"name": "All", "traffic": "100%", "soak": "1h", "advance": ["errors"]},
        ],
        "actions": {"advance": {"key": "A", "title": "Advance", "kind": "advance"}},
        **more,
    }
    return Rollout.model_validate(said)


def errors(at: float, share: float = 0.1, samples: int = 5000) -> SampleTaken:
    bad = round(samples * share / 100)
    return SampleTaken(
        at, "errors", (Reading("canary", share, samples, bad), Reading("baseline", 0.1, samples, 5)), 0.1
    )


def counted(at: float, failed: int, served: int, track: str = "canary") -> LinesCounted:
    """Counts of one second, without their lines."""
    second, origin = int(at), track
    cells = {Cell(second, track, "failed"): failed, Cell(second, track, "served"): served}
    return LinesCounted(
        at=at,
        source="app",
        origin=origin,
        stream="stdout",
        name=origin,
        track=track,
        after=second - 1,
        upto=second,
        counts={**cells, Cell(second, track, LINES): failed + served},
        labels={},
        lines=failed + served,
        unclassified=0,
        rows=(),
        rows_dropped=0,
        newest=at,
    )


def begun(of: Rollout | None = None) -> State:
    state = State(of or rollout(), START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1}))
    state.apply(errors(START))
    state.apply(TimePassed(START))
    return state


def run(
    state: State, since: int, until: int, share: float = 0.1, samples: int = 5000, *, step: int = 1
) -> list[Record]:
    """Let seconds pass, with an answer of the query every ten; the clock ticks every `step` of them."""
    said = []
    for second in range(since + 1, until + 1):
        if second % 10 == 0:
            said += state.apply(errors(START + second, share, samples))
        if second % step == 0 or second == until:
            said += state.apply(TimePassed(START + second))
    return said


def frame_of(state: State, at: float) -> Frame:
    return build_frame(state, START + at, session=SessionView("s", START, is_read_only=False, held_by=""))


def clause_of(frame: Frame, kind: str, ref: str = "") -> Clause:
    return next(one for one in frame.phase.clauses if one.kind == kind and one.ref == ref)


def advanced(at: float, override: str = "") -> list[Input]:
    started = ActionStarted(
        START + at, "a1", "advance", "advance", "Advance", ANNA, "the release must go", 100.0, 1, (), override
    )
    return [started, ActionEnded(START + at + 1, "a1", Outcome.DONE)]


def again(state: State, at: float) -> State:
    """The session as another console takes it up."""
    return taken_up(state, at, documents=written(state))
