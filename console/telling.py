"""Keeps the messages of alerts going: what is due is handed over, and what came of it is written down.

That a message is being handed over is on disk first, so that after a crash it is known that it may have arrived.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from console.core import outbox
from console.core.alerts import AlertBook, Delivery
from console.core.inputs import DeliveryBegun, DeliveryEnded, Input
from console.effects.notifier import Notifier

LOOK_S = 0.2
WRITE_S = 5.0
"""An alert waits so long at most for the disk: one that hangs or is full must not keep it back."""


class Teller:
    """Delivers what is in the outbox; each receiver gets one message after the other."""

    def __init__(
        self,
        notifier: Notifier,
        book: Callable[[], AlertBook],
        apply: Callable[[Input], None],
        write: Callable[[], Awaitable[bool]],
        clock: Callable[[], float],
    ) -> None:
        """Take where to send, where the outbox is, and how inputs are folded and written down durably."""
        self._notifier = notifier
        self._book = book
        self._apply = apply
        self._write = write
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[None]] = {}
        """By receiver."""

    async def run(self) -> None:
        """Deliver for ever; raises what a delivery raised, which should be nothing.

        Whoever ends it lets what is under way come to its end by `finish`.
        """
        while True:
            self._begin_due()
            await asyncio.sleep(LOOK_S)

    async def finish(self, within_s: float) -> None:
        """Deliver what is due now, as far as it goes in a time; the rest is kept for the next start."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._begin_due() or self._under_way:
                    await asyncio.wait(self._under_way.values(), timeout=LOOK_S)
        tasks, self._under_way = list(self._under_way.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin_due(self) -> bool:
        """Hand over what is due, and return whether there was anything."""
        for receiver, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[receiver]
                task.result()
        ready = [one for one in outbox.due(self._book(), self._clock()) if one.receiver not in self._under_way]
        for delivery in ready:
            self._apply(DeliveryBegun(self._clock(), delivery.id))
            self._under_way[delivery.receiver] = asyncio.create_task(self._deliver(delivery), name="alert")
        return bool(ready)

    async def _deliver(self, delivery: Delivery) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WRITE_S):
                await self._write()
        sent = await self._notifier.send(delivery, self._clock())
        self._apply(DeliveryEnded(self._clock(), delivery.id, sent.error, sent.title, took=sent.took))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WRITE_S):
                await self._write()
