"""A runner whose verifications need no source: a check passes when its command does."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from console.effects.detach import receive_order


@dataclass
class Answer:
    ok: bool
    detail: str
    is_known: bool = True
    number: float | None = None


if __name__ == "__main__":
    text = receive_order()
    from console.core.rollout import Check
    from console.effects.attempt_files import WorkOrder
    from console.effects.runner import carry_out_order
    from console.effects.verification import Ask
    from console.sources.checks import says

    def exit_code(check: Check, order: WorkOrder) -> int:
        return subprocess.run(list(check.command or ()), cwd=order.base_dir, check=False).returncode

    @asynccontextmanager
    async def asking(order: WorkOrder) -> AsyncIterator[Ask]:
        async def ask(check: Check) -> Answer:
            if check.env_file is not None:
                said = await says(check.env_file, Path(order.base_dir), 1.0)
                return Answer(said.ok, said.detail)
            code = exit_code(check, order)
            return Answer(code == 0, f"exit code {code}")

        yield ask

    carry_out_order(sys.argv[1], text, asking)
