"""Frames of the shipped rollout, made by the program's own state from measurements that never change."""

import math
from dataclasses import replace
from pathlib import Path

from console.core.action_inputs import ActionEnded, ActionProgressed, ActionStarted
from console.core.actors import Actor
from console.core.counts import Cell, LinesCounted
from console.core.frame import Frame, SessionView
from console.core.inputs import (
    Input,
    ItemTicked,
    Reading,
    SampleTaken,
    SessionOpened,
    SourceChanged,
    SourceSeen,
    TimePassed,
)
from console.core.record import GENESIS, JournalRow, Record, chain
from console.core.state import State
from console.core.view import Schedule, build_frame
from console.core.words import Outcome, Row, SourceState, Table
from console.spec.load import load
from console.spec.loaded import Loaded

NOW = 1_795_270_000.0
ANNA = Actor("anna", "ops1", "pts/3")
MINUTES = 60


def loaded() -> Loaded:
    """The shipped rollout, with nothing set in the environment."""
    return load("stateless-orchestration", {})


def _wave(minute: int, low: float, high: float) -> float:
    return low + (high - low) * (0.5 + 0.5 * math.sin(minute * 1.7))


class Scene(State):
    """A state that keeps what it would have written into the journal."""

    written: list[Record]

    def apply(self, given: Input) -> list[Record]:
        records = super().apply(given)
        self.written = [*getattr(self, "written", ()), *records]
        return records


def journal_of(state: Scene) -> list[JournalRow]:
    """The journal of a scene up to its one moment, chained as a session's file chains it."""
    rows: list[JournalRow] = []
    told = sorted((record for record in state.written if record.at < NOW), key=lambda record: record.at)
    for seq, record in enumerate(told, 1):
        head = chain(rows[-1].hash if rows else GENESIS, seq, record)
        rows.append(JournalRow(seq, record, head))
    return rows


def state_of(*, is_failing: bool = False, is_rolled_back: bool = False) -> Scene:
    """The state after an hour of watching the first canary phase."""
    began = NOW - MINUTES * 60
    state = Scene(loaded().rollout, began - 17 * 3600)
    state.apply(SessionOpened(began - 17 * 3600, ANNA, "0.1.0", None))
    _advance(state, began - 3600)
    state.phase = replace(state.phase, soaked_s=16 * 3600.0 + 42 * 60, watched_at=began)
    state.apply(SourceChanged(began, "app", SourceState.LIVE, parts={"canary": 2, "baseline": 6}))
    state.apply(SourceChanged(began, "db", SourceState.LIVE))
    for minute in range(MINUTES):
        at = began + minute * 60 + 1
        bad = is_failing and minute >= MINUTES - 12
        state.apply(_lines(minute, at, is_bad=bad))
        ticks = [TimePassed(at + second) for second in range(0, 60, 10)]
        for given in sorted([*_samples(minute, at, is_bad=bad), *ticks], key=lambda one: one.at):
            state.apply(given)
    for item in state.rollout.phases[state.phase.index].checklist[:1]:
        state.apply(ItemTicked(NOW - 600, item.id, is_done=True, actor=ANNA))
    if is_rolled_back:
        _roll_back(state)
    for source in state.sources:
        state.apply(SourceSeen(NOW - 1, source))
    state.apply(TimePassed(NOW))
    return state


def _advance(state: State, at: float) -> None:
    state.apply(ActionStarted(at, "advance-1", "advance", "advance", "Advance", ANNA, "planned", 10.0, 1, ()))
    state.apply(ActionEnded(at + 20, "advance-1", Outcome.DONE))
    state.apply(TimePassed(at + 21))


def _samples(minute: int, at: float, *, is_bad: bool) -> list[SampleTaken]:
    total, base_total = 9_180 + 20 * minute, 82_400 + 180 * minute
    rate = 5.42 + 0.1 * (minute % 3) if is_bad else _wave(minute, 0.38, 0.55)
    base_rate = _wave(minute, 0.57, 0.66)
    latency = 3.21 if is_bad else _wave(minute, 1.41, 1.62)
    bad, base_bad = round(total * rate / 100), round(base_total * base_rate / 100)
    table = Table(
        ("track", "total", "bad"), (("canary", f"{total}", f"{bad}"), ("baseline", f"{base_total}", f"{base_bad}"))
    )
    seen = f"{total + base_total}"
    return [
        SampleTaken(
            at,
            "error_rate",
            (
                Reading("canary", 100 * bad / total, total, bad),
                Reading("baseline", 100 * base_bad / base_total, base_total, base_bad),
            ),
            0.041,
            table,
        ),
        SampleTaken(
            at,
            "p95_latency",
            (Reading("canary", latency, total), Reading("baseline", _wave(minute, 1.72, 1.86), base_total)),
            0.087,
            Table(("track", "value"), (("canary", f"{latency:.2f}"), ("baseline", "1.80"))),
        ),
        SampleTaken(
            at,
            "isolation",
            (Reading("", 0.0, total + base_total),),
            0.032,
            Table(("value", "samples"), (("0", seen),)),
        ),
        SampleTaken(
            at,
            "concurrent_sessions",
            (Reading("", float(round(_wave(minute, 118, 164)))),),
            0.019,
            Table(("value",), (("141",),)),
        ),
        SampleTaken(at + 58, "health", (Reading("", 1.0, 1),), 0.004),
    ]


def _lines(minute: int, at: float, *, is_bad: bool) -> LinesCounted:
    counts: dict[Cell, int] = {}
    for second in range(60):
        whole = int(at) + second
        failed = 2 if is_bad and second % 3 == 0 else int((minute + second) % 41 == 0)
        for track, share in (("canary", 1), ("baseline", 9)):
            done = share * (2 + (minute + second) % 3)
            lost = failed if track == "canary" else int((minute * 7 + second) % 23 == 0)
            counts[Cell(whole, track, "session_completed")] = done
            counts[Cell(whole, track, "")] = done + lost + 1
            if lost:
                counts[Cell(whole, track, "session_failed")] = lost
    lines = sum(count for cell, count in counts.items() if cell.event == "")
    return LinesCounted(
        at=at + 60,
        source="app",
        origin="c0ffee",
        stream="stdout",
        name="app-canary-1",
        track="canary",
        after=minute - 1,
        upto=minute,
        lines=lines,
        unclassified=120,
        counts=counts,
        labels={},
        rows=tuple(_rows(at, is_bad=is_bad)),
        newest=at + 59.8,
    )


def _rows(at: float, *, is_bad: bool) -> list[Row]:
    rows = []
    for number in range(12):
        track = "canary" if number % 3 == 0 else "baseline"
        ms = 640 + 97 * number % 800
        event, kind, text = "session_completed", "session", f"INFO app Request completed in {ms}ms stage=drafting"
        if is_bad and track == "canary":
            event, text = "session_failed", "ERROR app Request failed stage=drafting error=Unexpected end of JSON"
        rows.append(Row(at + 5 * number, "app", f"app-{track}-{number % 2 + 1}", track, event, kind, text))
    return rows


def _roll_back(state: State) -> None:
    at = NOW - 45
    steps = ("env_file .env", "docker compose up -d --no-deps app")
    state.apply(
        ActionStarted(
            at, "rollback-1", "rollback", "rollback", "Roll back to 0%", ANNA, "error_rate CRITICAL", 0.0, None, steps
        )
    )
    for number, label in enumerate((*steps, "GET /health is 200")):
        state.apply(ActionProgressed(at + 4 * number, "rollback-1", number, label, "running"))
        done = "done" if number < len(steps) else "passed"
        state.apply(ActionProgressed(at + 4 * number + 3, "rollback-1", number, label, done))
    state.apply(ActionEnded(at + 12, "rollback-1", Outcome.DONE))
    for sample in _samples(MINUTES, NOW - 20, is_bad=False):
        state.apply(sample)


def frame_of(state: State) -> Frame:
    """The frame at the scene's one moment."""
    schedules = {
        name: Schedule(NOW + 12 + 7 * number, began_at=None)
        for number, name in enumerate(state.metrics)
        if state.metrics[name].metric.is_probed
    }
    session = SessionView("stateless-orchestration-20261120-204640", state.began, is_read_only=False, held_by="")
    return build_frame(state, NOW, session=session, schedules=schedules)


FOLDER = Path(__file__).parent.parent / "screenshots"
