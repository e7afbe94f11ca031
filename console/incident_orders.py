"""What the operator decides about incidents: each order is refused with its reason or written down."""

import time
from dataclasses import replace

from console.core.actors import Actor
from console.core.desk import Refused
from console.core.incident_decisions import obstacle, taking
from console.core.incidents import Decision
from console.core.inputs import IncidentDecided
from console.engine import Engine
from console.writing_orders import WritingOrders


class IncidentOrders(WritingOrders):
    """The part of a desk that decides about incidents."""

    async def decide(self, decision: Decision) -> None:
        """Open an incident, or do something about one; raises `Refused`."""
        self._check_may_write()
        asked = replace(decision, text=self._engine.redactor.redact(decision.text.strip()))
        why_not = obstacle(self._engine.state, asked)
        if why_not:
            raise Refused(why_not)
        await self._write(IncidentDecided(time.time(), asked, self._actor))


def responded(engine: Engine, actor: Actor, reason: str) -> None:
    """Take the open incident for somebody, if nobody has: whoever rolls back by hand has responded."""
    said = taking(engine.state, actor, engine.redactor.redact(reason), time.time())
    if said is not None:
        engine.apply(said)  # a full disk keeps nobody from the way out
