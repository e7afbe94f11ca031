"""What one record of a journal tells of, as the inputs that it was made from."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from console.core.action_inputs import (
    ActionAbandoned,
    ActionEnded,
    ActionProgressed,
    AutomaticArmed,
    AutomaticFired,
    AutomaticStopped,
    LadderLeft,
)
from console.core.actors import actor_of
from console.core.checklists import run_of
from console.core.incidents import Decision, Step
from console.core.inputs import (
    AlertAcknowledged,
    ClockStepped,
    ContainerNamed,
    DeliveryEnded,
    GapSuspected,
    IncidentDecided,
    Input,
    ItemTicked,
    KpiEntered,
    NoteWritten,
    SessionClosed,
    SessionOpened,
    SignedOff,
    SilenceEnded,
    SilenceMade,
    SkewMeasured,
    SnapshotTaken,
    SourceChanged,
    SourceSeen,
    Unread,
    WayOutSeen,
)
from console.core.record import Record
from console.core.words import Outcome, SourceState

_PARTS = re.compile(r"(?:no track|[^\s,·]+) \d+(?:, (?:no track|[^\s,·]+) \d+)*")


def told_by(record: Record) -> Iterator[Input]:
    """Yield the inputs that a record tells of; none for one that is a conclusion, such as a verdict."""
    for told in (_told_of_console, _told_of_people, _told_of_actions):
        yield from told(record)


def _told_of_console(record: Record) -> Iterator[Input]:
    at, body, text = record.at, record.body, record.text
    match record.kind:
        case "session" if "last_seen" in body:
            is_dry_run = bool(body.get("is_dry_run"))
            yield SessionOpened(at, actor_of(text), str(body["version"]), body["last_seen"], is_dry_run)
        case "session":
            actor = actor_of(str(body["actor"]))
            yield SessionClosed(at, actor, text.removesuffix(f" by {actor}"))
        case "source" if "became" in body:
            names = ("source", "origin", "name", "track", "became")
            yield ContainerNamed(at, *(str(body[name]) for name in names))
        case "source":
            yield SkewMeasured(at, str(body["source"]), float(body["skew_s"]))
        case "gap":
            yield GapSuspected(
                at,
                body["source"],
                body["name"],
                body["reason"],
                body["since"],
                body["until"],
                body["lines_at_most"],
                body.get("track"),  # sessions from before it was written down: of any track
            )
        case "way out":
            yield WayOutSeen(at, str(body["action"]), tuple(body["obstacles"]), tuple(body["unknown"]))
        case "clock":
            yield ClockStepped(at, float(body["by_s"]))
        case "told":
            error, title, tries = str(body["error"]), str(body["title"]), int(body["tries"])
            yield DeliveryEnded(at, str(body["delivery"]), error, title, tries)


def _told_of_people(record: Record) -> Iterator[Input]:
    at, body, text = record.at, record.body, record.text
    match record.kind:
        case "checklist":
            said = text.removesuffix(f": {body['note']}") if body["note"] else text
            is_alone = "run" in body or said.endswith(", verified")
            by = None if is_alone else actor_of(said.rpartition(", by ")[2])  # of sessions from before the body had it
            by = actor_of(str(body["actor"])) if "actor" in body else by
            item, note, stage = str(body["item"]), str(body["note"]), str(body.get("stage", ""))
            yield ItemTicked(at, item, bool(body["is_done"]), by, note, stage, run_of(body.get("run")))
        case "sign-off":
            yield SignedOff(at, str(body["role"]), actor_of(str(body["actor"])), str(body["note"]))
        case "kpi":
            yield KpiEntered(
                at, str(body["kpi"]), float(body["value"]), actor_of(str(body["actor"])), str(body["note"])
            )
        case "acknowledge":
            yield AlertAcknowledged(at, str(body["alert"]), actor_of(str(body["actor"])), str(body["reason"]))
        case "silence" if "until" in body:
            about, severity, until = str(body["about"]), str(body["severity"]), float(body["until"])
            by, why = actor_of(str(body["actor"])), str(body["reason"])
            yield SilenceMade(at, str(body["silence"]), about, severity, until, by, why)
        case "silence":
            yield SilenceEnded(at, str(body["silence"]), actor_of(str(body["actor"])))
        case "incident" if "step" in body:
            yield IncidentDecided(at, _decision(body), actor_of(str(body["actor"])))
        case "note":
            yield NoteWritten(at, actor_of(str(body["actor"])), text)
        case "snapshot":
            yield SnapshotTaken(at, actor_of(str(body["actor"])), text)


def _told_of_actions(record: Record) -> Iterator[Input]:
    at, body, text = record.at, record.body, record.text
    match record.kind:
        case "automatic" if body["way"] == "fired":
            yield AutomaticFired(at, str(body["action"]), str(body["reason"]))
        case "automatic" if body["way"] == "stopped":
            yield AutomaticStopped(at, actor_of(str(body["actor"])), str(body["why"]))
        case "automatic" if body["way"] == "armed":
            yield AutomaticArmed(at, actor_of(str(body["actor"])), str(body["reason"]))
        case "action" if body.get("is_abandoned"):
            actor = actor_of(str(body["actor"]))
            yield ActionAbandoned(at, str(body["attempt"]), actor, str(body["reason"]))
        case "action":
            yield LadderLeft(at, str(body["attempt"]), actor_of(str(body["actor"])))
        case "step":
            label = text.removesuffix(f": {body['detail']}").removesuffix(f": {body['state']}").partition(": ")[2]
            yield ActionProgressed(at, body["attempt"], int(body["step"]), label, body["state"], body["detail"])
        case "outcome":
            yield ActionEnded(at, str(body["attempt"]), Outcome(body["outcome"]), str(body["detail"]))


def _decision(body: Mapping[str, Any]) -> Decision:
    return Decision(
        step=Step(body["step"]),
        incident=int(body["incident"]),
        severity=int(body["severity"]),
        subject=str(body["subject"]),
        text=str(body["text"]),
        is_done=bool(body["is_done"]),
    )


def source_changed(record: Record, well: set[str]) -> Iterator[Input]:
    """Yield the change of a source; one that is lost had answered until then. Those that are `well` are noted."""
    source, state = str(record.body["source"]), SourceState(record.body["state"])
    said = record.text.removeprefix(f"{source}: {state}").removeprefix(" · ")
    first, _, rest = said.partition(" · ")
    parts: dict[str, int] = {}
    if _PARTS.fullmatch(first):
        for part in first.split(", "):
            track, _, number = part.rpartition(" ")
            parts["" if track == "no track" else track] = int(number)
        said = rest
    if state in (SourceState.LIVE, SourceState.QUIET):
        well.add(source)
    elif source in well:
        well.discard(source)
        yield SourceSeen(record.at, source)
    unread = tuple(Unread(name, track, reason) for name, track, reason in record.body.get("unread", ()))
    yield SourceChanged(record.at, source, state, said, parts=parts, unread=unread)
