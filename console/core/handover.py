"""What the next shift has to know: where it stands, what changed, what is open, what is to come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from console.core.checklist_frame import Place
from console.core.chronicle import Chronicle, Told, Turn
from console.core.durations import format_duration
from console.core.frame import AlertView, Frame, worst_first
from console.core.incident_frame import IncidentView
from console.core.outlook import BY_PEOPLE, when
from console.core.report import soak_text
from console.core.verdict import Verdict
from console.core.words import Outcome, SourceState

LINES = 25
"""Lines that a group has at most; the journal has all."""
_STEPS = 4
"""Changes of one verdict that are told one by one."""
_CALM = (Verdict.OK, Verdict.OFF_TARGET, Verdict.NOT_JUDGED)
_RANK = {verdict.value: verdict.rank for verdict in Verdict}
_UNSETTLED = (Outcome.RUNNING, Outcome.HOLDING, Outcome.FAILED, Outcome.UNVERIFIED, Outcome.UNKNOWN)
_WELL = (SourceState.LIVE, SourceState.QUIET)
_DONE = {"checklist": "Checklists and sign-offs", "sign-off": "Checklists and sign-offs", "note": "Notes"}


@dataclass(frozen=True, slots=True)
class Ahead:
    """Something that is expected."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under a heading."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """A summary of a session for whoever takes it over."""

    rollout: str
    title: str
    session: str
    since: float
    at: float
    verdict: Verdict
    now: tuple[str, ...]
    """Where it stands."""
    changed: tuple[Group, ...]
    """What happened since then; groups without anything are left out."""
    look: str
    """What to look at first, and with which key or command."""
    open: tuple[str, ...]
    """What somebody has to see to, the most urgent first."""
    ahead: tuple[Ahead, ...]
    """What is expected, in order of time."""


def handover_of(frame: Frame, happened: Chronicle, *, since: float, at: float, holder: str) -> Handover:
    """Return the summary of a session from `since` to `at`, seconds since the epoch.

    `happened` is what the journal tells of that time; `holder` is the console that watches now, empty for none.
    """
    return Handover(
        rollout=frame.rollout,
        title=frame.title,
        session=frame.session.id,
        since=since,
        at=at,
        verdict=frame.verdict,
        now=tuple(_now(frame, at, holder)),
        changed=tuple(group for group in _changed(happened, at) if group.lines),
        look=_look(frame, holder),
        open=tuple(_open(frame, at, holder)),
        ahead=tuple(sorted((one for one in _ahead(frame) if one.at > at), key=lambda one: one.at)),
    )


def _now(frame: Frame, at: float, holder: str) -> Iterator[str]:
    phase = frame.phase
    stands = "" if frame.since is None else f" since {when(frame.since, at)}"
    yield f"{frame.verdict}{stands}: {frame.reason}"
    share = "" if phase.traffic == phase.planned_traffic else f" (the phase plans {phase.planned_traffic:g} %)"
    yield f"phase {phase.name}, {phase.index + 1} of {phase.count}, since {when(phase.began, at)}"
    yield f"{phase.traffic:g} % of the traffic{share}; soak {soak_text(phase)}"
    yield from (f"the soak clock stands: {hold}" for hold in phase.holds)
    if phase.outlook:
        yield phase.outlook
    yield f"watched by {holder}" if holder else f"NOBODY WATCHES: the last word is of {when(frame.at, at)}"


def _look(frame: Frame, holder: str) -> str:
    """Return what to look at first: what is worst of what somebody can do something about."""
    pressing = _pressing(frame)
    if not holder:
        begin = f"rollout-console watch {frame.rollout}"
        return f"{pressing}; nobody watches: {begin}" if pressing else f"begin to watch: {begin}"
    if pressing:
        return pressing
    alert = next((one for one in sorted(frame.alerts, key=_urgency) if not one.why), None)
    panel = next(iter(worst_first(frame.panels)), None)
    if panel is not None and panel.verdict in (Verdict.WARNING, Verdict.CRITICAL, Verdict.BROKEN):
        asked = f"; i asks {', '.join(panel.investigate)}" if panel.investigate else ""
        return f"why {panel.metric} is {panel.verdict} (w{asked})"
    if alert is not None:
        return f"the alert of {alert.name} (a)"
    waiting = next(
        (one for one in frame.phase.clauses if not one.is_met and one.kind in (*BY_PEOPLE, "sign-off")), None
    )
    if waiting is not None:
        return f"{waiting.text} (c)"
    if panel is not None and panel.verdict is Verdict.UNKNOWN:
        return f"why nothing is known of {panel.metric} (w)"
    return "nothing presses"


def _pressing(frame: Frame) -> str:
    """Return what waits for somebody whether or not a console watches: an open incident, an action that hangs."""
    incident = next((one for one in frame.incidents if one.is_open), None)
    if incident is not None:
        answer = ", which nobody took" if incident.response.is_running else ""
        return f"incident {incident.number}, severity {incident.severity}{answer} (5)"
    attempt = next(iter(frame.attempts), None)
    if attempt is not None and attempt.outcome in _UNSETTLED:
        return f"{attempt.title}, which is {attempt.outcome} (o)"
    return ""


# -- what changed ----------------------------------------------------------------------------------------------------


def _changed(happened: Chronicle, at: float) -> Iterator[Group]:
    entered = (span for span in happened.spans if span.advance is not None)
    phases = [Told(span.since, "phase", f"entered {span.name}") for span in entered]
    yield _group("Incidents", happened.incidents, at)
    yield _group("Actions", [one for one in happened.deeds if one.kind not in (*_DONE, "acknowledge", "silence")], at)
    yield _group("Phases", phases, at)
    yield Group("Verdicts", tuple(turns_text(happened.turns, at))[:LINES])
    yield _group("Alerts", happened.alerts, at)
    yield _group("Messages that nobody took", happened.undelivered, at)
    for title in dict.fromkeys(_DONE.values()):
        yield _group(title, [one for one in happened.deeds if _DONE.get(one.kind) == title], at)
    yield _group("Gaps in monitoring", happened.gaps, at)
    yield _group("Sources", happened.sources, at)


def _group(title: str, told: Sequence[Told], at: float) -> Group:
    """Return the newest lines of a group, oldest first, and how many came before them."""
    shown = [f"{when(one.at, at)}  {_line(one)}" for one in told[-LINES:]]
    left = len(told) - len(shown)
    return Group(title, tuple([f"{left:,} earlier ones are in the journal", *shown] if left else shown))


def _line(told: Told) -> str:
    return f"{told.text} — {told.actor}" if told.actor and told.actor not in told.text else told.text


def turns_text(turns: Sequence[Turn], at: float) -> Iterator[str]:
    """Yield a line for each metric whose verdict changed, the one that was worst first."""
    of = {name: list(found) for name, found in groupby(sorted(turns, key=_by_metric), key=lambda one: one.metric)}
    for name, found in sorted(of.items(), key=lambda pair: (-_worst(pair[1]), pair[0])):
        if len(found) > _STEPS:
            worst = max(found, key=lambda one: _RANK.get(one.after, 0))
            said = f"{len(found)} changes, worst {worst.after} {when(worst.at, at)} ({worst.reason})"
            yield f"{name}: {said}; {found[-1].after} since {when(found[-1].at, at)}"
            continue
        steps = " → ".join(f"{one.after} {when(one.at, at)}" for one in found)
        yield f"{name}: {found[0].before} → {steps} ({found[-1].reason})"


def _by_metric(turn: Turn) -> tuple[str, float]:
    return turn.metric, turn.at


def _worst(turns: Sequence[Turn]) -> int:
    return max(_RANK.get(turn.after, 0) for turn in turns)


# -- what is open ----------------------------------------------------------------------------------------------------


def _open(frame: Frame, at: float, holder: str) -> Iterator[str]:
    yield from (_incident(incident, at) for incident in frame.incidents if incident.is_open)
    if not holder:
        yield f"nobody watches the rollout: rollout-console watch {frame.rollout} takes it up again"
    for attempt in frame.attempts[:1]:
        if attempt.outcome in _UNSETTLED:
            yield f"{attempt.title} is {attempt.outcome}, begun {when(attempt.started, at)} by {attempt.actor}"
    told_of = {alert.name for alert in frame.alerts}
    for alert in sorted(frame.alerts, key=_urgency):
        yield f"alert {alert.severity}: {alert.text}, since {when(alert.since, at)}{_care(alert)}"
    for panel in worst_first(frame.panels):
        if panel.verdict not in _CALM and panel.metric not in told_of:
            keys = ", ".join(f"{key.key} {key.label}" for key in panel.keys if key.is_lit)
            yield f"{panel.metric} is {panel.verdict}: {panel.reason}" + (f" ({keys})" if keys else "")
    for incident in frame.incidents:
        if not incident.is_open and not incident.is_settled:
            yield f"incident {incident.number} waits for its post-mortem: {incident.why}"
    for source in frame.sources:
        if source.state not in _WELL and source.name not in told_of:
            yield f"source {source.name} is {source.state}" + (f": {source.reason}" if source.reason else "")
    for clause in frame.phase.clauses:
        if not clause.is_met and clause.waits_for and clause.kind in (*BY_PEOPLE, "sign-off", "validation"):
            yield f"{clause.text} (waits for {clause.waits_for})"
    for stage in frame.stages:
        if stage.is_window and stage.place is Place.PRESENT:
            yield from (f"{stage.name}: {item.text} (to be ticked)" for item in stage.items if not item.is_done)


def _incident(incident: IncidentView, at: float) -> str:
    taken = "NOBODY HAS RESPONDED" if incident.response.is_running else f"taken by {incident.response.by}"
    said = f"incident {incident.number}, severity {incident.severity}, open since {when(incident.opened_at, at)}"
    return f"{said}: {incident.why}; {taken}"


def _urgency(alert: AlertView) -> tuple[bool, int, float]:
    severities = ("critical", "blind", "warning")
    rank = severities.index(alert.severity) if alert.severity in severities else len(severities)
    return bool(alert.why), rank, alert.since


def _care(alert: AlertView) -> str:
    said = f"; {alert.why}" if alert.why else "; nobody takes care of it"
    return f"{said}; {alert.told}" if alert.is_failing else said


# -- what is to come -------------------------------------------------------------------------------------------------


def _ahead(frame: Frame) -> Iterator[Ahead]:
    phase = frame.phase
    if phase.earliest is not None:
        what = "the rollout may be finished" if phase.is_last else f"{phase.name} may be left"
        yield Ahead(phase.earliest, f"{what}, at the soonest")
    for clause in phase.clauses:
        if clause.kind == "soak" and clause.expected_s and not phase.holds:
            yield Ahead(frame.at + clause.expected_s, f"the soak of {format_duration(phase.soak_s)} is over")
    for window in frame.validation:
        if window.is_past:
            continue
        if window.begins is not None and window.outcome == "waiting":
            yield Ahead(window.begins, f"validation {window.name} begins")
        if window.ends is not None and window.outcome in ("waiting", "running"):
            yield Ahead(window.ends, f"validation {window.name} ends")
    for silence in frame.silences:
        about = f"{silence.severity} {silence.about}".strip()
        yield Ahead(silence.until, f"the silence of {about} is over, made by {silence.by}: {silence.reason}")
    for incident in frame.incidents:
        if incident.is_open and incident.response.is_running:
            yield Ahead(
                frame.at + incident.response.left_s, f"somebody must have responded to incident {incident.number}"
            )
        if incident.post_mortem is not None and incident.post_mortem.is_running:
            yield Ahead(
                frame.at + incident.post_mortem.left_s, f"the post-mortem of incident {incident.number} must be held"
            )
