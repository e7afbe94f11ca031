"""Finds and reads rollout files: by path, or by the name of one that comes with the console."""

import os
from pathlib import Path

from console.spec.compose import SIZE_LIMIT_BYTES, parse
from console.spec.nodes import MapNode, ScalarNode
from console.spec.problems import Place, Problem, RolloutFileError, problem, suggestion


def shipped_folder() -> Path:
    """Return the folder of the rollouts that come with the console."""
    return Path(__file__).resolve().parents[1] / "rollouts"


def shipped() -> tuple[str, ...]:
    """Return the names of the rollouts that come with the console."""
    return tuple(sorted(path.stem for path in shipped_folder().glob("*.yaml")))


def located(name: str, folder: Path) -> Path:
    """Return the file that a name or path means; a path is relative to `folder`.

    A file of exactly this name comes before a shipped rollout. The file need not exist.
    """
    path = folder / os.path.expanduser(name)  # noqa: PTH111 (Path.expanduser raises for an unknown user)
    # os.path.isfile answers for every text; Path.is_file raises for a name that is too long.
    if os.sep in name or path.suffix or os.path.isfile(path) or name not in shipped():  # noqa: PTH113
        return path
    return shipped_folder() / f"{name}.yaml"


def read(path: Path, place: Place) -> bytes:
    """Return the bytes of a file; raises `RolloutFileError` that names `place` when it cannot be a rollout file."""

    def refused(found: str, expected: str) -> RolloutFileError:
        return RolloutFileError([problem(place, "", found, expected)])

    # In a message about the file itself its name stands in front already.
    name = str(path) if place.line else "this"
    try:
        with path.open("rb") as opened:
            raw = opened.read(SIZE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        found = f"there is no file {path}" if place.line else "there is no such file"
        raise refused(found, suggestion(path.stem, shipped(), "shipped rollouts")) from None
    except IsADirectoryError:
        raise refused(f"{name} is a directory", "give the rollout file itself") from None
    except OSError as error:
        raise refused(f"{name} cannot be read: {error.strerror}", "correct the path or its permissions") from None
    except ValueError:
        raise refused(f"{name} is no path", "give the path of a rollout file") from None
    if len(raw) > SIZE_LIMIT_BYTES:
        raise refused(f"{name} is larger than {SIZE_LIMIT_BYTES // 1024} KB", "give a rollout file, which is YAML")
    return raw


def tree(raw: bytes, file: str, problems: list[Problem]) -> MapNode:
    """Return the mapping that a rollout file is; raises `RolloutFileError` when it is none."""
    text = _decoded(raw, file)
    found: list[Problem] = []
    node = parse(text, file, found)
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        if found:
            raise RolloutFileError([*problems, *found])
        raise RolloutFileError(
            [*problems, problem(Place(file, 0), "", "the file is empty", "`rollout-console new` begins one")]
        )
    if not isinstance(node, MapNode):
        what = "text" if isinstance(node, ScalarNode) else "a list"
        expected = "a rollout file has keys such as rollout:, sources: and metrics:"
        raise RolloutFileError([*problems, *found, problem(node.place, "", f"the file is {what}", expected)])
    problems.extend(found)
    return node


def _decoded(raw: bytes, file: str) -> str:
    if b"\0" in raw:
        raise RolloutFileError(
            [problem(Place(file, 0), "", "this is a binary file", "give a rollout file, which is YAML")]
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        raise RolloutFileError([problem(Place(file, line), "", found, "save the file as UTF-8")]) from None
