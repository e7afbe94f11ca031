"""Who did something, and the text that names them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something."""

    user: str
    """Who typed, as far as that is known: behind sudo and su the one who logged in."""
    host: str
    tty: str = ""
    acts_as: str = ""
    """The account the console runs as, where that is not the user's own."""
    came_from: str = ""
    """The address that the user came from by SSH."""
    says: str = ""
    """The name that was typed beside a shared account; nothing proves it."""

    def __str__(self) -> str:
        pairs = (("as", self.acts_as), ("from", self.came_from), ("says", self.says))
        how = ", ".join(filter(None, (self.tty, *(f"{word} {said}" for word, said in pairs if said))))
        return f"{self.user}@{self.host}" + (f" ({how})" if how else "")


_ACTOR = re.compile(r"(?P<user>[^@]*)@(?P<host>.*?)(?: \((?P<how>[^()]*)\))?")

NOBODY = Actor("somebody", "unknown")
"""Whoever a text names that names nobody."""


def actor_of(text: str) -> Actor:
    """Return who a text names: `anna@ops1 (pts/3)`, also behind `begun by` or `taken up again by … after 3 s`."""
    said = re.sub(r" after \d+ s$", "", text.rpartition(" by ")[2] if " by " in text else text)
    match = _ACTOR.fullmatch(said)
    if match is None:
        return NOBODY
    how = (match["how"] or "").split(", ")
    acts_as = next((part.removeprefix("as ") for part in how if part.startswith("as ")), "")
    came_from = next((part.removeprefix("from ") for part in how if part.startswith("from ")), "")
    says = next((part.removeprefix("says ") for part in how if part.startswith("says ")), "")
    tty = next((part for part in how if not part.startswith(("as ", "from ", "says "))), "")
    return Actor(match["user"], match["host"], tty, acts_as, came_from, says)
