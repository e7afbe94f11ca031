"""Verifies the checklist items that the console ticks by itself."""

import asyncio
import time

from console.core.inputs import ItemTicked
from console.core.rollout import ChecklistItem
from console.core.validation import begun, item_of
from console.engine import Engine

LOOK_S = 1.0
VERIFY_EVERY_S = 60.0


class Checklist:
    """The items of the present phase and of the validation windows that have begun."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def keep_verifying(self) -> None:
        """Verify the items of the present phase, one after the other, at once when a phase begins."""
        verified: tuple[int, float] = (-1, 0.0)
        while True:
            phase, now = self._engine.state.phase.index, time.monotonic()
            if phase != verified[0] or now - verified[1] >= VERIFY_EVERY_S:
                verified = (phase, now)
                await self._verify_phase()
            await asyncio.sleep(LOOK_S)

    async def _verify_phase(self) -> None:
        rollout = self._engine.loaded.rollout
        windows = begun(self._engine.state.validation, rollout.validation, time.time())
        phase = rollout.phases[self._engine.state.phase.index]
        for item in (*phase.checklist, *(item for window in windows for item in window.checklist)):
            if item.verify is not None:
                await self.verify(item)

    async def verify(self, item: ChecklistItem) -> None:
        """Try an item once, and tick it or untick it by what is found."""
        phase = self._engine.state.phase.index
        if item.verify is None:
            return
        result = await self._engine.check(item.verify)
        state = self._engine.state
        found = item_of(state.rollout.validation, item.id)
        if found is None and state.phase.index != phase:
            return  # the phase went on meanwhile, and may have an item of the same name
        ticks = state.phase.ticks if found is None else state.validation.window(found[0].name).ticks
        before = ticks.get(item.id)
        if before is None or before.is_done != result.ok or before.note != result.detail:
            self._engine.apply(ItemTicked(time.time(), item.id, result.ok, None, result.detail))
