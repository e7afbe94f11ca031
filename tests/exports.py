"""Exports of realistic sessions, for tests of snapshots and reports."""

import math
from dataclasses import replace
from typing import Any

from console.core.action_frame import StepView
from console.core.chronicle import Advance, Chronicle, Measured, Span, Told, Turn
from console.core.export import EventTotal, Export
from console.core.frame import Frame, JournalView
from console.core.verdict import Verdict
from console.core.words import Outcome
from tests import frames
from tests.frame_parts import AT

BEGAN = AT - 63_720
"""When the session of `tests.frames` began."""


def series(low: float, high: float, *, rises_at: float, every_s: float = 60.0) -> list[tuple[float, float | None]]:
    """Return a noisy line around `low` that climbs to `high` from `rises_at`, with an hour of silence in it."""
    points: list[tuple[float, float | None]] = []
    at = BEGAN
    while at <= AT:
        calm = low * (1 + 0.2 * math.sin(at / 1700) + 0.1 * math.sin(at / 260))
        climb = max(0.0, min(1.0, (at - rises_at) / max(1.0, AT - rises_at)))
        if not BEGAN + 20_000 < at < BEGAN + 23_600:
            points.append((at, None if BEGAN + 40_000 < at < BEGAN + 40_600 else calm + (high - low) * climb))
        at += every_s
    return points


UNITS = {"error_rate": "%", "p95_latency": "s", "rejection_rate": "%", "coherence": "%"}
REASONS = {
    Verdict.CRITICAL: "> 5% since 13:59",
    Verdict.WARNING: "> 3s since 13:58",
    Verdict.UNKNOWN: "too few samples",
}


def _measured(frame: Frame) -> Frame:
    """Return the frame with the units and reasons that an engine gives it."""
    panels = []
    for panel in frame.panels:
        values = (replace(value, reason=REASONS.get(value.verdict, "")) for value in panel.values)
        panels.append(replace(panel, unit=UNITS.get(panel.metric, ""), values=tuple(values)))
    return replace(frame, panels=tuple(panels))


def chronicle() -> Chronicle:
    """Return what the journal tells of two phases, of which the second was entered without its soak."""
    evidence = (
        Measured("error_rate", "OK", "0.58 %", 48_112),
        Measured("p95_latency", "OFF TARGET", "2.4 s", 48_112),
        Measured("coherence", "UNKNOWN", "", None),
    )
    entered = Advance(BEGAN + 5_000, "anna@ops1 (pts/3)", "Canary 5 % soaked its day", "4h of soak left", evidence)
    return Chronicle(
        spans=(Span("Canary 5%", BEGAN, BEGAN + 5_031), Span("Canary 10%", BEGAN + 5_031, None, entered)),
        turns=(
            Turn(AT - 9_000, "error_rate", "OK", "WARNING", "> 2% for 5m"),
            Turn(AT - 240, "error_rate", "WARNING", "CRITICAL", "> 5% for 5m"),
        ),
        deeds=(Told(AT - 400, "note", "the payment provider announced maintenance", "li@ops2"),),
        alerts=(Told(AT - 9_000, "alert", "error_rate WARNING: raised"),),
        undelivered=(Told(AT - 8_990, "told", "slack GIVEN UP after 5 attempts: refused"),),
        gaps=(Told(AT - 50, "gap", "app canary-1: lines may be missing after 13:20:11"),),
    )


def export(frame: Frame | None = None, **more: Any) -> Export:
    """Return the export of a session whose canary turned bad and was stepped down."""
    attempts = (
        frames.attempt(
            Outcome.FAILED,
            attempt="a2",
            action="migrate",
            kind="task",
            title="Migrate the keys",
            traffic=None,
            reason="schema 12 needs it",
            started=AT - 20_000,
            ended=AT - 19_912,
            detail="step 1 left with exit code 3",
            steps=(StepView("./migrate.sh --live", "failed", "exit code 3 after 88s", AT - 20_000, AT - 19_912),),
        ),
        frames.attempt(
            Outcome.DONE,
            attempt="a1",
            action="advance",
            kind="advance",
            title="Advance",
            traffic=10.0,
            reason="Canary 5 % soaked its day",
            started=BEGAN + 5_000,
            ended=BEGAN + 5_031,
        ),
    )
    shown = _measured(frame or frames.regression())
    if frame is None:
        shown = replace(shown, attempts=(*frames.rolling_back().attempts, *attempts))
    labels = {"state": {"SLOT_SELECTION": 12, "CONFIRM": 4}}
    known: dict[str, Any] = {
        "frame": shown,
        "events": {
            track: {
                view.event: EventTotal(next(c.total for c in view.tracks if c.track == track), labels)
                for view in shown.events
                if any(c.track == track for c in view.tracks)
            }
            for track in ("canary", "baseline")
        },
        "history": {
            ("error_rate", "canary"): series(0.6, 5.42, rises_at=AT - 9_000),
            ("error_rate", "baseline"): series(0.61, 0.61, rises_at=AT),
            ("p95_latency", "canary"): series(1.7, 5.21, rises_at=AT - 14_000),
            ("p95_latency", "baseline"): series(1.8, 1.8, rises_at=AT),
            ("isolation", "canary"): [(at, 0.0) for at, _ in series(1, 1, rises_at=AT)],
            ("rejection_rate", "canary"): series(0.2, 0.3, rises_at=AT - 30_000),
            ("coherence", "canary"): [(AT - 4_000, 98.0)],
            ("health", ""): series(1.0, 1.0, rises_at=AT, every_s=600),
        },
        "journal": [
            *shown.journal,
            JournalView(99, AT - 50, "gap", "app canary-1: lines may be missing after 13:20:11"),
        ],
        "chronicle": chronicle(),
        "journal_head": "9f2c" * 16,
        "file_sha256": "41ab" * 16,
        "versions": {"rollout-console": "0.1.0", "textual": "8.2.8"},
        "taken_at": AT + 1.25,
    }
    return Export(**{**known, **more})


def poisoned(text: str = frames.HOSTILE) -> Export:
    """Return an export in which every text is an attack."""
    made = export()
    return replace(
        made,
        frame=frames.poisoned(made.frame, text),
        journal=tuple(frames.poisoned(record, text) for record in made.journal),
        events={
            track: {
                event + text: EventTotal(total.count, {f"label{text}": {f"value{text}": 3}})
                for event, total in by_event.items()
            }
            for track, by_event in made.events.items()
        },
        chronicle=frames.poisoned(made.chronicle, text),
        journal_head=made.journal_head + text,
        file_sha256=made.file_sha256 + text,
        versions={f"name{text}": f"1.0{text}"},
        history={(metric + text, track): points for (metric, track), points in made.history.items()},
    )
