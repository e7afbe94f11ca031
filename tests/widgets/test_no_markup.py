"""No part of the screen can read text from outside as markup: a look at the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

COLOUR = re.compile(r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?")
ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    [*(ROOT / "widgets").glob("*.py"), *(ROOT / "console" / "screens").glob("*.py"), ROOT / "console/app.py"]
)
READ_MARKUP = {
    "Static",
    "Label",
    "DataTable",
    "RichLog",
    "Log",
    "Markdown",
    "Sparkline",
    "Header",
    "Footer",
    "OptionList",
}


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == name:
                yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_widget_is_used_that_reads_markup(path: Path) -> None:
    imported = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual.widgets")
        for alias in node.names
    }

    assert not imported & READ_MARKUP


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_notification_is_sent_without_markup(path: Path) -> None:
    for call in _calls(ast.parse(path.read_text()), "notify"):
        said = {keyword.arg: keyword.value for keyword in call.keywords}
        assert isinstance(said.get("markup"), ast.Constant), f"{path}:{call.lineno}"
        assert said["markup"].value is False  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_label_of_a_button_is_our_own_word_or_plain_content(path: Path) -> None:
    for call in _calls(ast.parse(path.read_text()), "Button"):
        label = call.args[0]
        is_content = isinstance(label, ast.Call) and getattr(label.func, "id", "") == "Content"
        assert isinstance(label, ast.Constant) or is_content, f"{path}:{call.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_colour_is_written_outside_the_theme(path: Path) -> None:
    if path.name in ("ink.py", "app.py"):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not COLOUR.fullmatch(node.value), node.value
