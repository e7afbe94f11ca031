"""What the operator says about views and goals: which view is shown, and the figures that only people know."""

import asyncio
import time
from math import isfinite
from pathlib import Path

from console.core.desk import Refused
from console.core.inputs import KpiEntered
from console.effects.files import write_private
from console.writing_orders import WritingOrders

_CHOSEN = "view"
"""The file in the session's folder that has the name of the chosen view."""


class ChosenView:
    """The view that is shown, kept in the session's folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _CHOSEN
        try:
            self.name = self._file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):  # none was chosen, or the disk has more pressing trouble
            self.name = ""

    async def choose(self, name: str) -> None:
        """Choose a view, also for the time after a restart; raises `OSError` where that cannot be kept."""
        self.name = name
        await asyncio.to_thread(write_private, self._file, name)


class ViewOrders(WritingOrders):
    """The part of a desk that keeps the chosen view, and takes figures of goals."""

    _view: ChosenView

    @property
    def view(self) -> str:
        """The view that was chosen, by its name; empty for everything."""
        return self._view.name

    async def choose_view(self, view: str) -> None:
        """Choose a view, also for the time after a restart."""
        try:
            await self._view.choose(view)
        except OSError as error:
            raise Refused(f"the view is shown, and cannot be kept: {error.strerror or error}") from error

    async def enter_kpi(self, kpi: str, figure: str, *, note: str = "") -> None:
        """Enter the figure of a goal that the console cannot judge by itself."""
        self._check_may_write()
        asked = self._engine.state.rollout.kpis.get(kpi)
        if asked is None or not asked.entered:
            raise Refused(f"the rollout file has no goal {kpi} whose figure a person enters")
        try:
            value = float(figure.rstrip("%").replace(",", ""))
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise Refused(f"{figure!r} is no number; write one such as 4, and behind it where it is from")
        await self._write(KpiEntered(time.time(), kpi, value, self._actor, self._engine.redactor.redact(note)))
