"""Checks all of a rollout file; every problem is found at once."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from console.spec.check_actions import check_actions
from console.spec.check_alerts import check_alerts
from console.spec.check_dashboards import check_kpis, check_views
from console.spec.check_events import check_events
from console.spec.check_goals import check_slo, check_validation
from console.spec.check_incidents import check_incidents
from console.spec.check_metrics import check_metrics
from console.spec.check_phases import check_phases, check_rollout
from console.spec.loaded import Loaded, base_dir_of, find_query, with_a_phase
from console.spec.problems import Problem, RolloutFileError, without_secrets
from console.spec.review import Review
from console.spec.shape import shaped
from console.spec.written import Written, written


def load(file: str | Path, env: Mapping[str, str]) -> Loaded:
    """Read a rollout file, given by path or by the name of a shipped one; `env` is where variables come from.

    Raises `RolloutFileError` with everything that is wrong with it.
    """
    return checked(written(file, env))


def checked(said: Written) -> Loaded:
    """Check what a rollout file says; raises `RolloutFileError` with everything that is wrong with it."""
    path = said.path
    base_dir = base_dir_of(path)
    shape_problems: list[Problem] = []
    rollout = shaped(said.tree, shape_problems)
    if rollout is None:
        raise RolloutFileError(without_secrets(_in_order(said.problems, shape_problems, path), said.secrets))
    review = Review(rollout, said.tree, lambda name: find_query(said.rollout_ids, name, base_dir))
    for check in _CHECKS:
        check(review)
    if said.problems or shape_problems or review.problems:
        found = _in_order(said.problems, [*shape_problems, *review.problems], path)
        raise RolloutFileError(without_secrets(found, said.secrets))
    return Loaded(
        rollout=with_a_phase(rollout),
        path=path,
        base_dir=base_dir,
        queries=review.queries,
        secrets=said.secrets,
        text_sha256=sha256(said.text).hexdigest(),
        warnings=tuple(dict.fromkeys(map(str, without_secrets([*said.notes, *review.warnings], said.secrets)))),
    )


_CHECKS = (
    check_rollout,
    check_events,
    check_metrics,
    check_phases,
    check_validation,
    check_slo,
    check_kpis,
    check_views,
    check_actions,
    check_alerts,
    check_incidents,
)


def _in_order(first: list[Problem], later: list[Problem], path: Path) -> list[Problem]:
    """Problems as somebody reads the file: those of the outer file first, from top to bottom.

    Where a value could not be made out in the first place, what else is wrong with it is left out.
    """
    known = {(found.file, found.line, found.key) for found in first}
    kept = [*first, *(found for found in later if (found.file, found.line, found.key) not in known)]
    return sorted(kept, key=lambda found: (found.file != str(path), found.file, found.line))
