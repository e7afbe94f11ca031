"""A session of ten million counted lines over seven days, written by the real store as a watch writes it."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from console.core.counts import Cell, LabelCell, LinesCounted
from console.core.quantiles import bin_of
from console.core.tally import LINES
from console.effects.sessions import this_actor
from console.effects.store import Committed
from console.opening import open_session
from console.spec.load import load
from tests.bench.scene import PATTERNS, labels_of, number_of, write_rollout

TOTAL = 10_000_000
DAYS = 7
SECONDS = DAYS * 86_400
SOURCES = {"canary": "app", "baseline": "old"}
"""Which source gives the lines of which track."""
BYTES_PER_LINE = 128
_COMMIT_S = 6 * 3600
_YAML = '{file: "agent*.log", track: canary}\n  old: {file: "old*.log", track: baseline}'


async def write_session(folder: Path, state: Path, until: float) -> tuple[Path, dict[str, int]]:
    """Write the session and return its rollout file, and how often each event happened on the canary.

    In every second each track has its share of the lines, a number, and a line of one of the other classes.
    """
    file = write_rollout(folder, _YAML)
    began = int(until) - SECONDS
    opened = await open_session(load(str(file), {}), state, this_actor(), since=began, at=began)
    engine = opened.engine
    assert engine is not None
    totals: Counter[str] = Counter()
    for stretches in _stretches(began):
        committed = await engine.store.commit(counted=stretches)
        assert isinstance(committed, Committed), committed
        for cell, count in stretches[0].counts.items():
            totals[cell.event] += count if cell.bin == 0 else 0
    await opened.leave()
    return file, {event: count for event, count in totals.items() if event != LINES}


def _stretches(began: int) -> Iterator[list[LinesCounted]]:
    """Yield what is committed at once, a stretch per track."""
    draw = random.Random(7).random
    written = dict.fromkeys(SOURCES, 0)
    for first in range(0, SECONDS, _COMMIT_S):
        stretches = []
        for side, (track, source) in enumerate(SOURCES.items()):
            before = written[track]
            cells: dict[Cell, int] = {}
            labels: Counter[LabelCell] = Counter()
            for second in range(first, min(first + _COMMIT_S, SECONDS)):
                # Two tracks share TOTAL lines evenly over the seconds.
                upto = (second + 1) * TOTAL // (2 * SECONDS)
                cells[Cell(began + second, track, LINES)] = upto - written[track]
                written[track] = upto
                for event in (_NUMBERED, _OTHERS[(second + side) % len(_OTHERS)]):
                    cells[Cell(began + second, track, event)] = 1
                    for label in labels_of(event):
                        labels[LabelCell(track, event, label, f"{label.upper()}_{int(draw() * 6)}")] += 1
                cells[Cell(began + second, track, _NUMBERED, bin_of(int(100 / (0.02 + draw()))))] = 1
            lines = written[track] - before
            stretches.append(
                LinesCounted(
                    at=float(began + first + _COMMIT_S),
                    source=source,
                    origin="bench",
                    stream="",
                    name=f"{source}.log",
                    track=track,
                    after=before * BYTES_PER_LINE if before else -1,
                    upto=written[track] * BYTES_PER_LINE,
                    lines=lines,
                    unclassified=lines - 2 * _COMMIT_S,
                    counts=cells,
                    labels=dict(labels),
                    newest=float(began + first + _COMMIT_S),
                )
            )
        yield stretches


_NUMBERED = next(event for event in PATTERNS if number_of(event))
_OTHERS = tuple(event for event in PATTERNS if event != _NUMBERED)
