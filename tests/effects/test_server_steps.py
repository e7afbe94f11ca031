import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from console.core.redact import Redactor
from console.core.rollout import Step
from console.effects.ending import Ending
from console.effects.output_file import OutputFile
from console.effects.steps import Surroundings, carry_out

Do = Callable[[dict[str, Any]], Ending]


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[Surroundings]:
    output = OutputFile(tmp_path / "output.log", Redactor(), commands=1)
    yield Surroundings("a", tmp_path, {}, {}, output, 1.0, lambda: False)
    output.close()


def doing(around: Surroundings, **addresses: str) -> Do:
    def do(step: dict[str, Any]) -> Ending:
        return carry_out(
            Step.model_validate(step),
            Surroundings("a", around.base_dir, {}, addresses, around.output, 1.0, around.is_stopped),
        )

    return do


def sql(statement: str, timeout: str = "10s") -> dict[str, Any]:
    return {"sql": {"source": "db", "statement": statement}, "timeout": timeout}


def on_redis(*command: str, timeout: str = "10s") -> dict[str, Any]:
    return {"redis": {"source": "cache", "command": list(command)}, "timeout": timeout}


def one_value(dsn: str, query: str) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_a_statement_is_carried_out_and_says_what_it_did(surroundings: Surroundings, database: str) -> None:
    do = doing(surroundings, db=database)

    assert do(sql("create table flags (share int)")) == Ending("done", "CREATE TABLE")
    assert do(sql("insert into flags values (10), (20)")) == Ending("done", "INSERT 0 2")
    assert one_value(database, "select sum(share) from flags") == 30


def test_a_statement_that_is_wrong_fails_for_certain(surroundings: Surroundings, database: str) -> None:
    do = doing(surroundings, db=database)

    assert do(sql("update nothing set x = 1")) == Ending("failed", 'relation "nothing" does not exist')
    refused = do(sql("select 1; select 2"))
    assert (refused.state, refused.is_certain) == ("failed", True)


def test_a_statement_that_takes_too_long_leaves_it_unknown(surroundings: Surroundings, database: str) -> None:
    ending = doing(surroundings, db=database)(sql("select pg_sleep(30)", "500ms"))

    assert ending == Ending("timed out", "no end within 0.5s")


def test_a_database_that_shuts_down_leaves_it_unknown(surroundings: Surroundings, database: str) -> None:
    end = "select pg_terminate_backend(pg_backend_pid())"

    ending = doing(surroundings, db=database)(sql(end))

    assert (ending.state, ending.is_certain) == ("not known", False)
    assert "terminating connection due to administrator command" in ending.detail


def test_a_database_that_does_not_answer_fails_for_certain(surroundings: Surroundings) -> None:
    ending = doing(surroundings, db="postgres://u:hunter2@127.0.0.1:9/d")(sql("select 1"))

    assert (ending.state, ending.is_certain) == ("failed", True)
    assert "no connection to db" in ending.detail
    assert "hunter2" not in ending.detail


def test_a_connection_that_breaks_in_the_middle_leaves_it_unknown(surroundings: Surroundings, database: str) -> None:
    kill = "select pg_sleep(0.2), pg_terminate_backend(pg_backend_pid())"

    ending = doing(surroundings, db=database)(sql(kill))

    assert ending.state == "not known"
    assert ending.detail


def test_a_redis_command_is_sent_once_and_says_its_answer(surroundings: Surroundings, redis_url: str) -> None:
    do = doing(surroundings, cache=redis_url)

    assert do(on_redis("SET", "share", "0")) == Ending("done", "True")
    assert do(on_redis("INCR", "share")) == Ending("done", "1")
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("share") == b"1"


def test_a_redis_command_that_is_wrong_fails_for_certain(surroundings: Surroundings, redis_url: str) -> None:
    ending = doing(surroundings, cache=redis_url)(on_redis("NOSUCHCOMMAND"))

    assert (ending.state, ending.is_certain) == ("failed", True)
    assert "unknown command" in ending.detail


def test_a_script_in_redis_that_fails_half_way_leaves_it_unknown(surroundings: Surroundings, redis_url: str) -> None:
    script = "redis.call('SET', KEYS[1], '0'); return redis.call('INCR', KEYS[1], 'too', 'much')"

    ending = doing(surroundings, cache=redis_url)(on_redis("eval", script, "1", "half"))

    with redis.Redis.from_url(redis_url) as client:
        assert client.get("half") == b"0"
    assert (ending.state, ending.is_certain) == ("not known", False)


def test_a_redis_that_does_not_answer_leaves_it_unknown_and_is_not_asked_again(
    surroundings: Surroundings, redis_url: str
) -> None:
    ending = doing(surroundings, cache=redis_url)(on_redis("BLPOP", "nothing", "30", timeout="500ms"))

    assert ending == Ending("timed out", "no end within 0.5s")


def test_a_redis_that_is_not_there_fails_for_certain(surroundings: Surroundings) -> None:
    ending = doing(surroundings, cache="redis://127.0.0.1:9/0")(on_redis("PING"))

    assert (ending.state, ending.is_certain) == ("failed", True)
    assert "no connection to cache" in ending.detail


class Service(BaseHTTPRequestHandler):
    requests: list[tuple[str, str, bytes]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).requests.append((self.path, self.headers.get("X-Share", ""), body))
        if self.path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.connection.close()
            return
        if self.path == "/slow":
            release.wait(20)
        self.send_response({"/broken": 500, "/empty": 204, "/moved": 303, "/refused": 409}.get(self.path, 200))
        self.send_header("Content-Length", "0" if self.path == "/empty" else "5")
        self.end_headers()
        if self.path != "/empty":
            self.wfile.write(b"ready")

    def log_message(self, *_: Any) -> None:
        pass


release = threading.Event()


@pytest.fixture
def service() -> Iterator[str]:
    Service.requests = []
    release.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def put(url: str, timeout: str = "10s", **more: Any) -> dict[str, Any]:
    return {"http": {"url": url, "method": "PUT", **more}, "timeout": timeout}


def test_a_request_is_sent_once_with_its_headers_and_body(surroundings: Surroundings, service: str) -> None:
    request = put(f"{service}/share", headers={"X-Share": "25"}, json={"share": "25"}, contains="ready")

    assert doing(surroundings)(request) == Ending("done", "200 OK")
    assert Service.requests == [("/share", "25", b'{"share":"25"}')]


@pytest.mark.parametrize(
    ("path", "more", "ending"),
    [
        ("/broken", {}, Ending("not known", "answered 500 Internal Server Error, expected 200")),
        ("/share", {"contains": "steady"}, Ending("not known", "answered 200 OK without 'steady'")),
        ("/empty", {}, Ending("not known", "answered 204 No Content, expected 200")),
        ("/moved", {}, Ending("not known", "answered 303 See Other, expected 200")),
        ("/refused", {}, Ending("failed", "answered 409 Conflict, expected 200")),
        ("/empty", {"status": 204}, Ending("done", "204 No Content")),
    ],
)
def test_only_a_refusal_of_the_request_is_a_failure_for_certain(
    surroundings: Surroundings, service: str, path: str, more: dict[str, Any], ending: Ending
) -> None:
    assert doing(surroundings)(put(service + path, **more)) == ending


def test_a_service_that_is_not_there_fails_for_certain(surroundings: Surroundings) -> None:
    ending = doing(surroundings)(put("http://127.0.0.1:9/"))

    assert (ending.state, ending.is_certain) == ("failed", True)
    assert ending.detail.startswith("no connection: ")


def test_a_service_that_takes_too_long_leaves_it_unknown(surroundings: Surroundings, service: str) -> None:
    ending = doing(surroundings)(put(f"{service}/slow", "500ms"))

    assert not ending.is_certain
    assert len(Service.requests) == 1


def test_an_answer_that_breaks_off_leaves_it_unknown(surroundings: Surroundings, service: str) -> None:
    ending = doing(surroundings)(put(f"{service}/cut", contains="whole"))

    assert (ending.state, ending.is_certain) == ("not known", False)


def test_a_program_finds_the_login_in_its_environment_and_no_list_of_processes_shows_it(
    surroundings: Surroundings,
) -> None:
    telling = "tr '\\0' ' ' < /proc/$$/cmdline > words; echo $PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE > login"
    step = Step.model_validate({"run": ["sh", "-c", telling], "login": "db"})
    addresses = {"db": "postgresql://reader:s3cr%20t@db:6432/sparkle"}

    ended = carry_out(step, replace(surroundings, env=os.environ, addresses=addresses))

    assert ended.state == "done"
    assert (surroundings.base_dir / "login").read_text() == "reader:s3cr t@db:6432/sparkle\n"
    assert "PGPASSWORD" in (surroundings.base_dir / "words").read_text()
    assert "s3cr" not in (surroundings.base_dir / "words").read_text()
