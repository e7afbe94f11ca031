"""What the tests of evidence share: a service of two tracks that writes its lines, and what a session says of it."""

import random
from collections.abc import Iterator

from console.core.actors import Actor
from console.core.counts import Cell, LinesCounted
from console.core.frame import EvidenceView, Frame, SessionView
from console.core.inputs import Input, SourceChanged, TimePassed
from console.core.rollout import Rollout
from console.core.state import State
from console.core.tally import LINES
from console.core.view import build_frame
from console.core.words import SourceState

START = 1_795_219_200.0
ANNA = Actor("anna", "ops1", "pts/3")
EVENTS = {
    "failed": {"match": "failed"},
    "served": {"match": "served"},
    "took": {"match": "took (?P<ms>\\d+)", "number": "ms"},
}
FAILURES = {
    "events": {"of": "failed", "over": ["failed", "served"]},
    "window": "5m",
    "unit": "%",
    "evidence": {"alpha": 0.05, "traffic": True},
}


def rollout(**metrics: dict[str, object]) -> Rollout:
    """A rollout with these metrics at 10 % of traffic, after a phase without any."""
    return Rollout.model_validate(
        {
            "rollout": "shop",
            "title": "The new shop",
            "service": "shop",
            "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
            "sources": {"app": {"docker": {"service": "shop"}}, "db": {"postgres": "postgresql://db/shop"}},
            "events": EVENTS,
            "metrics": metrics,
            "phases": [
                {"name": "Canary 10%", "traffic": "10%", "soak": "24h", "advance": sorted(metrics)},
                {"name": "Half", "traffic": "50%"},
            ],
            "actions": {
                "rollback": {"key": "R", "title": "Roll back", "kind": "rollback", "steps": [{"run": ["true"]}]},
                "advance": {"key": "A", "title": "Advance", "kind": "advance"},
            },
        }
    )


class Service:
    """Both tracks of a service that writes its lines minute by minute."""

    def __init__(self, seed: int = 1) -> None:
        self._rng = random.Random(seed)
        self._upto = {"canary": -1, "baseline": -1}
        self.at = START

    def minutes(self, number: int, *, canary: float, baseline: float = 0.01, share: float = 0.1) -> Iterator[Input]:
        """Yield what comes in so many minutes of 2,000 requests each, with these rates of failures."""
        for _ in range(number):
            self.at += 60
            on_canary = round(2000 * share)
            yield self._lines("canary", on_canary, canary)
            yield self._lines("baseline", 2000 - on_canary, baseline)
            yield TimePassed(self.at)

    def _lines(self, track: str, requests: int, rate: float) -> LinesCounted:
        failed = sum(self._rng.random() < rate for _ in range(requests))
        second = int(self.at) - 30
        return self.counted(
            track, {Cell(second, track, "failed"): failed, Cell(second, track, "served"): requests - failed}
        )

    def counted(self, track: str, counts: dict[Cell, int]) -> LinesCounted:
        """Return lines with these counts."""
        after = self._upto[track]
        lines = sum(count for cell, count in counts.items() if cell.bin == 0)
        self._upto[track] = after + lines
        cells = {cell: count for cell, count in counts.items() if count} | {
            Cell(int(self.at) - 30, track, LINES): lines
        }
        return LinesCounted(self.at, "app", track, "stdout", "shop", track, after, after + lines, lines, 0, cells, {})


def begun(spec: Rollout) -> State:
    state = State(spec, START)
    state.apply(SourceChanged(START, "app", SourceState.LIVE, parts={"canary": 1, "baseline": 1}))
    return state


def fold(state: State, given: Iterator[Input]) -> State:
    for one in given:
        state.apply(one)
    return state


def frame_of(state: State) -> Frame:
    return build_frame(state, state.at, session=SessionView("s", START, is_read_only=False, held_by=""))


def seen(state: State, metric: str = "failures") -> EvidenceView:
    panel = next(panel for panel in frame_of(state).panels if panel.metric == metric)
    assert panel.evidence is not None
    return panel.evidence
