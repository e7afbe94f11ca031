"""Make a frame: everything there is to see of a state at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite

from console.core import (
    alert_views,
    automatic,
    budgets,
    checklist_views,
    dashboard_views,
    incident_views,
    kpis,
    phases,
    validation,
)
from console.core import attempts as acting
from console.core.action_frame import ActionView, AttemptView, AutomaticView, KeyHint
from console.core.approach import approach
from console.core.checklist_frame import StageView
from console.core.evidence_words import brief, explanation, ratio_text
from console.core.frame import (
    EventCounts,
    EventView,
    EvidenceView,
    Flow,
    Frame,
    JournalView,
    Panel,
    PhaseView,
    QueryView,
    SessionView,
    SourceView,
    TrackValue,
)
from console.core.gaps import short_counts
from console.core.judging import LEVELS, UNJUDGED, Judged, pending, stands
from console.core.ladder import ladder_of
from console.core.matrix import matrices
from console.core.metrics import MetricState, baseline_note, change_note
from console.core.plan import out_of_place
from console.core.progress import WindowView
from console.core.rollout import CONDITIONS, ActionKind
from console.core.shown import shown_value
from console.core.standing import Standing
from console.core.state import State
from console.core.tally import CUT, GIVEN_UP, LINES
from console.core.text import visible
from console.core.verdict import Verdict, worst
from console.core.weighing import Weighing
from console.core.words import SourceState

SPARK_CELLS = 60
RATE_S = 10.0
FLOW_S = 3.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a probe runs next, and whether it runs now."""

    next_at: float | None
    began_at: float | None
    """When the measurement that runs now began; `None` while none does."""


def build_frame(
    state: State,
    at: float,
    *,
    session: SessionView,
    journal: tuple[JournalView, ...] = (),
    schedules: Mapping[str, Schedule] | None = None,
) -> Frame:
    """Return the frame of `state` at `at`, seconds since the epoch."""
    schedules = schedules or {}
    standing = state.standing()
    measured = tuple(_panel(state, metric, at) for metric in state.metrics.values())
    spending = tuple(budgets.view(state, name, at) for name in state.budgets)
    panels = (*measured, *map(budgets.panel, spending))
    overall = worst([panel.verdict for panel in panels])
    blamed = next((panel for panel in panels if panel.verdict is overall), None)
    windows = validation.views(state.validation, state.rollout.validation, at)
    stages = checklist_views.stages(state, at)
    phase = _phase(state, at, standing, stages, windows)
    sources = tuple(source.view(at) for source in state.sources.values())
    frame = Frame(
        at=at,
        rollout=state.rollout.rollout,
        title=visible(state.rollout.title),
        service=visible(state.rollout.service),
        verdict=overall,
        reason="nothing is judged" if blamed is None else f"{blamed.metric}: {blamed.reason}",
        since=None if blamed is None else blamed.since,
        phase=phase,
        sources=sources,
        panels=panels,
        events=tuple(_event(state, event, at) for event in state.rollout.events),
        queries=tuple(
            _query(metric, at, schedules.get(metric.name))
            for metric in state.metrics.values()
            if metric.metric.kind == "query"
        ),
        actions=_actions(state, session, is_running=state.running is not None),
        attempts=_attempts(state, measured, at),
        alerts=alert_views.views(state, at),
        journal=journal,
        flow=_flow(state, sources, at),
        session=session,
        tracks=state.tracks,
        short=short_counts([source.gaps for source in state.sources.values()], state.tracks, at),
        validation=windows,
        budgets=spending,
        automatic=_automatic(state, at, session),
        silences=alert_views.silences(state.alerts),
        incidents=incident_views.views(state, at),
        stages=stages,
        has_incidents=state.rollout.incidents is not None,
        matrices=matrices(state.rollout, state.rollup, state.tracks),
        kpis=kpis.views(state.course, state.rollout, tracked=standing.tracked, is_complete=phase.is_complete),
    )
    if not state.rollout.views:
        return frame
    more_is_better = frozenset(name for name, one in state.metrics.items() if one.thresholds.is_more_better)
    seen = dashboard_views.Seen(state.rollout, frame, state.course, more_is_better)
    return replace(frame, views=dashboard_views.views(seen))


def _phase(
    state: State, at: float, standing: Standing, stages: tuple[StageView, ...], windows: tuple[WindowView, ...]
) -> PhaseView:
    items = checklist_views.at_hand(stages, state.phase.index, is_waiting=state.phase.is_waiting)
    roles = stages[state.phase.index].sign_off
    found = phases.clauses(
        state.phase,
        state.rollout.phases[state.phase.index],
        standing,
        running="" if state.running is None else state.running.started.title,
        windows=validation.clauses(windows, at) if state.phase.index == len(state.rollout.phases) - 1 else (),
        by_people=(*checklist_views.item_clauses(items), *checklist_views.role_clauses(roles)),
    )
    return phases.view(state.rollout, state.phase, found, at, items=items, roles=roles)


def _flow(state: State, sources: tuple[SourceView, ...], at: float) -> Flow:
    return Flow(
        lines=state.lines,
        lines_per_s=state.rollup.count(None, LINES, since=at - FLOW_S, until=at) / FLOW_S,
        unclassified=state.unclassified,
        rows_dropped=state.rows_dropped,
        lag_s=_lag_s(state, sources),
        is_lag_least=any(source.is_lag_least for source in sources),
        lines_cut=state.rollup.total(None, CUT),
    )


def _attempts(state: State, panels: tuple[Panel, ...], at: float) -> tuple[AttemptView, ...]:
    """Return the attempts, newest first; the newest of them may be a rung of a ladder."""
    newest = next(reversed(state.attempts), None)
    seen = next(
        (
            (panel.evidence.share_seen, panel.evidence.share_line)
            for panel in panels
            if panel.evidence is not None and panel.evidence.share_seen is not None
        ),
        None,
    )
    views = []
    for name, attempt in reversed(state.attempts.items()):
        action = state.rollout.actions.get(attempt.started.action)
        ladder = ladder_of(attempt, action, state.phase.traffic, at, seen) if name == newest else None
        views.append(acting.view(state.rollout, attempt, ladder, is_newest=name == newest))
    return tuple(views)


def _automatic(state: State, at: float, session: SessionView) -> AutomaticView | None:
    """Return what begins by itself: here, or by the console that holds the session."""
    is_nobodys = session.is_read_only and not session.held_by
    if not automatic.is_configured(state) or session.replayed or is_nobodys:
        return None
    countdown = state.automatic.countdown
    if countdown is None or (session.is_read_only and at - countdown.seen > automatic.LOOK_GAP_S):
        waits_for = automatic.obstacle(state) if state.phase.doubt else ""
        return AutomaticView(visible(state.automatic.disarmed), waits_for=visible(waits_for))
    title = state.rollout.actions[countdown.action].title
    left_s = max(0.0, countdown.due - at)
    return AutomaticView("", countdown.metric, visible(title), left_s, visible(countdown.reason))


def _lag_s(state: State, sources: tuple[SourceView, ...]) -> float | None:
    """Return how far the reading is behind; in touch and silent it is in step, and unknown while a source begins."""
    is_beginning = any(one.state is SourceState.STARTING for one in state.sources.values() if one.gives_lines)
    behind = [source.lag_s for source in sources if source.lag_s is not None]
    if is_beginning and not any(source.is_lag_least for source in sources):
        return None
    return max(behind, default=0.0)


def _panel(state: State, metric: MetricState, at: float) -> Panel:
    thresholds, spec = metric.thresholds, metric.metric
    track = metric.judged_track(state.phase.traffic)
    judged = metric.judged.get(track, UNJUDGED)
    held = pending(judged)
    age_s = None if judged.at is None else max(0.0, at - judged.at)
    return Panel(
        metric=metric.name,
        title=visible(spec.title or metric.name),
        unit=thresholds.unit,
        source=spec.source or "",
        verdict=judged.verdict,
        reason=visible(judged.reason + change_note(metric, judged) + baseline_note(metric, judged, track)),
        since=judged.since,
        judged=track,
        values=tuple(_track_value(metric, name) for name in _in_order(metric) if _is_there(state, metric, name)),
        conditions=tuple(
            (name.replace("_", " "), visible(said)) for name in CONDITIONS if (said := getattr(spec, name)) is not None
        ),
        pending=None if held is None else held[0],
        held_s=0.0 if held is None else max(0.0, at - held[1]),
        needed_s=thresholds.for_s,
        min_samples=thresholds.min_samples,
        spark=tuple(value for _, value in metric.history.get(track, ()))[-SPARK_CELLS:],
        age_s=age_s,
        is_stale=age_s is not None and age_s > thresholds.stale_after_s,
        keys=_keys(state, metric, judged),
        investigate=spec.investigate,
        evidence=None if metric.weighing is None else _evidence(metric, metric.weighing, judged, state.phase.traffic),
        approach=approach(spec, judged, tuple(metric.history.get(track, ())), state.phase.began),
    )


def _is_there(state: State, metric: MetricState, track: str) -> bool:
    """Whether a track has something to show: with all traffic on the canary no data of the baseline is no news."""
    is_alone = track == "baseline" and state.phase.traffic >= 100
    return not is_alone or metric.judged[track].value is not None


def _evidence(metric: MetricState, weighing: Weighing, judged: Judged, traffic: float) -> EvidenceView:
    compared = weighing.comparison
    is_breach = any(judged.run(level).since is not None for level in LEVELS)
    wait_s = weighing.wait_s if 0 < traffic < 100 and compared.looks else None
    asked = metric.metric.evidence
    is_traffic = asked is not None and asked.traffic
    share = weighing.traffic.against(traffic / 100) if is_traffic else None
    ratio, between = compared.ratio, compared.within
    said, *more = explanation(
        compared, weighing.dispersion, canary_share=traffic / 100, wait_s=wait_s, is_breach=is_breach
    )
    now = _ratio_now(metric) if weighing.stands_since is not None and 0 < traffic < 100 else None
    present = "" if now is None else f"; {ratio_text(now)} now"
    line = said + present
    return EvidenceView(
        line=line,
        brief=brief(compared, canary_share=traffic / 100, wait_s=wait_s, is_breach=is_breach) + present,
        explanation=(line, *more),
        is_worse=weighing.stands_since is not None,
        is_not_worse=compared.is_not_worse,
        log_e_worse=compared.log_e_worse,
        log_e_not_worse=compared.log_e_not_worse,
        needed=compared.needed,
        ratio=ratio if ratio is not None and isfinite(ratio) else None,
        interval=None if between is None else (between[0], between[1] if isfinite(between[1]) else None),
        not_worse_than=compared.comparing.not_worse_than,
        samples=(round(compared.total_canary), round(compared.total_baseline)),
        bad=(round(compared.bad_canary), round(compared.bad_baseline)),
        phi=weighing.dispersion.phi,
        wait_s=wait_s if wait_s is not None and isfinite(wait_s) else None,
        share_seen=None if share is None else share[0],
        share_line="" if share is None else share[1],
    )


def _ratio_now(metric: MetricState) -> float | None:
    """Return the ratio of the present rates of bad samples: what was proven is an average over all that was compared.

    `None` where there are no such rates, too few samples, or nothing bad on the baseline now.
    """
    rates = metric.bad_rates
    return rates[0] / rates[1] if rates is not None and rates[1] else None


def _in_order(metric: MetricState) -> list[str]:
    order = {"canary": 0, "baseline": 1}
    return sorted(metric.judged, key=lambda track: (order.get(track, 2), track)) or [""]


def _track_value(metric: MetricState, track: str) -> TrackValue:
    judged = metric.judged.get(track, UNJUDGED)
    return TrackValue(
        track=track,
        value=judged.value,
        samples=judged.samples,
        bad=judged.bad,
        verdict=judged.verdict,
        reason=visible(judged.reason),
        since=judged.since,
        text=shown_value(metric.thresholds, judged),
        counts_lines=metric.thresholds.counts_lines,
    )


def _keys(state: State, metric: MetricState, judged: Judged) -> tuple[KeyHint, ...]:
    hints: list[KeyHint] = []
    for level in LEVELS:
        named = metric.metric.on.critical if level is Verdict.CRITICAL else metric.metric.on.warning
        action = state.rollout.actions.get(named or "")
        if named is None or action is None or any(hint.action == named for hint in hints):
            continue
        is_lit = stands(metric.thresholds, judged, level)
        hints.append(KeyHint(named, action.key or "", visible(action.title), is_lit))
    return tuple(hints)


def _event(state: State, event: str, at: float) -> EventView:
    rollup = state.rollup
    return EventView(
        event=event,
        kind=visible(state.rollout.events[event].kind),
        tracks=tuple(
            EventCounts(
                track=track,
                total=rollup.total(track, event),
                last_minute=rollup.count(track, event, since=at - 60, until=at),
                last_hour=rollup.count(track, event, since=at - 3600, until=at),
                per_second=rollup.count(track, event, since=at - RATE_S, until=at) / RATE_S,
            )
            for track in state.tracks
        ),
        spark=rollup.spark(event, until=at, width=30, step_s=10),
        labels=_labels(state, event),
        given_up=rollup.total(None, GIVEN_UP + event),
        given_up_last_hour=rollup.count(None, GIVEN_UP + event, since=at - 3600, until=at + 1),
        given_up_last_minute=rollup.count(None, GIVEN_UP + event, since=at - 60, until=at + 1),
    )


def _labels(state: State, event: str) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    found = state.rollup.labels(None, event)
    return tuple(
        (label, tuple(sorted(values.items(), key=lambda pair: (-pair[1], pair[0])))) for label, values in found.items()
    )


def _query(metric: MetricState, at: float, schedule: Schedule | None) -> QueryView:
    next_at = None if schedule is None else schedule.next_at
    return QueryView(
        metric=metric.name,
        title=visible(metric.metric.title or metric.name),
        every_s=metric.metric.every,
        next_in_s=None if next_at is None else max(0.0, next_at - at),
        took_s=metric.took_s,
        is_running=schedule is not None and schedule.began_at is not None,
        running_s=None if schedule is None or schedule.began_at is None else max(0.0, at - schedule.began_at),
        skipped=metric.skipped,
        age_s=None if metric.answered_at is None else max(0.0, at - metric.answered_at),
        error=visible(metric.error),
        table=metric.table,
    )


def _actions(state: State, session: SessionView, *, is_running: bool) -> tuple[ActionView, ...]:
    views = []
    for name, action in state.rollout.actions.items():
        why_not = ""
        if session.is_read_only:
            why_not = "this console only looks"
        elif is_running:
            why_not = "another action is running"
        elif action.kind is ActionKind.STEP_DOWN and not any(rung < state.phase.traffic for rung in action.ladder):
            why_not = "the share is at the lowest rung"
        elif action.kind is ActionKind.ADVANCE and state.phase.index == len(state.rollout.phases) - 1:
            why_not = "this is the last phase"
        asked = tuple((one, visible(said.title or one)) for one, said in action.parameters.items())
        title, present = visible(action.title), state.rollout.phases[state.phase.index].name
        elsewhere = "; ".join(visible(one) for one in out_of_place(action.phases, present))
        views.append(ActionView(name, action.key or "", title, action.kind, not why_not, why_not, asked, elsewhere))
    return tuple(views)
