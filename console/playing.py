"""A recorded session played on the soak screen: a desk whose frames come from the recording."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from console.core.frame import Frame, SessionView
from console.core.inputs import Input
from console.core.journal import Found, RecordFilter, found_in
from console.core.record import JournalRow
from console.core.recorded import Recording, inputs_of
from console.core.replay import begin
from console.core.ring import RowRing
from console.core.rollout import Rollout
from console.core.view import build_frame
from console.effects.sessions import EXPORTS, state_dir
from console.engine import journal_view
from console.filed import export_records
from console.looking import OnlyLooking

STEP_S = 0.2
"""Between two pictures on the screen, in seconds of whoever looks."""
WORK_S = 0.1
"""How long folding may keep the screen waiting; beyond that it is played more slowly."""
PICTURES_KEPT = 2000
"""How many steps one can go back."""
IN_JOURNAL = 20


class Player(OnlyLooking):
    """Plays a recording at a speed, forwards; what was shown can be stepped through in both directions."""

    def __init__(
        self,
        recording: Recording,
        rollout: Rollout,
        session_id: str,
        speed: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._recording = recording
        self._id = session_id
        self._speed = speed
        self._clock = clock
        self._state = begin(recording, rollout)
        self._waiting: Iterator[Input] = inputs_of(recording, recording.until)
        self._next: Input | None = next(self._waiting, None)
        self._at = self._state.at
        self._journal: list[JournalRow] = []
        self._rows = RowRing()
        self._shown: deque[Frame] = deque(maxlen=PICTURES_KEPT)
        self._shown.append(self._picture())
        self._place = 0
        self.is_paused = False

    async def follow(self) -> None:
        """Play for ever; at the end the last picture stays."""
        while True:
            await asyncio.sleep(STEP_S)
            if not self.is_paused:
                self.step(1)

    def step(self, by: int) -> None:
        """Go on by one picture, or back."""
        if by < 0:
            self._place = max(0, self._place - 1)
        elif self._place + 1 < len(self._shown):
            self._place += 1
        elif self._next is not None:
            self._fold()
            self._shown.append(self._picture())
            self._place = len(self._shown) - 1

    def _fold(self) -> None:
        """Fold what happened in the next step, or as much of it as there is time for."""
        self._at += STEP_S * self._speed
        until = self._clock() + WORK_S
        while self._next is not None and self._next.at <= self._at:
            for record in self._state.apply(self._next):
                self._journal.append(JournalRow(len(self._journal) + 1, record, ""))
            self._next = next(self._waiting, None)
            if self._clock() > until:
                self._at = self._state.at
                return

    def _picture(self) -> Frame:
        session = SessionView(self._id, self._state.began, is_read_only=True, held_by="", replayed=" ")
        newest = tuple(journal_view(row.seq, row.record) for row in reversed(self._journal[-IN_JOURNAL:]))
        return build_frame(self._state, self._state.at, session=session, journal=newest)

    @property
    def frame(self) -> Frame:
        """The picture that is shown now."""
        shown = self._shown[self._place]
        is_over = self._next is None and self._place == len(self._shown) - 1
        said = "at its end" if is_over else "paused" if self.is_paused else f"{self._speed:g}x"
        return replace(shown, session=replace(shown.session, replayed=said))

    @property
    def rows(self) -> RowRing:
        """The text of log lines is not recorded."""
        return self._rows

    async def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        """Return which records pass a filter, of those written down up to the picture that is shown."""
        rows = self._journal[max(0, first - 1) : last]
        return found_in(rows, wanted, first, rows[-1].seq if rows else first - 1)

    async def records(self, numbers: Sequence[int]) -> tuple[JournalRow, ...]:
        """Return some records by their numbers, in order."""
        return tuple(self._journal[seq - 1] for seq in sorted(numbers) if 0 < seq <= len(self._journal))

    async def export_journal(self, wanted: RecordFilter) -> Path:
        """Write what the replay told so far into a file of whoever looks."""
        passed = (row for row in tuple(self._journal) if wanted.passes(row.record))
        return export_records(state_dir() / EXPORTS, f"{self._id}-replay", passed)

    def why_not(self) -> str:
        """Say that this is the past."""
        return "this is a replay of what was recorded: nothing can be done in it"
