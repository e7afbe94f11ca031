"""The text of env files: what it sets, and how keys are changed in it so that every other byte stays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_KEY = re.compile(r"\ufeff?[ \t]*(?:export[ \t]+)?(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=^~*?!&|;()<>{}\[\]-]*")
"""What Compose and the dotenv libraries read as it is without quotes."""
_BARE_END = re.compile(r"[ \t]+#|[ \t]*$")
_AFTER_QUOTE = r"(?=[ \t]*(?:#|\r?(?:\n|\Z)))"
_DOUBLE = re.compile(r'"(?:[^"\\]|\\.)*"' + _AFTER_QUOTE, re.DOTALL)
_SINGLE = re.compile(r"'[^']*'" + _AFTER_QUOTE)
_ESCAPED = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "`": "\\`"}
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class EnvFileProblem(Exception):
    """An env file that cannot be read or edited; the text says why, and nothing was changed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a key's value stands in the text."""

    key: str
    start: int
    end: int
    """The value lies from `start` up to `end`, quotes included."""
    quote: str
    """The quote around it, empty for none."""


def values(text: str) -> dict[str, str]:
    """Return what the text sets; a key that is set twice has its last value, as for those who read such files."""
    return {entry.key: _value(text, entry) for entry in _entries(text)}


def edited(text: str, settings: Mapping[str, str]) -> str:
    """Return the text with these keys set wherever they stand, and added at the end where they do not.

    Comments, order, `export`, quotes, line ends and a missing last line end stay. Raises `EnvFileProblem` for a key or
    value that no env file can hold, and where the text would not be read back as what was wanted.
    """
    for key, value in settings.items():
        if _NAME.fullmatch(key) is None:
            raise EnvFileProblem(f"{key!r} is no name of a variable")
        if "\0" in value:
            raise EnvFileProblem(f"the value for {key} has a NUL character in it")
    entries = list(_entries(text))
    wanted = {**{entry.key: _value(text, entry) for entry in entries}, **settings}
    for entry in reversed(entries):
        if entry.key in settings and _value(text, entry) != settings[entry.key]:
            text = text[: entry.start] + _written(settings[entry.key], entry.quote) + text[entry.end :]
    present = {entry.key for entry in entries}
    missing = [f"{key}={_written(value, '')}" for key, value in settings.items() if key not in present]
    text = _appended(text, missing)
    if values(text) != wanted:
        raise EnvFileProblem("a quote in it is opened and never closed, so it cannot be edited safely")
    return text


def _entries(text: str) -> list[_Entry]:
    entries: list[_Entry] = []
    position = 0
    while position < len(text):
        line_end = _line_end(text, position)
        found = _KEY.match(text, position, line_end)
        if found is not None:
            entry = _entry(text, found, line_end)
            entries.append(entry)
            line_end = _line_end(text, entry.end)
        position = line_end + 1
    return entries


def _entry(text: str, found: re.Match[str], line_end: int) -> _Entry:
    key, start = found["key"], found.end()
    quote = text[start : start + 1]
    if quote in ("'", '"'):
        quoted = (_SINGLE if quote == "'" else _DOUBLE).match(text, start)
        if quoted is not None:
            return _Entry(key, start, quoted.end(), quote)
    if quote == "#" and text[start - 1] in " \t":
        empty = start - len(text[:start]) + len(text[:start].rstrip(" \t"))
        return _Entry(key, empty, empty, "")
    content_end = line_end - 1 if text[start:line_end].endswith("\r") else line_end
    bare_end = _BARE_END.search(text, start, content_end)
    return _Entry(key, start, content_end if bare_end is None else bare_end.start(), "")


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _value(text: str, entry: _Entry) -> str:
    written = text[entry.start : entry.end]
    if entry.quote == "'":
        return written[1:-1]
    if entry.quote == '"':
        return re.sub(r"\\(.)", lambda found: _UNESCAPED.get(found[1], found[1]), written[1:-1], flags=re.DOTALL)
    return written


def _written(value: str, quote: str) -> str:
    """Return a value as it is written, in the quotes that were there unless it needs others."""
    if not quote and _BARE.fullmatch(value):
        return value
    if quote != '"' and "'" not in value and "\n" not in value and "\r" not in value:
        return f"'{value}'"
    return '"' + "".join(_ESCAPED.get(character, character) for character in value) + '"'


def _appended(text: str, lines: list[str]) -> str:
    if not lines:
        return text
    line_end = "\r\n" if "\r\n" in text else "\n"
    has_last_end = text.endswith("\n") or not text
    added = line_end.join(lines)
    return text + added + line_end if has_last_end else text + line_end + added
