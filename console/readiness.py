"""Looks at the ways out by itself, as a preview does, so that an obstacle is known before one of them is needed."""

import asyncio
import time

from console.core.course import Look
from console.core.dashboard_rows import ways_out
from console.core.dashboards import Shown
from console.core.desk import Desk, Refused
from console.core.inputs import WayOutSeen
from console.engine import Engine

LOOK_S = 1.0
LOOK_AGAIN_S = 300.0


class Readiness:
    """The ways out of a rollout that a view shows; nothing is changed, and programs are only looked for."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        """Take the desk whose previews are looked at."""
        self._engine = engine
        self._desk = desk
        rollout = engine.loaded.rollout
        shown = {shown for view in rollout.views.values() for section in view.sections for shown in section.shows}
        self._ways = ways_out(rollout) if Shown.WAYS_OUT in shown else ()

    async def keep_looking(self) -> None:
        """Look at every way out at once, when the rollout has moved on, and then every five minutes, for ever."""
        looked: tuple[object, float] = (None, 0.0)
        while self._ways:
            state, now = self._engine.state, time.monotonic()
            stands = (state.phase.index, state.phase.traffic, len(state.attempts))
            is_due = stands != looked[0] or now - looked[1] >= LOOK_AGAIN_S
            if is_due and state.running is None:
                looked = (stands, now)
                await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look at every way out once; what is seen again is not written down again."""
        for action in self._ways:
            seen = await self._seen(action)
            if seen is None:
                continue
            known = self._engine.state.course.looks.get(action)
            if known is None or known != Look(known.since, seen.obstacles, seen.unknown):
                self._engine.apply(seen)

    async def _seen(self, action: str) -> WayOutSeen | None:
        """Return what stands in the way of an action; `None` for one that may not be begun now, as its row says."""
        found = next((one for one in self._engine.fresh_frame().actions if one.action == action), None)
        if found is None or not found.is_available:
            return None
        try:
            shown = await self._desk.preview(action, given=await self._given(action))
        except (Refused, OSError) as obstacle:
            # It asks for what nobody said, has nothing to take back now, or a disk broke.
            return WayOutSeen(time.time(), action, unknown=(self._engine.redactor.redact(str(obstacle)),))
        shown = await self._desk.look_before(shown)
        unknown = (f"{look.label}: {look.found}" for look in shown.before if look.is_passed is None)
        return WayOutSeen(time.time(), action, (*shown.problems, *shown.not_passed), tuple(unknown))

    async def _given(self, action: str) -> dict[str, str]:
        """Return a value for each parameter: the first to choose from, as the steps are the same for any other."""
        given = {}
        for parameter in self._engine.loaded.rollout.actions[action].parameters:
            values = await self._desk.values(action, parameter)
            if not values:
                raise Refused(f"it asks for {parameter} first, and is looked at then")
            given[parameter] = values[0]
        return given
