"""The desk of the first moment: an empty picture until the session is open, then the session's own desk.

It imports no more than a picture needs, so that the terminal shows something before the rollout file is read.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from console.core.desk import Desk, Order, Refused
from console.core.frame import Flow, Frame, JournalView, PhaseView, SessionView
from console.core.ring import RowRing
from console.core.text import visible
from console.core.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from console.core.inputs import Table
    from console.core.plan import Preview


def opening_frame(file: str, at: float) -> Frame:
    """Return the picture of a session that is being opened: nothing is known yet."""
    return Frame(
        at=at,
        rollout=visible(file),
        title=visible(file),
        service="",
        verdict=Verdict.UNKNOWN,
        reason="opening the session …",
        since=None,
        phase=PhaseView(
            index=0,
            count=0,
            name="",
            traffic=0.0,
            planned_traffic=0.0,
            soaked_s=0.0,
            soak_s=0.0,
            began=at,
            clauses=(),
            may_advance=False,
            is_last=False,
            checklist=(),
            sign_off=(),
            holds=(),
        ),
        sources=(),
        panels=(),
        events=(),
        queries=(),
        actions=(),
        attempts=(),
        alerts=(),
        journal=(),
        flow=Flow(0, 0.0, 0, 0, 0.0),
        session=SessionView("", at, is_read_only=False, held_by=""),
        tracks=(),
    )


class Handover:
    """Stands in for a desk until there is one, and passes everything on from then."""

    def __init__(self, file: str) -> None:
        self._opening = opening_frame(file, time.time())
        self._rows = RowRing()
        self._desk: Desk | None = None

    def hand_over(self, desk: Desk) -> None:
        """From now on everything goes to this desk."""
        self._desk = desk

    def _ready(self) -> Desk:
        if self._desk is None:
            raise Refused("the session is still being opened")
        return self._desk

    @property
    def frame(self) -> Frame:
        """The newest picture."""
        return self._opening if self._desk is None else self._desk.frame

    @property
    def rows(self) -> RowRing:
        """The newest log rows."""
        return self._rows if self._desk is None else self._desk.rows

    async def preview(self, action: str, *, traffic: float | None = None) -> Preview:
        """Pass it on."""
        return await self._ready().preview(action, traffic=traffic)

    async def start(self, preview: Preview, *, reason: str, typed: str, is_dry_run: bool = False) -> str:
        """Pass it on."""
        return await self._ready().start(preview, reason=reason, typed=typed, is_dry_run=is_dry_run)

    async def steer(self, attempt: str, order: Order) -> None:
        """Pass it on."""
        await self._ready().steer(attempt, order)

    def output(self, attempt: str) -> tuple[str, ...]:
        """Pass it on."""
        return self._ready().output(attempt)

    async def tick(self, item: str, *, is_done: bool, note: str = "") -> None:
        """Pass it on."""
        await self._ready().tick(item, is_done=is_done, note=note)

    async def sign_off(self, role: str, *, note: str = "") -> None:
        """Pass it on."""
        await self._ready().sign_off(role, note=note)

    async def note(self, text: str) -> None:
        """Pass it on."""
        await self._ready().note(text)

    async def snapshot(self, screen_svg: str) -> Path:
        """Pass it on."""
        return await self._ready().snapshot(screen_svg)

    async def ask_now(self, metric: str) -> None:
        """Pass it on."""
        await self._ready().ask_now(metric)

    async def investigate(self, query: str) -> Table:
        """Pass it on."""
        return await self._ready().investigate(query)

    def journal(self, limit: int = 500) -> tuple[JournalView, ...]:
        """Pass it on."""
        return () if self._desk is None else self._desk.journal(limit)
