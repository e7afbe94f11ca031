"""The process that carries out one attempt: `python -m console.commands.run_attempt FOLDER`, the order on stdin.

It is no command for people: `console.effects.executor` starts it. It stands above the effects because a verification
asks sources.
"""

import sys

from console.effects.detach import receive_order


def main() -> int:
    """Leave whoever started it, and carry the order out."""
    text = receive_order()
    # Only now: whoever started it waits until the line above has forked.
    from console.commands.verifying import ask_for  # noqa: PLC0415
    from console.effects.runner import carry_out_order  # noqa: PLC0415

    carry_out_order(sys.argv[1], text, ask_for)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
