"""The README is true."""

import re
from pathlib import Path

from console.actions import markdown_table
from console.cli import COMMANDS

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_readme_lists_the_keys_of_the_table() -> None:
    assert markdown_table().strip() in README


def test_the_readme_names_every_command() -> None:
    assert {name for name in COMMANDS if f"`{name}" not in README} == set()


def test_every_link_in_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)

    assert [link for link in links if not (Path(__file__).parents[2] / link).exists()] == []
