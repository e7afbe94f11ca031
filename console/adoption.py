"""Follows attempts at actions until they ended, whoever began them: this console, another one, or a command."""

import asyncio
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from console.core.action_inputs import ActionAbandoned, ActionEnded
from console.core.attempts import OPEN, is_way_back
from console.core.automatic import NOBODY
from console.core.inputs import NoteWritten
from console.core.words import Outcome
from console.effects import executor
from console.effects.attempt_files import read_abandoned, read_intent
from console.effects.begin import Places
from console.effects.claims import CannotStart
from console.effects.found import is_of
from console.effects.sessions import Session
from console.engine import Engine
from console.incident_orders import responded
from console.patience import waited_for

ADOPT_EVERY_S = 1.0
FRESH_S = 60.0
"""So long a session is one that was begun just now."""
OLDER_S = 86_400.0
"""What was done longer before a session is no news to it."""


class Adoption:
    """The attempts that one engine knows of, and those that it finds."""

    def __init__(self, engine: Engine, session: Session, places: Places) -> None:
        self._engine = engine
        self._session = session
        self._places = places
        self._followed: set[str] = set()
        self._starting: set[str] = set()
        """What this console is just beginning."""
        self._older: set[Path] = set()
        """Attempts kept aside that are of a time before this session."""
        self._own: set[str] = set()
        """Attempts that this console itself began."""
        self._tasks: set[asyncio.Task[None]] = set()

    def taken(self, attempt: str) -> None:
        """Leave an attempt to whoever begins it just now, until it is followed or given back."""
        self._starting.add(attempt)
        self._own.add(attempt)

    async def give_back(self) -> None:
        """Fold what could not be begun, before anything later is begun: where its intent is on disk, it is journaled.

        What a disk that hangs does not tell is left to be found like that of others.
        """
        try:
            for name in sorted(self._starting):
                found = await waited_for(partial(self._found, name))
                if found is not None and found.ended is not None:
                    self._followed.add(name)
                    self._engine.apply(found.started)
                    self._engine.apply(found.ended)
        except OSError:
            pass
        finally:
            self._starting.clear()

    def _found(self, attempt: str) -> executor.Adopted | None:
        return executor.adopt(self._places.folder_of(attempt), time.time())

    def _abandoned(self, attempt: str) -> ActionAbandoned | None:
        return read_abandoned(self._places.folder_of(attempt))

    def check_all_folded(self) -> None:
        """Raise `CannotStart` where others did something that the engine does not know yet, so that its share is old.

        For whoever holds the lock of the service: then no attempt is under way.
        """
        settled = self._engine.state.settled
        for folder in self._places.folders():
            if folder.name in settled or folder.name in self._own:
                continue
            said = read_intent(folder)
            if said is not None and is_of(self._session, folder, said):
                raise CannotStart(f"{said.title} was begun by {said.actor} meanwhile; look again")

    def begin_to_follow(self, folder: Path) -> None:
        """Follow an attempt beside all else."""
        self._followed.add(folder.name)
        self._starting.discard(folder.name)
        task = asyncio.get_running_loop().create_task(self._follow(folder))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def let_go(self) -> None:
        """Stop following; the attempts go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, folder: Path) -> None:
        """Report an attempt to the engine until it ended; a disk that fails or hangs is told once, and waited for."""
        self._followed.add(folder.name)
        is_told = False
        while True:
            try:
                await self._report(folder)
            except OSError as error:
                if not is_told:
                    said = f"how {folder.name} goes on cannot be read: {error}; it goes on all the same"
                    self._engine.apply(NoteWritten(time.time(), self._engine.actor, said))
                is_told = True
            else:
                return
            # One look waits for as long as the disk takes, so that no more and more of them hang.
            await waited_for(partial(self._found, folder.name), None)
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _report(self, folder: Path) -> None:
        known = self._engine.state.attempts.get(folder.name)
        async for said in executor.follow(folder, seen=0 if known is None else known.reports):
            self._engine.apply(said)
            if isinstance(said, ActionEnded):
                await self._engine.commit(durable=True)

    async def keep_adopting(self) -> None:
        """Take up what others begin and decide, for ever; a disk that fails is told once, and looked at again."""
        told = ""
        while True:
            try:
                await self._adopt()
                await self.take_abandoned()
            except OSError as error:
                said = f"what others begin cannot be looked for: {error}"
                if said != told:
                    self._engine.apply(NoteWritten(time.time(), self._engine.actor, said))
                told = said
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _adopt(self) -> None:
        """Take up attempts that others began, in the order in which they were begun, and those left running."""
        state = self._engine.state
        for name, attempt in list(state.attempts.items()):
            if attempt.outcome is Outcome.RUNNING and name not in self._followed:
                await self._take_up(await waited_for(partial(self._places.folder_of, name), None))
        folders = await waited_for(self._places.folders, None)
        found = []
        for folder in folders:
            if folder.name in state.settled | self._followed | self._starting or folder in self._older:
                continue
            one = await waited_for(partial(executor.adopt, folder, time.time()), None)
            if one is None:
                continue
            if is_of(self._session, folder, one.started):
                found.append((one.started.at, folder))
            elif one.ended is not None:
                self._older.add(folder)
                self._tell_older(one)
        for _, folder in sorted(found):
            if folder.name not in self._followed | self._starting:  # somebody may have begun it while it was read
                await self._take_up(folder)

    def _tell_older(self, one: executor.Adopted) -> None:
        """Write down once, in a session that was begun just now, what was done while there was none."""
        began = self._session.created
        if one.ended is None or time.time() - began > FRESH_S or began - one.started.at > OLDER_S:
            return
        started = one.started
        at = datetime.fromtimestamp(started.at, UTC)
        said = (
            f"before this session, {at:%Y-%m-%d %H:%M:%S} UTC: {started.title} begun by {started.actor}:"
            f" {started.reason}; it ended {one.ended.outcome} ({started.attempt})"
        )
        if all(record.text != said for record in self._engine.journal()):
            self._engine.apply(NoteWritten(time.time(), self._engine.actor, self._engine.redactor.redact(said)))

    async def _take_up(self, folder: Path) -> None:
        """Fold an attempt; one that is over at once, so that a later one cannot overtake it."""
        self._followed.add(folder.name)
        found = await waited_for(partial(executor.adopt, folder, time.time()), None)
        if found is None:
            said = "its folder is gone, so nobody knows how it ended; verify before anything is repeated"
            self._engine.apply(ActionEnded(time.time(), folder.name, Outcome.UNKNOWN, said))
            return
        started, is_news = found.started, folder.name not in self._engine.state.attempts
        self._engine.apply(started)
        is_back = is_way_back(self._engine.state.rollout, started.action, started.kind)
        if is_news and is_back and started.actor.user != NOBODY:
            responded(self._engine, started.actor, started.title)  # as who begins it here has
        if found.ended is None:
            self.begin_to_follow(folder)
        else:
            await self._follow(folder)

    async def take_abandoned(self) -> None:
        """Take up what somebody, here or elsewhere, decided about attempts that did not go well."""
        for name, attempt in list(self._engine.state.attempts.items()):
            if attempt.outcome not in OPEN:
                continue
            said = await waited_for(partial(self._abandoned, name), None)
            if said is not None:
                self._engine.apply(said)
