"""What may be imported when, and who owns the names of the packages."""

import importlib
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from pkgutil import iter_modules

import pytest

import console.core

HEAVY = ("docker", "asyncpg", "redis", "httpx", "pydantic", "yaml", "sqlite3")


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after a statement."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stdout.split())


def test_nothing_heavy_is_imported_before_the_first_picture() -> None:
    loaded = modules_after("import console.cli, console.commands.watch, console.on_screen")

    assert not loaded & set(HEAVY)


def test_counting_begins_before_the_model_of_the_file_is_imported() -> None:
    loaded = modules_after("import console.cli, console.commands.count")

    assert not loaded & {"pydantic", "console.core.inputs"}


def test_a_rollout_file_is_checked_without_what_judges_by_it() -> None:
    assert not modules_after("import console.spec.load") & {"console.core.soak", "console.core.frame"}


def test_the_core_brings_no_screen_no_loop_and_no_driver() -> None:
    core = ", ".join(f"console.core.{found.name}" for found in iter_modules(console.core.__path__))

    loaded = modules_after(f"import {core}")

    assert not loaded & {"textual", "asyncio", "docker", "asyncpg", "redis", "httpx", "sqlite3", "subprocess"}


def test_the_engine_needs_no_screen() -> None:
    assert "textual" not in modules_after("import console.headless")


@pytest.mark.parametrize("package", ["console", "widgets", "queries"])
def test_only_this_distribution_owns_its_packages(package: str) -> None:
    owners = set(packages_distributions().get(package, ()))  # an editable install owns no files

    assert owners <= {"rollout-console"}
    assert Path(str(importlib.import_module(package).__file__)).is_relative_to(Path(__file__).parents[2])
