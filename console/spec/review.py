"""What the checks of a rollout file share: the rollout, its nodes, and where findings go."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from console.core.conditions import Condition, ConditionError, parse_condition
from console.core.rollout import Rollout
from console.spec.nodes import MapNode, Path, ScalarNode
from console.spec.problems import Problem, problem, suggestion
from console.spec.shape import described, explained, find
from console.spec.variables import key_of
from queries.loader import Query, QueryFileError


@dataclass(slots=True)
class Review:
    """One look over a rollout file whose form is right, or over the part of it whose form is."""

    rollout: Rollout
    tree: MapNode
    find_query: Callable[[str], Query | None]
    """Returns a query by the name that the file gives it, `None` if that cannot be known; raises `QueryFileError`."""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    queries: dict[str, Query] = field(default_factory=dict)
    _missing: dict[str, QueryFileError] = field(default_factory=dict)

    def wrong(self, path: Path, found: str, expected: str) -> None:
        """Add a problem at a path of the file."""
        self.problems.append(self._note(path, found, expected))

    def doubt(self, path: Path, found: str, expected: str) -> None:
        """Add a warning at a path of the file: it works, and it is probably not what is meant."""
        self.warnings.append(self._note(path, found, expected))

    def _note(self, path: Path, found: str, expected: str) -> Problem:
        _, place, _ = find(self.tree, path)
        return problem(place, key_of(path), found, expected)

    def written(self, path: Path) -> str:
        """Return what stands at a path, as the file says it."""
        return described(find(self.tree, path)[0])

    def is_hidden(self, path: Path) -> bool:
        """Return whether part of the value at a path came from the environment, and so must not be repeated."""
        node = find(self.tree, path)[0]
        return isinstance(node, ScalarNode) and node.is_substituted

    def names(self, section: str) -> tuple[str, ...]:
        """Return the names in a section of the file, those of entries with problems too."""
        entry = self.tree.entries.get(section)
        return tuple(entry.node.entries) if entry is not None and isinstance(entry.node, MapNode) else ()

    def knows(self, path: Path, name: str, section: str, what: str) -> bool:
        """Return whether a section has a name; if not, that is a problem at `path`."""
        known = self.names(section)
        if name in known:
            return True
        self.wrong(path, f"there is no {what} {self.written(path)}", suggestion(name, known, f"{section} of this file"))
        return False

    def condition(self, path: Path, text: str, metric: str) -> Condition | None:
        """Return a condition on a metric; one that cannot be understood is a problem at `path`."""
        try:
            return parse_condition(text, self.rollout.metrics[metric].judged_unit)
        except ConditionError as error:
            if self.is_hidden(("metrics", metric, "unit")):
                self.wrong(path, f"{self.written(path)} does not fit the unit of {metric}", "correct the variable")
            else:
                self.refuse(path, error)
            return None

    def refuse(self, path: Path, error: ValueError) -> None:
        """Add a problem from an error about the value at a path."""
        self.wrong(path, *explained(error, find(self.tree, path)[0]))

    def source(self, path: Path, name: str, kinds: Iterable[str], what: str) -> bool:
        """Return whether a source exists and is of one of the kinds; if not, that is a problem at `path`."""
        if not self.knows(path, name, "sources", "source"):
            return False
        spec = self.rollout.sources.get(name)
        allowed = tuple(kinds)
        if spec is None or spec.kind in allowed:
            return spec is not None
        fitting = [other for other, candidate in self.rollout.sources.items() if candidate.kind in allowed]
        advice = f"sources of that kind: {', '.join(fitting)}" if fitting else f"add a {allowed[0]} source"
        self.wrong(path, f"{name} is a {spec.kind} source, {what} needs {' or '.join(allowed)}", advice)
        return False

    def query(self, path: Path, name: str) -> Query | None:
        """Return a query and keep it for the rollout; one that cannot be used is a problem."""
        error = self._missing.get(name)
        if error is None:
            try:
                found = self.queries.get(name) or self.find_query(name)
            except QueryFileError as raised:
                error = self._missing[name] = raised
                if error.line:
                    self.problems.append(Problem(error.file, error.line, "", error.found, error.expected))
            else:
                if found is not None:
                    self.queries[name] = found
                return found
        if error.line:
            return None
        what = "there is no query" if error.is_missing else "the query cannot be used:"
        why = "" if error.is_missing or self.is_hidden(path) else f": {error.found}"
        expected = "correct the variable" if self.is_hidden(path) else error.expected
        self.wrong(path, f"{what} {self.written(path)}{why}", expected)
        return None
