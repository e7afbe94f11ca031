"""YAML text becomes nodes, by the rules of YAML 1.2.

`on`, `off`, `yes` and `no` are text: only `true`, `false`, `null`, integers and floats are anything else. The parser
gives events and the nodes are put together here, so that depth and size are bounded whatever the file says.
"""

from dataclasses import dataclass, field

import yaml

from console.spec.nodes import Entry, ListNode, MapNode, Node, ScalarNode, resolve
from console.spec.problems import Place, Problem, problem

SIZE_LIMIT_BYTES = 1024 * 1024
"""A rollout file larger than this is something else."""
NODE_LIMIT = 50_000
"""Values in one file with every alias spelled out."""
DEPTH_LIMIT = 40
"""Mappings and lists inside each other."""

Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The events of libyaml, or of PyYAML's own parser where libyaml is missing."""


class _Refused(Exception):
    """The file cannot be read any further."""

    def __init__(self, place: Place, found: str, expected: str) -> None:
        super().__init__(found)
        self.problem = problem(place, "", found, expected)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    place: Place
    anchor: str | None
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    merged: list[MapNode] = field(default_factory=list)
    key: tuple[str, Place] | None = None
    is_merge_key: bool = False
    size: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


def parse(text: str, file: str, problems: list[Problem]) -> Node | None:
    """Return the one document in `text`, or `None` when it cannot be read; what is wrong is added to `problems`."""
    composer = _Composer(file, problems)
    try:
        loader = Loader(text)
    except yaml.reader.ReaderError:
        problems.append(_unreadable(text, file))
        return None
    try:
        while (event := loader.get_event()) is not None:
            composer.take(event)
    except _Refused as refused:
        problems.append(refused.problem)
        return None
    except yaml.reader.ReaderError:
        problems.append(_unreadable(text, file))
        return None
    except yaml.MarkedYAMLError as error:
        problems.append(_malformed(error, text, file))
        return None
    finally:
        loader.dispose()
    return composer.document


class _Composer:
    """Puts nodes together from parser events, without recursion."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.document: Node | None = None
        self._file = file
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event; raises `_Refused` when reading on makes no sense."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _Refused(self._place(event), "a second document begins here", "one file holds one rollout")

    def _place(self, event: yaml.Event) -> Place:
        return Place(self._file, event.start_mark.line + 1 if event.start_mark is not None else 0)

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag in (None, "!", "tag:yaml.org,2002:str"):
            return
        raise _Refused(
            self._place(event), f"the tag {event.tag}", "tags are not used here; put text that begins with ! in quotes"
        )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._check_tag(event)
        place = self._place(event)
        is_plain = event.tag is None and event.implicit[0]
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.is_mapping and parent.key is None:
            self._key(parent, event.value, place, is_merge_key=is_plain and event.value == "<<")
            return
        node = ScalarNode(place, event.value, resolve(event.value) if is_plain else event.value)
        self._add(node, 1, 0, event.anchor)

    def _key(self, parent: _Open, name: str, place: Place, *, is_merge_key: bool) -> None:
        parent.key = (name, place)
        parent.is_merge_key = is_merge_key
        before = parent.entries.get(name)
        if before is not None and not is_merge_key:
            self._problems.append(
                problem(
                    place,
                    self._key_of(name),
                    f"this key stands twice, first in line {before.place.line}",
                    "keep one of the two",
                )
            )

    def _key_of(self, name: str) -> str:
        """The path of a key of the mapping that is being read."""
        parts = (f"[{len(held.items)}]" if held.key is None else f".{held.key[0]}" for held in self._open[:-1])
        return f"{''.join(parts)}.{name}".removeprefix(".")

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._check_tag(event)
        place = self._place(event)
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.is_mapping and parent.key is None:
            raise _Refused(
                place, "a mapping or list as a key", "keys are words; put text with brackets or braces in quotes"
            )
        if len(self._open) >= DEPTH_LIMIT:
            raise _Refused(place, f"more than {DEPTH_LIMIT} levels of nesting", "a rollout file needs no more than ten")
        self._open.append(_Open(place, event.anchor, isinstance(event, yaml.MappingStartEvent)))

    def _end(self) -> None:
        done = self._open.pop()
        node: Node
        if done.is_mapping:
            for merged in done.merged:
                for name, entry in merged.entries.items():
                    done.entries.setdefault(name, entry)
            node = MapNode(done.place, done.entries)
        else:
            node = ListNode(done.place, tuple(done.items))
        self._add(node, done.size, done.height, done.anchor)

    def _alias(self, event: yaml.AliasEvent) -> None:
        place = self._place(event)
        if any(container.anchor == event.anchor for container in self._open):
            raise _Refused(place, f"*{event.anchor} stands inside &{event.anchor}", "a value cannot contain itself")
        anchored = self._anchors.get(event.anchor or "")
        if anchored is None:
            raise _Refused(
                place,
                f"*{event.anchor} refers to nothing above it",
                "name an anchor with & first, or put text with * in quotes",
            )
        if len(self._open) + anchored.height > DEPTH_LIMIT:
            raise _Refused(place, f"more than {DEPTH_LIMIT} levels of nesting", "a rollout file needs no more than ten")
        parent = self._open[-1]
        if parent.is_mapping and parent.key is None:
            raise _Refused(place, f"*{event.anchor} as a key", "keys are words; put text with * in quotes")
        self._add(anchored.node, anchored.size, anchored.height, None)

    def _add(self, node: Node, size: int, height: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, size, height)
        if not self._open:
            self.document = node
            return
        parent = self._open[-1]
        parent.size += size
        parent.height = max(parent.height, height + 1)
        # Open containers hold the sizes of what is closed; a bomb shows in the one that its aliases stand in.
        if parent.size > NODE_LIMIT:
            raise _Refused(
                node.place, f"more than {NODE_LIMIT:,} values with every alias spelled out", "use fewer aliases"
            )
        if parent.key is None:
            parent.items.append(node)
            return
        name, place = parent.key
        parent.key = None
        if parent.is_merge_key:
            self._merge(parent, node, place)
        else:
            parent.entries.setdefault(name, Entry(place, node))

    def _merge(self, parent: _Open, node: Node, place: Place) -> None:
        sources = node.items if isinstance(node, ListNode) else (node,)
        for source in sources:
            if isinstance(source, MapNode):
                parent.merged.append(source)
            else:
                self._problems.append(
                    problem(place, "<<", "this merges something that is no mapping", "name an anchored mapping")
                )


_REMEDIES = (
    ("unknown escape", 'in "double quotes" write \\\\ for a backslash, or use single quotes'),
    ("block scalar", 'a value that begins with > or | goes in quotes, such as target: "> 95%"'),
    ("cannot start any token", "put a value that begins with %, @ or ` in quotes"),
    ("mapping values are not allowed", "put a value that contains ': ' in quotes, or correct the indentation"),
    ("alphabetic or numeric character", "put a value that begins with * or & in quotes"),
    ("quoted scalar", "close the quotes"),
    ("flow", "close every bracket and brace, and separate what is inside with commas"),
)


def _malformed(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1, text.count("\n") + 1) if mark is not None else 0
    said = " ".join(part for part in (error.problem, error.context) if part)
    began = error.context_mark
    if began is not None and mark is not None and began.line != mark.line:
        said += f" that begins in line {began.line + 1}"
    usual = "check the indentation and the quotes around this line"
    remedy = next((remedy for sign, remedy in _REMEDIES if sign in said), usual)
    lines = text.split("\n")
    if "cannot start any token" in said and lines[line - 1][:1].isspace() and "\t" in lines[line - 1]:
        remedy = "indent with spaces, not tabs"
    return problem(Place(file, line), "", f"not YAML: {said}", remedy)


def _unreadable(text: str, file: str) -> Problem:
    # libyaml counts bytes of UTF-8, the Python reader characters; both find the first character that YAML forbids.
    at = next((i for i, character in enumerate(text) if yaml.reader.Reader.NON_PRINTABLE.match(character)), 0)
    line = text.count("\n", 0, at) + 1
    return problem(
        Place(file, line), "", f"the character {text[at : at + 1]!r}", "remove it; YAML has no control characters"
    )
