"""The pictures in the README are what the program draws now."""

import re

from tests.scenes import FOLDER
from tests.screenshots import pictures


async def test_every_picture_is_what_the_program_draws_now() -> None:
    drawn = await pictures()

    stale = [name for name, svg in drawn.items() if (FOLDER / name).read_text("utf-8") != svg]

    assert not stale, "make screenshots draws them again"
    assert {path.name for path in FOLDER.glob("*.svg")} == set(drawn)


def test_the_readme_shows_every_picture() -> None:
    readme = (FOLDER.parent / "README.md").read_text("utf-8")

    assert {f"{name}.svg" for name in re.findall(r"screenshots/([\w-]+)\.svg", readme)} == {
        path.name for path in FOLDER.glob("*.svg")
    }
