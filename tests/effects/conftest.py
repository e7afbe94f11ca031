"""Fixtures of the tests of effects."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tiny", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a file system of one megabyte needs the right to mount")
    yield folder
    # A runner that has told its end still holds its lock for as long as it takes to leave.
    wait_until(lambda: subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0)
