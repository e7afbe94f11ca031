"""The socket of an engine on another host, made local by the ssh program.

The SDK, events, figures and log streams then all speak to a plain socket file, and ssh keeps its own settings,
keys and jump hosts.
"""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from console.sources.base import Lost, Unreadable

DEFAULT_SOCKET = "/var/run/docker.sock"


class Tunnel:
    """An ssh process that makes a remote engine's socket a local one."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise Unreadable(f"{url} names no host; write ssh://USER@HOST")
        self._host = parts.hostname
        self._target = f"{parts.username}@{parts.hostname}" if parts.username else parts.hostname
        self._port = parts.port
        self._remote = parts.path.rstrip("/") or DEFAULT_SOCKET
        self._folder = tempfile.mkdtemp(prefix="rc-ssh-")
        self.socket_path = f"{self._folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Return once the tunnel stands. Raises `Lost` or `Unreadable` with what ssh said."""
        if self._process is not None and self._process.poll() is None:
            return
        self._stop()
        if shutil.which("ssh") is None:
            raise Unreadable(f"there is no ssh program to reach {self._host}; install OpenSSH")
        Path(self.socket_path).unlink(missing_ok=True)
        options = ("BatchMode=yes", "ExitOnForwardFailure=yes", "ServerAliveInterval=15", "ServerAliveCountMax=2")
        command = ["ssh", "-T", *(part for option in options for part in ("-o", option))]
        command += ["-L", f"{self.socket_path}:{self._remote}", *(("-p", str(self._port)) if self._port else ())]
        said = Path(self._folder, "said")
        with said.open("wb") as errors:
            self._process = subprocess.Popen(
                # `cat` ends with its input, and that ends when this process does, however it ends.
                [*command, "--", self._target, "cat"],
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
        deadline = time.monotonic() + 15
        while not Path(self.socket_path).exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                lines = said.read_text(errors="replace").strip().splitlines()
                raise Lost(f"ssh to {self._host} fails: {lines[-1] if lines else 'no answer within 15s'}")
            time.sleep(0.05)

    def close(self) -> None:
        """End the process and remove the socket."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
