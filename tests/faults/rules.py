"""The rollout that the console watches in a run, and what each line of the writer is in it, by construction."""

from dataclasses import dataclass
from pathlib import Path

from tests.faults.writer import HUGE_EVERY, LONG_EVERY, PERIOD

SOURCE = "app"
PATTERNS = {
    "rejected": r"^(?P<run>\w+) \d+ .*rejected: (?P<state>\w+)",
    "completed": r"^(?P<run>\w+) \d+ .*completed in (?P<ms>\d+)ms",
    "moved": r"^(?P<run>\w+) \d+ INFO moved: (?P<from>\w+) -> (?P<to>\w+)",
    "denied": r"^(?P<run>\w+) \d+ .*denied.* tool=(?P<tool>\w+)",
    "refused": r"^(?P<run>\w+) \d+ refusé : état é* ✗ (?P<why>\w+)$",
    "long": r"^(?P<run>\w+) \d+ long x+ ends with (?P<tail>L\d)$",
    "huge": r"^(?P<run>\w+) \d+ huge ",
    "handled": r"^(?P<run>\w+) \d+ DEBUG handled in worker (?P<worker>\d+)",
    "ended": r"^(?P<run>\w+) \d+ ended in order$",
}
"""The first that matches names a line; lines of `rejected` also match `completed`."""
IN_PARTS = ("long", "huge")
"""Events of lines that the engine keeps in parts."""
NUMBER = {"completed": "ms"}
_FILE = """\
rollout: faults
title: What happens to a service
service: app
tracks:
  canary: {{label: track=canary}}
  baseline: {{label: track=baseline}}
sources:
  app: {source}
events:
{events}
metrics:
  rejections: {{events: {{of: rejected, over: [rejected, handled]}}, window: 10m, unit: "%", target: "< 50%"}}
phases:
  - {{name: Canary 10%, traffic: 10%, soak: 1h}}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a line is in the rollout; an empty event is one that no rule names."""

    event: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    """Without `run`, which every named line has."""
    number: float | None = None


def said_by(number: int) -> Said:
    """Return what the line of a number is, whichever run and stream wrote it."""
    if number % HUGE_EVERY == 0:
        return Said("huge")
    if number % LONG_EVERY == 0:
        return Said("long", (("tail", f"L{number % 3}"),))
    match number % PERIOD:
        case 0:
            return Said("rejected", (("state", f"S{number % 7}"),))
        case 1 | 2:
            return Said("moved", (("from", f"A{number % 5}"), ("to", f"B{number % 3}")))
        case 3 | 4:
            return Said("completed", (), float(number * 37 % 9000))
        case 5:
            return Said("denied", (("tool", f"T{number % 4}"),))
        case 6:
            return Said("refused", (("why", "oui" if number % 3 else "non"),))
        case 7:
            return Said()
        case _:
            return Said("handled", (("worker", str(number % 11)),))


def write_rollout(folder: Path, source: str) -> Path:
    """Write the rollout file with a source as YAML has it, and return its path."""
    events = "\n".join(
        f"  {event}: {{kind: fault, match: '{pattern}'{f', number: {NUMBER[event]}' if event in NUMBER else ''}}}"
        for event, pattern in PATTERNS.items()
    )
    file = folder / "faults.yaml"
    file.write_text(_FILE.format(source=source, events=events), "utf-8")
    return file
