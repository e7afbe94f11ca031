"""A rollout file that was damaged anywhere is a problem, and never a crash."""

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.spec.files import shipped, shipped_folder
from console.spec.load import load
from console.spec.problems import RolloutFileError

SHIPPED = {name: (shipped_folder() / f"{name}.yaml").read_text(encoding="utf-8") for name in shipped()}
PLACES = {name: [found.span() for found in re.finditer(r"\w[^\n,{}\[\]:]*", text)] for name, text in SHIPPED.items()}
ODD = (
    "null",
    "[]",
    "{}",
    "[1, {a: b}]",
    "-1",
    "1e999",
    "true",
    "''",
    '"\\0"',
    "${X}",
    "${",
    "*x",
    "&x",
    "'",
    "<<",
    "\n",
    ": ",
    "[",
)


@given(name=st.sampled_from(sorted(SHIPPED)), data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_was_damaged_anywhere_is_a_problem_and_never_a_crash(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    text = SHIPPED[name]
    spans = data.draw(st.lists(st.sampled_from(PLACES[name]), min_size=1, max_size=3, unique=True))
    for begin, end in sorted(spans, reverse=True):
        text = text[:begin] + data.draw(st.sampled_from(ODD)) + text[end:]
    path = tmp_path / "damaged.yaml"
    path.write_text(text, encoding="utf-8")

    said = _said_of(path, {"X": "SeCrEt Value"})

    assert said.replace("\n", "").isprintable()
    assert "SeCrEt" not in said
    assert "Input should" not in said


def _said_of(path: Path, env: dict[str, str]) -> str:
    try:
        load(path, env)
    except RolloutFileError as error:
        return str(error)
    return "nothing is wrong"
