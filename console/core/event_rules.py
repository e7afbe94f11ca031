"""What names log lines: the part of the frozen model that events are made of."""

from typing import Annotated

from pydantic import Field

from console.core.parts import Part


class Matrix(Part):
    """Counts how often which of two named groups came with which: from where to where."""

    from_: Annotated[str, Field(alias="from")]
    """The named group of the rows."""
    to: str
    """The named group of the columns."""
    rejected: str | None = None
    """The event of what was refused; its own `matrix` says from where, and what was asked for."""


class EventRule(Part):
    """A class of log line."""

    kind: str = "event"
    """A free word; panels group events by it."""
    match: str
    """A Python regular expression, searched in the line; named groups are labels."""
    number: str | None = None
    """The named group that is a number, for quantiles."""
    matrix: Matrix | None = None
    """Counts pairs of two named groups as well, at most 100 of them, and draws them as a table."""
    sample: tuple[str, ...] = ()
    """Lines that must match; checked at load."""
    not_: Annotated[tuple[str, ...], Field(alias="not")] = ()
    """Lines that must not match; checked at load."""

    @property
    def pair(self) -> tuple[str, str] | None:
        """The groups that are counted in pairs."""
        return None if self.matrix is None else (self.matrix.from_, self.matrix.to)
