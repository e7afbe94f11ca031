"""The goals of the whole rollout in a report and in JSON."""

from collections.abc import Iterator
from typing import Any

from console.core.dashboard_frame import KpiOutcome, KpiView
from console.core.export import clock
from console.core.frame import Frame
from console.core.report_cells import Cell, Section

_TONES = {KpiOutcome.MET: "ok", KpiOutcome.MISSED: "critical", KpiOutcome.UNKNOWN: "unknown"}


def kpi_sections(frame: Frame) -> Iterator[Section]:
    """Yield the goals with how each stands; nothing for a rollout without any."""
    if not frame.kpis:
        return
    met = sum(kpi.outcome is KpiOutcome.MET for kpi in frame.kpis)
    yield Section(
        "Goals of the whole rollout",
        ("Goal", "Outcome", "Figure", "Target", "By", "At (UTC)", "What it is"),
        tuple(
            (
                Cell(kpi.title),
                Cell(kpi.said, _TONES[kpi.outcome]),
                Cell(kpi.text, "number"),
                Cell(kpi.target),
                Cell(kpi.by or ("nobody yet" if kpi.is_entered else "the console")),
                Cell(clock(kpi.at)),
                Cell(kpi.reason),
            )
            for kpi in frame.kpis
        ),
        note=f"{met} of {len(frame.kpis)} are met{'' if frame.phase.is_complete else ' so far'}.",
    )


def kpi_json(kpi: KpiView, at: str | None) -> dict[str, Any]:
    """Return a goal for programs; `at` is when its figure was entered, in UTC."""
    return {
        "name": kpi.kpi,
        "title": kpi.title,
        "outcome": kpi.outcome.value,
        "is_settled": kpi.is_settled,
        "figure": kpi.text,
        "target": kpi.target,
        "reason": kpi.reason,
        "by": kpi.by or None,
        "at": at,
        "note": kpi.note,
    }
