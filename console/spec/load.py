"""Reads a rollout file and checks all of it; every problem is found at once."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.core.rollout import Phase, Rollout
from console.spec.check_events import check_events
from console.spec.check_goals import check_slo, check_validation
from console.spec.check_metrics import check_metrics
from console.spec.check_phases import check_actions, check_alerts, check_phases, check_rollout
from console.spec.files import located, read, shipped_folder, tree
from console.spec.merging import merge
from console.spec.nodes import MapNode, ScalarNode
from console.spec.problems import Place, Problem, RolloutFileError, problem
from console.spec.review import Review
from console.spec.shape import shaped
from console.spec.variables import Variables
from queries.loader import Query, QueryFileError, load_query

WHOLE_SHARE = 100.0
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rollout file that was read and checked."""

    rollout: Rollout
    path: Path
    base_dir: Path
    """What relative paths are relative to: the folder of the file, or the present one for a shipped rollout."""
    queries: Mapping[str, Query]
    """Every query that the file names, by the name that it gives it."""
    secrets: tuple[str, ...]
    """Values that must never be written or shown, longest first."""
    text_sha256: str
    """Of the file, followed by the files that it extends."""
    warnings: tuple[str, ...]
    """What works and is probably not meant, as `file:line: key: text`."""


@dataclass(slots=True)
class _Chain:
    """A rollout file with everything that it extends, nearest first."""

    trees: list[MapNode]
    ids: list[str]
    """The rollout that each file names, where it does and where it is a good name."""
    digest: str


def load(file: str | Path, env: Mapping[str, str]) -> Loaded:
    """Read a rollout file, given by path or by the name of a shipped one; `env` is where variables come from.

    Raises `RolloutFileError` with everything that is wrong with it.
    """
    path = located(str(file), Path())
    is_shipped = path.parent == shipped_folder()
    problems: list[Problem] = []
    notes: list[Problem] = []
    variables = Variables(env, problems)
    chain = _read_chain(path, variables, problems)
    base_dir = Path.cwd() if is_shipped else path.resolve().parent
    whole = chain.trees[-1]
    for over in reversed(chain.trees[:-1]):
        whole = merge(whole, over, notes)
    filled = variables.put_in(whole)
    if not isinstance(filled, MapNode):  # put_in keeps the kind of node; mypy cannot know
        raise TypeError("expected a mapping")
    shape_problems: list[Problem] = []
    rollout = shaped(filled, shape_problems)
    if rollout is None:
        raise RolloutFileError(_in_order(problems, shape_problems, path))
    review = Review(rollout, filled, lambda name: _query(chain.ids, name, base_dir))
    for check in _CHECKS:
        check(review)
    if problems or shape_problems or review.problems:
        raise RolloutFileError(_in_order(problems, [*shape_problems, *review.problems], path))
    return Loaded(
        rollout=rollout if rollout.phases else rollout.model_copy(update={"phases": (_only_phase(),)}),
        path=path,
        base_dir=base_dir,
        queries=review.queries,
        secrets=variables.secrets,
        text_sha256=chain.digest,
        warnings=tuple(dict.fromkeys(str(found) for found in [*notes, *review.warnings])),
    )


_CHECKS = (
    check_rollout,
    check_events,
    check_metrics,
    check_phases,
    check_validation,
    check_slo,
    check_actions,
    check_alerts,
)


def _only_phase() -> Phase:
    """The phase of a rollout that names none: it is watched, and there is nothing to advance to."""
    return Phase(name="Watch", traffic=WHOLE_SHARE)


def _read_chain(path: Path, variables: Variables, problems: list[Problem]) -> _Chain:
    chain = _Chain([], [], "")
    digest = hashlib.sha256()
    seen: list[Path] = []
    place, following = Place(str(path), 0), path
    while True:
        raw = read(following, place)
        digest.update(raw)
        node = tree(raw, str(following), problems)
        seen.append(following.resolve())
        extends = node.entries.get("extends")
        name = _text(variables, node, "rollout")
        if _ID.fullmatch(name) and name not in chain.ids:
            chain.ids.append(name)
        # The base's own `extends` is not part of what the outer file says.
        own = (
            node.entries if not chain.trees else {key: entry for key, entry in node.entries.items() if key != "extends"}
        )
        chain.trees.append(MapNode(node.place, own))
        found_before = len(problems)
        base = _text(variables, node, "extends")
        if len(problems) > found_before:
            raise RolloutFileError(problems)
        if extends is None or not base:
            break
        place, following = extends.node.place, located(base, following.parent)
        if following.resolve() in seen:
            shown = " → ".join(found.name for found in [*seen, following])
            raise RolloutFileError(
                [*problems, problem(place, "extends", f"this goes in a circle: {shown}", "break it")]
            )
    chain.digest = digest.hexdigest()
    return chain


def _text(variables: Variables, node: MapNode, key: str) -> str:
    """What a top-level key says, if it is text; anything else is found wrong when the form is checked."""
    entry = node.entries.get(key)
    if entry is None or not isinstance(entry.node, ScalarNode) or not isinstance(entry.node.value, str):
        return ""
    filled = variables.put_in(entry.node, (key,))
    return str(filled.value) if isinstance(filled, ScalarNode) else ""


def _query(rollout_ids: list[str], name: str, base_dir: Path) -> Query | None:
    """Return a query of the outer rollout, or else of those that it extends; raises `QueryFileError`.

    `None` where no rollout has a name, so that nobody can know where its queries are.
    """
    missing: list[QueryFileError] = []
    for rollout_id in rollout_ids:
        try:
            return load_query(rollout_id, name, base_dir)
        except QueryFileError as error:
            if not error.is_missing:
                raise
            missing.append(error)
    if not missing:
        return None
    raise min(missing, key=lambda error: not error.expected.startswith("did you mean"))


def _in_order(first: list[Problem], later: list[Problem], path: Path) -> list[Problem]:
    """Problems as somebody reads the file: those of the outer file first, from top to bottom.

    Where a value could not be made out in the first place, what else is wrong with it is left out.
    """
    known = {(found.file, found.line, found.key) for found in first}
    kept = [*first, *(found for found in later if (found.file, found.line, found.key) not in known)]
    return sorted(kept, key=lambda found: (found.file != str(path), found.file, found.line))
