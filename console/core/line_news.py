"""What the journal is told of lines that were not read as they should be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.core.lines import cut_text
from console.core.record import Record
from console.core.tally import CUT, GIVEN_UP
from console.core.words import count_of

if TYPE_CHECKING:
    from console.core.state import State


@dataclass(frozen=True, slots=True)
class ToldLines:
    """What the journal was told of lines that were not read as they should be."""

    given_up: Mapping[str, int] = field(default_factory=dict)
    """Lines that each rule had been given up on when it was last said."""
    has_cut: bool = False
    """It was said that a line was longer than the limit."""


def all_told(state: "State") -> ToldLines:
    """Return what a session that is taken up again has already been told."""
    given_up = {event: state.rollup.total(None, GIVEN_UP + event) for event in state.rollout.events}
    return ToldLines(given_up, has_cut=state.rollup.total(None, CUT) > 0)


def told_lines(state: "State", told: ToldLines, at: float) -> tuple[ToldLines, list[Record]]:
    """Say which rules were given up on lines, each time that their number has doubled, and once that one was cut."""
    records, given_up = [], dict(told.given_up)
    for event in state.rollout.events:
        lines = state.rollup.total(None, GIVEN_UP + event)
        if lines < max(1, 2 * given_up.get(event, 0)):
            continue
        given_up[event] = lines
        said = (
            f"the search of rule {event} was given up on {count_of(lines, 'line')} so far, as its expression"
            " backtracks: its counts are short"
        )
        records.append(Record(at, "rule", said, {"event": event, "lines": lines}))
    cut = 0 if told.has_cut else state.rollup.total(None, CUT)
    if cut:
        records.append(Record(at, "rule", f"{cut_text(cut)}; the source strip counts them", {"lines": cut}))
    return ToldLines(given_up, told.has_cut or cut > 0), records
