"""What ticks and sign-offs do to the state of a session."""

from typing import TYPE_CHECKING

from console.core import soak, validation
from console.core.inputs import ItemTicked, SignedOff
from console.core.record import Record

if TYPE_CHECKING:
    from console.core.state import State


def tick(state: "State", given: ItemTicked | SignedOff) -> list[Record]:
    """Note a tick or a sign-off, of the phase or of a validation window, and return what the journal says of it."""
    state.changed.add("phase")
    if isinstance(given, SignedOff):
        state.phase = state.phase.signed_off(given)
        body = {"role": given.role, "actor": str(given.actor), "note": given.note}
        return [Record(given.at, "sign-off", f"{given.role} signed off by {given.actor}", body)]
    found = validation.item_of(state.rollout.validation, given.item)
    if found is None:
        before = state.phase.ticks.get(given.item)
        state.phase = state.phase.ticked(given)
    else:
        window = found[0].name
        before = state.validation.window(window).ticks.get(given.item)
        state.validation = state.validation.ticked(window, given.item, soak.tick_of(given))
        state.changed.add("validation")
    if before is not None and before.is_done == given.is_done and given.actor is None:
        return []
    who = "verified" if given.actor is None else f"by {given.actor}"
    said = f"{given.item}: {'done' if given.is_done else 'not done'}, {who}"
    marked: dict[str, object] = {"item": given.item, "is_done": given.is_done, "note": given.note}
    if given.actor is not None:
        marked["actor"] = str(given.actor)
    return [Record(given.at, "checklist", f"{said}: {given.note}" if given.note else said, marked)]
