"""How a step of an action ends."""

from dataclasses import dataclass

from console.core.words import IN_DOUBT


@dataclass(frozen=True, slots=True)
class Ending:
    """How a step ended."""

    state: str
    """`done`, `failed`, `timed out`, `not known`, or `not begun`: then nothing was done for certain."""
    detail: str

    @property
    def is_certain(self) -> bool:
        """Whether it is known what took effect; after a time-out nobody knows."""
        return self.state not in IN_DOUBT
