"""What people did, in a report: actions with every step."""

from collections.abc import Iterator

from console.core.action_frame import AttemptView
from console.core.export import clock
from console.core.frame import Frame
from console.core.report_cells import Cell, Section, moment_text, took_text
from console.core.words import Outcome

_OUTCOME_TONE = {
    Outcome.DONE: "ok",
    Outcome.FAILED: "critical",
    Outcome.UNVERIFIED: "warning",
    Outcome.UNKNOWN: "unknown",
    Outcome.ABANDONED: "warning",
}
_STEP_TONE = {
    "done": "ok",
    "passed": "ok",
    "failed": "critical",
    "not begun": "critical",
    "not passed": "critical",
    "timed out": "warning",
    "not known": "warning",
}


def action_sections(frame: Frame) -> Iterator[Section]:
    """Yield what was started, oldest first, and then every attempt with its steps."""
    attempts = tuple(reversed(frame.attempts))
    yield Section(
        "Actions",
        ("Action", "Actor", "Reason", "Started (UTC)", "Took", "Outcome"),
        tuple(
            (
                Cell(action_title(attempt)),
                Cell(attempt.actor),
                Cell(_why(attempt), "warning" if attempt.override else ""),
                Cell(clock(attempt.started)),
                Cell(took_text(attempt.started, attempt.ended)),
                Cell(attempt.outcome.value, _OUTCOME_TONE.get(attempt.outcome, "off")),
            )
            for attempt in attempts
        ),
        empty="Nobody has done anything yet.",
    )
    for attempt in attempts:
        yield Section(
            f"{action_title(attempt)}, {clock(attempt.started)} UTC",
            ("Step", "State", "Took", "Detail"),
            tuple(
                (
                    Cell(step.label),
                    Cell(step.state, _STEP_TONE.get(step.state, "off")),
                    Cell("–" if step.started is None else took_text(step.started, step.ended)),
                    Cell(step.detail),
                )
                for step in attempt.steps
            ),
            empty="It had no step.",
            facts=(
                ("Actor", Cell(attempt.actor)),
                ("Reason", Cell(attempt.reason or "–")),
                *((("Advanced without", Cell(attempt.override, "critical")),) if attempt.override else ()),
                ("Started", Cell(moment_text(attempt.started))),
                ("Finished", Cell(moment_text(attempt.ended))),
                ("Outcome", Cell(attempt.outcome.value, _OUTCOME_TONE.get(attempt.outcome, "off"))),
                ("Detail", Cell(attempt.detail or "–")),
                ("Attempt", Cell(attempt.attempt)),
            ),
            is_part=True,
        )


def _why(attempt: AttemptView) -> str:
    """Return the reason of an attempt; what an override went on without stands before it."""
    said = attempt.reason or "–"
    return f"WITHOUT {attempt.override}: {said}" if attempt.override else said


def action_title(attempt: AttemptView) -> str:
    """Return what an attempt is called, with the share it applied: `Step down to 25 %`."""
    share = f"{attempt.traffic:g}" if attempt.traffic is not None else ""
    return attempt.title if not share or share in attempt.title else f"{attempt.title} to {share} %"
