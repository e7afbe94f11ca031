"""What a template may name: the values of one alert, and of the message that it is in."""

from datetime import UTC, datetime

from console.core.alerts import AlertKind, Facts, Finding, IncidentFacts, Item, Severity, Why
from console.core.durations import format_duration
from console.core.rollout import Rollout

Values = dict[str, object]


class Named(dict[str, str]):
    """Columns or labels by name; one that is not there is `unknown`, because only the running system has them."""

    def __missing__(self, name: str) -> str:
        return "unknown"


def values_of(item: Item, rollout: Rollout, *, session: str, why: Why, at: float) -> Values:
    """Return what a template may name; what is not known is `None`. Times are texts in UTC, durations as said."""
    found, facts, incident = item.found, item.found.facts, item.found.of_incident
    until = at if item.resolved_at is None else item.resolved_at
    return {
        "rollout": rollout.rollout,
        "title": rollout.title,
        "service": rollout.service,
        "session": session,
        "kind": found.kind.value,
        "severity": found.severity.value,
        "status": "firing" if item.resolved_at is None else "resolved",
        "why": why.value,
        "about": found.about,
        "metric": found.about,
        "text": found.text,
        "reason": found.reason,
        "verdict": facts.verdict or None,
        "value": facts.value,
        "value_text": facts.value_text or None,
        "unit": facts.unit,
        "samples": facts.samples,
        "bad": facts.bad,
        "baseline": facts.baseline,
        "baseline_text": facts.baseline_text or None,
        "threshold": facts.threshold or None,
        "target": facts.target or None,
        "track": facts.track or None,
        "window": None if facts.window_s is None else format_duration(round(facts.window_s)),
        "phase": facts.phase or None,
        "traffic": facts.traffic,
        "incident": None if incident is None else incident.number,
        "incident_severity": None if incident is None else incident.severity,
        "respond_by": None if incident is None else time_text(incident.respond_by),
        "responded_by": None if incident is None else incident.responded_by or None,
        "sources": list(found.sources),
        "actions": [{"key": key, "title": title} for key, title in facts.actions],
        "row": Named(facts.row),
        "labels": Named(facts.labels),
        "started_at": time_text(item.started_at),
        "resolved_at": None if item.resolved_at is None else time_text(item.resolved_at),
        "duration": format_duration(round(max(0.0, until - item.started_at))),
    }


def time_text(at: float) -> str:
    """Return a time in UTC as a message says it: `2026-07-13 14:03:27 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def example(rollout: Rollout, about: str = "error_rate", severity: Severity = Severity.CRITICAL) -> Item:
    """Return an alert of which all is known, to try templates and routes with."""
    facts = Facts(
        verdict="CRITICAL",
        value=5.42,
        value_text="5.42 %",
        unit="%",
        samples=231_880,
        bad=12_568,
        baseline=0.61,
        baseline_text="0.61 %",
        threshold="> 5%",
        target="< 1%",
        track="canary",
        window_s=3600.0,
        phase=rollout.phases[0].name if rollout.phases else "Canary",
        traffic=10.0,
        actions=(("R", "Roll back"),),
    )
    text = f"{about} CRITICAL: > 5%"
    incident = IncidentFacts(1, 1, 300.0, "anna@ops1")
    found = Finding(f"test:{about}", AlertKind.METRIC, severity, about, text, "> 5%", 0.0, facts, of_incident=incident)
    return Item(f"test:{about}@0", found, 0.0)


def unknown_example(rollout: Rollout, about: str = "error_rate") -> Item:
    """Return an alert of which no number is known, as that a source does not answer."""
    found = Finding(
        f"test:{about}", AlertKind.SOURCE, Severity.BLIND, about, f"source {about} retrying", "refused", 0.0
    )
    return Item(f"test:{about}@0", found, 0.0)
