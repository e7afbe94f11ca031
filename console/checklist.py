"""Verifies the checklist items that the console ticks by itself."""

import asyncio
import time
from collections.abc import Callable, Iterator

from console.core.actors import Actor
from console.core.checklists import item_in
from console.core.inputs import ItemTicked
from console.core.probes import OWN_CHECKS
from console.core.rollout import ChecklistItem
from console.core.validation import begun, item_of
from console.core.words import CheckRun
from console.engine import Engine

LOOK_S = 1.0


class Checklist:
    """The items of the present phase and of the validation windows that have begun, and what comes before the next."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def keep_verifying(self) -> None:
        """Verify the items that are at hand for ever: each at once when a phase begins, and then as often as it says.

        Commands run one after the other, which may take minutes; other questions are asked beside them, and what the
        console knows by itself is looked at every second.
        """
        await asyncio.gather(self._keep_asking(_is_command), self._keep_asking(_is_question), self._keep_looking())

    async def _keep_looking(self) -> None:
        while True:
            for stage, item in list(self._at_hand()):
                if _is_own(item):
                    await self.verify(item, stage)
            await asyncio.sleep(LOOK_S)

    async def _keep_asking(self, is_meant: Callable[[ChecklistItem], bool]) -> None:
        asked: dict[tuple[int, str, str], float] = {}
        while True:
            phase = self._engine.state.phase.index
            asked = {key: at for key, at in asked.items() if key[0] == phase}
            for stage, item in list(self._at_hand()):
                last = asked.get((phase, stage, item.id))
                if is_meant(item) and (last is None or time.monotonic() - last >= item.every):
                    asked[phase, stage, item.id] = time.monotonic()
                    await self.verify(item, stage)
            await asyncio.sleep(LOOK_S)

    def _at_hand(self) -> Iterator[tuple[str, ChecklistItem]]:
        state = self._engine.state
        index, phases = state.phase.index, state.rollout.phases
        phase = phases[index]
        before = phase.prerequisites if state.phase.is_waiting else ()
        windows = begun(state.validation, state.rollout.validation, time.time())
        yield from ((phase.name, item) for item in (*before, *phase.checklist) if item.verify is not None)
        yield from ((one.name, item) for one in windows for item in one.checklist if item.verify is not None)
        for coming in phases[index + 1 : index + 2]:
            yield from ((coming.name, item) for item in coming.prerequisites if item.verify is not None)

    async def verify(self, item: ChecklistItem, stage: str, actor: Actor | None = None) -> None:
        """Try an item of a phase or window once, and tick it or untick it by what is found.

        What is found again is not written down again, unless somebody, the actor, asked for it.
        """
        if item.verify is None:
            return
        began = time.monotonic()
        result = await self._engine.check(item.verify)
        run = CheckRun(round(time.monotonic() - began, 3), result.is_known, result.exit_code, result.output)
        if not self._is_still_open(item, stage):
            return
        given = ItemTicked(time.time(), item.id, result.ok, actor, result.detail, stage, run)
        self._engine.apply(given)

    def _is_still_open(self, item: ChecklistItem, stage: str) -> bool:
        """Whether the item may still be ticked: the phase may have gone on meanwhile."""
        state = self._engine.state
        if item_of(state.rollout.validation, item.id) is not None:
            return True
        return any(
            item_in(phase, item.id) and phase.name == stage for phase in state.rollout.phases[state.phase.index :]
        )


def _is_own(item: ChecklistItem) -> bool:
    return item.verify is not None and item.verify.kind in OWN_CHECKS


def _is_command(item: ChecklistItem) -> bool:
    return item.verify is not None and item.verify.command is not None


def _is_question(item: ChecklistItem) -> bool:
    return not _is_own(item) and not _is_command(item)
