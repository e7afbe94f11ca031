"""A rollout file that was read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.core.rollout import Phase, Rollout
from console.core.stages import FULL_SHARE
from console.spec.files import shipped_folder
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


def base_dir_of(path: Path) -> Path:
    """Return what the paths in a rollout file are relative to."""
    return Path.cwd() if path.parent == shipped_folder() else path.resolve().parent


def with_a_phase(rollout: Rollout) -> Rollout:
    """Return a rollout that has a phase: one that names none is watched, and there is nothing to advance to."""
    only = Phase(name="Watch", traffic=FULL_SHARE)
    return rollout if rollout.phases else rollout.model_copy(update={"phases": (only,)})


def find_query(rollout_ids: list[str], name: str, base_dir: Path) -> Query | None:
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
