"""Follows attempts at actions until they ended, whoever began them: this console, another one, or a command."""

import asyncio
import time
from pathlib import Path

from console.core.attempts import OPEN
from console.core.inputs import ActionEnded
from console.core.words import Outcome
from console.effects import executor
from console.effects.attempt_files import read_abandoned
from console.effects.begin import Places
from console.effects.sessions import Session
from console.engine import Engine

ADOPT_EVERY_S = 1.0


class Adoption:
    """The attempts that one engine knows of, and those that it finds."""

    def __init__(self, engine: Engine, session: Session, places: Places) -> None:
        self._engine = engine
        self._session = session
        self._places = places
        self._followed: set[str] = set()
        self._starting: set[str] = set()
        """What this console is just beginning."""
        self._tasks: set[asyncio.Task[None]] = set()

    def taken(self, attempt: str) -> None:
        """Leave an attempt to whoever begins it just now, until it is followed or given back."""
        self._starting.add(attempt)

    def give_back(self) -> None:
        """Take up what could not be begun like any other: where its intent is on disk, the journal says so too."""
        self._starting.clear()

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
        """Report an attempt to the engine until it ended."""
        self._followed.add(folder.name)
        known = self._engine.state.attempts.get(folder.name)
        async for said in executor.follow(folder, seen=0 if known is None else known.reports):
            self._engine.apply(said)
            if isinstance(said, ActionEnded):
                await self._engine.commit(durable=True)

    async def keep_adopting(self) -> None:
        """Take up what others begin and decide, for ever."""
        while True:
            await self._adopt()
            await self.take_abandoned()
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _adopt(self) -> None:
        """Take up attempts that others began, in the order in which they were begun, and those left running."""
        state = self._engine.state
        for name, attempt in list(state.attempts.items()):
            if attempt.outcome is Outcome.RUNNING and name not in self._followed:
                await self._take_up(self._places.folder_of(name))
        folders = await asyncio.to_thread(self._places.folders)
        fresh = [folder for folder in folders if folder.name not in state.settled | self._followed | self._starting]
        found = [
            (one.started.at, folder)
            for folder in fresh
            if (one := await asyncio.to_thread(executor.adopt, folder, time.time())) is not None
            # Those kept aside may be of a time before this session.
            and (folder.parent == self._session.attempts or one.started.at >= self._session.created)
        ]
        for _, folder in sorted(found):
            if folder.name not in self._followed:
                await self._take_up(folder)

    async def _take_up(self, folder: Path) -> None:
        """Fold an attempt; one that is over at once, so that a later one cannot overtake it."""
        self._followed.add(folder.name)
        found = await asyncio.to_thread(executor.adopt, folder, time.time())
        if found is None:
            said = "its folder is gone, so nobody knows how it ended; verify before anything is repeated"
            self._engine.apply(ActionEnded(time.time(), folder.name, Outcome.UNKNOWN, said))
            return
        self._engine.apply(found.started)
        if found.ended is None:
            self.begin_to_follow(folder)
        else:
            await self._follow(folder)

    async def take_abandoned(self) -> None:
        """Take up what somebody, here or elsewhere, decided about attempts that did not go well."""
        for name, attempt in list(self._engine.state.attempts.items()):
            if attempt.outcome not in OPEN:
                continue
            said = await asyncio.to_thread(read_abandoned, self._places.folder_of(name))
            if said is not None:
                self._engine.apply(said)
