"""What every bench measures with: nine classes in the formats of the shipped rollouts, and a log full of them."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template

HIT_SHARE = 0.10
"""How many lines in one are named by a rule."""
PATTERNS = {
    "fsm_rejected": r"FSM transition rejected: (?P<state>\w+) intent=(?P<intent>\w+)",
    "fsm_transition": r"FSM transition: (?P<from>\w+) -> (?P<to>\w+)",
    "validation_incoherent": r"Response validation: INCOHERENT",
    "validation_coherent": r"Response validation: COHERENT",
    "tool_denied": r"Tool validation: (?P<tool>\w+) DENIED in (?P<state>\w+)",
    "tool_allowed": r"Tool validation: (?P<tool>\w+) ALLOWED in (?P<state>\w+)",
    "slot_obsolete": r"Slot validation: 3-day rule violation",
    "intent_extracted": r"Intent extracted: (?P<intent>\w+)",
    "turn_completed": r"Turn completed in (?P<ms>\d+)ms",
}
"""The nine classes, each written so that grep, ripgrep, mtail and lnav read the same of it, named groups aside."""
HEADS = {
    "fsm_rejected": "FSM transition rejected: ",
    "fsm_transition": "FSM transition: ",
    "validation_incoherent": "Response validation: INCOHERENT",
    "validation_coherent": "Response validation: COHERENT",
    "tool_denied": " DENIED in ",
    "tool_allowed": " ALLOWED in ",
    "slot_obsolete": "Slot validation: 3-day rule violation",
    "intent_extracted": "Intent extracted: ",
    "turn_completed": "Turn completed in ",
}
"""What tells the nine apart for who takes no captures: in this log, on every line of the class and on no other."""
NUMBER = "ms"

_STATES = ("IDLE", "SERVICE_SELECTION", "SLOT_SELECTION", "CUSTOMER_DATA", "CONFIRMATION", "BOOKED")
_INTENTS = ("greeting", "start_booking", "choose_slot", "give_name", "confirm", "cancel", "ask_price", "other")
_TOOLS = ("search_services", "find_slots", "book_appointment", "query_customer", "manage_customer", "escalate")
_NOISE = (
    "DEBUG agent.http handled GET /api/v1/conversations/%d tenant=%03d status=200 bytes=%d trace=%08x%08x",
    "DEBUG agent.cache checkpoint:thread:%d loaded from redis shard=%03d ttl=%ds key=%08x%08x",
    "INFO agent.llm prompt assembled for conversation=%d model=m-%03d tokens=%d request=%08x%08x",
    "DEBUG agent.db query agent_sessions where id=%d took %dus rows=%d plan=%08x%08x",
    "INFO agent Turn started conversation=%d tenant=%03d queue=%d trace=%08x%08x",
    "DEBUG agent FSM loaded from checkpoint conversation=%d shard=%03d version=%d key=%08x%08x",
    "INFO agent Response sent conversation=%d channel=%03d bytes=%d message=%08x%08x",
    "DEBUG agent Tool call queued conversation=%d attempt=%03d backlog=%d call=%08x%08x",
)
_SAID = {
    "fsm_rejected": "WARNING agent FSM transition rejected: {state} intent={intent}",
    "fsm_transition": "INFO agent FSM transition: {state} -> {to}",
    "validation_incoherent": "ERROR agent Response validation: INCOHERENT forbidden pattern, state {state}",
    "validation_coherent": "INFO agent Response validation: COHERENT state {state}",
    "tool_denied": "WARNING agent Tool validation: {tool} DENIED in {state}",
    "tool_allowed": "INFO agent Tool validation: {tool} ALLOWED in {state}",
    "slot_obsolete": "WARNING agent Slot validation: 3-day rule violation, the slot is obsolete",
    "intent_extracted": "INFO agent Intent extracted: {intent} state {state}",
    "turn_completed": "INFO agent Turn completed in {ms}ms state {state}",
}
_TALK = " conversation={conversation} customer=cus_{customer:08x} worker=agent-2 pid=17"
_SECONDS_OF_A_DAY = 86_400
_PER_SECOND = 200
"""How many lines the log has of each second."""
_ROLLOUT = Template("""\
rollout: bench
title: Bench rollout
service: agent
$tracks
sources:
  app: $source
events:
$events
metrics:
  rejections:
    events: {of: fsm_rejected, over: [fsm_transition, fsm_rejected]}
    window: 5m
    unit: "%"
    target: "< 50%"
    critical: "> 90%"
  coherence:
    events: {of: validation_coherent, over: [validation_coherent, validation_incoherent]}
    window: 1h
    unit: "%"
    target: "> 10%"
    critical: "< 1%"
  latency_p99: {quantile: {of: turn_completed, q: 0.99}, window: 5m, unit: ms, target: "< 9000", critical: "> 50000"}
phases:
  - {name: Canary 5%, traffic: 5%, soak: 1h, advance: [rejections]}
actions:
  rollback: {key: R, title: Roll back, kind: rollback, steps: [{run: ["true"]}]}
""")


def write_rollout(folder: Path, source: str = '{file: "agent*.log", track: canary}', tracks: str = "") -> Path:
    """Write the rollout file and an empty log beside it, and return the file; `source` and `tracks` are YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.log").touch()
    events = "\n".join(
        f"  {name}: {{kind: {name.partition('_')[0]}, match: '{pattern}'{number_of(name)}}}"
        for name, pattern in PATTERNS.items()
    )
    file = folder / "bench.yaml"
    file.write_text(_ROLLOUT.substitute(source=source, tracks=tracks, events=events))
    return file


def number_of(event: str) -> str:
    """Return the part of a rule that says which of its groups is a number."""
    return f", number: {NUMBER}" if f"<{NUMBER}>" in PATTERNS[event] else ""


def labels_of(event: str) -> list[str]:
    """Return the named groups of a rule that are labels."""
    return [name for name in re.findall(r"\?P<(\w+)>", PATTERNS[event]) if name != NUMBER]


def write_log(path: Path, lines: int) -> dict[str, int]:
    """Write a log of so many lines and return how many of them are of each class; the same lines every time."""
    said = dict.fromkeys(PATTERNS, 0)
    with path.open("wb", buffering=1 << 20) as log:
        for event, line in _lines(lines):
            if event:
                said[event] += 1
            log.write(line)
    return said


def some_lines(count: int) -> bytes:
    """Return lines of which a tenth is classified."""
    return b"".join(line for _, line in _lines(count))


def _lines(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield lines with the class of each, empty for none.

    Only `Random.random` is drawn from: it alone gives the same numbers in every version of Python.
    """
    draw = random.Random(7).random
    events = tuple(PATTERNS)
    for number in range(count):
        second, part = divmod(number, _PER_SECOND)
        second %= _SECONDS_OF_A_DAY
        at = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{part * 1000 // _PER_SECOND:03}"
        event = ""
        if draw() < HIT_SHARE:
            event = events[int(draw() * len(events))]
            said = _said(event, draw)
        else:
            said = _NOISE[int(draw() * len(_NOISE))] % (
                int(draw() * 90_000) + 10_000,
                int(draw() * 1000),
                int(draw() * 10_000),
                int(draw() * 0xFFFFFFFF),
                int(draw() * 0xFFFFFFFF),
            )
        yield event, f"2025-11-24T{at}Z {said}\n".encode()


def _said(event: str, draw: Callable[[], float]) -> str:
    return (_SAID[event] + _TALK).format(
        state=_STATES[int(draw() * len(_STATES))],
        to=_STATES[int(draw() * len(_STATES))],
        intent=_INTENTS[int(draw() * len(_INTENTS))],
        tool=_TOOLS[int(draw() * len(_TOOLS))],
        ms=int(100 / (0.02 + draw())),
        conversation=int(draw() * 90_000) + 10_000,
        customer=int(draw() * 0xFFFFFFFF),
    )
