"""A rollout for the benches: one log file in the formats of the shipped rollouts."""

import random
from pathlib import Path

LINES = (
    "2026-11-21 10:00:00 INFO agent FSM transition: SLOT_SELECTION -> CUSTOMER_DATA",
    "2026-11-21 10:00:00 WARNING agent FSM transition rejected: SLOT_SELECTION intent=confirm",
    "2026-11-21 10:00:00 INFO agent Response validation: COHERENT",
    "2026-11-21 10:00:00 WARNING agent Response validation: INCOHERENT forbidden pattern",
    "2026-11-21 10:00:00 INFO agent Tool validation: book ALLOWED",
    "2026-11-21 10:00:00 WARNING agent Tool validation: book DENIED",
    "2026-11-21 10:00:00 INFO agent completed in 812ms",
)
ROLLOUT = """\
rollout: bench
title: Bench rollout
service: agent
sources:
  app: {file: "agent*.log", track: canary}
events:
  fsm_rejected: {kind: fsm, match: 'FSM transition rejected: (?P<state>\\w+)'}
  fsm_transition: {kind: fsm, match: 'FSM transition: (?P<from>\\w+) -> (?P<to>\\w+)'}
  incoherent: {kind: validation, match: 'Response validation: INCOHERENT'}
  coherent: {kind: validation, match: 'Response validation: COHERENT'}
  denied: {kind: denial, match: 'Tool validation: (?P<tool>\\w+) DENIED'}
  allowed: {kind: denial, match: 'Tool validation: (?P<tool>\\w+) ALLOWED'}
  completed: {kind: latency, match: 'completed in (?P<ms>\\d+)ms', number: ms}
metrics:
  rejections:
    events: {of: fsm_rejected, over: [fsm_transition, fsm_rejected]}
    window: 5m
    unit: "%"
    target: "< 50%"
    critical: "> 90%"
  latency_p99: {quantile: {of: completed, q: 0.99}, window: 5m, unit: ms, target: "< 2000", critical: "> 5000"}
phases:
  - {name: Canary 5%, traffic: 5%, soak: 1h, advance: [rejections]}
actions:
  rollback: {key: R, title: Roll back, kind: rollback, steps: [{run: ["true"]}]}
"""


def write_rollout(folder: Path) -> Path:
    """Write the rollout file and an empty log beside it, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.log").touch()
    file = folder / "bench.yaml"
    file.write_text(ROLLOUT)
    return file


def some_lines(count: int, seed: int = 1) -> bytes:
    """Return lines of which a tenth is classified."""
    rng = random.Random(seed)
    noise = "2026-11-21 10:00:00 DEBUG agent handled message %06d for tenant %03d without anything worth a rule"
    said = [
        rng.choice(LINES) if rng.random() < 0.1 else noise % (number, rng.randrange(1000)) for number in range(count)
    ]
    return "".join(line + "\n" for line in said).encode()
