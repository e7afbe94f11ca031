"""What stood on the screen when somebody decided something: it goes into the record of the decision."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.core.record import Record

if TYPE_CHECKING:
    from console.core.state import State

PROMPT_S = 5.0
"""What was taken up later than this was not decided in sight of what stands now."""


def witnessed(state: "State", records: Iterable[Record]) -> list[Record]:
    """Return records, those of actions and decisions with who, why, and every verdict and number at that instant.

    A decision is what names an actor; what an attempt did is of the one who began it. The steps of an attempt point
    to it and stay short. One that is taken up only later says when that was: `witnessed_at` is the time of its verdicts
    and numbers then, in seconds since 1970.
    """
    return [_witness(state, record) if _is_decision(record) else record for record in records]


def _is_decision(record: Record) -> bool:
    return "actor" in record.body or ("attempt" in record.body and record.kind != "step")


def _witness(state: "State", record: Record) -> Record:
    body: dict[str, Any] = {}
    attempt = state.attempts.get(str(record.body.get("attempt", "")))
    if attempt is not None:
        body = {"actor": str(attempt.started.actor), "reason": attempt.started.reason}
    standing = state.standing()
    judged = {name: state.verdict_of(name) for name in state.metrics}
    body |= {
        "share": state.phase.traffic,
        "verdicts": {name: verdict.value for name, verdict in standing.verdicts.items()},
        "values": {name: value for name, (value, _) in standing.values.items()},
        "samples": {name: one.samples for name, one in judged.items() if one.samples is not None},
    }
    if state.at - record.at > PROMPT_S:
        body["witnessed_at"] = state.at
    return replace(record, body={**body, **record.body})
