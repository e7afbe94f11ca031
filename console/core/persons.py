"""Whether two who did something are two persons, as far as a machine can know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # screens draw ticks, and need not wait for the model of the rollout file
    from console.core.actors import Actor
    from console.core.stages import SecondPerson


def is_another(one: Actor, other: Actor, asked: SecondPerson) -> bool:
    """Return whether two are two persons, in doubt not.

    The account proves who somebody is, on whatever host; a typed name only says so. Hence another name on the same
    account is another person only where `"named"` is asked, and the same name on another account is the same person.
    """
    names, others = _names(one), _names(other)
    if one.user.casefold() == other.user.casefold():
        return asked == "named" and bool(one.says and other.says) and one.says.casefold() != other.says.casefold()
    return not names & others


def _names(actor: Actor) -> set[str]:
    return {name.casefold() for name in (actor.user, actor.says) if name}
