"""Checklists and sign-offs in the frame: of every phase and validation window, whether past, present or coming."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from console.core.actors import Actor, actor_of
from console.core.persons import is_another
from console.core.ticks import Mark
from console.core.words import CheckRun

if TYPE_CHECKING:  # screens draw checklists, and need not wait for the model of the rollout file
    from console.core.stages import SecondPerson


class ItemKind(StrEnum):
    """What an item stands in the way of."""

    PREREQUISITE = "prerequisite"
    """The beginning of its phase."""
    CHECKLIST = "checklist"
    """Going on from its phase."""
    VALIDATION = "validation"
    """That its validation window passes."""


@dataclass(frozen=True, slots=True)
class ChecklistView:
    """An item of a checklist, of prerequisites, or of a validation window."""

    item: str
    text: str
    is_done: bool
    is_verified: bool
    """The console ticks it, not a person."""
    by: str
    """Who ticked it or asked for the verification; empty where the console verified it by itself."""
    at: float | None
    note: str
    stage: str = ""
    """Name of its phase or window."""
    kind: ItemKind = ItemKind.CHECKLIST
    group: str = ""
    """The heading under which it stands."""
    needs_second: bool = False
    """Two persons must tick it."""
    is_half: bool = False
    """One of them did."""
    first_by: str = ""
    """Who ticked it first, where a second person confirmed it."""
    run: CheckRun | None = None
    """What the verification said that is written down."""
    history: tuple[Mark, ...] = ()
    """Its last ticks, oldest first."""
    is_open: bool = True
    """It may be ticked, or verified, now: its time has come and is not over."""


@dataclass(frozen=True, slots=True)
class SignOffView:
    """A role that must agree."""

    role: str
    by: str = ""
    """Who signed; empty for nobody yet."""
    at: float | None = None
    note: str = ""
    second: SecondPerson = False
    """Whether it asks for another person than those who did the work."""


class Place(StrEnum):
    """Where a stage is in time."""

    PAST = "past"
    PRESENT = "present"
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class StageView:
    """A phase or a validation window with all that people must see to."""

    name: str
    place: Place
    is_window: bool
    traffic: float | None
    """The share of a phase, percent; `None` for a window."""
    items: tuple[ChecklistView, ...]
    """Prerequisites first."""
    sign_off: tuple[SignOffView, ...] = ()
    outcome: str = ""
    """Of a window; see `core.validation`."""

    @property
    def done(self) -> tuple[int, int]:
        """How many items are done and sign-offs given, and how many there are."""
        states = [*(item.is_done for item in self.items), *(bool(role.by) for role in self.sign_off)]
        return sum(states), len(states)


def one_person(signed: Iterable[SignOffView], actor: Actor) -> tuple[str, ...]:
    """Return what stands against somebody going on from a phase: a signature of a second person that is their own."""
    return tuple(
        f"{one.role} was signed by {one.by}, and another person must go on"
        for one in signed
        if one.second and one.by and not is_another(actor_of(one.by), actor, one.second)
    )
