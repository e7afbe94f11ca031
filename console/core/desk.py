"""What a screen may ask of the engine; the engine implements it, tests may replay frames through it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from console.core.frame import Frame
from console.core.incidents import Decision
from console.core.journal import Found, RecordFilter
from console.core.plan import Preview
from console.core.record import JournalRow
from console.core.ring import RowRing
from console.core.words import Table


class Refused(Exception):
    """An order that was not carried out; the text says why and what to do instead."""


Order = Literal["zero", "stop"]
"""What may be said to a ladder: jump to zero at any moment, or leave it here. Its next rung is an action."""


Choice = Literal["stop", "verify", "resume", "abandon"]
"""What may be said about an attempt that hangs, or of which nobody knows whether it took effect: end it, verify what it
was to do, carry on where it stopped, or leave it as it is."""


class Desk(Protocol):
    """The engine as the screen sees it: a frame to draw and orders to give. Orders raise `Refused`."""

    @property
    def frame(self) -> Frame:
        """The newest picture; reading it costs nothing."""
        ...

    @property
    def rows(self) -> RowRing:
        """The newest log rows."""
        ...

    async def preview(
        self, action: str, *, traffic: float | None = None, given: Mapping[str, str] | None = None
    ) -> Preview:
        """Return exactly what an action would do now, with the values of its parameters; nothing is changed."""
        ...

    async def values(self, action: str, parameter: str) -> tuple[str, ...]:
        """Return the values to choose from for a parameter of an action; none where anything may be typed."""
        ...

    async def look_before(self, preview: Preview) -> Preview:
        """Ask what a preview wants looked at before, and return it with the answers; nothing is changed."""
        ...

    async def start(self, preview: Preview, *, reason: str, typed: str, is_dry_run: bool = False) -> str:
        """Carry a previewed action out and return the id of the attempt; `typed` must be the word asked for."""
        ...

    async def steer(self, attempt: str, order: Order) -> None:
        """Give an order to a ladder; to jump to zero ends a rung that is being applied."""
        ...

    async def settle(self, attempt: str, choice: Choice, *, reason: str) -> str:
        """Decide about an attempt, and return the id of the one that verifies it or carries it on, if any."""
        ...

    async def halt(self) -> None:
        """Stop the rollback that is counted down; nothing is begun by itself until somebody arms it again."""
        ...

    async def arm(self, reason: str) -> None:
        """Let the rollback begin by itself again."""
        ...

    def output(self, attempt: str) -> tuple[str, ...]:
        """Return the newest lines that an attempt printed, safe to draw."""
        ...

    async def tick(self, item: str, *, is_done: bool, note: str = "", stage: str = "") -> None:
        """Tick or untick a checklist item; one that the console verifies is verified now instead.

        `stage` is the name of its phase or validation window, empty for the present phase.
        """
        ...

    async def sign_off(self, role: str, *, note: str = "") -> None:
        """Sign the present phase off in a role."""
        ...

    async def enter_kpi(self, kpi: str, figure: str, *, note: str = "") -> None:
        """Enter the figure of a goal that the console cannot judge by itself, as it was typed."""
        ...

    @property
    def view(self) -> str:
        """The view that was chosen, by its name; empty for everything."""
        ...

    async def choose_view(self, view: str) -> None:
        """Choose a view; a console that holds the session shows it again after a restart."""
        ...

    async def note(self, text: str) -> None:
        """Write a note into the journal."""
        ...

    async def acknowledge(self, alert: str, reason: str) -> None:
        """Take care of an alert, given by its key: it is neither escalated nor repeated any more."""
        ...

    async def silence(self, about: str, severity: str, duration: str, reason: str) -> None:
        """Tell nobody of matching alerts for a time such as `30m`; `about` is a shell pattern."""
        ...

    async def end_silence(self, silence: str) -> None:
        """End a silence before its time."""
        ...

    async def decide(self, decision: Decision) -> None:
        """Open an incident, or do something about one."""
        ...

    async def snapshot(self, screen_svg: str) -> Path:
        """Export the session with this picture of the screen and return the folder."""
        ...

    async def ask_now(self, metric: str) -> None:
        """Measure a metric now instead of at its next time."""
        ...

    async def investigate(self, query: str) -> Table:
        """Run an investigation query and return its rows."""
        ...

    async def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        """Return which journal records from one number to another pass a filter; those that came later are left out."""
        ...

    async def records(self, numbers: Sequence[int]) -> tuple[JournalRow, ...]:
        """Return some journal records by their numbers, in order."""
        ...

    async def export_journal(self, wanted: RecordFilter) -> Path:
        """Write the records that pass a filter into a new file, one JSON object a line, and return it."""
        ...
