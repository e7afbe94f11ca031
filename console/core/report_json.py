"""What `check`, `watch --headless` and a snapshot say as JSON."""

import math
from collections.abc import Mapping
from typing import Any

from console.core.action_frame import AttemptView
from console.core.chronicle import Span
from console.core.export import Events, EventTotal, Export, History, iso
from console.core.frame import AlertView, EvidenceView, Flow, Frame, Panel, PhaseView, SilenceView, TrackValue
from console.core.gaps import Gap
from console.core.progress import BudgetView, WindowView
from console.core.report_checklists import item_json, role_json, stages_json
from console.core.report_incidents import incident_json
from console.core.report_kpis import kpi_json
from console.core.thin import runs, thinned

SCHEMA = "rollout-console/snapshot/1"

_TRACKS = ("canary", "baseline", "")
_HISTORY_COLUMNS = 360


def metrics_json(frame: Frame) -> list[dict[str, Any]]:
    """Return every metric on every track in the order of the file; a missing number is null."""
    return [_value_json(panel, value) for panel in frame.panels for value in panel.values]


def _value_json(panel: Panel, value: TrackValue) -> dict[str, Any]:
    return {
        "name": panel.metric,
        "track": value.track,
        "value": finite(value.value),
        "unit": panel.unit,
        "samples": value.samples,
        "verdict": value.verdict.value,
        "reason": value.reason,
        "since": iso(value.since),
    }


def events_json(frame: Frame, events: Events) -> dict[str, Any]:
    """Return the totals by track, as `count` prints them.

    Every rule of the file is there on the tracks in use, counted or not; the usual tracks are there in any case.
    """
    tracks = dict.fromkeys([*_TRACKS, *frame.tracks, *events])
    return {track: _track_json(frame, track, events.get(track, {})) for track in tracks}


def _track_json(frame: Frame, track: str, totals: Mapping[str, EventTotal]) -> dict[str, Any]:
    none = EventTotal(0)
    ruled = {view.event: none for view in frame.events} if track in frame.tracks else {}
    return {
        event: {"count": total.count, "labels": {label: dict(values) for label, values in total.labels.items()}}
        for event, total in {**ruled, **totals}.items()
    }


def check_json(frame: Frame, events: Events) -> dict[str, Any]:
    """Return what `check --json` prints, and `watch --headless` as its last line; only finite numbers.

    `incidents` is there where there are any.
    """
    incidents = {"incidents": [incident_json(found) for found in frame.incidents]} if frame.incidents else {}
    return {
        "rollout": frame.rollout,
        "verdict": frame.verdict.value,
        "phase": frame.phase.name,
        "metrics": metrics_json(frame),
        "sources": [
            {"name": source.name, "state": source.state.value, "age_s": seconds(source.age_s)}
            for source in frame.sources
        ],
        "events": events_json(frame, events),
        **incidents,
    }


def snapshot_json(export: Export) -> dict[str, Any]:
    """Return the content of `snapshot.json`: the session at an instant, with times in UTC and only finite numbers."""
    frame = export.frame
    return {
        "schema": SCHEMA,
        "rollout": frame.rollout,
        "title": frame.title,
        "service": frame.service,
        "session": frame.session.id,
        "started": iso(frame.session.started),
        "taken_at": iso(export.taken_at),
        "verdict": frame.verdict.value,
        "reason": frame.reason,
        "since": iso(frame.since),
        "phase": frame.phase.name,
        "progress": _progress_json(frame.phase),
        "validation": [_window_json(window) for window in frame.validation],
        "budgets": [_budget_json(budget) for budget in frame.budgets],
        "kpis": [kpi_json(kpi, iso(kpi.at)) for kpi in frame.kpis],
        "metrics": metrics_json(frame),
        "thresholds": [_threshold_json(panel) for panel in frame.panels],
        "events": events_json(frame, export.events),
        "alerts": [_alert_json(alert) for alert in frame.alerts],
        "silences": [_silence_json(silence) for silence in frame.silences],
        "incidents": [incident_json(found) for found in frame.incidents],
        "actions": [_attempt_json(attempt) for attempt in reversed(frame.attempts)],
        "checklist": [item_json(item) for item in frame.phase.checklist],
        "sign_off": [role_json(role) for role in frame.phase.sign_off],
        "checklists": stages_json(frame),
        "phases": [_span_json(span) for span in export.chronicle.spans],
        "sources": _sources_json(frame),
        "lines": _lines_json(frame.flow),
        "journal": [
            {"seq": record.seq, "at": iso(record.at), "kind": record.kind, "text": record.text}
            for record in sorted(export.journal, key=lambda record: record.seq)
        ],
        "journal_head": export.journal_head,
        "rollout_file": {"sha256": export.file_sha256},
        "versions": dict(export.versions),
        "history": _history_json(export.history),
    }


def _alert_json(alert: AlertView) -> dict[str, Any]:
    return {
        "name": alert.name,
        "severity": alert.severity,
        "text": alert.text,
        "since": iso(alert.since),
        "status": alert.status or None,
        "why": alert.why,
        "told": alert.told,
        "is_failing": alert.is_failing,
    }


def _silence_json(silence: SilenceView) -> dict[str, Any]:
    return {
        "about": silence.about,
        "severity": silence.severity or None,
        "until": iso(silence.until),
        "by": silence.by,
        "reason": silence.reason,
    }


def _lines_json(flow: Flow) -> dict[str, Any]:
    return {
        "read": flow.lines,
        "unclassified": flow.unclassified,
        "cut": flow.lines_cut,
        "rows_dropped": flow.rows_dropped,
        "lag_s": seconds(flow.lag_s),
        "is_lag_least": flow.is_lag_least,
    }


def _span_json(span: Span) -> dict[str, Any]:
    entered = span.advance
    return {
        "name": span.name,
        "since": iso(span.since),
        "until": iso(span.until),
        "entered": None
        if entered is None
        else {
            "at": iso(entered.at),
            "by": entered.actor,
            "reason": entered.reason,
            "without": entered.without or None,
            "evidence": [
                {"name": one.metric, "verdict": one.verdict, "value": one.value or None, "samples": one.samples}
                for one in entered.evidence
            ],
        },
    }


def _progress_json(phase: PhaseView) -> dict[str, Any]:
    return {
        "index": phase.index,
        "count": phase.count,
        "began": iso(phase.began),
        "traffic": finite(phase.traffic),
        "planned_traffic": finite(phase.planned_traffic),
        "soaked_s": seconds(phase.soaked_s),
        "soak_s": seconds(phase.soak_s),
        "may_advance": phase.may_advance,
        "is_complete": phase.is_complete,
        "clauses": [
            {
                "text": clause.text,
                "met": clause.is_met,
                "kind": clause.kind,
                "ref": clause.ref,
                "expected_s": seconds(clause.expected_s),
                "waits_for": clause.waits_for,
            }
            for clause in phase.clauses
        ],
        "holds": list(phase.holds),
        "earliest": iso(phase.earliest),
        "outlook": phase.outlook,
        "lost_s": seconds(phase.lost_s),
        "thrown_away_s": seconds(phase.thrown_away_s),
        "began_again": None if phase.again is None else {"at": iso(phase.again[0]), "after": phase.again[1]},
        "stops": [
            {
                "kind": stop.kind,
                "text": stop.text,
                "since": iso(stop.since),
                "until": iso(stop.until),
                "lost_s": seconds(stop.lost_s),
                "thrown_away_s": seconds(stop.thrown_away_s),
            }
            for stop in phase.stops
        ],
    }


def _window_json(window: WindowView) -> dict[str, Any]:
    return {
        "name": window.name,
        "from_s": seconds(window.from_s),
        "until_s": seconds(window.until_s),
        "begins": iso(window.begins),
        "ends": iso(window.ends),
        "outcome": window.outcome,
        "reason": window.reason,
        "decided": iso(window.decided),
        "metrics": list(window.metrics),
        "known_share": finite(window.known_share),
        "checklist": {"done": window.items_done, "of": window.items},
        "past": window.is_past,
    }


def _budget_json(budget: BudgetView) -> dict[str, Any]:
    return {
        "name": budget.name,
        "metric": budget.metric,
        "objective": finite(budget.objective),
        "period_s": seconds(budget.period_s),
        "verdict": budget.verdict.value,
        "reason": budget.reason,
        "since": iso(budget.since),
        "burn": finite(budget.burn),
        "rules": [{"state": state, "text": text} for state, text in budget.rules],
        "spent": finite(budget.spent),
        "will_spend": finite(budget.will_spend),
        "rate": finite(budget.rate),
    }


def _threshold_json(panel: Panel) -> dict[str, Any]:
    return {
        "name": panel.metric,
        "title": panel.title,
        "source": panel.source,
        "judged": panel.judged,
        "conditions": dict(panel.conditions),
        "min_samples": panel.min_samples,
        "for_s": seconds(panel.needed_s),
        "pending": None if panel.pending is None else panel.pending.value,
        "held_s": seconds(panel.held_s),
        "age_s": seconds(panel.age_s),
        "stale": panel.is_stale,
        "evidence": None if panel.evidence is None else _evidence_json(panel.evidence),
    }


def _evidence_json(evidence: EvidenceView) -> dict[str, Any]:
    return {
        "text": evidence.line,
        "is_worse": evidence.is_worse,
        "is_not_worse": evidence.is_not_worse,
        "not_worse_than": evidence.not_worse_than,
        "log_e_worse": evidence.log_e_worse,
        "log_e_not_worse": evidence.log_e_not_worse,
        "needed": evidence.needed,
        "ratio": evidence.ratio,
        "interval": None if evidence.interval is None else list(evidence.interval),
        "samples": {"canary": evidence.samples[0], "baseline": evidence.samples[1]},
        "bad": {"canary": evidence.bad[0], "baseline": evidence.bad[1]},
        "phi": evidence.phi,
        "wait_s": seconds(evidence.wait_s),
        "share_seen": evidence.share_seen,
        "share": evidence.share_line,
    }


def _attempt_json(attempt: AttemptView) -> dict[str, Any]:
    return {
        "attempt": attempt.attempt,
        "action": attempt.action,
        "kind": attempt.kind,
        "title": attempt.title,
        "actor": attempt.actor,
        "reason": attempt.reason,
        "override": attempt.override,
        "started": iso(attempt.started),
        "finished": iso(attempt.ended),
        "outcome": attempt.outcome.value,
        "detail": attempt.detail,
        "traffic": finite(attempt.traffic),
        "steps": [
            {
                "label": step.label,
                "state": step.state,
                "detail": step.detail,
                "started": iso(step.started),
                "finished": iso(step.ended),
            }
            for step in attempt.steps
        ],
    }


def _sources_json(frame: Frame) -> list[dict[str, Any]]:
    return [
        {
            "name": source.name,
            "kind": source.kind,
            "state": source.state.value,
            "reason": source.reason,
            "age_s": seconds(source.age_s),
            "lag_s": seconds(source.lag_s),
            "follows": dict(source.parts),
            "gaps": source.gaps,
            "newest_gaps": [_gap_json(gap) for gap in source.newest_gaps],
            "skew_s": seconds(source.skew_s),
            "unread": [{"name": name, "reason": reason} for name, reason in source.unread],
        }
        for source in frame.sources
    ]


def _gap_json(gap: Gap) -> dict[str, Any]:
    return {
        "at": iso(gap.at),
        "name": gap.name,
        "track": gap.track,
        "reason": gap.reason,
        "since": iso(gap.since),
        "until": iso(gap.until),
        "lines_at_most": gap.lines_at_most,
    }


def _history_json(history: History) -> list[dict[str, Any]]:
    """Return each series with its peaks kept; the session itself has every point. A null stands in a gap."""
    series = []
    for (metric, track), points in history.items():
        stretches = runs(points)
        drawn: list[list[Any]] = []
        before = 0.0
        for stretch in stretches:
            if drawn:
                drawn.append([iso((before + stretch[0][0]) / 2), None])
            before = stretch[-1][0]
            kept = thinned(stretch, stretches[0][0][0], stretches[-1][-1][0], _HISTORY_COLUMNS)
            drawn.extend([iso(at), value] for at, value in kept)
        series.append({"name": metric, "track": track, "measured": len(points), "points": drawn})
    return series


def finite(value: float | None) -> float | None:
    """Return a number that JSON can say, or `None`."""
    return value if value is not None and math.isfinite(value) else None


def seconds(value: float | None) -> float | None:
    """Return an age or a duration to the millisecond, or `None` for none."""
    said = finite(value)
    return None if said is None else round(said, 3)
