"""What a report says, section by section, before it is Markdown or HTML."""

from collections.abc import Iterator
from dataclasses import dataclass

from console.core.chronicle import Chronicle
from console.core.durations import format_duration
from console.core.export import Events, Export, clock
from console.core.frame import Frame, Panel, PhaseView, SourceView, worst_first
from console.core.gaps import gaps_text, short_note, skew_text
from console.core.lines import cut_text
from console.core.outlook import soak_notes
from console.core.plot import Plot
from console.core.report_actions import action_sections
from console.core.report_cells import Cell, Facts, Section, moment_text, track_name, verdict_cell
from console.core.report_checklists import checklist_sections
from console.core.report_course import course_sections
from console.core.report_incidents import incident_sections
from console.core.report_kpis import kpi_sections
from console.core.report_plots import plots_of
from console.core.report_progress import progress_sections
from console.core.verdict import Verdict
from console.core.words import SourceState

JOURNAL_LIMIT = 200
_LABEL_VALUES = 6


@dataclass(frozen=True, slots=True)
class Report:
    """A session at an instant, in words and tables."""

    title: str
    rollout: str
    verdict: Verdict
    reason: str
    summary: Facts
    soak_share: float
    plots: tuple[Plot, ...]
    chronicle: Chronicle
    """For the picture of phases and verdicts."""
    until: float
    sections: tuple[Section, ...]


def report_of(export: Export) -> Report:
    """Return everything the report of a session says; texts are as the export has them, not yet escaped."""
    frame = export.frame
    return Report(
        title=frame.title,
        rollout=frame.rollout,
        verdict=frame.verdict,
        reason=frame.reason,
        summary=_summary(export),
        soak_share=frame.phase.soak_share,
        plots=tuple(plots_of(export)),
        chronicle=export.chronicle,
        until=frame.at,
        sections=(
            _advance(frame.phase, frame.at),
            *incident_sections(frame),
            *progress_sections(frame),
            *kpi_sections(frame),
            _metrics(frame),
            _events(frame, export.events),
            _alerts(frame),
            *action_sections(frame),
            *checklist_sections(frame),
            *course_sections(export.chronicle, frame.at),
            _sources(frame),
            _journal(export),
            _provenance(export),
        ),
    )


def _summary(export: Export) -> Facts:
    frame, phase = export.frame, export.frame.phase
    missing = [clause.text for clause in phase.clauses if not clause.is_met]
    traffic = f"{phase.traffic:g} %"
    if phase.traffic != phase.planned_traffic:
        traffic += f" (the phase plans {phase.planned_traffic:g} %)"
    is_ready = phase.may_advance or phase.is_complete
    done = "complete" if phase.is_complete else "nothing is missing"
    step = f"{len(missing)} missing" if missing else done if is_ready else "not yet"
    return (
        ("Verdict since", Cell(moment_text(frame.since))),
        ("Phase", Cell(f"{phase.name} ({phase.index + 1} of {phase.count})")),
        ("Canary traffic", Cell(traffic)),
        ("Soak", Cell(soak_text(phase))),
        ("To finish" if phase.is_last else "To advance", Cell(step, "ok" if is_ready else "")),
        ("Taken at", Cell(moment_text(export.taken_at))),
    )


def soak_text(phase: PhaseView) -> str:
    """Return how far the soak is: `17h 42m of 48h (37 %)`."""
    if phase.soak_s <= 0:
        return f"{format_duration(phase.soaked_s)}, none asked for"
    return f"{format_duration(phase.soaked_s)} of {format_duration(phase.soak_s)} ({int(phase.soak_share * 100)} %)"


def _advance(phase: PhaseView, at: float) -> Section:
    ordered = sorted(phase.clauses, key=lambda clause: clause.is_met)
    holds = (f"The soak clock stands still: {hold}" for hold in phase.holds)
    return Section(
        f"What is missing to {'finish' if phase.is_last else 'advance'}",
        ("", "Clause", "Kind", "Expected (UTC)", "Waits for"),
        tuple(
            (
                Cell("✓ met", "ok") if clause.is_met else Cell("✗ missing", "critical"),
                Cell(clause.text),
                Cell(clause.kind),
                Cell("–" if clause.expected_s is None else clock(at + clause.expected_s)),
                Cell(clause.waits_for or "–"),
            )
            for clause in ordered
        ),
        empty="The phase asks for nothing.",
        note="; ".join(filter(None, (phase.outlook, *holds, *soak_notes(phase, at)))),
    )


def _metrics(frame: Frame) -> Section:
    rows = []
    for panel in worst_first(frame.panels):
        said = ", ".join(f"{name} {text}" for name, text in panel.conditions)
        if panel.needed_s:
            said += f", held for {format_duration(panel.needed_s)}"
        for number, value in enumerate(panel.values):
            rows.append(
                (
                    Cell(panel.metric if number == 0 else ""),
                    Cell(track_name(value.track)),
                    Cell(value.text, "number"),
                    verdict_cell(value.verdict),
                    Cell(clock(value.since)),
                    Cell(value.reason),
                    Cell(said if number == 0 else ""),
                    Cell(_samples(value.samples, panel), "number"),
                )
            )
    return Section(
        "Metrics",
        ("Metric", "Track", "Value", "Verdict", "Since (UTC)", "Reason", "Conditions", "Samples"),
        tuple(rows),
        empty="The rollout file names no metric.",
    )


def _samples(samples: int | None, panel: Panel) -> str:
    if samples is None:
        return "–"
    return f"{samples:,} of {panel.min_samples:,}" if samples < panel.min_samples else f"{samples:,}"


def _events(frame: Frame, events: Events) -> Section:
    tracks = list(frame.tracks)
    tracks += [track for track in events if track not in tracks and any(t.count for t in events[track].values())]
    views = {view.event: view for view in frame.events}
    names = [*views, *dict.fromkeys(event for by in events.values() for event in by if event not in views)]
    rows = []
    for event in names:
        cells = [Cell(event), Cell(views[event].kind if event in views else "")]
        for track in tracks:
            total = events.get(track, {}).get(event)
            hour = (
                [counts.last_hour for counts in views[event].tracks if counts.track == track] if event in views else []
            )
            cells.append(Cell(f"{total.count if total else 0:,}", "number"))
            cells.append(Cell(f"{hour[0]:,}" if hour else "–", "number"))
        rows.append((*cells, Cell(_labels(events, event))))
    heads = [head for track in tracks for head in (f"{track_name(track)} total", "1 h")]
    flow = frame.flow
    return Section(
        "Events",
        ("Event", "Kind", *heads, "Most frequent labels"),
        tuple(rows),
        empty="The rollout file names no event.",
        note=" ".join(
            filter(
                None,
                (
                    f"{flow.lines:,} lines read since the session began, {flow.unclassified:,} of them unclassified.",
                    cut_text(flow.lines_cut) + "." if flow.lines_cut else "",
                    f"Counts {note}." if (note := short_note(frame.short, frame.sources)) else "",
                ),
            )
        ),
    )


def _labels(events: Events, event: str) -> str:
    counted: dict[str, dict[str, int]] = {}
    for by_event in events.values():
        if event not in by_event:
            continue
        for label, values in by_event[event].labels.items():
            pool = counted.setdefault(label, {})
            for value, count in values.items():
                pool[value] = pool.get(value, 0) + count
    said = []
    for label, values in counted.items():
        first = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
        named = ", ".join(f"{value} {count:,}" for value, count in first[:_LABEL_VALUES])
        rest = len(first) - _LABEL_VALUES
        said.append(f"{label}: {named}" + (f" and {rest} more" if rest > 0 else ""))
    return "; ".join(said)


def _alerts(frame: Frame) -> Section:
    tones = {"critical": "critical", "warning": "warning"}
    return Section(
        "Alerts",
        ("Severity", "About", "Since (UTC)", "Alert", "Told"),
        tuple(
            (
                Cell(alert.severity, tones.get(alert.severity, "unknown")),
                Cell(alert.name),
                Cell(clock(alert.since)),
                Cell(alert.text),
                Cell("; ".join(part for part in (alert.told, alert.why) if part)),
            )
            for alert in frame.alerts
        ),
        empty="No alert stands.",
    )


_SOURCE_TONE = {
    SourceState.LIVE: "ok",
    SourceState.QUIET: "ok",
    SourceState.STARTING: "unknown",
    SourceState.STALE: "warning",
    SourceState.RETRYING: "warning",
    SourceState.UNREADABLE: "critical",
}


def _sources(frame: Frame) -> Section:
    return Section(
        "Sources",
        ("Source", "Kind", "State", "Follows", "Answered", "Lag", "Gaps", "Reason"),
        tuple(
            (
                Cell(source.name),
                Cell(source.kind),
                Cell(source.state.value, _SOURCE_TONE[source.state]),
                Cell(", ".join(f"{track_name(track)} {count}" for track, count in source.parts) or "–"),
                Cell(_answered(source)),
                Cell("–" if source.lag_s is None else _lag(source.lag_s, is_least=source.is_lag_least)),
                Cell(
                    gaps_text(source.gaps, source.newest_gaps) if source.gaps else "0",
                    "warning" if source.gaps else "number",
                ),
                Cell("; ".join(filter(None, (*_unread(source), _skew(source), source.reason))) or "–"),
            )
            for source in frame.sources
        ),
        empty="The rollout file names no source.",
    )


def _answered(source: SourceView) -> str:
    if source.age_s is None:
        return "never"
    is_in_trouble = source.state in (SourceState.STALE, SourceState.RETRYING, SourceState.UNREADABLE)
    return f"not for {format_duration(source.age_s)}" if is_in_trouble else f"{format_duration(source.age_s)} ago"


def _lag(lag_s: float, *, is_least: bool) -> str:
    return ("at least " if is_least else "") + format_duration(lag_s)


def _unread(source: SourceView) -> Iterator[str]:
    for name, reason in source.unread:
        yield f"{name} cannot be read: {reason}"


def _skew(source: SourceView) -> str:
    return "" if source.skew_s is None else skew_text(source.skew_s)


def _journal(export: Export) -> Section:
    newest = sorted(export.journal, key=lambda record: record.seq)[-JOURNAL_LIMIT:]
    last = newest[-1].seq if newest else 0
    return Section(
        "Journal",
        ("No.", "At (UTC)", "Kind", "Record"),
        tuple(
            (Cell(str(record.seq), "number"), Cell(clock(record.at)), Cell(record.kind), Cell(record.text))
            for record in newest
        ),
        empty="The journal is empty.",
        note=f"The newest {len(newest)} of {last} records, oldest first." if last > len(newest) else "",
    )


def _provenance(export: Export) -> Section:
    session = export.frame.session
    said = [
        ("Session", session.id),
        ("Session began", moment_text(session.started)),
        ("Snapshot taken", moment_text(export.taken_at)),
        ("Journal head", export.journal_head or "–"),
        ("Rollout file SHA-256", export.file_sha256 or "–"),
        *export.versions.items(),
    ]
    return Section("Provenance", ("What", "Value"), tuple((Cell(name), Cell(value)) for name, value in said))
