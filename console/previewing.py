"""What an action would do now, for the operator of a running engine: with the measured share and earlier runs."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from console.core.checklist_frame import one_person
from console.core.desk import Refused
from console.core.outlook import share_line
from console.core.plan import Plan, Preview, out_of_place
from console.core.planning import PlanRefused
from console.core.rollout import ActionKind
from console.effects import earlier
from console.effects.looking import look_before
from console.effects.preview import build_preview
from console.engine import Engine
from console.sources.base import ProbeFailed
from console.sources.values import check_given, values_of


class Previewing:
    """Previews of the actions of one engine's rollout."""

    def __init__(self, engine: Engine, state_dir: Path) -> None:
        self._engine = engine
        self._state_dir = state_dir

    async def preview(self, asked: Plan) -> Preview:
        """Return exactly what a plan would do; what it wants looked at before is not asked yet."""
        frame = self._engine.fresh_frame()
        blamed = [
            panel for panel in frame.panels if any(key.action == asked.action and key.is_lit for key in panel.keys)
        ]
        measured = share_line(frame)
        now = f"{frame.phase.traffic:g} % canary, phase {frame.phase.name}"
        return await build_preview(
            asked,
            self._engine.loaded,
            now=f"{now}; {measured}" if measured else now,
            why="; ".join(f"{panel.metric} {panel.verdict}: {panel.reason}" for panel in blamed),
            unmet=self.unmet_for(asked),
            took_s=await asyncio.to_thread(
                earlier.took_in_time, self._state_dir, self._engine.loaded.rollout.rollout, asked.action
            ),
        )

    def unmet_for(self, asked: Plan) -> tuple[str, ...]:
        """Return what stands against a plan at this moment until somebody says why.

        Against going on: clauses that are not met, and who may not do it alone. Against a task: another phase.
        """
        phase = self._engine.fresh_frame().phase
        if asked.kind is not ActionKind.ADVANCE:
            return out_of_place(asked.phases, phase.name)
        missing = (clause.text for clause in phase.clauses if not clause.is_met)
        return (*missing, *one_person(phase.sign_off, self._engine.actor))

    async def look_before(self, shown: Preview) -> Preview:
        """Ask what a preview wants looked at before, all at once."""
        return shown.answered(await look_before(shown.plan, self._engine.check, self._engine.redactor.redact))

    async def values(self, action: str, parameter: str) -> tuple[str, ...]:
        """Return the values to choose from for a parameter; raises `Refused` while they cannot be had."""
        asked = self._engine.loaded.rollout.actions[action].parameters[parameter]
        try:
            return await values_of(asked, self._engine.connections)
        except ProbeFailed as failure:
            raise Refused(self._engine.redactor.redact(str(failure))) from failure

    async def check_listed(self, action: str, given: Mapping[str, str]) -> None:
        """Raise `Refused` for a value that is not in its list; one whose list cannot be had is taken as it is."""
        try:
            await check_given(self._engine.loaded.rollout.actions[action].parameters, given, self._engine.connections)
        except PlanRefused as refusal:
            raise Refused(str(refusal)) from refusal
