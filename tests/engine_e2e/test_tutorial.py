"""The tutorial's commands are run as they stand, and its keys are pressed in a terminal."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.engine_e2e.test_console import press_until
from tests.receivers import free_port
from tests.terminal import Terminal

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
OPENING = "rollout-console watch shop.yaml"
BUG = "echo BUG=yes"


@contextmanager
def shop_in(folder: Path) -> Iterator[Mapping[str, str]]:
    """Give the environment of a reader in an empty folder; whatever of the shop runs in the end is stopped."""
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SHOP_PORT": str(free_port()),
        "ROLLOUT_CONSOLE_STATE": str(folder / "state"),
        "ROLLOUT_CONSOLE_LOCKS": str(folder / "state"),
    }
    try:
        yield env
    finally:
        for file in folder.glob("*.pid"):
            subprocess.run(["kill", file.read_text().strip()], check=False, capture_output=True)


def run(block: str, folder: Path, env: Mapping[str, str]) -> str:
    """Run one block as a shell that stops at the first command that fails."""
    done = subprocess.run(
        ["sh", "-ec", block], cwd=folder, env=env, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_tutorials_commands_and_keys_do_what_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL)
    breaking = next(number for number, block in enumerate(blocks) if block.startswith(BUG))
    said: list[str] = []

    with shop_in(tmp_path) as env:
        said += [run(block, tmp_path, env) for block in blocks[:breaking]]
        assert f"```\n{OPENING}\n```" in TUTORIAL
        with Terminal(OPENING.split(), cwd=tmp_path, env=env) as terminal:
            terminal.wait(lambda text: re.search(r"✓ OK +failure_rate", text) is not None, 60)
            run(blocks[breaking], tmp_path, env)
            terminal.wait("CRITICAL", 60)
            terminal.send("R")  # once: the preview takes letters for the name
            terminal.wait("./restart.sh", 60)
            terminal.send("shop")
            terminal.wait(lambda text: re.search(r"to confirm: +shop", text) is not None)
            press_until(terminal, "\r", lambda text: "to confirm" not in text)
            terminal.wait("DONE", 60)
            press_until(terminal, "\x1b", lambda text: "Esc close" not in text)
            terminal.send("q")
            assert terminal.wait_end() == 0
        assert "CANARY_PERCENTAGE=0" in (tmp_path / ".env").read_text()
        said += [run(block, tmp_path, env) for block in blocks[breaking + 1 :]]

    told = "\n".join(said)
    assert "2 tests, 0 failed" in told
    assert "whole" in told
    assert "<html" in (tmp_path / "report.html").read_text()
