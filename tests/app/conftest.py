"""Fixtures of the tests of the application."""

from pathlib import Path

import pytest

from console.screens import action
from tests.app.counting import ROLLOUT


@pytest.fixture
def armed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time a preview must have been in sight is tested by itself."""
    monkeypatch.setattr(action, "ARMED_AFTER_S", 0.001)


@pytest.fixture
def rules_file(tmp_path: Path) -> str:
    """The path of a rollout file with the rules that the tests of `count` count by."""
    file = tmp_path / "counted.yaml"
    file.write_text(ROLLOUT)
    return str(file)
