"""How the commands explain a rollout file that cannot be used."""

import sys
from collections.abc import Mapping

from console.spec.load import load
from console.spec.loaded import Loaded
from console.spec.problems import RolloutFileError


def load_or_explain(file: str, env: Mapping[str, str]) -> Loaded | None:
    """Return the rollout file, or `None` after saying on stderr what is wrong with it."""
    try:
        return load(file, env)
    except RolloutFileError as error:
        print(error, file=sys.stderr)
        return None
