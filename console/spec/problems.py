"""What can be wrong with a rollout file, said so that the operator can put it right."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from console.core.redact import Redactor
from console.core.text import visible

_SHOWN_LIMIT = 80
"""Longest piece of a file that a message repeats, in characters."""
_ADDRESS = re.compile(r"://.*(?=')|://.*", re.DOTALL)
"""What follows the scheme of an address, up to the quote that ends it."""
_SHAPES = Redactor()
"""Finds what looks like a secret, in a file of which nobody knows yet what its secrets are."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; line 0 means the file as a whole."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what to do about it; every text is safe to draw."""

    file: str
    line: int
    """Counted from 1; 0 means the file as a whole."""
    key: str
    """The path of the key, such as `metrics.error_rate.target`; empty for the file itself."""
    found: str
    """What stands there, as it is written; never a value that came from the environment."""
    expected: str
    """What was expected, or what to do."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{self.found}; {self.expected}" if self.expected else self.found
        return f"{where}: {self.key}: {said}" if self.key else f"{where}: {said}"


def problem(place: Place, key: str, found: str, expected: str) -> Problem:
    """Return a problem whose texts no terminal interprets, and that repeats nothing that looks like a secret.

    An address of alerts is one as a whole.
    """
    is_secret = key.startswith("alerts") and not key.startswith("alerts.templates")
    if is_secret or key.startswith("incidents.severities"):
        key, found, expected = (_ADDRESS.sub("://…", text) for text in (key, found, expected))
    key, found, expected = map(_SHAPES.redact, (key, found, expected))
    return Problem(visible(place.file, 500), place.line, visible(key, 300), visible(found, 600), visible(expected, 600))


def without_secrets(problems: Iterable[Problem], secrets: Iterable[str]) -> list[Problem]:
    """Return problems that repeat none of the secrets of the file they are about."""
    redact = Redactor(secrets).redact
    return [
        replace(one, key=redact(one.key), found=redact(one.found), expected=redact(one.expected)) for one in problems
    ]


class RolloutFileError(Exception):
    """A rollout file that cannot be used; `str()` lists every problem, one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(str(found) for found in self.problems))


def quoted(text: str) -> str:
    """Return a piece of a file in quotes, shortened, and safe to draw."""
    return f"'{visible(text, _SHOWN_LIMIT)}'"


def listed(names: Iterable[str]) -> str:
    """Return names as a list in words: `a, b and c`."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def suggestion(name: str, known: Iterable[str], what: str = "known here") -> str:
    """Return the nearest known name as a question, or else all of them."""
    choices = tuple(known)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"{what}: {', '.join(choices)}" if choices else f"{what}: nothing"
