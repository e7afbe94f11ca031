"""What the simulated services do: requests, what becomes of them, and the lines they log.

Pure and seeded: the same calls give the same traffic. Only the standard library, because it also runs in a bare
Python container.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

ROLLOUTS = ("stateless-orchestration", "fsm-checkpoint")
SCENARIOS = {
    "healthy": "the canary does well",
    "regression": "the canary turns bad after 15 seconds",
    "contamination": "sessions of two users mix, or two stores of one state diverge",
    "outage": "what both tracks depend on fails for half a minute",
    "flaky-db": "the database crashes every 20 seconds",
}
TRACKS = ("canary", "baseline")

REQUESTS_PER_S = 120.0
"""Of both tracks together, at speed 1."""
ONSET_S = 15.0
"""When a scenario begins to show, in scenario seconds."""
RAMP_S = 4.0
"""How long the change takes to come fully."""
OUTAGE_S = 30.0
SESSIONS = 1234
"""How many sessions there are; each belongs to one track, and changes it only when the shares do."""
TOOL_SHARE = 0.6
"""How many turns use a tool."""

STAGES = ("IDLE", "SERVICE_SELECTION", "STYLIST_SELECTION", "SLOT_SELECTION", "CUSTOMER_DATA", "CONFIRMATION", "BOOKED")
_INTENTS = ("greet", "choose_service", "choose_stylist", "choose_slot", "give_details", "confirm", "thank")
_TOOLS = ("list_services", "find_slots", "hold_slot", "book_appointment")
_WORKFLOW = ("discovery", "outline", "drafting", "review", "publishing")
_USUAL_ERRORS = ("Model provider timed out", "Rate limit of the model provider", "Tool call was cancelled by the user")
_REGRESSION_ERRORS = (
    "Safe JSON parser: unexpected end of input",
    "Safe JSON parser: duplicate key currentStage",
    "Orchestrator lost the workflow state between two steps",
)
_OUTAGE_ERROR = "Model provider answered 503"


@dataclass(frozen=True, slots=True)
class Mood:
    """How one track behaves at one moment; shares are of its requests, 0 to 1."""

    median_ms: float
    spread: float
    """Standard deviation of the logarithm of the duration."""
    failed: float = 0.0
    rejected: float = 0.0
    incoherent: float = 0.0
    denied: float = 0.0
    obsolete: float = 0.0
    diverged: float = 0.0
    unreadable: float = 0.0
    """Checkpoints that cannot be deserialized."""
    crossed: float = 0.0
    """Requests that run in the session of another user."""
    errors: tuple[str, ...] = _USUAL_ERRORS


_USUAL = {
    ("stateless-orchestration", "canary"): Mood(820, 0.34, failed=0.0006),
    ("stateless-orchestration", "baseline"): Mood(880, 0.34, failed=0.007),
    # The old code waits 100 ms for its second store before it answers; the new one does not. The canary's shares are
    # so small because its windows are: one rejection among a hundred transitions is already ten times the limit.
    ("fsm-checkpoint", "canary"): Mood(170, 0.24, failed=0.002, incoherent=0.001, denied=0.001, obsolete=0.0005),
    ("fsm-checkpoint", "baseline"): Mood(
        270, 0.24, failed=0.004, rejected=0.0001, incoherent=0.008, denied=0.007, obsolete=0.002
    ),
}


def mood(rollout: str, track: str, scenario: str, elapsed_s: float) -> Mood:
    """Return how a track behaves `elapsed_s` scenario seconds after the demo began."""
    usual = _USUAL[rollout, track]
    if scenario == "outage":
        return _blend(usual, _in_outage(usual), _risen(elapsed_s, ONSET_S) - _risen(elapsed_s, ONSET_S + OUTAGE_S))
    if track != "canary" or scenario not in ("regression", "contamination"):
        return usual
    spoilt = _regressed(usual, rollout) if scenario == "regression" else _contaminated(usual, rollout)
    return _blend(usual, spoilt, _risen(elapsed_s, ONSET_S))


def _risen(elapsed_s: float, onset_s: float) -> float:
    return min(1.0, max(0.0, (elapsed_s - onset_s) / RAMP_S))


def _regressed(usual: Mood, rollout: str) -> Mood:
    slow = replace(usual, median_ms=3.3 * usual.median_ms, spread=0.42, failed=0.13, errors=_REGRESSION_ERRORS)
    if rollout == "fsm-checkpoint":
        return replace(slow, failed=0.03, rejected=0.1, incoherent=0.07, denied=0.05, errors=_USUAL_ERRORS)
    return slow


def _contaminated(usual: Mood, rollout: str) -> Mood:
    if rollout == "fsm-checkpoint":
        return replace(usual, diverged=0.03, unreadable=0.015)
    return replace(usual, crossed=0.02)


def _in_outage(usual: Mood) -> Mood:
    return replace(
        usual,
        median_ms=3.8 * usual.median_ms,
        failed=0.22,
        incoherent=0.09 if usual.incoherent else 0.0,
        errors=(_OUTAGE_ERROR,),
    )


def _blend(usual: Mood, other: Mood, weight: float) -> Mood:
    if weight <= 0:
        return usual
    mixed = {
        name: (1 - weight) * getattr(usual, name) + weight * getattr(other, name)
        for name in Mood.__slots__
        if name != "errors"
    }
    return Mood(**mixed, errors=other.errors)


@dataclass(slots=True)
class Batch:
    """What a stretch of time brought."""

    lines: list[str] = field(default_factory=list)
    rows: list[tuple[str, str, str, str | None, str, float, float]] = field(default_factory=list)
    """Session, user, status, error, stage, and when it was created and updated (seconds since the epoch)."""
    keys: list[tuple[str, str]] = field(default_factory=list)
    """Conversation and its stage, to be written by the track's own way of storing it."""

    def message(self, track: str) -> dict[str, Any]:
        """Return the batch as the recorder takes it."""
        return {"track": track, "rows": self.rows, "keys": self.keys}


@dataclass(slots=True)
class _Session:
    id: str
    user: str
    stage: int = 0


class Traffic:
    """The requests of one track."""

    def __init__(self, rollout: str, track: str, scenario: str, *, speed: float = 1.0, seed: int | None = None) -> None:
        """Raises `ValueError` for a rollout, track or scenario that is not known."""
        for name, known in ((rollout, ROLLOUTS), (track, TRACKS), (scenario, SCENARIOS)):
            if name not in known:
                raise ValueError(f"expected one of {', '.join(known)}; found {name}")
        self._rollout = rollout
        self._track = track
        self._scenario = scenario
        self._speed = speed
        self._random = random.Random(seed)
        # The same sessions in both processes and after a restart, and not more of them with time.
        bits = random.Random(rollout).getrandbits
        self._sessions = [_Session(f"{bits(64):016x}", f"user-{bits(40):010x}") for _ in range(SESSIONS)]
        self._mine: list[_Session] = []
        self._next_at: float | None = None

    def between(self, since: float, until: float, *, began: float, rate: float, share: float) -> Batch:
        """Return what happens between two moments; arrivals are a Poisson process.

        `rate` is the requests a second of both tracks, `share` what this one takes of them, in percent.
        """
        batch = Batch()
        count = round(SESSIONS * share / 100)
        self._mine = self._sessions[:count] if self._track == "canary" else self._sessions[SESSIONS - count :]
        for at in self._arrivals(since, until, rate * share / 100 if count else 0.0):
            now = mood(self._rollout, self._track, self._scenario, (at - began) * self._speed)
            if self._rollout == "fsm-checkpoint":
                self._turn(batch, at, now)
            else:
                self._request(batch, at, now)
        return batch

    def _arrivals(self, since: float, until: float, per_s: float) -> Iterator[float]:
        if per_s <= 0:
            self._next_at = None
            return
        if self._next_at is None or self._next_at < since:
            self._next_at = since + self._random.expovariate(per_s)
        while self._next_at <= until:
            yield self._next_at
            self._next_at += self._random.expovariate(per_s)

    def _chance(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _duration_ms(self, now: Mood) -> int:
        return max(1, round(self._random.lognormvariate(math.log(now.median_ms), now.spread)))

    def _row(self, batch: Batch, at: float, session: _Session, *, now: Mood, stage: str, took_ms: int) -> str | None:
        """Add the row of a request that ends at `at`; return its error."""
        error = self._random.choice(now.errors) if self._chance(now.failed) else None
        user = self._random.choice(self._mine).user if self._chance(now.crossed) else session.user
        status = "error" if error else "completed"
        batch.rows.append((session.id, user, status, error, stage, at - took_ms / 1000, at))
        return error

    def _request(self, batch: Batch, at: float, now: Mood) -> None:
        session = self._random.choice(self._mine)
        took_ms = self._duration_ms(now)
        stage = _WORKFLOW[session.stage]
        error = self._row(batch, at, session, now=now, stage=stage, took_ms=took_ms)
        if error:
            text = f"ERROR app Request failed session={session.id} stage={stage} error={error}"
        else:
            session.stage = (session.stage + 1) % len(_WORKFLOW)
            text = f"INFO app Request completed in {took_ms}ms session={session.id} stage={stage}"
        batch.lines.append(f"{stamp(at)} {text}")
        batch.keys.append((session.id, stage))

    def _turn(self, batch: Batch, at: float, now: Mood) -> None:
        session = self._random.choice(self._mine)
        took_ms = self._duration_ms(now)
        stage = STAGES[session.stage]
        said = list(self._conversation(session, now))
        error = self._row(batch, at, session, now=now, stage=stage, took_ms=took_ms)
        if error:
            said.append(f"ERROR agent Turn failed: {error}")
        else:
            said.append(f"INFO agent Turn completed in {took_ms}ms conversation={session.id}")
        when = stamp(at)
        batch.lines.extend(f"{when} {text}" for text in said)
        batch.keys.append((session.id, STAGES[session.stage]))

    def _conversation(self, session: _Session, now: Mood) -> Iterator[str]:
        """Yield what the agent logs in one turn and move the conversation on."""
        before = session.stage
        if self._chance(now.unreadable):
            yield f"ERROR agent fsm_state deserialization error conversation={session.id}: unknown state"
        elif self._track == "canary":
            yield f"INFO agent FSM loaded from checkpoint conversation={session.id} state={STAGES[before]}"
        if self._chance(now.diverged):
            yield f"ERROR agent FSM divergence conversation={session.id} checkpoint={STAGES[before]} redis=IDLE"
        yield f"INFO agent Intent extracted: {_INTENTS[before]} confidence=0.{self._random.randint(71, 99)}"
        if self._chance(now.rejected):
            yield f"WARNING agent FSM transition rejected: {STAGES[before]} intent={_INTENTS[before]}"
        else:
            session.stage = (before + 1) % len(STAGES)
            yield f"INFO agent FSM transition: {STAGES[before]} -> {STAGES[session.stage]}"
        if self._chance(TOOL_SHARE):
            tool = self._random.choice(_TOOLS)
            if self._chance(now.denied):
                yield f"WARNING agent Tool validation: {tool} DENIED in {STAGES[before]}"
            else:
                yield f"INFO agent Tool validation: {tool} ALLOWED in {STAGES[before]}"
        if self._chance(now.obsolete):
            yield "WARNING agent Slot validation: 3-day rule violation, the slot is obsolete"
        if self._chance(now.incoherent):
            yield f"ERROR agent Response validation: INCOHERENT forbidden pattern in {STAGES[before]}"
        else:
            yield "INFO agent Response validation: COHERENT"


def stamp(at: float) -> str:
    """Return a moment as log lines begin with it: UTC, milliseconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03d}Z"
