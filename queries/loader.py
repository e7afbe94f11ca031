"""Reads a query: one SELECT in one file, with a header of comments.

```sql
-- title: Requests and errors by track
-- window: 24h
-- index: requests (created_at)
SELECT count(*) AS value FROM requests WHERE created_at > now() - :window
```

`:window` becomes a bound parameter of type interval. Strings, quoted names, comments and dollar quotes are left as
they are.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from console.core.durations import parse_duration
from console.core.text import visible

SIZE_LIMIT_BYTES = 256 * 1024
"""A query larger than this is something else."""

_READS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_HEADER = re.compile(r"--\s*(title|window|index)\s*:\s*(.*?)\s*", re.IGNORECASE)
_INDEX = re.compile(r"[\w.\"]+ \(.+\)")
# PostgreSQL 17 documentation, section 4.1: strings, quoted names, dollar quotes and comments; `::` is a cast.
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    |(?P<line_comment>--[^\n]*)
    |(?P<block_comment>/\*)
    |(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<dollar>\$(?P<tag>[^\W\d]\w*)?\$)
    |(?P<parameter>\$\d+)
    |(?P<cast>::)
    |(?P<window>:window\b)
    |(?P<end>;)
    |(?P<word>[^\W\d][\w$]*|\d\w*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN_QUOTE = frozenset({"'", '"'})


class QueryFileError(Exception):
    """A query that is missing or cannot be used; says the file and line, and what to do."""

    def __init__(self, file: str, line: int, found: str, expected: str, *, is_missing: bool = False) -> None:
        self.file = visible(file, 500)
        self.line = line
        """Counted from 1; 0 means the file as a whole."""
        self.found = visible(found, 500)
        self.expected = visible(expected, 500)
        self.is_missing = is_missing
        """Whether there is no query of that name."""
        where = f"{self.file}:{line}" if line else self.file
        super().__init__(f"{where}: {self.found}; {self.expected}")


@dataclass(frozen=True, slots=True)
class Query:
    """One reading statement, ready to be asked."""

    name: str
    """As the rollout file names it."""
    title: str
    sql: str
    """Without the header, a final `;` and anything after it; `:window` is written `$1::interval`."""
    path: str
    """The file it was read from."""
    window_s: float | None
    """How far it looks back unless the metric says otherwise, from the header."""
    takes_window: bool
    """Whether `sql` has the parameter `$1`."""
    values: tuple[str, ...] = ()
    """Bound to `$1`, `$2` … of a statement that has no window."""
    indexes: tuple[str, ...] = ()
    """What it needs not to read a large table whole, such as `requests (created_at)`, from the header."""


def load_query(rollout_id: str, name_or_path: str, base_dir: Path) -> Query:
    """Return a query of a rollout by name, or an SQL file by its path relative to `base_dir`.

    A name is looked for in `queries/ROLLOUT/NAME.sql` beside the rollout file, then among the queries that come with
    the console. Raises `QueryFileError` when there is none, or when it is not one reading statement.
    """
    if _NAME.fullmatch(name_or_path) is None:
        path = base_dir / name_or_path
        return parse_query(name_or_path, _read(path), str(path), path.stem)
    own = base_dir / "queries" / rollout_id / f"{name_or_path}.sql"
    bundled = Path(str(files("queries"))) / rollout_id / f"{name_or_path}.sql"
    for path in (own, bundled):
        if path.is_file():
            return parse_query(name_or_path, _read(path), str(path), name_or_path)
    known = sorted({path.stem for folder in (own.parent, bundled.parent) for path in folder.glob("*.sql")})
    near = difflib.get_close_matches(name_or_path, known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"write {own}, or use one of: {', '.join(known) or 'none yet'}"
    raise QueryFileError(str(own), 0, f"there is no query {name_or_path}", advice, is_missing=True)


def parse_query(name: str, text: str, file: str, title: str = "") -> Query:
    """Return the query that a text says; raises `QueryFileError` with the line of what is wrong."""
    header = _header(text, file)
    pieces: list[str] = []
    first, ended, takes_window = "", False, False
    kept = 0
    for kind, token, line in _tokens(text, file):
        if kind == "space" or kind.endswith("comment"):
            if pieces:
                pieces.append(token)
            continue
        if kind == "end":
            ended = ended or bool(pieces)
            continue
        if ended:
            raise QueryFileError(file, line, "a second statement begins here", "one file holds one statement")
        if kind == "parameter":
            raise QueryFileError(
                file, line, f"the parameter {token} is bound to nothing", "write :window where it goes"
            )
        if not pieces:
            first = token.upper()
            _check_reads(first, token, file, line)
        takes_window = takes_window or kind == "window"
        pieces.append("$1::interval" if kind == "window" else token)
        kept = len(pieces)
    if not first:
        raise QueryFileError(file, 0, "there is no statement in it", "write one SELECT")
    said = "".join(pieces[:kept])
    return Query(name, header.title or title or name, said, file, header.window_s, takes_window, (), header.indexes)


def _check_reads(word: str, written: str, file: str, line: int) -> None:
    if word not in _READS and word != "(":
        raise QueryFileError(
            file, line, f"the statement begins with {written}", "expected SELECT, WITH, VALUES or TABLE"
        )


def _tokens(text: str, file: str) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and line of everything in an SQL text."""
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return
        kind, end = match.lastgroup or "other", match.end()
        if match["dollar"] is not None:
            kind, end = "string", _closed(text, end, match["dollar"], file, line)
        elif kind == "block_comment":
            end = _comment_end(text, end, file, line)
        elif kind == "other" and match.group() in _OPEN_QUOTE:
            raise QueryFileError(file, line, f"a {match.group()} is never closed", "close it")
        yield kind, text[at:end], line
        line += text.count("\n", at, end)
        at = end


def _closed(text: str, at: int, quote: str, file: str, line: int) -> int:
    end = text.find(quote, at)
    if end < 0:
        raise QueryFileError(file, line, f"a {quote} is never closed", "close it")
    return end + len(quote)


def _comment_end(text: str, at: int, file: str, line: int) -> int:
    """Return where a comment ends; PostgreSQL nests them."""
    depth = 1
    for mark in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return at + mark.end()
    raise QueryFileError(file, line, "a comment is never closed", "close it with */")


@dataclass(slots=True)
class _Header:
    """What the comments above the statement say."""

    title: str = ""
    window_s: float | None = None
    indexes: tuple[str, ...] = ()


def _header(text: str, file: str) -> _Header:
    """Return what the comments above the statement say; of several titles or windows the last one."""
    header = _Header()
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if said and not said.startswith("--"):
            break
        match = _HEADER.fullmatch(said)
        if match is None:
            continue
        key, value = match.group(1).lower(), match.group(2)
        if key == "title":
            header.title = visible(value, 200)
        elif key == "window":
            header.window_s = _window(value, file, number)
        elif _INDEX.fullmatch(value) is None:
            found = f"the index {value!r} has no table with columns"
            raise QueryFileError(file, number, found, "write one such as requests (created_at), each on its line")
        else:
            header.indexes += (visible(value, 200),)
    return header


def _window(said: str, file: str, line: int) -> float:
    try:
        window_s = parse_duration(said)
    except ValueError:
        window_s = 0.0
    if window_s <= 0:
        raise QueryFileError(file, line, f"the window {said!r} is no duration", "write one such as 24h")
    return window_s


def _read(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            raw = opened.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise QueryFileError(str(path), 0, f"cannot be read: {error.strerror}", "correct the path") from None
    except ValueError:
        raise QueryFileError(str(path), 0, "this is no path", "correct it") from None
    if len(raw) > SIZE_LIMIT_BYTES:
        raise QueryFileError(str(path), 0, f"larger than {SIZE_LIMIT_BYTES // 1024} KB", "a query is one statement")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise QueryFileError(str(path), line, "not UTF-8", "save the file as UTF-8") from None
    if "\0" in text:
        raise QueryFileError(str(path), text.count("\n", 0, text.index("\0")) + 1, "a NUL character", "remove it")
    return text
