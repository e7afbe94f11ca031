"""Make the views of the rollout file from a frame: each section's lines, in the order of the file."""

from collections.abc import Iterator
from dataclasses import dataclass

from console.core.course import Course
from console.core.dashboard_frame import DashboardRow, DashboardSection, DashboardView, KpiOutcome, KpiView
from console.core.dashboard_rows import alarm_rows, attempt_rows, incident_rows, phase_rows, way_out_rows
from console.core.dashboards import AtRisk, Shown, ViewSection
from console.core.export import clock
from console.core.frame import EventView, Frame, Panel, TrackValue
from console.core.progress import WindowView
from console.core.rollout import Rollout
from console.core.text import visible
from console.core.values import bare_number
from console.core.verdict import Verdict

_OUTCOMES = {KpiOutcome.MET: Verdict.OK, KpiOutcome.MISSED: Verdict.CRITICAL, KpiOutcome.UNKNOWN: Verdict.UNKNOWN}
_WINDOWS = {"passed": Verdict.OK, "failed": Verdict.CRITICAL, "not known": Verdict.UNKNOWN, "open": Verdict.WARNING}
_SEVERITIES = {"critical": Verdict.CRITICAL, "warning": Verdict.WARNING}


@dataclass(frozen=True, slots=True)
class Seen:
    """What views are made of."""

    rollout: Rollout
    frame: Frame
    course: Course
    more_is_better: frozenset[str]
    """The metrics of which a higher value is the better one."""


def views(seen: Seen) -> tuple[DashboardView, ...]:
    """Return every view of the file."""
    return tuple(
        DashboardView(name, visible(view.title), tuple(_section(one, seen) for one in view.sections if one.has_content))
        for name, view in seen.rollout.views.items()
    )


def _section(section: ViewSection, seen: Seen) -> DashboardSection:
    panels = {panel.metric: panel for panel in seen.frame.panels}
    events = {event.event: event for event in seen.frame.events}
    rows = [_metric(panels[name]) for name in section.metrics if name in panels]
    if section.at_risk is not None:
        rows += _at_risk(section, section.at_risk, seen)
    rows += [_event(events[name]) for name in section.events if name in events]
    for shown in section.shows:
        rows += _shown(shown, seen)
    return DashboardSection(visible(section.title), tuple(rows))


def _judged(panel: Panel) -> TrackValue | None:
    return next((value for value in panel.values if value.track == panel.judged), next(iter(panel.values), None))


def _metric(panel: Panel) -> DashboardRow:
    value = _judged(panel)
    others = [f"{one.track} {one.text}" for one in panel.values if one is not value and one.track]
    limits = ", ".join(f"{name} {said}" for name, said in panel.conditions)
    said = (*others, limits) if panel.verdict is Verdict.OK else (panel.reason, *others)
    return DashboardRow(
        mark=panel.verdict.glyph,
        tone=panel.verdict,
        name=panel.title,
        text="no data" if value is None else value.text,
        more="; ".join(part for part in said if part),
        spark=panel.spark,
    )


def _at_risk(section: ViewSection, asked: AtRisk, seen: Seen) -> Iterator[DashboardRow]:
    """Yield the estimate: the amount times the canary's share of the traffic, times the share of it that fails."""
    amount = asked.number
    if amount is None:
        return
    name = f"{visible(section.title)}, an estimate"
    unit = visible(asked.unit)
    panel = next(one for one in seen.frame.panels if one.metric == asked.metric)
    value = _judged(panel)
    traffic = seen.frame.phase.traffic
    if not traffic:
        yield DashboardRow("·", None, name, f"0 {unit}", "no traffic is on the new code")
    elif value is None or value.value is None or panel.verdict in (Verdict.UNKNOWN, Verdict.BROKEN):
        yield DashboardRow(Verdict.UNKNOWN.glyph, Verdict.UNKNOWN, name, "not known", f"{asked.metric} is not known")
    else:
        failing = 100 - value.value if asked.metric in seen.more_is_better else value.value
        lost = amount * traffic / 100 * failing / 100
        parts = f"{bare_number(amount)} {unit} × {traffic:g} % of the traffic × {bare_number(failing)} % failing"
        yield DashboardRow(panel.verdict.glyph, panel.verdict, name, f"{bare_number(lost)} {unit}", parts)


def _event(event: EventView) -> DashboardRow:
    total = sum(track.total for track in event.tracks)
    hour = sum(track.last_hour for track in event.tracks)
    minute = sum(track.last_minute for track in event.tracks)
    labels = [
        f"{name}: " + ", ".join(f"{value} {count:,}" for value, count in found[:4]) for name, found in event.labels
    ]
    more = "; ".join((f"{hour:,} in the last hour, {minute:,} in the last minute", *labels))
    return DashboardRow("·", None, event.event, f"{total:,}", more, event.spark)


def _shown(shown: Shown, seen: Seen) -> Iterator[DashboardRow]:
    frame = seen.frame
    match shown:
        case Shown.VERDICT:
            yield DashboardRow(frame.verdict.glyph, frame.verdict, "As a whole", frame.verdict.value, frame.reason)
        case Shown.EVIDENCE:
            yield from _evidence(frame)
        case Shown.PHASES:
            yield from phase_rows(seen.rollout, frame)
        case Shown.ADVANCE:
            yield from _advance(frame)
        case Shown.VALIDATION:
            yield from map(_window, frame.validation)
        case Shown.ALERTS:
            yield from _alerts(frame)
        case Shown.ALERT_HISTORY:
            yield from alarm_rows(seen.course)
        case Shown.INCIDENTS:
            yield from incident_rows(frame)
        case Shown.WAYS_OUT:
            yield from way_out_rows(seen.rollout, frame, seen.course)
        case Shown.HISTORY:
            yield from attempt_rows(frame)
        case Shown.KPIS:
            yield from map(_kpi, frame.kpis)


def _evidence(frame: Frame) -> Iterator[DashboardRow]:
    for panel in frame.panels:
        if panel.evidence is not None:
            tone = Verdict.WARNING if panel.evidence.is_worse else Verdict.OK if panel.evidence.is_not_worse else None
            mark = tone.glyph if tone else "·"
            yield DashboardRow(mark, tone, panel.title, panel.evidence.line, panel.evidence.share_line)


def _advance(frame: Frame) -> Iterator[DashboardRow]:
    phase = frame.phase
    if phase.outlook:
        yield DashboardRow("◷", None, "To go on", phase.outlook)
    for hold in phase.holds:
        yield DashboardRow("‖", Verdict.WARNING, "The soak stands", hold)
    for clause in phase.clauses:
        if not clause.is_met:
            yield DashboardRow("✗", Verdict.WARNING, clause.text, "", clause.waits_for)
    if phase.clauses and all(clause.is_met for clause in phase.clauses):
        yield DashboardRow("✓", Verdict.OK, "Nothing is missing")


def _window(window: WindowView) -> DashboardRow:
    tone = _WINDOWS.get(window.outcome)
    name = f"{window.name}, before a step back" if window.is_past else window.name
    known = "" if window.known_share is None else f"known for {int(window.known_share * 100)} % of its time"
    items = f"checklist {window.items_done} of {window.items}" if window.items else ""
    more = "; ".join(part for part in (window.reason, known, items) if part)
    return DashboardRow(tone.glyph if tone else "·", tone, name, window.outcome, more)


def _alerts(frame: Frame) -> Iterator[DashboardRow]:
    for alert in frame.alerts:
        tone = _SEVERITIES.get(alert.severity, Verdict.UNKNOWN)
        more = "; ".join(part for part in (f"since {clock(alert.since)}", alert.told, alert.why) if part)
        yield DashboardRow(tone.glyph, tone, alert.text, alert.status or "shown only", more)
    if not frame.alerts:
        yield DashboardRow("✓", Verdict.OK, "Nothing calls for attention")


def _kpi(kpi: KpiView) -> DashboardRow:
    tone = _OUTCOMES[kpi.outcome]
    return DashboardRow(tone.glyph, tone, kpi.title, f"{kpi.text} {kpi.said}", f"{kpi.target}; {kpi.reason}")
