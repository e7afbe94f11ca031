"""What a verification is compared with: the number that the same question gave before the first step.

A query with `:window` is asked for the same rows again: its window is longer by the time that has passed since.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from console.core.rollout import Check
from console.effects import attempt_files as files
from console.effects.attempt_files import Diary, WorkOrder
from console.effects.verification import Answer, Ask, Asking, Verified, try_once

ASKED_FOR_S = 5.0
"""How long the first step waits for these numbers at most: a way out is not kept waiting."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was known before the first step, by the label of each verification that is compared with it."""

    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """The number and when it was given, a time of day in seconds."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why there is no number."""


def numbers_before(order: WorkOrder, checks: Mapping[str, Check], asking: Asking, diary: Diary) -> Before:
    """Return what verifications are to be compared with, asked now unless the attempt goes on from another.

    What gives no number in time is missing, with the reason; never raises.
    """
    compared = {label: check for label, check in checks.items() if check.is_compared}
    if not compared:
        return Before()
    intent = files.read_intent(Path(order.folder))
    if intent is not None and intent.continues:
        return Before(files.read_before(Path(order.folder)))
    try:
        found = asyncio.run(_asked(order, compared, asking))
    except Exception as error:  # noqa: BLE001 - whatever a source cannot be opened or closed for, the steps are begun
        found = Before(missing=dict.fromkeys(compared, f"{type(error).__name__}: {error}"))
    diary.asked_before(found.numbers)
    return found


async def _asked(order: WorkOrder, checks: Mapping[str, Check], asking: Asking) -> Before:
    async with asking(order) as ask:
        answers = await asyncio.gather(
            *(try_once(ask, check.model_copy(update={"expect": None}), ASKED_FOR_S) for check in checks.values())
        )
    now, numbers, missing = time.time(), dict[str, tuple[float, float]](), dict[str, str]()
    for label, answer in zip(checks, answers, strict=True):
        if answer.is_known and answer.number is not None:
            numbers[label] = (answer.number, now)
        else:
            missing[label] = answer.detail
    return Before(numbers, missing)


def compared(ask: Ask, order: WorkOrder, label: str, before: Before) -> Ask:
    """Return a way to ask that puts the number from before into a check that is compared with it, at every try.

    A check whose number nobody knows is not asked, and does not pass.
    """

    async def asked(check: Check) -> Answer:
        if not check.is_compared:
            return await ask(check)
        if label not in before.numbers:
            why = before.missing.get(label, "")
            said = "nobody knows what it was before the first step" + (f": {why}" if why else "")
            return Verified(ok=False, detail=said, is_known=False)
        number, at = before.numbers[label]
        window_s = check.window or order.queries.get(check.query or "", {}).get("window_s")
        longer = {} if window_s is None else {"window": window_s + max(0.0, time.time() - at)}
        return await ask(check.compared_with(number).model_copy(update=longer))

    return asked
