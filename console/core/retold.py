"""What a journal tells of the course of a rollout."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from console.core.chronicle import Advance, Chronicle, Measured, Span, Told, Turn
from console.core.journal import actor_text
from console.core.record import Record
from console.core.values import format_value

DONE_BY_PEOPLE = frozenset(
    {"action", "override", "outcome", "acknowledge", "silence", "checklist", "sign-off", "note", "automatic"}
)
"""Kinds of records of what people did, and of what began by itself."""
_WARNS = frozenset({"alert", "acknowledge", "silence"})


def chronicle_of(records: Sequence[Record], first_phase: str, units: Mapping[str, str]) -> Chronicle:
    """Return what a journal, or the newest part of one, tells; `units` are those of the metrics, for their values.

    `first_phase` is the name of the phase in which the records begin.
    """
    return Chronicle(
        spans=tuple(_spans(records, first_phase, units)),
        turns=tuple(_turns(records)),
        deeds=tuple(_told(record) for record in records if record.kind in DONE_BY_PEOPLE),
        alerts=tuple(_told(record) for record in records if record.kind in _WARNS),
        undelivered=tuple(_told(record) for record in records if record.kind == "told" and record.body.get("error")),
        incidents=tuple(_told(record) for record in records if record.kind == "incident"),
        gaps=tuple(_told(record) for record in records if _is_gap(record)),
        sources=tuple(_told(record) for record in records if record.kind == "source" and "state" in record.body),
        phase=tuple(_told(record) for record in records if record.kind in ("phase", "validation")),
    )


def _told(record: Record) -> Told:
    return Told(record.at, record.kind, record.text, actor_text(record))


def _is_gap(record: Record) -> bool:
    is_unwatched = record.kind == "phase" and "lost_s" in record.body and "since" in record.body
    return record.kind in ("gap", "clock", "left out") or is_unwatched


def _turns(records: Iterable[Record]) -> Iterator[Turn]:
    for record in records:
        if record.kind != "verdict":
            continue
        body = record.body
        name = f"error budget {body['slo']}" if "slo" in body else str(body.get("metric", ""))
        yield Turn(record.at, name, str(body.get("from", "")), str(body.get("to", "")), str(body.get("reason", "")))


def _spans(records: Iterable[Record], first_phase: str, units: Mapping[str, str]) -> Iterator[Span]:
    """Yield the phases that were entered; an advance that did not come through enters none."""
    begun: dict[str, Advance] = {}
    present: Span | None = None
    for record in records:
        body = record.body
        present = present or Span(first_phase, record.at)
        if record.kind in ("action", "override") and body.get("kind") == "advance":
            begun[str(body.get("attempt", ""))] = _advance(record, units)
        elif record.kind == "phase" and "phase" in body:
            yield replace(present, until=record.at)
            present = Span(str(body.get("name", "")), record.at, None, begun.get(str(body.get("attempt", ""))))
    if present is not None:
        yield present


def _advance(record: Record, units: Mapping[str, str]) -> Advance:
    body = record.body
    return Advance(
        at=record.at,
        actor=actor_text(record),
        reason=str(body.get("reason", "")),
        without=str(body.get("override", "")),
        evidence=tuple(_measured(body, units)),
    )


def _measured(body: Mapping[str, Any], units: Mapping[str, str]) -> Iterator[Measured]:
    values, samples = body.get("values", {}), body.get("samples", {})
    for metric, verdict in body.get("verdicts", {}).items():
        value = values.get(metric)
        said = "" if value is None else format_value(value, units.get(metric, ""))
        yield Measured(str(metric), str(verdict), said, samples.get(metric))
