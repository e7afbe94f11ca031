"""The one folder in which a demo keeps everything it writes, and how it goes away."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from console.demo.service import read_env_file

SOCKET = Path("run/recorder.sock")
"""The recorder's socket, relative to the folder: the path of a socket may have about 100 bytes only."""
_RUNNER = b"console.effects.runner"
_ACTIONS_WITHIN_S = 8.0
_DELETE_TRIES = 20


class DemoFolder:
    """Where everything of one demo is."""

    def __init__(self, path: Path) -> None:
        """Only remember where; nothing is made."""
        self.path = path
        self.rollout = path / "demo.yaml"
        self.env_file = path / ".env"
        self.state = path / "state"
        self.project = path.name.lower()
        """Name of the compose project."""

    def prepare(self) -> None:
        """Make the folders; raises `OSError`."""
        # PostgreSQL refuses to be root and then runs as somebody else, who must be able to walk through.
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for name in ("logs", "run"):
            (self.path / name).mkdir(mode=0o755, exist_ok=True)
        self.state.mkdir(mode=0o700, exist_ok=True)

    def add_to_env(self, variables: Mapping[str, str]) -> None:
        """Set variables of the env file; the others stay."""
        known = read_env_file(self.env_file.read_text(encoding="utf-8")) if self.env_file.exists() else {}
        lines = (f"{name}={value}\n" for name, value in (known | dict(variables)).items())
        self.env_file.write_text("".join(lines), encoding="utf-8")

    def tail(self, name: str, lines: int = 3) -> str:
        """Return the last words of a file, on one line."""
        try:
            text = (self.path / name).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}"
        return " / ".join(text.strip().splitlines()[-lines:]) or "it said nothing"

    async def wait_for_actions(self) -> None:
        """Return when no action of the console runs here any more; one that hangs is not waited for longer than 8 s."""
        for _ in range(round(_ACTIONS_WITHIN_S / 0.1)):
            if not self._is_acting():
                return
            await asyncio.sleep(0.1)

    def _is_acting(self) -> bool:
        """Whether a runner, which outlives the console on purpose, works in this folder; known on Linux only."""
        mark = os.fsencode(self.path)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
                if _RUNNER in command and (mark in command or (process / "cwd").readlink().is_relative_to(self.path)):
                    return True
            except OSError:
                continue
        return False

    async def delete(self) -> None:
        """Delete the folder, again if something was still writing into it."""
        for _ in range(_DELETE_TRIES):
            shutil.rmtree(self.path, ignore_errors=True)
            await asyncio.sleep(0.05)
            if not self.path.exists():
                return
        print(f"{self.path} could not be deleted", file=sys.stderr, flush=True)


def make_folder() -> Path:
    """Make a new folder for a demo and return it; raises `OSError`."""
    return Path(tempfile.mkdtemp(prefix="rollout-demo-")).resolve()
