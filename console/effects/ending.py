"""How a step of an action ends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """How a step ended."""

    state: str
    """`done`, `failed`, `timed out`, or `not begun`: then nothing was done for certain."""
    detail: str
    is_certain: bool = True
    """Whether it is known what took effect; after a time-out nobody knows."""
    has_changed_file: bool = False
    """Whether an env file says something else than before."""
