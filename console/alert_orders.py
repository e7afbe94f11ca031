"""What the operator says about alerts: each order is refused with its reason or written down."""

import time
import uuid

from console.core.desk import Refused
from console.core.durations import parse_duration
from console.core.inputs import AlertAcknowledged, SilenceEnded, SilenceMade
from console.engine import Engine

LONGEST_SILENCE_S = 7 * 86_400.0
"""A longer silence is forgotten, and then nobody is told of anything."""


class AlertOrders:
    """The half of a desk that acknowledges and silences."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _check_may_say(self, reason: str) -> str:
        """Return a reason without secrets; raises `Refused` where this console only looks, or nobody said why."""
        if self._engine.frame.session.is_read_only:
            raise Refused("this console only looks")
        if not reason.strip():
            raise Refused("say why: the next one on call reads it")
        return self._engine.redactor.redact(reason.strip())

    async def acknowledge(self, alert: str, reason: str) -> None:
        """Take care of an alert, given by its key: it is neither escalated nor repeated any more."""
        said = self._check_may_say(reason)
        known = self._engine.state.alerts.alerts.get(alert)
        if known is None:
            raise Refused("this alert is over")
        if known.acknowledged is not None:
            raise Refused(f"acknowledged already by {known.acknowledged.actor}: {known.acknowledged.reason}")
        self._engine.apply(AlertAcknowledged(time.time(), alert, self._engine.actor, said))
        await self._engine.commit(durable=True)

    async def silence(self, about: str, severity: str, duration: str, reason: str) -> None:
        """Tell nobody of matching alerts for a time such as `30m`; `about` is a shell pattern."""
        try:
            lasts_s = parse_duration(duration)
        except ValueError as error:
            raise Refused(f"say for how long first, such as 30m: {error}") from error
        if not 0 < lasts_s <= LONGEST_SILENCE_S:
            raise Refused("a silence lasts longer than nothing and a week at most")
        said = self._check_may_say(reason)
        at, name = time.time(), uuid.uuid4().hex[:8]
        made = SilenceMade(at, name, about, severity, at + lasts_s, self._engine.actor, said)
        self._engine.apply(made)
        await self._engine.commit(durable=True)

    async def end_silence(self, silence: str) -> None:
        """End a silence before its time."""
        if self._engine.frame.session.is_read_only:
            raise Refused("this console only looks")
        if silence not in self._engine.state.alerts.silences:
            raise Refused("this silence is over")
        self._engine.apply(SilenceEnded(time.time(), silence, self._engine.actor))
        await self._engine.commit(durable=True)
