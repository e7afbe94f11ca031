"""Real servers for the tests, started here and stopped by process id."""

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import docker
import pytest

from console.demo.spawn import spawn

IMAGE = "rollout-console-test:busybox"


class EngineFailed(Exception):
    """The private Docker engine did not start or stop."""


class PrivateEngine:
    """A dockerd with its own data, sockets and containerd in one folder; no bridge, no firewall rules.

    With `live_restore` its containers run on while it is stopped or killed; without, a killed one stops them when it
    starts again.
    """

    def __init__(self, folder: Path, dockerd: str, *, live_restore: bool = False) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/d.sock"
        self.image = IMAGE
        """A small image with a shell and the busybox tools."""
        self._dockerd = dockerd
        self._options = ("--live-restore",) if live_restore else ()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_s: float = 40.0) -> None:
        """Start and return once it answers; the logs of containers of before are kept."""
        if self.is_running:
            return
        # After a SIGKILL the numbers of both processes are still there, and may be those of others by now.
        for left in ("pid", "run/containerd/containerd.pid"):
            (self.folder / left).unlink(missing_ok=True)
        self._process = spawn(
            [
                self._dockerd,
                *("--data-root", self.folder / "data", "--exec-root", self.folder / "run"),
                *("--pidfile", self.folder / "pid", "-H", self.url),
                *("--bridge=none", "--iptables=false", "--shutdown-timeout=2", *self._options),
            ],
            self.folder / "log",
        )
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if time.monotonic() > deadline or not self.is_running:
                tail = (self.folder / "log").read_text(errors="replace")[-2000:]
                self.stop()
                raise EngineFailed(f"dockerd does not start: {tail}")
            time.sleep(0.1)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """End it and its containerd; unless it is killed or restores live, its containers stop with it."""
        if self._process is None:
            return
        if self.is_running:
            self._process.send_signal(sign)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def load_image(self) -> None:
        """Make the test image of the static busybox of this machine."""
        with closing(docker.DockerClient(base_url=self.url)) as client:
            repository, tag = IMAGE.split(":")
            client.api.import_image_from_data(_busybox_root(), repository=repository, tag=tag)

    def remove(self) -> None:
        """Stop it and delete the folder with all that it mounted there."""
        if self.is_running:
            with closing(docker.DockerClient(base_url=self.url)) as client:
                for container in client.containers.list(all=True):
                    container.remove(force=True)
        self.stop()
        self._end_shims()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_shims(self) -> None:
        """End the containers that outlived the engine, by the shims that hold them."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes()
                if b"containerd-shim" not in command or f"{self.folder}/".encode() not in command:
                    continue
                held = (process / "task" / process.name / "children").read_text().split()
                for pid in (*held, process.name):
                    os.kill(int(pid), signal.SIGKILL)

    def _answers(self) -> bool:
        # Asked without the SDK, which leaves its socket open when it cannot connect.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(self.url.removeprefix("unix://"))
                probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in probe.recv(64)
            except OSError:
                return False


def engine_obstacle() -> str:
    """Return why no private engine can run here; empty if it can."""
    if shutil.which("dockerd") is None:
        return "there is no dockerd"
    if os.geteuid() != 0:
        return "dockerd needs root"
    if _busybox() is None:
        return "there is no static busybox to make an image of"
    return ""


def _busybox() -> str | None:
    found = shutil.which("busybox")
    if found is None or b"\x7fELF" not in Path(found).read_bytes()[:4]:
        return None
    linked = subprocess.run(["ldd", found], capture_output=True, text=True, check=False)
    return found if "not a dynamic" in linked.stdout + linked.stderr else None


def _busybox_root() -> bytes:
    """Return a root file system as a tar: busybox, its tools as links, and the folders that programs expect."""
    busybox = _busybox()
    assert busybox is not None
    tools = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for folder in ("bin", "tmp", "etc", "root"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        program = Path(busybox).read_bytes()
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
        for tool in tools:
            if tool == "busybox":
                continue
            entry = tarfile.TarInfo(f"bin/{tool}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    return packed.getvalue()


def missing(what: str) -> NoReturn:
    """Skip a test for which a server or a program is missing; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
