"""What the rollout was like as a whole: what each goal's metric was, what was begun and entered, what alarmed.

It is folded like everything else, so it survives restarts. Only time in which the canary had traffic counts; longer
than `WATCH_GAP_S` without a look was not watched, and nothing is known of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from console.core.action_inputs import ActionStarted
from console.core.alerts import Alert
from console.core.dashboards import Kpi
from console.core.inputs import KpiEntered, WayOutSeen
from console.core.record import Record
from console.core.rollout import Rollout
from console.core.runs import later
from console.core.soak import WATCH_GAP_S, PhaseState
from console.core.standing import Standing

ALARMS_KEPT = 50
"""Alarms that are kept, beside those that stand; all are counted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one metric while the canary had traffic."""

    known_s: float = 0.0
    """For how long it had a value that counts."""
    sum: float = 0.0
    """Its values, each times the seconds for which it stood."""
    highest: float | None = None

    def after(self, value: float, for_s: float) -> "Seen":
        """Return the same after a value stood for so long."""
        highest = value if self.highest is None else max(self.highest, value)
        return Seen(self.known_s + for_s, self.sum + value * for_s, highest)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that a person entered."""

    value: float
    at: float
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """An action that was begun."""

    action: str
    given: tuple[str, ...]
    """The values of its parameters."""
    entered: tuple[str, ...]
    """The phases that had been entered by then."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert that was raised."""

    key: str
    since: float
    severity: str
    text: str
    until: float | None = None
    """When it was over; `None` while it stands."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the console sees when it looks at a way out, as a preview shows it."""

    since: float
    """When it was first seen so."""
    obstacles: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that the goals of the whole rollout and the history of alerts are made of."""

    looked: float | None = None
    share: float = 0.0
    """The share at the last look, percent."""
    values: Mapping[str, float] = field(default_factory=dict)
    """As they were at the last look, by what the goals are about (`Kpi.measure`)."""
    watched_s: float = 0.0
    """How long the canary has had traffic, also while nobody watched."""
    seen: Mapping[str, Seen] = field(default_factory=dict)
    entered: tuple[str, ...] = ()
    """The phases that were entered."""
    begun: tuple[Begun, ...] = ()
    """The actions that goals count, in order."""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()
    """Those that stand, and the newest of the others, oldest first."""
    raised: Mapping[str, int] = field(default_factory=dict)
    """How often each alert was raised, by its key."""
    looks: Mapping[str, Look] = field(default_factory=dict)
    """What was seen of each way out since a console took the session up, by its action."""


def is_kept(rollout: Rollout) -> bool:
    """Whether anything in the rollout asks for its course."""
    return bool(rollout.kpis or rollout.views)


def looked(course: Course, rollout: Rollout, phase: PhaseState, standing: Standing, at: float) -> Course:
    """Return the course at a moment, in the present phase with the share that is applied."""
    if course.looked is not None and course.share > 0 and at > course.looked:
        for_s = at - course.looked
        course = replace(course, watched_s=course.watched_s + for_s)
        if for_s <= WATCH_GAP_S:
            stood = {name: course.seen.get(name, Seen()).after(value, for_s) for name, value in course.values.items()}
            course = replace(course, seen={**course.seen, **stood})
    found = {kpi.measure: _value(kpi, standing, phase.traffic) for kpi in rollout.kpis.values() if kpi.metric}
    name = rollout.phases[phase.index].name
    return replace(
        course,
        looked=at,
        share=phase.traffic,
        values={name: value for name, value in found.items() if value is not None},
        entered=course.entered if name in course.entered else (*course.entered, name),
    )


def _value(kpi: Kpi, standing: Standing, share: float) -> float | None:
    """Return what a goal's metric is now; of both tracks it is known only while each that has traffic is."""
    value, _ = standing.values.get(kpi.metric, (None, None))
    if not kpi.both_tracks or kpi.metric not in standing.tracked or share >= 100:
        return value
    beside = standing.beside.get(kpi.metric)
    if value is None or beside is None:
        return None
    return max(value, beside) if kpi.highest else (share * value + (100 - share) * beside) / 100


def stepped(course: Course, by_s: float) -> Course:
    """Return the course after this machine's clock was set, or the machine slept: that time is no part of it."""
    return replace(course, looked=later(course.looked, by_s))


def acted(course: Course, rollout: Rollout, given: ActionStarted) -> Course:
    """Return the course after an action was begun; to verify one, or to carry it on, begins none."""
    counted = {action for kpi in rollout.kpis.values() for action in (*kpi.count, *kpi.by)}
    if given.action not in counted or given.is_check or given.continues:
        return course
    return replace(course, begun=(*course.begun, Begun(given.action, tuple(given.given.values()), course.entered)))


def entered(course: Course, given: KpiEntered) -> tuple[Course, list[Record]]:
    """Return the course with a figure that a person entered, and what the journal says of it."""
    figure = Figure(given.value, given.at, str(given.actor), given.note)
    body = {"kpi": given.kpi, "value": given.value, "note": given.note, "actor": str(given.actor)}
    said = f"{given.kpi} is {given.value:.10g}, entered by {given.actor}"
    record = Record(given.at, "kpi", f"{said}: {given.note}" if given.note else said, body)
    return replace(course, figures={**course.figures, given.kpi: figure}), [record]


def opened(course: Course) -> Course:
    """Return the course after a console took the session up: what was seen of the ways out before is not known now."""
    return replace(course, looks={})


def way_seen(course: Course, given: WayOutSeen) -> tuple[Course, list[Record]]:
    """Return the course after a look at a way out, and what the journal says of it."""
    look = Look(given.at, given.obstacles, given.unknown)
    body = {"action": given.action, "obstacles": list(given.obstacles), "unknown": list(given.unknown)}
    said = "; ".join((*given.obstacles, *given.unknown)) or "nothing is seen to stand in its way"
    record = Record(given.at, "way out", f"{given.action}: {said}", body)
    return replace(course, looks={**course.looks, given.action: look}), [record]


def alarmed(course: Course, standing: Mapping[str, Alert], at: float) -> Course:
    """Return the course after a look at the alerts that stand."""
    alarms = [
        replace(alarm, until=at) if alarm.until is None and alarm.key not in standing else alarm
        for alarm in course.alarms
    ]
    known = {alarm.key for alarm in alarms if alarm.until is None}
    new = [alert for key, alert in standing.items() if key not in known]
    if not new and tuple(alarms) == course.alarms:
        return course
    alarms += [Alarm(one.key, one.started_at, one.found.severity.value, one.found.text) for one in new]
    raised = {**course.raised, **{one.key: course.raised.get(one.key, 0) + 1 for one in new}}
    return replace(course, alarms=_newest(alarms), raised=raised)


def _newest(alarms: list[Alarm]) -> tuple[Alarm, ...]:
    """Return the alarms that are kept: all that stand, and of the others the newest."""
    over = [alarm for alarm in alarms if alarm.until is not None]
    given_up = over[: max(0, len(alarms) - ALARMS_KEPT)]
    return tuple(alarm for alarm in alarms if alarm not in given_up)
