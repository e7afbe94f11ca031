"""Checklists and sign-offs as the screen shows them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from console.core.checklist_frame import ChecklistView, ItemKind, Place, SignOffView, StageView
from console.core.frame import Clause
from console.core.rollout import ChecklistItem, Phase, ValidationWindow
from console.core.text import visible
from console.core.ticks import Marked, Tick
from console.core.validation import begun

if TYPE_CHECKING:
    from console.core.state import State


def stages(state: "State", at: float) -> tuple[StageView, ...]:
    """Return every phase in order, and then every validation window."""
    open_windows = begun(state.validation, state.rollout.validation, at)
    return (
        *(_phase(state, index, phase) for index, phase in enumerate(state.rollout.phases)),
        *(_window(state, window, is_open=window in open_windows) for window in state.rollout.validation),
    )


def _phase(state: "State", index: int, phase: Phase) -> StageView:
    present, marked = state.phase.index, state.checklists.of(phase.name)
    place = Place.PAST if index < present else Place.PRESENT if index == present else Place.COMING
    before = tuple(
        _item(item, marked.ticks.get(item.id), phase.name, ItemKind.PREREQUISITE, is_open=place is not Place.PAST)
        for item in phase.prerequisites
    )
    items = tuple(
        _item(item, marked.ticks.get(item.id), phase.name, ItemKind.CHECKLIST, is_open=place is Place.PRESENT)
        for item in phase.checklist
    )
    return StageView(
        name=phase.name,
        place=place,
        is_window=False,
        traffic=phase.traffic,
        items=before + items,
        sign_off=tuple(_roles(phase, marked)),
    )


def _roles(phase: Phase, marked: Marked) -> Iterator[SignOffView]:
    for asked in phase.sign_off:
        signed = marked.signed.get(asked.role)
        if signed is None:
            yield SignOffView(asked.role, second=asked.second_person)
        else:
            yield SignOffView(asked.role, visible(signed.by), signed.at, visible(signed.note), asked.second_person)


def _window(state: "State", window: ValidationWindow, *, is_open: bool) -> StageView:
    known = state.validation.window(window.name)
    place = Place.PRESENT if is_open else Place.PAST if known.outcome.is_final else Place.COMING
    items = (
        _item(item, known.ticks.get(item.id), window.name, ItemKind.VALIDATION, is_open=is_open)
        for item in window.checklist
    )
    return StageView(window.name, place, True, None, tuple(items), outcome=known.outcome.value)


def _item(item: ChecklistItem, tick: Tick | None, stage: str, kind: ItemKind, *, is_open: bool) -> ChecklistView:
    known = tick or Tick(is_done=False, by="", at=0.0)
    return ChecklistView(
        item=item.id,
        text=visible(item.text),
        is_done=known.is_done,
        is_verified=item.verify is not None,
        by=visible(known.by),
        at=None if tick is None else known.at,
        note=visible(known.note),
        stage=stage,
        kind=kind,
        group=visible(item.group),
        needs_second=bool(item.second_person),
        is_half=known.is_half,
        first_by=visible(known.first_by),
        run=known.run,
        history=known.history,
        is_open=is_open,
    )


def at_hand(found: tuple[StageView, ...], index: int, *, is_waiting: bool) -> tuple[ChecklistView, ...]:
    """Return what somebody may see to now, as the present phase shows it, in the order of the phases.

    Its own items, those of windows that have begun, and the prerequisites of the next phase; the prerequisites of
    the phase itself while it waits for them. What is of another stage says so.
    """
    phases = [stage for stage in found if not stage.is_window]
    own = tuple(item for item in phases[index].items if is_waiting or item.kind is not ItemKind.PREREQUISITE)
    windows = [stage for stage in found if stage.is_window and stage.place is Place.PRESENT]
    coming = phases[index + 1 : index + 2]
    following = [(item, f"before {stage.name}: ") for stage in coming for item in stage.items]
    others = [(item, f"{stage.name}: ") for stage in windows for item in stage.items]
    following = [(item, said) for item, said in following if item.kind is ItemKind.PREREQUISITE]
    return (*own, *(replace(item, text=said + item.text) for item, said in (*others, *following)))


def item_clauses(items: tuple[ChecklistView, ...]) -> Iterator[Clause]:
    """Yield a clause for every item of the phases that is at hand; windows have clauses of their own."""
    for item in items:
        if item.kind is ItemKind.VALIDATION:
            continue
        who = "the console" if item.is_verified else "a second person" if item.is_half else "somebody to tick it"
        yield Clause(item.text, item.is_done, item.kind.value, item.item, waits_for="" if item.is_done else who)


def role_clauses(roles: tuple[SignOffView, ...]) -> Iterator[Clause]:
    """Yield a clause for every role that must agree."""
    for one in roles:
        said = f"{one.role} signed off" if one.by else f"sign-off by {one.role}"
        yield Clause(said, bool(one.by), "sign-off", one.role, waits_for="" if one.by else one.role)
