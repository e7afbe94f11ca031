"""What is looked at before an action: all at once, and not for long, because somebody waits to act."""

import asyncio
from collections.abc import Callable

from console.core.plan import Plan
from console.core.rollout import Check
from console.core.text import visible
from console.effects.verification import Ask, try_once

LOOK_S = 5.0
"""How long a look may take."""
GLANCE_S = 0.5
"""How long it may take where nobody may wait for it: a way down in a shell."""


async def look_before(
    planned: Plan, ask: Ask, redact: Callable[[str], str], limit_s: float = LOOK_S
) -> list[tuple[bool | None, str]]:
    """Return for each look of a plan whether it passed, `None` where nobody knows, and what was seen."""

    async def look(check: Check) -> tuple[bool | None, str]:
        found = await try_once(ask, check, min(check.within, limit_s))
        return (found.ok if found.is_known else None), visible(redact(found.detail))

    return await asyncio.gather(*(look(check) for check in planned.before))
