"""Incidents as the screen, the snapshot and the reports show them."""

from math import floor
from typing import TYPE_CHECKING

from console.core.incident_frame import CauseView, ClockView, IncidentView, ItemView, RoleView, RoomView
from console.core.incident_rules import Incidents, ProcedureItem
from console.core.incident_signs import unwell
from console.core.incidents import Cause, Clock, Incident
from console.core.shown import shown_value
from console.core.text import visible

if TYPE_CHECKING:
    from console.core.state import State


def views(state: "State", at: float) -> tuple[IncidentView, ...]:
    """Return the incidents of a session, the newest first."""
    return tuple(_view(state, one, at) for one in reversed(state.incidents.incidents.values()))


def _view(state: "State", found: Incident, at: float) -> IncidentView:
    rules = state.rollout.incident_rules
    rule = rules.rule(found.severity)
    action = state.rollout.actions.get(rule.action or "")
    resolved = found.resolved
    return IncidentView(
        number=found.number,
        severity=found.severity,
        why=visible(found.why),
        opened_at=found.opened_at,
        opened_by=found.opened_by,
        response=_clock(found.response, at),
        causes=tuple(_cause(state, one) for one in found.causes.values()),
        room=None
        if found.room is None
        else RoomView(found.room.why, visible(rules.war_room.where), _clock(found.room.clock, at)),
        roles=_roles(rules, found),
        procedure=tuple(_item(item, found) for item in rules.procedure),
        action=None if action is None else (action.key or "", visible(action.title)),
        advice=visible(rule.advice),
        resolved_at=None if resolved is None else resolved.at,
        resolved_by="" if resolved is None else resolved.by,
        resolution="" if resolved is None else resolved.text,
        post_mortem=None if found.post_mortem is None else _clock(found.post_mortem, at),
        moments=found.moments,
        unwell=unwell(state) if found.is_open else (),
        well_s=0.0 if found.well_since is None else float(max(0, floor(found.watched_at - found.well_since))),
        well_for_s=rules.well_for,
    )


def _clock(clock: Clock, at: float) -> ClockView:
    stopped = clock.stopped
    return ClockView(
        since=clock.since,
        due=clock.due,
        within_s=clock.due - clock.since,
        left_s=float(floor(clock.left_s(at))),
        by="" if stopped is None else stopped.by,
        at=None if stopped is None else stopped.at,
        note="" if stopped is None else stopped.text,
    )


def _cause(state: "State", cause: Cause) -> CauseView:
    metric = state.metrics.get(cause.about)
    budget = state.budgets.get(cause.about)
    now = ""
    if metric is not None:
        judged = state.verdict_of(cause.about)
        now = f"{shown_value(metric.thresholds, judged)} {judged.verdict}"
    elif budget is not None:
        now = str(budget.verdict)
    is_standing = bool(cause.alert) and cause.until is None
    return CauseView(
        cause.about,
        cause.text,
        cause.severity,
        cause.since,
        cause.until,
        is_standing,
        visible(now),
        unwatched=visible(cause.unwatched),
    )


def _roles(rules: Incidents, found: Incident) -> tuple[RoleView, ...]:
    taken = found.roles
    return tuple(
        RoleView(
            role=role,
            usually=visible(usually),
            name=taken[role].text if role in taken else "",
            by=taken[role].by if role in taken else "",
            at=taken[role].at if role in taken else None,
        )
        for role, usually in rules.roles.items()
    )


def _item(item: ProcedureItem, found: Incident) -> ItemView:
    mark, is_seen = found.ticks.get(item.id), item.done_when is not None
    if mark is None:
        return ItemView(item.id, visible(item.text), False, is_seen, "", None, "")
    return ItemView(item.id, visible(item.text), mark.is_done, is_seen, mark.by, mark.at, mark.text)
