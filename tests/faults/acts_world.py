"""One rollout with an action of several steps, each of which leaves a trace that is counted from outside."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from console import cli
from console.core.action_inputs import ActionStarted
from console.effects import executor
from console.effects.begin import Places, places
from console.effects.executor import Adopted
from console.effects.lock import holder_of, machine_lock, service_lock
from console.effects.sessions import create_session, find_latest
from tests.faults.acts_plan import Case
from tests.faults.acts_servers import Servers
from tests.faults.program import wait_for

INJECTED = Path(__file__).parent / "injected"
PATIENCE_S = 100.0
_SERVICE = "shop"
ROLLBACK = {"key": "R", "title": "Roll back", "kind": "rollback"}
_LARGEST_BYTES = 32 * 1024
"""No file of an attempt is as large."""
_STEP = """\
exec 9>>traces/lock
flock -n 9 || echo "$1" >>traces/overlaps
fault=$(cat "traces/fault-$1" 2>/dev/null)
case $fault in
  exit) exit 3 ;;
  killed) kill -9 $$ ;;
  hang) sleep 60 ;;
  slow) sleep 0.4 ;;
esac
echo done >>"traces/$1"
case $fault in
  "exit after") exit 3 ;;
  "killed after") kill -9 $$ ;;
  "hang after") sleep 60 ;;
  slow) sleep 0.4 ;;
esac
"""


class World:
    """The folder of a case: its rollout file, its state, and what became of every step."""

    def __init__(self, folder: Path, case: Case, servers: Servers) -> None:
        self.folder, self.case, self.servers = folder, case, servers
        self._is_healed = False
        self.token = folder.name
        self.state = folder / "state"
        self.file = folder / "shop.yaml"
        self.env = {
            "ROLLOUT_CONSOLE_STATE": str(self.state),
            "ROLLOUT_CONSOLE_LOCKS": str(folder / "locks"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
        }
        for name in ("traces", "run", "locks"):
            (folder / name).mkdir(mode=0o700)
        (folder / "step.sh").write_text(_STEP)
        (folder / ".env").write_text("# shares\nSHARE=10\nOTHER=1\n")
        (folder / "shop.log").touch()
        self._write()
        if case.has_session:
            create_session(self.state, "shop", title="Shop", file=self.file, at=time.time())
        servers.web.way = ""
        servers.web.release.clear()
        servers.web.verify = self._is_verified

    # -- the action ------------------------------------------------------------------------------------------------

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of everything that is counted, in order: the steps of the action."""
        return self.case.order

    def range_of(self, started: ActionStarted) -> range:
        """Return which of all that is counted are the steps of the action that an attempt is at."""
        return range(len(self.case.order))

    def is_out(self, attempts: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether the way out was begun, by whatever attempt."""
        return bool(attempts)

    def _write(self) -> None:
        self.file.write_text(yaml.safe_dump(self.rollout(), sort_keys=False))

    def rollout(self) -> dict[str, Any]:
        """Return the rollout file."""
        steps = [self._step(number, kind) for number, kind in enumerate(self.case.order)]
        verify = [{"http": {"url": self.url(self.path(number))}, "within": "0.3s"} for number in range(len(steps))]
        return {
            "rollout": "shop",
            "title": "Shop",
            "service": _SERVICE,
            "sources": {
                "db": {"postgres": self.servers.dsn()},
                "cache": {"redis": self.servers.url()},
                "app": {"file": "shop.log", "track": "canary"},
            },
            "events": {"served": {"kind": "request", "match": "served"}},
            "phases": [{"name": "Canary", "traffic": "10%", "soak": "1h"}],
            "actions": {"rollback": {**ROLLBACK, "steps": steps, "verify": self.verifications(verify)}},
        }

    def verifications(self, every: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the verifications of the action."""
        return every

    def _step(self, number: int, kind: str) -> dict[str, Any]:
        hangs = self.case.way.startswith("hang") and kind == self.case.faulty and not self._is_healed
        limit = f"{600 + (self.case.seed % 5 * 600 if kind == 'compose' else 0)}ms"
        step: dict[str, Any] = {**self.step(number, kind), "timeout": limit if hangs else "20s"}
        return step

    def step(self, number: int, kind: str) -> dict[str, Any]:
        """Return a step as the rollout file has it."""
        path = self.path(number)
        if kind == "run":
            return {"run": ["sh", "step.sh", self.trace(number)]}
        if kind == "env_file":
            return {"env_file": {"path": ".env", "set": {**self.settings(number), "SHARE": "${traffic}"}}}
        if kind == "sql":
            return {"sql": {"source": "db", "statement": f"insert into traces (path) values ('{path}')"}}
        if kind == "redis":
            return {"redis": {"source": "cache", "command": ["INCR", path]}}
        return {"http": {"url": self.url(path), "method": "POST"}}

    def url(self, path: str) -> str:
        """Return where something is asked of the HTTP server."""
        return f"http://127.0.0.1:{self.servers.web.port}/{path}"

    def path(self, number: int) -> str:
        """Return what names the trace of a step at the servers."""
        return f"{self.token}-{number}"

    def trace(self, number: int) -> str:
        """Return what names the trace of a command."""
        return str(number)

    def settings(self, number: int) -> dict[str, str]:
        """Return the keys that a step sets; in the rollout file the share is its placeholder."""
        return {"SHARE": "0"}

    def count(self, number: int) -> int:
        """Return how often a step took effect."""
        kind, path = self.kinds[number], self.path(number)
        if kind == "sql":
            return self.servers.rows(path)
        if kind == "redis":
            return self.servers.counter(path)
        if kind == "http":
            return self.servers.web.counts[f"/{path}"]
        if kind == "env_file":
            with contextlib.suppress(OSError):
                lines = (self.folder / ".env").read_text().splitlines()
                return int(all(f"{key}={value}" in lines for key, value in self.settings(number).items()))
            return 0
        trace = self.folder / "traces" / self.trace(number)
        return len(trace.read_text().splitlines()) if trace.exists() else 0

    def counts(self) -> list[int]:
        """Return how often each step took effect."""
        return [self.count(number) for number in range(len(self.kinds))]

    def _is_verified(self, path: str) -> bool:
        asked = (number for number in range(len(self.kinds)) if self.path(number) == path.strip("/"))
        return any(self.is_well(number) for number in asked)

    def is_well(self, number: int) -> bool:
        """Return whether the verification of a step passes."""
        return self.count(number) > 0

    # -- the fault of a step ---------------------------------------------------------------------------------------

    def break_step(self, number: int, way: str) -> None:
        """Let a step meet its fault; `slow` commands take their time."""
        kind, path, servers = self.kinds[number], self.path(number), self.servers
        if kind == "run":
            if way == "gone":
                (self.folder / "step.sh").rename(self.folder / "step.away")
            (self.folder / "traces" / f"fault-{self.trace(number)}").write_text(way)
        elif kind == "env_file":
            (self.folder / ".env").rename(self.folder / ".env.away")
            if way == "folder":
                (self.folder / ".env").mkdir()
        elif kind == "http":
            servers.web.way = way
        elif way == "refused":
            if kind == "sql":
                servers.postgres.run_sql("alter table traces rename to hidden")
            else:
                self._redis("set", path, "no number")
        elif way == "down":
            (servers.postgres if kind == "sql" else servers.valkey).stop()
        else:
            (servers.sql_tap if kind == "sql" else servers.redis_tap).break_at(path, way)

    def heal(self) -> None:
        """End every fault of a step; what took effect stays."""
        servers = self.servers
        servers.start()
        self._is_healed = True
        self._write()
        servers.web.way = ""
        servers.web.release.set()
        for tap in (servers.sql_tap, servers.redis_tap):
            tap.break_at("", "")
        servers.postgres.run_sql("alter table if exists hidden rename to traces")
        for number, kind in enumerate(self.case.order):
            if kind == "redis" and self.case.way == "refused" and self.case.faulty == kind:
                self._redis("del", self.path(number))
        self.heal_commands()
        if (self.folder / "step.away").exists():
            (self.folder / "step.away").rename(self.folder / "step.sh")
        if (self.folder / ".env.away").exists():
            if (self.folder / ".env").is_dir():
                (self.folder / ".env").rmdir()
            (self.folder / ".env.away").replace(self.folder / ".env")

    def heal_commands(self) -> None:
        """Let commands that begin from now on do what they should."""
        for fault in (self.folder / "traces").glob("fault-*"):
            fault.unlink()

    def _redis(self, *words: str) -> None:
        import redis

        with redis.Redis.from_url(self.servers.valkey.url) as client:
            client.execute_command(*words)

    # -- commands --------------------------------------------------------------------------------------------------

    def begin(self, *words: str, fault: Mapping[str, Any] | None = None) -> "subprocess.Popen[str]":
        """Give a command as a shell does, with a fault inside it or its runner."""
        said = {} if fault is None else {"FAULT": json.dumps(fault), "PYTHONPATH": str(INJECTED)}
        return subprocess.Popen(
            [sys.executable, "-m", "console", *words],
            env={**os.environ, **self.env, "PYTHONDONTWRITEBYTECODE": "1", **said},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def give(self, *words: str) -> tuple[int, str]:
        """Give a command inside this process, which is quicker, and return its exit code and what it printed."""
        printed = io.StringIO()
        with self._surrounded(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = cli.main(words)
        return code, printed.getvalue()

    @contextlib.contextmanager
    def _surrounded(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(self.env)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def listed(self) -> list[dict[str, Any]]:
        """Return the attempts as the command lists them."""
        printed = io.StringIO()
        with self._surrounded(), contextlib.redirect_stdout(printed):
            cli.main(["attempts", str(self.file), "--json"])
        found: list[dict[str, Any]] = json.loads(printed.getvalue())
        return found

    def wait_until_over(self) -> list[dict[str, Any]]:
        """Return the attempts once none is running. Raises `TimeoutError`."""
        wait_for(lambda: all(one["outcome"] != "running" for one in self.listed()), PATIENCE_S, "the end of the action")
        return self.listed()

    def places(self) -> Places:
        """Return where attempts and locks are."""
        with self._surrounded():
            return places(self.state, "shop", find_latest(self.state, "shop"))

    def adopted(self, attempt: str) -> Adopted:
        """Return an attempt as its folder tells it."""
        folder = self.places().folder_of(attempt)
        with self._surrounded():
            found = executor.adopt(folder, time.time())
        assert found is not None
        return found

    # -- what is left ----------------------------------------------------------------------------------------------

    def processes(self) -> list[str]:
        """Return the processes that still belong to the case."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if process.name == str(os.getpid()) or not words:
                    continue
                if str(self.folder) in words or (process / "cwd").readlink().is_relative_to(self.folder):
                    found.append(f"{process.name} {words}")
        return found

    def end_all(self) -> None:
        """Kill what a failed case has left."""
        for line in self.processes():
            with contextlib.suppress(OSError):
                os.kill(int(line.split()[0]), signal.SIGKILL)

    def held_locks(self) -> list[str]:
        """Return the locks that somebody holds."""
        where = self.places()
        locks = [service_lock(folder, _SERVICE) for folder in where.locks]
        locks += [machine_lock(where.machine, _SERVICE)] if where.machine is not None else []
        locks += [folder / "running.lock" for folder in where.folders()]
        return [f"{path.name}: {holder}" for path in locks if path.exists() and (holder := holder_of(path)) is not None]

    def litter(self) -> list[str]:
        """Return the temporary files that were left behind.

        A note half written by a runner that was killed stays in the attempt's own folder, which is kept as it is.
        """
        notes = [path for folder in self.places().folders() for path in folder.iterdir()]
        known = {".env", "armed", "locks", "points", "run", "shop.log", "shop.yaml", "state", "step.sh", "traces"}
        known |= {"docker-compose.yml", "errors"}
        beside = [path for path in self.folder.iterdir() if not path.name.startswith(".env.before-")]
        return [
            *(str(path) for path in notes if path.name.startswith("reserve") or path.stat().st_size > _LARGEST_BYTES),
            *(str(path) for path in beside if path.name not in known),
        ]


def until(holds: Callable[[], bool], what: str) -> None:
    """Return once something holds. Raises `TimeoutError`."""
    wait_for(holds, PATIENCE_S, what)
