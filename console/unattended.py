"""Begins the rollback that the file lets begin by itself, once its countdown is over."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from console.core.action_inputs import AutomaticArmed, AutomaticFired, AutomaticStopped
from console.core.actors import Actor
from console.core.automatic import NOBODY, Countdown, due
from console.core.desk import Refused
from console.effects import automatic
from console.effects.begin import Places
from console.effects.sessions import Session
from console.engine import Engine

LOOK_S = 0.25
WRITE_S = 2.0
"""How long writing down that it begins may take."""

Begin = Callable[[str, Actor, str], Awaitable[str]]
"""Begins an action for somebody and a reason, and returns the attempt's name; raises `Refused`."""


class Unattended:
    """Looks at the countdown of an engine, and takes the orders about it."""

    def __init__(self, engine: Engine, session: Session, places: Places, begin: Begin) -> None:
        self._engine = engine
        self._session = session
        self._places = places
        self._begin = begin

    async def keep(self) -> None:
        """Begin what is due, for ever; not where this console only looks."""
        while True:
            countdown = due(self._engine.state, self._engine.clock())
            if countdown is not None and not self._engine.frame.session.is_read_only:
                await self._fire(countdown)
            await asyncio.sleep(LOOK_S)

    async def _fire(self, countdown: Countdown) -> None:
        """Write down that it begins, in the session and beside the locks, and then begin it."""
        at, host = self._engine.clock(), self._engine.actor.host
        nobody = Actor(NOBODY, host)
        armed_at = self._engine.state.automatic.armed_at
        why_not = await self._noted(at, armed_at)
        still_due = due(self._engine.state, self._engine.clock())
        if still_due is None:  # halted, or not proven any more, while it was written down
            await asyncio.to_thread(
                automatic.forget, self._places.locks, self._engine.loaded.rollout.service, at, self._places.machine
            )
            return
        countdown = still_due
        if why_not:
            self._engine.apply(AutomaticStopped(at, nobody, f"{countdown.action} could not be begun: {why_not}"))
            return
        self._engine.apply(AutomaticFired(at, countdown.action, countdown.reason))
        with contextlib.suppress(TimeoutError):  # it is remembered beside the locks as well
            await asyncio.wait_for(self._engine.commit(durable=True), WRITE_S)
        try:
            await self._begin(countdown.action, nobody, f"by itself: {countdown.reason}")
        except Refused as refused:
            said = f"{countdown.action} could not be begun: {refused}"
            self._engine.apply(AutomaticStopped(self._engine.clock(), nobody, said))

    async def _noted(self, at: float, armed_at: float) -> str:
        """Remember beside the locks that one begins; return why it may not, empty if it may."""
        folders, machine = self._places.locks, self._places.machine
        service = self._engine.loaded.rollout.service
        began = self._session.created

        def noted() -> str:
            why_not = automatic.obstacle(
                folders, service, at=at, session_began=began, armed_at=armed_at, machine=machine
            )
            if not why_not:
                automatic.note(folders, service, at, machine)
            return why_not

        try:
            return await asyncio.wait_for(asyncio.to_thread(noted), WRITE_S)
        except TimeoutError:
            return "the disk does not answer, and what cannot be remembered is not begun"
        except OSError as error:
            return f"it cannot be written down: {error.strerror or error}"

    async def halt(self, actor: Actor) -> None:
        """Stop what is counted down; raises `Refused` where nothing is."""
        now = self._engine.state.automatic
        if now.disarmed:
            raise Refused(f"it is off: {now.disarmed}")
        if now.countdown is None:
            raise Refused("nothing is about to begin by itself")
        self._engine.apply(AutomaticStopped(self._engine.clock(), actor))
        await self._engine.commit(durable=True)

    async def arm(self, actor: Actor, reason: str) -> None:
        """Let it begin by itself again; raises `Refused` without a reason, or where it is armed."""
        if not self._engine.state.automatic.disarmed:
            raise Refused("it is armed")
        if not reason.strip():
            raise Refused("say why")
        said = self._engine.redactor.redact(reason.strip())
        self._engine.apply(AutomaticArmed(self._engine.clock(), actor, said))
        await self._engine.commit(durable=True)
