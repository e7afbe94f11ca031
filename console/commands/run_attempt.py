"""The process that carries out one attempt: `python -m console.commands.run_attempt FOLDER`, the order on stdin.

It is no command for people: `console.effects.executor` starts it. It stands above the effects because a verification
asks sources. What is heavy is imported where it is needed: after the fork, and sources not before the steps are done.
"""

import sys
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from console.effects.detach import receive_order

if TYPE_CHECKING:
    from console.effects.attempt_files import WorkOrder
    from console.effects.verification import Ask


def main() -> int:
    """Leave whoever started it, and carry the order out."""
    text = receive_order()
    from console.effects.runner import carry_out_order  # noqa: PLC0415

    carry_out_order(sys.argv[1], text, _asking)
    return 0


def _asking(order: "WorkOrder") -> "AbstractAsyncContextManager[Ask]":
    from console.commands.verifying import asking_for  # noqa: PLC0415

    return asking_for(order)


if __name__ == "__main__":
    raise SystemExit(main())
