"""An incident while it is being changed, with what the journal has to say of it."""

from dataclasses import dataclass, field, replace
from typing import Any

from console.core.incidents import Decision, Incident
from console.core.record import Record


@dataclass(slots=True)
class Story:
    """Collects what happens to an incident at a moment."""

    incident: Incident
    at: float
    is_changed: bool = False
    records: list[Record] = field(default_factory=list)

    def change(self, **fields: Any) -> None:
        """Let fields of the incident be others; nothing is written down where they are as they were."""
        after = replace(self.incident, **fields)
        self.is_changed = self.is_changed or after != self.incident
        self.incident = after

    def say(self, what: str, text: str, **body: object) -> None:
        """Write down what the console saw."""
        self._write(text, {"incident": self.incident.number, "what": what, **body})

    def decided(self, decision: Decision, actor: str, text: str) -> None:
        """Write down what a person decided, so that a replay can decide it again."""
        body: dict[str, object] = {
            "incident": self.incident.number,
            "step": decision.step.value,
            "severity": decision.severity,
            "subject": decision.subject,
            "text": decision.text,
            "is_done": decision.is_done,
            "actor": actor,
        }
        self._write(text, body)

    def _write(self, text: str, body: dict[str, object]) -> None:
        self.incident = self.incident.noted(self.at, text)
        self.is_changed = True
        self.records.append(Record(self.at, "incident", f"incident {self.incident.number} {text}", body))
