"""Incidents in a report and in `snapshot.json`."""

from collections.abc import Iterator
from typing import Any

from console.core.durations import format_duration
from console.core.export import clock, iso
from console.core.frame import Frame
from console.core.incident_frame import ClockView, IncidentView
from console.core.report_cells import Cell, Section, moment_text


def clock_text(found: ClockView) -> str:
    """Return how a clock stands: `taken by anna, in time, 3m 20s left`, `late by 2m`, `4m left of 5m`."""
    size = format_duration(float(int(abs(found.left_s))))
    if found.is_running:
        return f"late by {size}" if found.is_late else f"{size} left of {format_duration(found.within_s)}"
    how = f"late by {size}" if found.is_late else f"in time, {size} left"
    return f"{found.by} {clock(found.at)}, {how}"


def incident_line(found: IncidentView) -> str:
    """Return an incident in one line, as it stands."""
    named = f"incident {found.number}, severity {found.severity}"
    if found.is_open:
        response = clock_text(found.response)
        taken = f"response {response}" if found.response.is_running else f"taken by {response}"
        room = "" if found.room is None else "; war room " + ("" if found.room.clock.is_running else "with ")
        room += "" if found.room is None else clock_text(found.room.clock)
        return f"{named}: {found.why}; {taken}{room}; procedure {found.items_done} of {len(found.procedure)}"
    due = found.post_mortem
    if due is None:
        return f"{named}: resolved"
    said = f"post-mortem held, says {clock_text(due)}" if not due.is_running else f"post-mortem {clock_text(due)}"
    return f"{named}, resolved by {found.resolved_by}: {found.resolution}; {said}"


def incident_sections(frame: Frame) -> Iterator[Section]:
    """Yield each incident with its clocks, causes, roles, procedure and history; nothing where there was none."""
    for found in reversed(frame.incidents):
        yield _summary(found)
        yield _procedure(found)
        yield Section(
            f"History of incident {found.number}",
            ("At (UTC)", "What happened"),
            tuple((Cell(clock(one.at)), Cell(one.text)) for one in found.moments),
            is_part=True,
        )


def _summary(found: IncidentView) -> Section:
    tone = "critical" if found.is_open else "ok"
    room = found.room
    facts = [
        ("State", Cell("open" if found.is_open else f"resolved by {found.resolved_by}: {found.resolution}", tone)),
        ("Opened", Cell(f"{moment_text(found.opened_at)} by {found.opened_by or 'a critical alert'}")),
        ("Why", Cell(found.why)),
        ("Response", Cell(clock_text(found.response), "critical" if found.response.is_late else "")),
    ]
    if room is not None:
        said = "; ".join(part for part in (room.where, room.why, clock_text(room.clock)) if part)
        facts.append(("War room", Cell(said, "critical" if room.clock.is_late else "")))
    if found.post_mortem is not None:
        due = f"due {moment_text(found.post_mortem.due)}; {clock_text(found.post_mortem)}"
        facts.append(("Post-mortem", Cell(due, "critical" if found.post_mortem.is_late else "")))
        if found.post_mortem.note:
            facts.append(("Post-mortem note", Cell(found.post_mortem.note)))
    facts += [(role.role, Cell(role.name or f"nobody ({role.usually})")) for role in found.roles]
    return Section(
        f"Incident {found.number}, severity {found.severity}",
        ("Cause", "Severity", "Since (UTC)", "Until (UTC)", "Now"),
        tuple(
            (
                Cell(cause.text, "critical" if cause.is_standing else ""),
                Cell(str(cause.severity)),
                Cell(clock(cause.since)),
                Cell(f"{clock(cause.until)}, no longer watched" if cause.unwatched else clock(cause.until)),
                Cell(cause.now or "–"),
            )
            for cause in found.causes
        ),
        facts=tuple(facts),
    )


def _procedure(found: IncidentView) -> Section:
    return Section(
        f"Procedure of incident {found.number}",
        ("", "Step", "By", "At (UTC)", "Note"),
        tuple(
            (
                Cell("✓ done", "ok") if item.is_done else Cell("◌ open", "unknown"),
                Cell(item.text),
                Cell(item.by or ("the console" if item.at is not None else "–")),
                Cell(clock(item.at)),
                Cell(item.note or "–"),
            )
            for item in found.procedure
        ),
        is_part=True,
    )


def incident_json(found: IncidentView) -> dict[str, Any]:
    """Return an incident for `snapshot.json` and `--json`."""
    return {
        "incident": found.number,
        "severity": found.severity,
        "state": "open" if found.is_open else "resolved",
        "why": found.why,
        "opened_at": iso(found.opened_at),
        "opened_by": found.opened_by or None,
        "response": _clock_json(found.response),
        "causes": [
            {
                "about": cause.about,
                "text": cause.text,
                "severity": cause.severity,
                "since": iso(cause.since),
                "until": iso(cause.until),
                "stands": cause.is_standing,
                "now": cause.now,
                "no_longer_watched": cause.unwatched or None,
            }
            for cause in found.causes
        ],
        "war_room": None
        if found.room is None
        else {"why": found.room.why, "where": found.room.where, **_clock_json(found.room.clock)},
        "roles": [
            {"role": role.role, "usually": role.usually, "name": role.name or None, "at": iso(role.at)}
            for role in found.roles
        ],
        "procedure": [
            {
                "id": item.item,
                "text": item.text,
                "done": item.is_done,
                "by": item.by or ("console" if item.at is not None else None),
                "at": iso(item.at),
                "note": item.note,
            }
            for item in found.procedure
        ],
        "resolved": None
        if found.resolved_at is None
        else {"at": iso(found.resolved_at), "by": found.resolved_by, "text": found.resolution},
        "post_mortem": None if found.post_mortem is None else _clock_json(found.post_mortem),
        "history": [{"at": iso(one.at), "text": one.text} for one in found.moments],
    }


def _clock_json(found: ClockView) -> dict[str, Any]:
    return {
        "since": iso(found.since),
        "due": iso(found.due),
        "left_s": round(found.left_s, 3),
        "late": found.is_late,
        "by": found.by or None,
        "at": iso(found.at),
        "note": found.note,
    }
