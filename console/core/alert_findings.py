"""What calls for attention, read from the state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from console.core.alerts import AlertKind, Facts, Finding, Severity, source_key
from console.core.attempts import unsettled
from console.core.happened import happened
from console.core.incident_findings import incident_findings
from console.core.judging import LEVELS, UNJUDGED, UNSEEN, Judged
from console.core.metrics import MetricState, baseline_note
from console.core.proportions import ShareSeen
from console.core.rollout import ActionKind
from console.core.shown import shown_value
from console.core.text import visible
from console.core.values import format_value
from console.core.verdict import Verdict
from console.core.watched import WatchedSource
from console.core.words import SourceState

if TYPE_CHECKING:
    from console.core.state import State

RIPE_S = 30.0
"""A source that is in trouble for less is shown, and nobody is told."""
TOLD_S = 5.0
"""So long a rollback that began by itself and is done stands as an alert, so that its end says how it ended."""
SESSION = "session"
"""Key of the alert that the session's file cannot be written."""
_LABELS_SAID = 3
_COLUMNS = 30
_CELL = 200


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that calls for attention at a moment."""

    found: tuple[Finding, ...]
    unknown: frozenset[str]
    """Keys of what may call for attention, and nobody knows: an alert of these goes on."""
    watched: Mapping[AlertKind, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Per kind of alert what it is about, in a word, and those that the rollout file has."""

    def is_unknown(self, alert: Finding) -> bool:
        """Return whether nobody knows what became of the trouble of an alert."""
        return alert.key in self.unknown or (alert.kind is AlertKind.SOURCE and _parts_of(alert.about) in self.unknown)

    def unwatched(self, alert: Finding) -> str:
        """Return why nobody can see any more whether the trouble of an alert is over; empty while somebody can."""
        word, known = self.watched.get(alert.kind, ("", frozenset({alert.about})))
        return "" if alert.about in known else f"the file has no {word} {alert.about} any more"


def findings(state: "State", at: float) -> Findings:
    """Return what calls for attention at `at`, in the order of the screen: metrics first, then what blinds them."""
    found = [*_verdicts(state, at), *_shares(state, at), *_blind(state, at), *_sources(state, at)]
    found += [
        *_budgets(state, at),
        *_actions(state),
        *_automatic(state, at),
        *_session(state),
        *incident_findings(state, at),
    ]
    known = {one.key for one in found}
    found += [one for one in happened(state) if one.key not in known]
    return Findings(tuple(found), frozenset(_unknown(state)), _watched(state))


def _watched(state: "State") -> dict[AlertKind, tuple[str, frozenset[str]]]:
    metrics = ("metric", frozenset(state.metrics))
    shared = (name for name, one in state.metrics.items() if _asks_share(one))
    return {
        AlertKind.METRIC: metrics,
        AlertKind.BLIND: metrics,
        AlertKind.SHARE: ("evidence of the share by", frozenset(shared)),
        AlertKind.SOURCE: ("source", frozenset(state.sources)),
        AlertKind.BUDGET: ("error budget", frozenset(state.budgets)),
    }


def _verdicts(state: "State", at: float) -> Iterator[Finding]:
    for name in state.metrics:
        judged = state.verdict_of(name)
        if judged.verdict in LEVELS:
            severity, metric = _told_as(state, name, judged.verdict), state.metrics[name]
            track = metric.judged_track(state.phase.traffic)
            reason = visible(judged.reason + baseline_note(metric, judged, track))
            yield Finding(
                key=f"metric:{name}:{severity}",
                kind=AlertKind.METRIC,
                severity=severity,
                about=name,
                text=f"{name} {judged.verdict}: {reason}",
                reason=reason,
                since=at if judged.since is None else judged.since,
                facts=_facts(state, name, judged),
                sources=_sources_of(state, name),
            )


def _told_as(state: "State", name: str, verdict: Verdict) -> Severity:
    """Return how a verdict is told: as what it is, or as critical where the first warning is an incident already."""
    rules = state.rollout.incidents
    is_incident = rules is not None and rules.opens_at_warning(name, state.rollout.metrics[name].severity)
    return Severity.CRITICAL if is_incident else Severity(verdict.lower())


def _shares(state: "State", at: float) -> Iterator[Finding]:
    for name, metric in state.metrics.items():
        if metric.weighing is None or not _asks_share(metric):
            continue
        known = metric.weighing.traffic.against(state.phase.traffic / 100)
        if known is not None and known[0] is ShareSeen.OFF:
            yield Finding(
                key=f"share:{name}",
                kind=AlertKind.SHARE,
                severity=Severity.WARNING,
                about=name,
                text=f"traffic share, by {name}: {known[1]}",
                reason=known[1],
                since=at,
                facts=_facts(state, name, state.verdict_of(name)),
                sources=_sources_of(state, name),
            )


def _asks_share(found: MetricState) -> bool:
    asked = found.metric.evidence
    return asked is not None and bool(asked.traffic)


def _blind(state: "State", at: float) -> Iterator[Finding]:
    for name, metric in state.metrics.items():
        judged = state.verdict_of(name)
        limit_s = max(60.0, 2 * metric.thresholds.stale_after_s)
        since = judged.since if judged.unseen_since is None else judged.unseen_since
        if judged.verdict not in UNSEEN or since is None or at - since <= limit_s:
            continue
        reason = visible(judged.reason)
        yield Finding(
            key=f"blind:{name}",
            kind=AlertKind.BLIND,
            severity=Severity.BLIND,
            about=name,
            text=f"monitoring blind: {name}: {reason}",
            reason=reason,
            since=since,
            facts=_facts(state, name, judged),
            sources=_sources_of(state, name),
            # What has some samples and too few is being measured: it is shown, and nobody is woken.
            is_told=judged.unseen_since is not None,
        )


def _sources(state: "State", at: float) -> Iterator[Finding]:
    for source in state.sources.values():
        if source.is_in_trouble:
            said = f"source {source.name} {source.state}: {source.reason}"
            yield _of_source(state, source, source_key(source.name), said, reason=source.reason, since=source.since)
        for one in source.unread:
            since = at if source.unread_since is None else source.unread_since
            said = f"source {source.name}: {one.name} cannot be read: {one.reason}"
            yield _of_source(state, source, _parts_of(source.name) + one.name, said, reason=one.reason, since=since)


def _of_source(state: "State", source: WatchedSource, key: str, text: str, *, reason: str, since: float) -> Finding:
    where = Facts(phase=_phase(state), traffic=state.phase.traffic, actions=_ways_out(state))
    return Finding(
        key, AlertKind.SOURCE, Severity.BLIND, source.name, text, reason, since, where, (source.name,), ripe_s=RIPE_S
    )


def _budgets(state: "State", at: float) -> Iterator[Finding]:
    for name, known in state.budgets.items():
        if known.verdict in LEVELS:
            metric = state.rollout.slo[name].metric
            yield Finding(
                key=f"budget:{name}:{known.verdict.lower()}",
                kind=AlertKind.BUDGET,
                severity=Severity(known.verdict.lower()),
                about=name,
                text=f"error budget {name} burns: {known.reason}",
                reason=known.reason,
                since=known.since or at,
                facts=_facts(state, metric, state.verdict_of(metric)),
                sources=_sources_of(state, metric),
            )


def _actions(state: "State") -> Iterator[Finding]:
    for name, attempt in unsettled(state.attempts.values()).items():
        title, reason = visible(attempt.started.title), visible(attempt.detail) or attempt.outcome.value
        yield Finding(
            key=f"action:{name}",
            kind=AlertKind.ACTION,
            severity=Severity.CRITICAL,
            about=name,
            text=f"action {title} {attempt.outcome.upper()}: {reason}",
            reason=reason,
            since=state.at if attempt.ended is None else attempt.ended,
            facts=Facts(
                verdict=attempt.outcome.upper(),
                phase=_phase(state),
                traffic=state.phase.traffic,
                actions=_ways_out(state),
            ),
        )


def _automatic(state: "State", at: float) -> Iterator[Finding]:
    """Yield what began by itself, until it is known how it ended and nothing is left to be decided."""
    begun = state.automatic.begun
    if begun is None:
        return
    attempt = state.attempts.get(begun.attempt)
    title, said = visible(_title(state, begun.action)), f"began by itself: {begun.reason}"
    if begun.trouble:
        said = f"could not begin by itself: {begun.trouble}"
    elif begun.attempt and attempt is None:
        return
    elif attempt is not None and attempt.ended is not None:
        is_open = begun.action in unsettled(state.attempts.values())
        if not is_open and at - attempt.ended > TOLD_S:
            return
        said = f"which began by itself, ended {attempt.outcome.upper()}: {attempt.detail or begun.reason}"
    reason = visible(said)
    yield Finding(
        key=f"automatic:{begun.action}",
        kind=AlertKind.AUTOMATIC,
        severity=Severity.CRITICAL,
        about=begun.action,
        text=f"{title}{', ' if said.startswith('which') else ' '}{reason}",
        reason=reason,
        since=begun.at,
        facts=Facts(phase=_phase(state), traffic=state.phase.traffic, actions=_ways_out(state)),
        is_urgent=True,
    )


def _title(state: "State", action: str) -> str:
    found = state.rollout.actions.get(action)
    return action if found is None else found.title


def _session(state: "State") -> Iterator[Finding]:
    if state.unwritten is not None:
        since, reason = state.unwritten
        text = unsaved(reason)
        yield Finding(SESSION, AlertKind.SESSION, Severity.BLIND, SESSION, text, reason, since, ripe_s=RIPE_S)


def unsaved(reason: str) -> str:
    """Return what it means that the session's file cannot be written; what matters at 3 a.m. first: a line is short."""
    return (
        f"nothing is saved, actions still work: {reason}"
        "; counts, measurements and journal wait in memory and are tried again"
    )


def _unknown(state: "State") -> Iterator[str]:
    for name in state.metrics:
        judged = state.verdict_of(name)
        if judged.verdict in UNSEEN:
            yield from _keys_of_metric(name)
        if judged.unseen_since is not None:
            yield f"blind:{name}"  # nobody sees yet, whichever of the two it is called, and after a change of track
        if judged.verdict is Verdict.CRITICAL:
            yield f"metric:{name}:{Severity.WARNING}"  # one breach, which has become worse
    for name, known in state.budgets.items():
        if known.verdict is Verdict.UNKNOWN:
            yield from (f"budget:{name}:{severity}" for severity in (Severity.CRITICAL, Severity.WARNING))
        if known.verdict is Verdict.CRITICAL:
            yield f"budget:{name}:{Severity.WARNING}"
    for source in state.sources.values():
        if source.state is SourceState.STARTING:
            yield source_key(source.name)
        if source.state is SourceState.STARTING or source.is_in_trouble:
            yield _parts_of(source.name)


def _parts_of(source: str) -> str:
    """Return what the keys of the parts of a source that cannot be read begin with; it stands for all of them."""
    return f"unread:{source}:"


@lru_cache(maxsize=512)  # at every tick, of every metric that is not known
def _keys_of_metric(name: str) -> tuple[str, ...]:
    return tuple(f"metric:{name}:{severity}" for severity in (Severity.CRITICAL, Severity.WARNING))


def _sources_of(state: "State", name: str) -> tuple[str, ...]:
    """Return the sources that a metric is measured with; one of events needs every log source."""
    metric = state.rollout.metrics[name]
    if not metric.is_probed:
        return tuple(source.name for source in state.sources.values() if source.gives_lines)
    return () if metric.source is None else (metric.source,)


def _facts(state: "State", name: str, judged: Judged) -> Facts:
    found = state.metrics[name]
    spec, track = found.metric, found.judged_track(state.phase.traffic)
    baseline = found.judged.get("baseline", UNJUDGED).value if track != "baseline" else None
    said = spec.critical if judged.verdict is Verdict.CRITICAL else spec.warning
    return Facts(
        verdict=judged.verdict.value,
        value=judged.value,
        value_text=shown_value(found.thresholds, judged),
        unit=spec.judged_unit,
        samples=judged.samples,
        bad=judged.bad,
        baseline=baseline,
        baseline_text="" if baseline is None else format_value(baseline, spec.judged_unit),
        threshold=said or "",
        target=spec.target or "",
        track=track,
        window_s=state.at - state.phase.began if spec.window == "phase" else spec.window,
        phase=_phase(state),
        traffic=state.phase.traffic,
        actions=_ways_out(state, name),
        row=_row(found),
        labels=_labels(state, found),
    )


def _phase(state: "State") -> str:
    return visible(state.rollout.phases[state.phase.index].name)


def _ways_out(state: "State", metric: str = "") -> tuple[tuple[str, str], ...]:
    """Return key and title of what a metric offers, or else of every rollback."""
    on = state.rollout.metrics[metric].on if metric else None
    named = [one for one in (on.critical, on.warning) if one in state.rollout.actions] if on is not None else []
    rollbacks = [name for name, action in state.rollout.actions.items() if action.kind is ActionKind.ROLLBACK]
    actions = [state.rollout.actions[name] for name in dict.fromkeys(named or rollbacks) if name is not None]
    return tuple((action.key or "", visible(action.title)) for action in actions)


def _row(found: MetricState) -> tuple[tuple[str, str], ...]:
    if found.table is None or not found.table.rows:
        return ()
    cells = zip(found.table.columns, found.table.rows[0], strict=False)
    return tuple((column, visible(cell, _CELL)) for column, cell in list(cells)[:_COLUMNS])


def _labels(state: "State", found: MetricState) -> tuple[tuple[str, str], ...]:
    asked = found.metric.events or found.metric.quantile
    said: dict[str, str] = {}
    for event in asked.of if asked is not None else ():
        for label, values in state.rollup.labels(None, event).items():
            often = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))[:_LABELS_SAID]
            said.setdefault(label, ", ".join(f"{visible(value, _CELL)} ({count:,})" for value, count in often))
    return tuple(said.items())
