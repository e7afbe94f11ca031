"""Sessions recorded by the engine itself, with a clock and inputs of the test's own."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from console.core.actors import Actor
from console.core.counts import Cell, LinesCounted
from console.core.frame import SessionView
from console.core.inputs import ClockStepped, Input, Reading, SampleTaken, SourceChanged
from console.core.redact import Redactor
from console.core.rollout import Evidence, Rollout
from console.core.state import State
from console.core.words import SourceState
from console.effects.store import Store
from console.engine import Engine
from console.spec.loaded import Loaded

ANNA = Actor("anna", "ops1", "pts/3")
START = 1_795_219_200.25
ROLLOUT = Rollout.model_validate(
    {
        "rollout": "shop",
        "title": "The new shop",
        "service": "shop",
        "tracks": {"canary": {"label": "track=canary"}, "baseline": {"label": "track=baseline"}},
        "sources": {"app": {"docker": {"service": "shop"}}, "db": {"postgres": "postgresql://db/shop"}},
        "events": {"failed": {"match": "failed"}, "served": {"match": "served (?P<ms>\\d+)", "number": "ms"}},
        "metrics": {
            "failures": {
                "events": {"of": "failed", "over": ["failed", "served"]},
                "window": "30s",
                "unit": "%",
                "target": "< 1%",
                "warning": "> 5%",
                "critical": "> 20%",
                "for": "5s",
                "keep_for": "4s",
                "min_samples": 5,
            },
            "leaks": {
                "query": "leaks",
                "source": "db",
                "every": "5s",
                "stale_after": "12s",
                "target": "== 0",
                "critical": "> 0",
            },
        },
        "phases": [
            {"name": "Canary 10%", "traffic": "10%", "soak": "1m", "advance": ["failures", "leaks"]},
            {"name": "All", "traffic": "100%"},
        ],
    }
)

WEIGHED = ROLLOUT.model_copy(
    update={
        "metrics": {
            **ROLLOUT.metrics,
            "failures": ROLLOUT.metrics["failures"].model_copy(update={"evidence": Evidence(every=5.0)}),
        }
    }
)
"""The same, with evidence asked for."""


def lines(second: int, *, failed: int, served: int, track: str = "canary", at: float | None = None) -> LinesCounted:
    """The lines of one second, read when it was just over or at a time of one's own."""
    counts = {Cell(second, track, ""): failed + served}
    counts |= {Cell(second, track, name): n for name, n in (("failed", failed), ("served", served)) if n}
    return LinesCounted(
        at=second + 1.0 if at is None else at,
        source="app",
        origin=track,
        stream="stdout",
        name=f"shop-{track}",
        track=track,
        after=-1,
        upto=second,
        lines=failed + served,
        unclassified=0,
        counts=counts,
        labels={},
        newest=float(second),
    )


def answer(at: float, value: float | None, samples: int = 50) -> SampleTaken:
    """What the query of leaks said."""
    return SampleTaken(at, "leaks", (Reading("", value, samples=samples),), 0.01)


def live(at: float) -> list[Input]:
    """Both sources answer."""
    return [
        SourceChanged(at, "app", SourceState.LIVE, parts={"canary": 2}),
        SourceChanged(at, "db", SourceState.LIVE),
    ]


def record(
    folder: Path,
    *runs: tuple[float, int, Sequence[Input]],
    rollout: Rollout = ROLLOUT,
    look: Callable[[State], None] = lambda _: None,
) -> State:
    """Record a session: each run has its beginning, its length in seconds and its inputs; return how it ended.

    `look` is called after every tick.
    """
    return asyncio.run(_record(folder, runs, rollout, look))


async def _record(
    folder: Path, runs: Iterable[tuple[float, int, Sequence[Input]]], rollout: Rollout, look: Callable[[State], None]
) -> State:
    loaded = Loaded(rollout, folder / "shop.yaml", folder, {}, (), "0" * 64, ())
    state: State | None = None
    for run in runs:
        store = await (Store.create if state is None else Store.open)(folder, redactor=Redactor())
        state = await _watch(loaded, store, run, look)
    assert state is not None
    return state


async def _watch(
    loaded: Loaded, store: Store, run: tuple[float, int, Sequence[Input]], look: Callable[[State], None]
) -> State:
    since, seconds, inputs = run
    now, ahead_s = since, 0.0
    engine = Engine(
        loaded,
        store,
        SessionView("s", since, is_read_only=False, held_by=""),
        ANNA,
        "1",
        clock=lambda: now,
        steady=lambda: now - ahead_s,
    )
    await engine.open()
    waiting = sorted(inputs, key=lambda one: one.at)
    for second in range(1, seconds + 1):
        now = since + second + ahead_s
        while waiting and waiting[0].at <= now:
            heard = waiting.pop(0)
            if isinstance(heard, ClockStepped):  # the engine sees that by itself
                now, ahead_s = now + heard.by_s, ahead_s + heard.by_s
            else:
                engine.apply(_following(engine, heard))
        engine.tick()
        look(engine.state)
        if second % 60 == 0:
            await engine.commit()
    assert not waiting, "an input is later than its run"
    now += 0.3
    await engine.close("left")
    return engine.state


def _following(engine: Engine, given: Input) -> Input:
    """Let lines follow those that were counted before."""
    if not isinstance(given, LinesCounted):
        return given
    known = engine.state.positions.get((given.source, given.origin, given.stream), -1)
    return replace(given, after=known)
