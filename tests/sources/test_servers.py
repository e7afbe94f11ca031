"""The servers that the demo and the tests bring along."""

import os
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import docker
import pytest
import redis

from console.demo.servers import EmbeddedPostgres, EmbeddedValkey, ServerFailed
from tests.servers import PrivateEngine


def test_postgres_keeps_its_port_and_rows_over_stop_and_crash(postgres: EmbeddedPostgres, database: str) -> None:
    name = database.rsplit("/", 1)[1]
    postgres.run_sql("create table kept as select 1 as n; checkpoint;", database=name)
    port = postgres.port

    postgres.stop()
    postgres.start()
    postgres.kill()
    postgres.start()

    assert postgres.port == port
    assert postgres.run_sql("select n from kept", database=name).strip() == "1"


def test_postgres_asks_for_the_password_over_tcp(postgres: EmbeddedPostgres) -> None:
    psql = postgres.bin_dir / "psql"
    wrong = postgres.dsn_of("postgres", password="wrong")

    answer = subprocess.run([psql, "-X", "-c", "select 1", wrong], capture_output=True, text=True, check=False)

    assert "password authentication failed" in answer.stderr


def test_a_script_that_fails_says_what_the_server_said(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(ServerFailed, match="no_such_table"):
        postgres.run_sql("select * from no_such_table")


def test_valkey_answers_only_with_its_password(valkey: EmbeddedValkey, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
    with (
        redis.Redis(host="127.0.0.1", port=valkey.port, retry=None) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_servers_die_with_the_process_that_started_them(open_folder: Path) -> None:
    script = textwrap.dedent(
        """
        import signal, sys
        from pathlib import Path
        from console.demo.servers import EmbeddedPostgres, EmbeddedValkey
        folder = Path(sys.argv[1])
        postgres, valkey = EmbeddedPostgres(folder / "p"), EmbeddedValkey(folder / "v")
        postgres.start()
        valkey.start()
        print(postgres.port, valkey.port, flush=True)
        signal.pause()
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(open_folder)], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        ports = [int(port) for port in parent.stdout.readline().split()]
        parent.kill()

    assert len(ports) == 2
    assert all(_falls_silent(port) for port in ports)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
def test_a_folder_the_other_account_may_not_enter_is_refused_with_a_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with pytest.raises(ServerFailed, match="use a folder below /tmp"):
        EmbeddedPostgres(tmp_path / "postgres").start()


@pytest.mark.engine
def test_the_private_engine_runs_containers_of_its_image(engine: PrivateEngine) -> None:
    with closing(docker.DockerClient(base_url=engine.url)) as client:
        said = client.containers.run(engine.image, ["sh", "-c", "echo hello; seq 3 | tail -n 1"], remove=True)

    assert said == b"hello\n3\n"


def _falls_silent(port: int) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.05)
    return False
