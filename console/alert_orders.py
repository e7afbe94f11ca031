"""What the operator says about alerts: each order is refused with its reason or written down."""

import time
import uuid

from console.core.desk import Refused
from console.core.durations import parse_duration
from console.core.inputs import AlertAcknowledged, SilenceEnded, SilenceMade
from console.writing_orders import WritingOrders

LONGEST_SILENCE_S = 7 * 86_400.0
"""A longer silence is forgotten, and then nobody is told of anything."""


class AlertOrders(WritingOrders):
    """The part of a desk that acknowledges and silences."""

    def _check_may_say(self, reason: str) -> str:
        """Return a reason without secrets; raises `Refused` where this console only looks, or nobody said why."""
        self._check_may_write()
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
        await self._write(AlertAcknowledged(time.time(), alert, self._actor, said))

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
        await self._write(SilenceMade(at, name, about, severity, at + lasts_s, self._actor, said))

    async def end_silence(self, silence: str) -> None:
        """End a silence before its time."""
        self._check_may_write()
        if silence not in self._engine.state.alerts.silences:
            raise Refused("this silence is over")
        await self._write(SilenceEnded(time.time(), silence, self._actor))
