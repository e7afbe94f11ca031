"""Turns of a booking agent whose state machine moves from keys of its own into the checkpoints."""

import json

from console.demo.world import Batch, Call, Scenario, Table, World

CHECKPOINT = "langchain:checkpoint:thread:"
"""Where both versions keep a conversation; only the new one puts the state of its FSM into it."""
LEGACY = "fsm:"
"""Where the old version keeps the state of the FSM."""
STAGES = ("IDLE", "SERVICE_SELECTION", "STYLIST_SELECTION", "SLOT_SELECTION", "CUSTOMER_DATA", "CONFIRMATION", "BOOKED")
_INTENTS = ("greet", "choose_service", "choose_stylist", "choose_slot", "give_details", "confirm", "thank")
_TOOLS = ("list_services", "find_slots", "hold_slot", "book_appointment")
_QUIET = {"rejected": 0.0, "diverged": 0.0, "unreadable": 0.0, "uses_tool": 0.6, "spoils": 0.0}
OLD_CONVERSATIONS = 5000
"""Conversations that nobody goes on with; only the migration gives their checkpoints a state."""


class FsmCheckpoint(World):
    """What simulates `fsm-checkpoint`."""

    rollout = "fsm-checkpoint"
    # The old code waits 100 ms for its second store before it answers; the new one does not. The canary's shares are
    # so small because its windows are: one rejection among a hundred transitions is already ten times the limit.
    usual = {
        "canary": _QUIET
        | {"median_ms": 170, "spread": 0.24, "failed": 0.002, "incoherent": 0.001, "denied": 0.001, "obsolete": 0.0005},
        "baseline": _QUIET
        | {"median_ms": 270, "spread": 0.24, "failed": 0.004, "incoherent": 0.008, "denied": 0.007, "obsolete": 0.002}
        | {"rejected": 0.0001},
    }
    errors = ("Model provider timed out", "Rate limit of the model provider", "Tool call was cancelled by the user")
    in_outage = {"incoherent": 0.09}
    scenarios = {
        "regression": Scenario(
            "the canary turns slow, rejects transitions and answers incoherently after 15 seconds",
            canary={
                "median_ms": 560,
                "spread": 0.42,
                "failed": 0.03,
                "rejected": 0.1,
                "incoherent": 0.07,
                "denied": 0.05,
            },
            critical=("rejection_rate", "coherence_rate", "p99_latency"),
        ),
        "contamination": Scenario(
            "the two stores of the canary's state diverge, and some states cannot be read",
            canary={"diverged": 0.03, "unreadable": 0.015},
            critical=("divergence", "deserialization_errors"),
        ),
        "latency": Scenario(
            "the canary takes half as long again as the old agent", canary={"median_ms": 420}, critical=("p99_latency",)
        ),
        "denials": Scenario(
            "the canary denies tools that the state allows", canary={"denied": 0.14}, warning=("denial_rate",)
        ),
        "migration-errors": Scenario(
            "some old states become unreadable, so that the migration cannot be completed",
            canary={"spoils": 0.05},
            baseline={"spoils": 0.05},
        ),
    }
    env = {"MIGRATE": "{program} migrate", "CLEANUP": "{program} cleanup"}
    schema = """
CREATE TABLE agent_turns (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id text NOT NULL,
    track text NOT NULL,
    state text NOT NULL,
    error_message text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX agent_turns_created_at ON agent_turns (created_at);
"""
    tables = (Table("agent_turns", age="created_at"),)

    def stock(self, batch: Batch, now: float) -> None:
        """Leave the conversations of the past weeks in Redis, as the old agent kept them, and a snapshot of them."""
        for number in range(OLD_CONVERSATIONS):
            stage = STAGES[number % len(STAGES)]
            batch.redis("HSET", CHECKPOINT + old(number), "channel", "chat", "step", stage, "messages", "m" * 300)
            batch.redis("SET", LEGACY + old(number), fsm_state(stage))
        batch.redis("SAVE")

    def request(self, call: Call) -> None:
        """Take one turn of a conversation."""
        session = call.session
        before = STAGES[session.stage]
        self._converse(call)
        error = call.error()
        call.row(
            "agent_turns",
            conversation_id=session.id,
            track=call.track,
            state=before,
            error_message=error,
            created_at=call.began,
            updated_at=call.at,
        )
        if error:
            call.log(f"ERROR agent Turn failed: {error}")
        else:
            call.log(f"INFO agent Turn completed in {call.took_ms}ms conversation={session.id}")
        self._store(call, STAGES[session.stage])

    def _converse(self, call: Call) -> None:
        """Log what the agent does in the turn, and move the conversation on."""
        session = call.session
        before = session.stage
        if call.happens("unreadable"):
            call.log(f"ERROR agent fsm_state deserialization error conversation={session.id}: unknown state")
        elif call.track == "canary":
            call.log(f"INFO agent FSM loaded from checkpoint conversation={session.id} state={STAGES[before]}")
        if call.happens("diverged"):
            call.log(f"ERROR agent FSM divergence conversation={session.id} checkpoint={STAGES[before]} redis=IDLE")
        call.log(f"INFO agent Intent extracted: {_INTENTS[before]} confidence=0.{call.random.randint(71, 99)}")
        if call.happens("rejected"):
            call.log(f"WARNING agent FSM transition rejected: {STAGES[before]} intent={_INTENTS[before]}")
        else:
            session.stage = (before + 1) % len(STAGES)
            call.log(f"INFO agent FSM transition: {STAGES[before]} -> {STAGES[session.stage]}")
        if call.happens("uses_tool"):
            tool = call.one_of(_TOOLS)
            level, verdict = ("WARNING", "DENIED") if call.happens("denied") else ("INFO", "ALLOWED")
            call.log(f"{level} agent Tool validation: {tool} {verdict} in {STAGES[before]}")
        if call.happens("obsolete"):
            call.log("WARNING agent Slot validation: 3-day rule violation, the slot is obsolete")
        if call.happens("incoherent"):
            call.log(f"ERROR agent Response validation: INCOHERENT forbidden pattern in {STAGES[before]}")
        else:
            call.log("INFO agent Response validation: COHERENT")

    def _store(self, call: Call, stage: str) -> None:
        if call.happens("spoils"):
            call.redis("SET", LEGACY + old(call.random.randrange(OLD_CONVERSATIONS)), '{"state": "SLOT_SEL')
        checkpoint = CHECKPOINT + call.session.id
        call.redis("HGETALL", checkpoint)
        call.redis("HSET", checkpoint, "channel", "chat", "step", stage)
        if call.track == "canary":
            call.redis("HSET", checkpoint, "fsm_state", fsm_state(stage))
        else:
            call.redis("SET", LEGACY + call.session.id, fsm_state(stage))


def old(number: int) -> str:
    """Return the id of a conversation that nobody goes on with."""
    return f"old-{number:05d}"


def fsm_state(stage: str) -> str:
    """Return the state of a conversation's FSM as it is stored, about as large as a real one."""
    return json.dumps({"state": stage, "collected": {"services": ["cut", "colour"], "notes": "." * 160}})
