"""Carries out one attempt at an action, apart from any console.

The process around this (`console.commands.run_attempt`) has its own session and no terminal, so neither a closed
terminal nor a killed console ends it. What happens is written into the attempt's folder.
"""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from console.core.redact import Redactor
from console.core.rollout import Check, Step
from console.core.text import visible
from console.core.words import Outcome
from console.effects import attempt_files as files
from console.effects.attempt_files import Diary, WorkOrder
from console.effects.beforehand import Before, compared, numbers_before
from console.effects.ending import Ending
from console.effects.lock import UNKNOWN_HOLDER, Holder, Lock
from console.effects.output_file import OutputFile
from console.effects.steps import Surroundings, carry_out
from console.effects.verification import Ask, Asking, until_passes


def carry_out_order(folder: str, text: str, asking: Asking) -> Outcome:
    """Carry out the order that a text says, and return the outcome; one that came cut short is not begun."""
    try:
        order = WorkOrder.from_json(text)
    except (ValueError, TypeError):
        said = "the console ended before it had handed the order over; nothing was done"
        Diary(Path(folder)).ended(Outcome.FAILED, said)
        return Outcome.FAILED
    return run_attempt(order, asking)


def run_attempt(order: WorkOrder, asking: Asking) -> Outcome:
    """Carry an attempt out, write down how it went, and return the outcome; never raises."""
    folder = Path(order.folder)
    diary = Diary(folder)
    redactor = Redactor(order.secrets)
    try:
        outcome, detail = _Attempt(order, diary, redactor, asking).run()
    except Exception as error:  # noqa: BLE001 - nobody else is there to write it down
        outcome, detail = Outcome.UNKNOWN, f"the runner failed: {type(error).__name__}: {error}"

    def let_go() -> None:  # whoever reads the end may begin the next action at once
        for path, handle in order.locks.items():
            Lock(Path(path), handle).end()

    diary.ended(outcome, visible(redactor.redact(detail), 2000), shown=let_go)
    return outcome


class _Attempt:
    """One attempt while it is carried out."""

    def __init__(self, order: WorkOrder, diary: Diary, redactor: Redactor, asking: Asking) -> None:
        self._order = order
        self._diary = diary
        self._redactor = redactor
        self._asking = asking
        self._is_stopped = False
        self._began = time.time()
        self._before = Before()

    def run(self) -> tuple[Outcome, str]:
        signal.signal(signal.SIGTERM, self._stop)
        self._say_who_holds()
        self._diary.started()
        steps = [Step.model_validate(step) for step in self._order.steps]
        since = self._began if self._order.since is None else self._order.since
        checks = [_since(Check.model_validate(check), since) for check in self._order.verify]
        self._before = numbers_before(self._order, self._labelled(checks, len(steps)), self._asking, self._diary)
        endings = self._carry_out(steps)
        last = endings[-1] if endings else None
        failed = last is not None and last.state != "done"
        said = self._account(endings, len(steps)) if failed else ""
        if last is not None and failed and (last.is_certain or self._is_stopped):
            return (Outcome.FAILED if last.is_certain else Outcome.UNKNOWN), said
        unmet = asyncio.run(self._verify(checks, first=len(steps))) if checks else []
        if failed:
            return Outcome.UNKNOWN, said + _verdict(checks, unmet)
        if unmet:
            return Outcome.UNVERIFIED, "not verified: " + "; ".join(unmet) + self._stopped_by()
        if self._order.unproven:
            return Outcome.UNVERIFIED, f"every verification passed, but {self._order.unproven}: resume it"
        return Outcome.DONE, ""

    def _labelled(self, checks: Sequence[Check], first: int) -> dict[str, Check]:
        return {self._order.labels[first + number]: check for number, check in enumerate(checks)}

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopped = True

    def _say_who_holds(self) -> None:
        for path, handle in self._order.locks.items():
            Lock(Path(path), handle).say(self._holder())

    def _holder(self) -> Holder:
        said = self._order.holder
        return Holder(**{**said, "pid": os.getpid()}) if said else UNKNOWN_HOLDER

    def _carry_out(self, steps: Sequence[Step]) -> list[Ending]:
        order = self._order
        output = OutputFile(Path(order.folder) / files.OUTPUT, self._redactor, commands=len(steps))
        around = Surroundings(
            attempt=order.attempt,
            base_dir=Path(order.base_dir),
            env=order.env,
            addresses=order.addresses,
            output=output,
            grace_s=order.grace_s,
            is_stopped=lambda: self._is_stopped,
            locks=tuple(map(Path, order.locks)),
            holder=self._holder(),
        )
        endings: list[Ending] = []
        for number, step in enumerate(steps):
            if self._is_stopped:
                endings.append(Ending("not begun", "stopped by an operator"))
                break
            output.begin(order.labels[number], step.prints)
            self._note(number, "running")
            ending = carry_out(step, around)
            output.end()
            self._note(number, ending.state, ending.detail)
            endings.append(ending)
            if ending.state != "done":
                break
        output.close()
        return endings

    def _account(self, endings: Sequence[Ending], steps: int) -> str:
        """Say which step it stopped at, which were done and stay done, and which were never begun."""
        at = len(endings)
        last = endings[-1]
        said = f"step {at} of {steps} {last.state}: {last.detail}"
        if at > 1:
            said += f"; done before it: {_numbers(1, at - 1)}"
        if at < steps:
            said += f"; not begun: {_numbers(at + 1, steps)}"
        return said + self._stopped_by()

    def _stopped_by(self) -> str:
        who = files.read_stop(Path(self._order.folder)) if self._is_stopped else ""
        return f"; ended by {who}" if who else ""

    async def _verify(self, checks: Sequence[Check], *, first: int) -> list[str]:
        """Make all verifications side by side and return what those that did not pass said."""
        try:
            async with self._asking(self._order) as ask:
                found = await asyncio.gather(
                    *(self._verify_one(ask, check, first + number) for number, check in enumerate(checks))
                )
        except Exception as error:  # noqa: BLE001 - the steps are done, and that must be told whatever this is
            return [f"verifying failed: {type(error).__name__}: {error}"]
        return [unmet for unmet in found if unmet]

    async def _verify_one(self, ask: Ask, check: Check, number: int) -> str:
        self._note(number, "running")
        asking = compared(ask, self._order, self._order.labels[number], self._before)
        found = await until_passes(asking, check, is_stopped=lambda: self._is_stopped)
        self._note(number, "passed" if found.ok else "not passed", found.detail)
        return "" if found.ok else f"{self._order.labels[number]}: {found.detail}"

    def _note(self, number: int, state: str, detail: str = "") -> None:
        self._diary.progressed(number, self._order.labels[number], state, visible(self._redactor.redact(detail), 500))


def _since(check: Check, at: float) -> Check:
    """Return a check of containers that tells those made since then from those of before."""
    if check.compose is None:
        return check
    return check.model_copy(update={"compose": check.compose.model_copy(update={"since": at})})


def _numbers(first: int, last: int) -> str:
    return f"step {first}" if first == last else f"steps {first} to {last}"


def _verdict(checks: Sequence[Check], unmet: Sequence[str]) -> str:
    if not checks:
        return "; there is nothing to verify it by"
    return "; verified not: " + "; ".join(unmet) if unmet else "; every verification passed"
