"""How checklist items and sign-offs stand, of every phase, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from console.core.actors import actor_of
from console.core.persons import is_another
from console.core.words import CheckRun

if TYPE_CHECKING:  # screens draw ticks, and need not wait for the model of the rollout file
    from console.core.stages import ChecklistItem, Phase, SecondPerson
    from console.core.state import State

KEPT = 20
"""Earlier ticks of an item that are kept beside it; the journal has every one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One tick or untick of an item."""

    at: float
    is_done: bool
    by: str
    """Who ticked it, or asked for the verification; empty when the console verified it by itself."""
    note: str = ""
    is_half: bool = False
    """A second person was still to confirm it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """How a checklist item stands."""

    is_done: bool
    by: str
    """Who ticked it; empty when the console verified it by itself."""
    at: float
    note: str = ""
    is_half: bool = False
    """One person ticked it, and a second one has yet to confirm it."""
    first_by: str = ""
    """Who ticked it first, where a second person confirmed it."""
    run: CheckRun | None = None
    """What the verification said; `None` where a person ticked it."""
    history: tuple[Mark, ...] = ()
    """This tick and those before it, oldest first; at most `KEPT`."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Somebody signed in a role."""

    by: str
    at: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """What people and the console did about one phase."""

    ticks: Mapping[str, Tick] = field(default_factory=dict)
    """Of its prerequisites and of its checklist, by the id of the item."""
    signed: Mapping[str, Signature] = field(default_factory=dict)
    """By role."""


NOTHING = Marked()


@dataclass(frozen=True, slots=True)
class Checklists:
    """Ticks and sign-offs of every phase, by its name; those of validation windows are with the windows."""

    phases: Mapping[str, Marked] = field(default_factory=dict)

    def of(self, phase: str) -> Marked:
        """Return what was done about a phase."""
        return self.phases.get(phase, NOTHING)

    def ticked(self, phase: str, item: str, tick: Tick) -> Checklists:
        """Return the state after an item of a phase was ticked, unticked or verified."""
        known = self.of(phase)
        return Checklists({**self.phases, phase: replace(known, ticks={**known.ticks, item: tick})})

    def signed(self, phase: str, role: str, signature: Signature) -> Checklists:
        """Return the state after somebody signed a phase off in a role."""
        known = self.of(phase)
        return Checklists({**self.phases, phase: replace(known, signed={**known.signed, role: signature})})


def after(before: Tick | None, given: Tick, second: SecondPerson) -> Tick | None:
    """Return how an item stands after a tick; `None` where the tick says nothing new.

    The first of two persons who are asked for leaves it half done, another one confirms it, and an untick by anybody
    takes both away. A verification that answers what it answered before says nothing new, unless somebody asked for it.
    """
    if before is not None and not given.by and is_same_answer(before, given.is_done, given.run):
        return None
    if second and given.is_done:
        first = "" if before is None else before.by if before.is_half else before.first_by
        if not first:
            given = replace(given, is_done=False, is_half=True)
        elif not is_another(actor_of(first), actor_of(given.by), second):
            return None
        else:
            given = replace(given, first_by=first)
    mark = Mark(given.at, given.is_done, given.by, given.note, given.is_half)
    earlier = () if before is None else before.history
    return replace(given, history=(*earlier, mark)[-KEPT:])


def is_same_answer(before: Tick, is_done: bool, run: CheckRun | None) -> bool:
    """Whether a verification answered what is known already: done or not, and whether it could be asked."""
    was_known = before.run is None or before.run.is_known
    return before.is_done == is_done and was_known == (run is None or run.is_known)


def missing(phase: Phase, marked: Marked) -> tuple[ChecklistItem, ...]:
    """Return the prerequisites of a phase that are not done."""
    return tuple(item for item in phase.prerequisites if not is_done(marked.ticks.get(item.id)))


def waited_for(state: State) -> tuple[ChecklistItem, ...]:
    """Return the prerequisites that the present phase still waits for; none once it has begun."""
    phase = state.rollout.phases[state.phase.index]
    return missing(phase, state.checklists.of(phase.name)) if state.phase.is_waiting else ()


def is_done(tick: Tick | None) -> bool:
    """Whether an item is done; one that only one of two persons ticked is not."""
    return tick is not None and tick.is_done
