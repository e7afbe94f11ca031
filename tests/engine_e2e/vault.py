"""A rollout whose every part holds a secret, and everything that the console makes of it."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis
import yaml

from console.demo.servers import EmbeddedPostgres, EmbeddedValkey
from tests.engine_e2e.canaries import Canaries
from tests.receivers import Webhook
from tests.terminal import PROGRAM, Terminal

TENANT = "tenant-4711"
PRINTS = """\
import fcntl, os, sys, termios
token = sys.argv[1].encode()
os.write(1, b"the token is " + token[: len(token) // 2])
while any(fcntl.ioctl(1, termios.FIONREAD, bytes(4))):  # until the first half was read
    os.sched_yield()
os.write(1, token[len(token) // 2 :] + b"\\n")
for name in ("DEPLOY_PASS", "UPSTREAM_URL", "HARMLESS"):
    print(name, "is", os.environ[name])
print("the file says", open(".env").read())
print("it failed with", os.environ["DEPLOY_PASS"], file=sys.stderr)
sys.exit(int(sys.argv[2]))
"""


class Filmed(Terminal):
    """A terminal that keeps every frame, not only the last."""

    def __init__(self, *command: str, env: dict[str, str], cwd: Path) -> None:
        self.frames: dict[str, None] = {}
        self._shown = ""
        super().__init__(command, env=env, cwd=cwd, columns=140, rows=45)

    @property
    def text(self) -> str:
        """What the screen shows; made out once for every time that something was written, because that takes long."""
        return self._shown

    def read(self, timeout_s: float = 0.05) -> bytes:
        """Take what was written, and keep the screen that it makes."""
        wrote = super().read(timeout_s)
        if wrote:
            self._shown = super().text
            self.frames[self._shown] = None
        return wrote

    def press(self, key: str, shown: Callable[[str], bool]) -> None:
        """Press a key until a screen is shown; a dialog that is just being made may not take it."""
        for _ in range(10):
            self.send(key)
            until = time.monotonic() + 2.0
            while time.monotonic() < until:
                self.read()
                if shown(self.text):
                    return
        raise AssertionError(f"{key!r} has no effect:\n{self.text}")

    def rest(self) -> None:
        """See a few more frames."""
        for _ in range(5):
            self.read(0.1)


class Vault:
    """The rollout file, what it is made of, and all that became of it."""

    def __init__(self, folder: Path, database: str, redis_url: str, http: int, hook: Webhook) -> None:
        self.folder = folder
        self.hook = hook
        self.canaries = Canaries()
        self.written: dict[str, bytes] = {}
        """Everything that was printed, drawn, sent or kept, by what it is called."""
        self._http = f"127.0.0.1:{http}"
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self._closed = f"127.0.0.1:{taken.getsockname()[1]}"
        plant = self.canaries.plant
        self.database_password = plant("password of the database", "d:{}/+")
        self.redis_password = plant("password of Redis", "r/{}@%")
        self._database = database.rpartition("@")[2]
        self._redis = redis_url.rpartition("@")[2].removeprefix("redis://")
        (folder / "tmp").mkdir()
        self.env = {
            **os.environ,
            "ROLLOUT_CONSOLE_STATE": str(folder / "state"),
            "TMPDIR": str(folder / "tmp"),
            "DATABASE_URL": f"postgresql://canary:{quote(self.database_password, safe='')}@{self._database}",
            "REDIS_URL": f"redis://canary:{quote(self.redis_password, safe='')}@{self._redis}",
            "DEPLOY_TOKEN": plant("variable in a command", 'a"b\\{}'),
            "NEW_API_KEY": plant("variable in an env file"),
            "SQL_SECRET": plant("variable in a statement", "it's {}"),
            "CACHE_SECRET": plant("variable in a Redis command"),
            "FLAG_TOKEN": plant("variable in an address"),
            "HARMLESS": plant("variable of a harmless name in a header"),
            "HOOK_URL": f"json://ops:{plant('password of a route')}@127.0.0.1:{hook.port}"
            f"/hook?key={plant('key of a route')}",
        }
        self.env_file = folder / ".env"
        self.env_file.write_text(
            f"API_KEY={plant('old value in an env file')}\nUPSTREAM=http://u:{plant('old address in an env file')}@h/\n"
            f"LOG_LEVEL=info\nOTHER_SECRET={plant('value that stays in an env file')}\n"
        )
        self.env_file.chmod(0o600)
        (folder / "prints.py").write_text(PRINTS)
        (folder / "app.log").write_text("".join(f"{line}\n" for line in self._log()))
        self._write_queries()
        said = self._said()
        self.file = self._write_file("vault.yaml", said)
        self.wrong = self._write_file("wrong.yaml", self._wrong(said))
        self.broken = self._write_file("broken.yaml", said, f"password: {plant('line that is no YAML')}: x\n")

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command with the file as its first word, keep all that it printed, and return its standard output."""
        done = subprocess.run(
            [*PROGRAM, *words], env=self.env, cwd=self.folder, capture_output=True, timeout=60, check=False
        )
        self.keep(" ".join(words), done.stdout + b"\n" + done.stderr)
        assert done.returncode == code, (done.stdout + done.stderr).decode()
        return done.stdout.decode()

    def watched(self, *command: str) -> Filmed:
        """Return the console on a screen, or another command."""
        return Filmed(*(command or (*PROGRAM, "watch", self.file.name, "--since", "1h")), env=self.env, cwd=self.folder)

    def keep(self, name: str, written: bytes) -> None:
        """Keep something that is to be searched."""
        self.written[f"{len(self.written)} {name}"] = written

    def files(self) -> list[Path]:
        """Return every file that is not an input: those of sessions, exports and of the temporary folder."""
        places = ("state", "exports", "tmp")
        return [path for place in places for path in sorted((self.folder / place).rglob("*")) if path.is_file()]

    def _write_file(self, name: str, said: dict[str, Any], more: str = "") -> Path:
        path = self.folder / name
        path.write_text(yaml.safe_dump(said, sort_keys=False, width=10_000) + more)
        return path

    def _write_queries(self) -> None:
        folder = self.folder / "queries" / "vault"
        folder.mkdir(parents=True)
        literal = self.canaries.plant("password in a query")
        said = {
            "rate": "SELECT 3 AS total, 2 AS bad",
            "fails": f"SELECT CAST('{self.env['DATABASE_URL']}' AS integer) AS value",
            "fails_too": f"SELECT CAST('host=db password={literal} user=x' AS integer) AS value",
            "accounts": f"SELECT 'anna' AS account, '{self.canaries.plant('value of a secret column')}' AS api_token",
        }
        for name, statement in said.items():
            (folder / f"{name}.sql").write_text(f"-- title: {name}\n{statement}\n")

    def _log(self) -> Iterator[str]:
        plant = self.canaries.plant
        yield f"connected to {self.env['DATABASE_URL']}"
        yield f"the password is {self.database_password} today"
        yield f"token {self.env['DEPLOY_TOKEN']} and {self.env['NEW_API_KEY']}"
        yield json.dumps({"said": self.env["DEPLOY_TOKEN"], "password": plant("JSON in the log")})
        yield f"password={plant('password in the log')} user=app"
        yield f"Authorization: Bearer {plant('bearer in the log')}"
        yield f"GET http://u:{plant('address in the log')}@h/?token={plant('query in the log')}&x=1"
        yield f"eyJhbGciOiJIUzI1NiJ9.{plant('JWT in the log')}.c2lnbmF0dXJl"
        yield f"aws_secret_access_key = {plant('AWS key in the log')}"
        yield f"Set-Cookie: session={plant('cookie in the log')}; Path=/"
        yield f"ALTER USER app PASSWORD '{plant('statement in the log')}'"
        yield f"-----BEGIN PRIVATE KEY----- {plant('private key in the log')} -----END PRIVATE KEY-----"
        yield f"failed {plant('label in the log')} for {TENANT}"
        yield f"failed {self.env['CACHE_SECRET']} for {TENANT}"
        yield "served"

    def _said(self) -> dict[str, Any]:
        plant = self.canaries.plant
        quoted = quote(self.database_password, safe="")
        return {
            "rollout": "vault",
            "title": "Vault of canaries",
            "service": "vault",
            "sources": {
                "app": {"file": "app.log", "track": "canary"},
                "db": {"postgres": "${DATABASE_URL}"},
                "again": {"postgres": f"postgresql://canary@{self._database}?password={quoted}"},
                "slash": {"postgres": f"postgresql://u:{plant('password with a slash', 'a/{}')}@{self._closed}/x"},
                "refused": {"postgres": f"postgresql://u:{plant('wrong password')}@{self._database}"},
                "cache": {"redis": "${REDIS_URL}"},
                "cache_refused": {"redis": f"redis://x:{plant('wrong password of Redis')}@{self._redis}"},
                "engine": {"docker": {"name": "x"}, "host": f"tcp://u:{plant('password of an engine')}@{self._closed}"},
            },
            "events": {
                "failed": {"kind": "request", "match": r"failed (?P<token>\S+) for (?P<tenant>\S+)"},
                "served": {"kind": "request", "match": "served"},
            },
            "metrics": self._metrics(),
            "phases": [{"name": "Canary", "traffic": "10%", "soak": "1h", "checklist": [self._item()]}],
            "actions": {
                "rollback": {
                    "key": "R",
                    "title": "Roll back",
                    "kind": "rollback",
                    "steps": self._steps(),
                    "verify": [
                        {"http": {"url": self._asked("verification"), "status": 500}, "within": "5s"},
                    ],
                },
                "fails": {"title": "It fails", "steps": [self._printing("a step that fails", "3")]},
                "tenant": {
                    "title": "One tenant",
                    "parameters": {"tenant": {"title": "Tenant"}},
                    "steps": [{"run": ["echo", "${tenant}"]}],
                },
            },
            "alerts": {
                "group_wait": "0s",
                "routes": [
                    {"severity": "critical", "to": ["${HOOK_URL}"]},
                    {"severity": "blind", "to": ["${HOOK_URL}"]},
                    {
                        "severity": "warning",
                        "to": [f"json://w:{plant('literal route')}@{self._closed}/t0/{plant('path of a route')}"],
                    },
                ],
            },
        }

    def _metrics(self) -> dict[str, Any]:
        plant = self.canaries.plant
        works: dict[str, Any] = {"every": "1s", "target": ">= 1", "critical": "< 1"}
        small: dict[str, Any] = {"every": "1s", "target": "< 1%", "unit": "%"}
        headers = {
            "Authorization": f"Bearer {plant('bearer of a probe')}",
            "X-Api-Key": "${HARMLESS}",
            "Cookie": f"sid={plant('cookie of a probe')}",
        }
        signed = f"http://{self._http}/?sig={plant('signature of a probe')}&key={plant('key of a probe')}"
        fails = f"import sys; sys.exit('{plant('error of a command', 'password={}')}')"
        failures = {"of": "failed", "over": ["failed", "served"]}
        looked_at = {"source": "db", "investigate": ["accounts"]}
        return {
            "failures": {
                **{"events": failures, "window": "10m", "unit": "%", "target": "< 1%", "critical": "> 5%"},
                **looked_at,
            },
            "rate": {"query": "rate", "source": "db", **small},
            "fails": {"query": "fails", "source": "db", **small},
            "fails_too": {"query": "fails_too", "source": "db", **small},
            "accounts": {"query": "accounts", "source": "db", "every": "1s"},
            "again": {"query": "rate", "source": "again", **small},
            "slash": {"query": "rate", "source": "slash", **small},
            "refused": {"query": "rate", "source": "refused", **small},
            "cache": {"redis": "ping", "source": "cache", **works},
            "cache_refused": {"redis": "ping", "source": "cache_refused", **works},
            "health": {"http": {"url": self._asked("probe"), "headers": headers}, **works, **looked_at},
            "signed": {
                "http": {"url": signed, "status": 500, "contains": plant("text of a probe", "token={}")},
                **works,
            },
            "queue": {"command": [sys.executable, "-c", fails], "every": "1s", "target": "< 1"},
            "words": {"command": ["echo", "${CACHE_SECRET}${CACHE_SECRET}${CACHE_SECRET}${CACHE_SECRET}"], **works},
        }

    def _item(self) -> dict[str, Any]:
        return {"id": "answers", "text": "It answers", "verify": {"http": {"url": self._asked("item")}, "within": "2s"}}

    def _asked(self, name: str) -> str:
        """Return an address with a password and a token."""
        password, token = (self.canaries.plant(f"{part} in the address of a {name}") for part in ("password", "token"))
        return f"http://u:{password}@{self._http}/{name}?access_token={token}"

    def _printing(self, name: str, code: str) -> dict[str, Any]:
        plant = self.canaries.plant
        address = f"http://u:{plant(f'address in the environment of {name}')}@h/"
        env = {"DEPLOY_PASS": plant(f"environment of {name}"), "HARMLESS": "${HARMLESS}", "UPSTREAM_URL": address}
        return {"run": [sys.executable, "prints.py", "${DEPLOY_TOKEN}", code], "env": env}

    def _steps(self) -> list[dict[str, Any]]:
        plant = self.canaries.plant
        settings = {
            **{"API_KEY": "${NEW_API_KEY}", "LOG_LEVEL": "debug", "SHARE": "${traffic}"},
            **{"UPSTREAM": f"http://u:{plant('new address in an env file')}@h/"},
        }
        body = {"api_token": plant("token in a body"), "deep": [{"password": plant("password deep in a body")}]}
        options = ["--password", plant("word after --password"), f"--api-key={plant('word with --api-key')}"]
        return [
            self._printing("a step", "0"),
            {"env_file": {"path": ".env", "set": settings}},
            {"run": ["echo", *options]},
            {"run": [f"echo --token '{plant('word in a shell')}'"], "shell": True},
            {
                "sql": {
                    "source": "db",
                    "statement": "CREATE TABLE IF NOT EXISTS vault AS SELECT '${NEW_API_KEY}' AS key",
                }
            },
            {"sql": {"source": "db", "statement": "INSERT INTO vault VALUES ($1)", "values": ["${SQL_SECRET}"]}},
            {"sql": {"source": "db", "statement": f"ALTER ROLE spare PASSWORD '{plant('password in a statement')}'"}},
            {"redis": {"source": "cache", "command": ["SET", "session", "${CACHE_SECRET}"]}},
            {"redis": {"source": "cache", "command": ["CONFIG", "SET", "masterauth", plant("password in a command")]}},
            {
                "http": {
                    "url": f"http://{self._http}/flag?token=${{FLAG_TOKEN}}",
                    "method": "PUT",
                    "status": 500,
                    "headers": {"Authorization": f"Basic {plant('basic of a step')}"},
                    "json": body,
                }
            },
        ]

    def _wrong(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return a file in which secrets stand where they do not fit."""
        plant = self.canaries.plant
        health = {"http": {"url": f"htp:/x:{plant('mistyped address')}@h"}, "every": 5}
        wrong = {
            "title": f"postgres://u:{plant('address in a title')}@h\n",
            "key": "${CACHE_SECRET}",
            "steps": [
                {"env_file": {"path": ".env", "set": {"API_KEY": [plant("list in an env file")]}}},
                {"run": f"login --password {plant('command as text')}"},
                {"http": {"url": self._asked("step that is wrong"), "method": plant("method", "token={}")}},
            ],
        }
        sources = {
            "db": {"postgres": ["${DATABASE_URL}"]},
            "cache": {"redis": {"url": "${REDIS_URL}"}},
            "words": {"postgres": f"host=h user=u password='{plant('DSN of words')}'"},
            "mistyped": {"postgres": f"postgresq//u:{plant('mistyped DSN')}@h/x"},
            "odd": {"redis": f"rediss:/u:{plant('mistyped Redis')}@h", "password": plant("misplaced password")},
        }
        return {
            **{**said, "service": ["${DEPLOY_TOKEN}"], f"token: {plant('misplaced token')}": 1},
            "metrics": {**said["metrics"], "health": health},
            "sources": {**said["sources"], **sources},
            "actions": {"wrong": wrong},
        }


@contextmanager
def vault(folder: Path, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, hook: Webhook) -> Iterator[Vault]:
    """Make a vault, with accounts of its own on real servers, and an HTTP server that says all it was asked with."""
    postgres.start()
    valkey.start()
    with echo() as http, redis.Redis.from_url(valkey.url) as cache:
        made = Vault(folder, postgres.dsn_of("vault"), valkey.url, http, hook)
        named = {"enabled": True, "passwords": [f"+{made.redis_password}"], "keys": "*", "commands": ["+@all"]}
        try:
            postgres.run_sql("CREATE DATABASE vault; CREATE ROLE spare")
            postgres.run_sql(f"CREATE ROLE canary LOGIN SUPERUSER PASSWORD '{made.database_password}'")
            cache.acl_setuser("canary", **named)
            yield made
        finally:
            cache.acl_deluser("canary")
            cache.config_set("masterauth", "")
            postgres.run_sql("DROP DATABASE IF EXISTS vault WITH (FORCE); DROP ROLE IF EXISTS canary, spare")


@contextmanager
def echo() -> Iterator[int]:
    """Run an HTTP server that says back all it was asked with, in its reason too, and give its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            said = f"{self.path} {self.headers} {asked}".encode()
            self.send_response(500, f"{self.path} {self.headers['Authorization']}")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_PUT = do_GET  # noqa: N815 - the name is the base class's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
