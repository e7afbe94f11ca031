"""What ticks and sign-offs do to the state of a session."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from console.core import validation
from console.core.actors import Actor, actor_of
from console.core.inputs import ItemTicked, SignedOff
from console.core.looking import look_between
from console.core.persons import is_another
from console.core.record import Record
from console.core.rollout import ChecklistItem, Phase, ValidationWindow
from console.core.soak import PhaseState
from console.core.stages import SecondPerson
from console.core.ticks import Checklists, Marked, Signature, Tick, after, missing
from console.core.words import CheckRun

if TYPE_CHECKING:
    from console.core.state import State


def tick(state: "State", given: ItemTicked | SignedOff) -> list[Record]:
    """Note a tick or a sign-off, of a phase or of a validation window, and return what the journal says of it."""
    if isinstance(given, SignedOff):
        return [_sign(state, given)]
    found = validation.item_of(state.rollout.validation, given.item)
    record = _tick_phase(state, given) if found is None else _tick_window(state, given, *found)
    return [] if record is None else [record, *_begin(state, given.at)]


def _sign(state: "State", given: SignedOff) -> Record:
    state.changed.add("checklists")
    phase = state.rollout.phases[state.phase.index].name
    state.checklists = state.checklists.signed(phase, given.role, Signature(str(given.actor), given.at, given.note))
    body = {"role": given.role, "actor": str(given.actor), "note": given.note, "stage": phase}
    return Record(given.at, "sign-off", f"{given.role} signed off by {given.actor}", body)


def _tick_phase(state: "State", given: ItemTicked) -> Record | None:
    stage = given.stage or state.rollout.phases[state.phase.index].name
    item = item_in(next((phase for phase in state.rollout.phases if phase.name == stage), None), given.item)
    known = state.checklists.of(stage).ticks.get(given.item)
    tick = after(known, _tick_of(given), False if item is None else item.second_person)
    if tick is None:
        return None
    state.changed.add("checklists")
    state.checklists = state.checklists.ticked(stage, given.item, tick)
    return _told(given, tick)


def _tick_window(state: "State", given: ItemTicked, window: ValidationWindow, item: ChecklistItem) -> Record | None:
    known = state.validation.window(window.name).ticks.get(given.item)
    tick = after(known, _tick_of(given), item.second_person)
    if tick is None:
        return None
    state.changed.add("validation")
    state.validation = state.validation.ticked(window.name, given.item, tick)
    return _told(given, tick)


def _tick_of(ticked: ItemTicked) -> Tick:
    by = "" if ticked.actor is None else str(ticked.actor)
    return Tick(ticked.is_done, by, ticked.at, ticked.note, run=ticked.run)


def _told(given: ItemTicked, tick: Tick) -> Record:
    if given.run is not None:
        how = "done" if tick.is_done else "not done" if given.run.is_known else "not done, could not be asked"
        who = "verified" if given.actor is None else f"verified for {given.actor}"
    else:
        how = "ticked, a second person is to confirm it" if tick.is_half else "done" if tick.is_done else "not done"
        who = "verified" if given.actor is None else f"by {given.actor}"
    said = f"{given.item}: {how}, {who}"
    # What was ticked, not what came of it: the same tick gives the same again when the session is replayed.
    body: dict[str, object] = {"item": given.item, "is_done": given.is_done, "note": given.note, "stage": given.stage}
    if given.actor is not None:
        body["actor"] = str(given.actor)
    if given.run is not None:
        body["run"] = {**asdict(given.run), "output": list(given.run.output)}
    return Record(given.at, "checklist", f"{said}: {given.note}" if given.note else said, body)


def run_of(said: Mapping[str, Any] | None) -> CheckRun | None:
    """Return the run of a verification as a record's body has it."""
    if said is None:
        return None
    exit_code = None if said["exit_code"] is None else int(said["exit_code"])
    return CheckRun(float(said["took_s"]), bool(said["is_known"]), exit_code, tuple(map(str, said["output"])))


def _begin(state: "State", at: float) -> Iterator[Record]:
    """Let the present phase begin once its prerequisites are done; it does so once and for ever."""
    phase = state.rollout.phases[state.phase.index]
    if not state.phase.is_waiting or missing(phase, state.checklists.of(phase.name)):
        return
    state.changed.add("phase")
    state.phase = replace(state.phase, is_waiting=False)
    look_between(state, at)
    yield Record(at, "phase", f"{phase.name} begins: its prerequisites are done", {"begins": phase.name})


def item_in(phase: Phase | None, item: str) -> ChecklistItem | None:
    """Return the prerequisite or item of a phase that has an id; `None` if there is none."""
    items = () if phase is None else (*phase.prerequisites, *phase.checklist)
    return next((one for one in items if one.id == item), None)


# -- who may ---------------------------------------------------------------------------------------------------------


def openable(state: "State", item: str, stage: str, at: float) -> ChecklistItem | None:
    """Return an item of a phase or window that may be ticked or verified now; `None` if there is none.

    The time of a checklist is its phase; prerequisites may be seen to long before, and items of a window while it
    lasts. What the console verifies may be asked for any phase that is to come.
    """
    for window in validation.begun(state.validation, state.rollout.validation, at):
        if window.name == stage:
            found = next((one for one in window.checklist if one.id == item), None)
            if found is not None:
                return found
    coming = list(state.rollout.phases[state.phase.index :])
    phase = next((one for one in coming if one.name == stage), None)
    found = item_in(phase, item)
    if phase is None or found is None:
        return None
    is_at_hand = phase is coming[0] or found in phase.prerequisites or found.verify is not None
    return found if is_at_hand else None


def can_sign(state: "State", role: str, actor: Actor) -> str:
    """Return why somebody may not sign the present phase off as `role` now; empty if they may."""
    phase = state.rollout.phases[state.phase.index]
    marked = state.checklists.of(phase.name)
    asked = next((one for one in phase.sign_off if one.role == role), None)
    if asked is None:
        return f"this phase asks no sign-off by {role}"
    if role in marked.signed:
        return f"{role} has already signed: {marked.signed[role].by}"
    if not asked.second_person:
        return ""
    for did, who in _did(state.phase, phase, marked):
        if not is_another(actor_of(who), actor, asked.second_person):
            return f"{role} must be another person than {who}, who {did}"
    return ""


def _did(state: PhaseState, phase: Phase, marked: Marked) -> Iterator[tuple[str, str]]:
    """Yield what was done about a phase, and by whom."""
    if state.entered_by:
        yield f"began {phase.name}", state.entered_by
    for item in (*phase.prerequisites, *phase.checklist):
        found = marked.ticks.get(item.id)
        if found is not None and found.run is None and (found.is_done or found.is_half):
            yield from ((f"ticked {item.id}", who) for who in (found.first_by, found.by) if who)
    for role, signature in marked.signed.items():
        yield f"signed as {role}", signature.by


def can_tick(state: "State", stage: str, item: ChecklistItem, actor: Actor, *, is_done: bool) -> str:
    """Return why somebody may not tick an item of a phase or window now; empty if they may."""
    if not is_done:
        return ""
    phase = next((one for one in state.rollout.phases if one.name == stage and item_in(one, item.id)), None)
    marked = state.checklists.of(stage)
    ticks = state.validation.window(stage).ticks if phase is None else marked.ticks
    known = ticks.get(item.id)
    if known is not None and known.is_half and not is_another(actor_of(known.by), actor, item.second_person):
        return f"{known.by} ticked {item.id}: another person must confirm it"
    for role, signature, second in () if phase is None else second_signatures(phase, marked):
        if not is_another(actor_of(signature.by), actor, second):
            return f"{signature.by} signed as {role}, the second person, who may not tick as well"
    return ""


def second_signatures(phase: Phase, marked: Marked) -> Iterator[tuple[str, Signature, SecondPerson]]:
    """Yield the sign-offs for which a second person was asked, and how."""
    for asked in phase.sign_off:
        if asked.second_person and asked.role in marked.signed:
            yield asked.role, marked.signed[asked.role], asked.second_person


def of_older(phase: str, said: Mapping[str, Any]) -> Checklists:
    """Return the ticks and sign-offs as sessions keep them that were written before every phase had its own."""
    found = Checklists()
    for item, tick in said.get("ticks", {}).items():
        found = found.ticked(phase, item, Tick(**tick))
    for role, (by, at) in said.get("signed", {}).items():
        found = found.signed(phase, role, Signature(by, at))
    return found
