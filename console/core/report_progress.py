"""How far the rollout is, in a report: when the soak stood still, the validation windows, the error budgets."""

from collections.abc import Iterator

from console.core.durations import format_duration
from console.core.export import clock
from console.core.frame import Frame
from console.core.progress import BudgetView, WindowView
from console.core.report_cells import Cell, Section, verdict_cell

_OUTCOME_TONE = {"passed": "ok", "failed": "critical", "not known": "unknown", "open": "warning"}


def progress_sections(frame: Frame) -> Iterator[Section]:
    """Yield what there is to say of the soak, of validation and of the budgets; nothing for what there is not."""
    if frame.phase.stops:
        yield _stops(frame)
    if frame.validation:
        yield _validation(frame.validation)
    if frame.budgets:
        yield _budgets(frame.budgets)


def _stops(frame: Frame) -> Section:
    phase = frame.phase
    thrown = f" {format_duration(phase.thrown_away_s)} of soak had to begin again." if phase.thrown_away_s else ""
    return Section(
        "When the soak clock stood still",
        ("Kind", "Since (UTC)", "Until (UTC)", "Lost", "Thrown away", "Why"),
        tuple(
            (
                Cell(stop.kind, "critical" if stop.kind == "breach" else "warning"),
                Cell(clock(stop.since)),
                Cell("now" if stop.until is None else clock(stop.until)),
                Cell(format_duration(stop.lost_s), "number"),
                Cell(format_duration(stop.thrown_away_s) if stop.thrown_away_s else "–", "number"),
                Cell(stop.text),
            )
            for stop in phase.stops
        ),
        is_part=True,
        note=f"{format_duration(phase.lost_s)} of this phase were no soak.{thrown}",
    )


def _validation(windows: tuple[WindowView, ...]) -> Section:
    return Section(
        "Validation after full rollout",
        ("Window", "Outcome", "Begins (UTC)", "Ends (UTC)", "Known", "Checklist", "Decided (UTC)", "Reason"),
        tuple(
            (
                Cell(f"{window.name}, before a step back" if window.is_past else window.name),
                Cell(window.outcome, _OUTCOME_TONE.get(window.outcome, "off")),
                Cell(clock(window.begins)),
                Cell(clock(window.ends)),
                Cell("–" if window.known_share is None else f"{int(window.known_share * 100)} %", "number"),
                Cell(f"{window.items_done} of {window.items}" if window.items else "–"),
                Cell(clock(window.decided)),
                Cell(window.reason or "–"),
            )
            for window in windows
        ),
    )


def _budgets(budgets: tuple[BudgetView, ...]) -> Section:
    rows = []
    for budget in budgets:
        rows.append((Cell(budget.name), verdict_cell(budget.verdict), Cell(budget.text)))
        tones = {"firing": "critical", "unknown": "unknown"}
        rows += [(Cell(""), Cell(state, tones.get(state, "ok")), Cell(text)) for state, text in budget.rules]
    return Section("Error budgets", ("Budget", "State", "What it spends, and how fast it burns"), tuple(rows))
