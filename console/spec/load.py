"""Checks all of a rollout file; every problem is found at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from console.core.rollout import Phase, Rollout
from console.core.stages import FULL_SHARE
from console.spec.check_alerts import check_alerts
from console.spec.check_events import check_events
from console.spec.check_goals import check_slo, check_validation
from console.spec.check_metrics import check_metrics
from console.spec.check_phases import check_actions, check_phases, check_rollout
from console.spec.files import shipped_folder
from console.spec.problems import Problem, RolloutFileError
from console.spec.review import Review
from console.spec.shape import shaped
from console.spec.written import Written, written
from queries.loader import Query, QueryFileError, load_query


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


def load(file: str | Path, env: Mapping[str, str]) -> Loaded:
    """Read a rollout file, given by path or by the name of a shipped one; `env` is where variables come from.

    Raises `RolloutFileError` with everything that is wrong with it.
    """
    return checked(written(file, env))


def checked(said: Written) -> Loaded:
    """Check what a rollout file says; raises `RolloutFileError` with everything that is wrong with it."""
    path = said.path
    base_dir = Path.cwd() if path.parent == shipped_folder() else path.resolve().parent
    shape_problems: list[Problem] = []
    rollout = shaped(said.tree, shape_problems)
    if rollout is None:
        raise RolloutFileError(_in_order(said.problems, shape_problems, path))
    review = Review(rollout, said.tree, lambda name: _query(said.rollout_ids, name, base_dir))
    for check in _CHECKS:
        check(review)
    if said.problems or shape_problems or review.problems:
        raise RolloutFileError(_in_order(said.problems, [*shape_problems, *review.problems], path))
    return Loaded(
        rollout=rollout if rollout.phases else rollout.model_copy(update={"phases": (_only_phase(),)}),
        path=path,
        base_dir=base_dir,
        queries=review.queries,
        secrets=said.secrets,
        text_sha256=sha256(said.text).hexdigest(),
        warnings=tuple(dict.fromkeys(str(found) for found in [*said.notes, *review.warnings])),
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
    return Phase(name="Watch", traffic=FULL_SHARE)


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
