"""What the operator says about checklists: items are ticked or verified, and phases signed off."""

import time

from console.checklist import Checklist
from console.core.checklists import can_sign, can_tick, openable
from console.core.desk import Refused
from console.core.inputs import ItemTicked, SignedOff
from console.writing_orders import WritingOrders


class ChecklistOrders(WritingOrders):
    """The part of a desk that ticks, verifies and signs off."""

    _checklist: Checklist

    async def tick(self, item: str, *, is_done: bool, note: str = "", stage: str = "") -> None:
        """Tick or untick a checklist item; one that the console verifies is verified now instead."""
        self._check_may_write()
        state, stage = self._engine.state, stage or self._engine.frame.phase.name
        found = openable(state, item, stage, time.time())
        if found is None:
            raise Refused(f"{stage} has no checklist item {item} that may be ticked now")
        if found.verify is not None:
            await self._checklist.verify(found, stage, self._actor)
        else:
            obstacle = can_tick(state, stage, found, self._actor, is_done=is_done)
            if obstacle:
                raise Refused(obstacle)
            said = self._engine.redactor.redact(note)
            self._engine.apply(ItemTicked(time.time(), item, is_done, self._actor, said, stage))
        await self._engine.commit(durable=True)

    async def sign_off(self, role: str, *, note: str = "") -> None:
        """Sign the present phase off in a role."""
        self._check_may_write()
        obstacle = can_sign(self._engine.state, role, self._actor)
        if obstacle:
            raise Refused(obstacle)
        await self._write(SignedOff(time.time(), role, self._actor, self._engine.redactor.redact(note)))
