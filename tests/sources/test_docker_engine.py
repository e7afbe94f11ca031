"""Reaching an engine, and saying in plain words why not."""

import asyncio
import os
import shutil
import socket
import socketserver
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from console.core.inputs import SourceState
from console.core.rollout import DockerSelector
from console.sources.base import Lost, Standing, Unreadable
from console.sources.docker_engine import Engine
from console.sources.docker_logs import DockerLogs
from tests.servers import PrivateEngine
from tests.sources.containers import Containers
from tests.sources.networks import Wire, self_signed
from tests.sources.relays import LogRelay
from tests.sources.running import running
from tests.sources.sinks import Mailbox, RecordingSink
from tests.waiting import until

BARE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def refusal(host: str | None, environment: dict[str, str] | None = None) -> str:
    engine = Engine(host, BARE if environment is None else environment)
    with pytest.raises((Lost, Unreadable)) as failed:
        engine.ping(1.0)
    with pytest.raises((Lost, Unreadable)), engine.client(1.0):
        pytest.fail("there is no engine")
    engine.close()
    return str(failed.value)


def test_a_missing_socket_is_named_with_the_remedy(open_folder: Path) -> None:
    said = refusal(f"unix://{open_folder}/none.sock")

    assert said == f"there is no Docker socket at {open_folder}/none.sock: is Docker installed and running?"


def test_the_environment_decides_where_there_is_no_host(open_folder: Path) -> None:
    assert f"{open_folder}/none.sock" in refusal(None, {**BARE, "DOCKER_HOST": f"unix://{open_folder}/none.sock"})


def test_a_socket_nobody_listens_on_and_one_without_permission_are_told_apart(open_folder: Path) -> None:
    path = open_folder / "d.sock"
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
    assert "is the Docker engine running?" in refusal(f"unix://{path}")
    if os.geteuid() == 0:
        pytest.skip("root may connect to every socket")
    path.chmod(0)
    assert "no permission" in refusal(f"unix://{path}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
def test_no_permission_on_the_socket_is_said_with_the_remedy(open_folder: Path) -> None:
    path = open_folder / "d.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0o600)
        os.seteuid(65534)
        try:
            said = refusal(f"unix://{path}")
        finally:
            os.seteuid(0)

    assert said == f"no permission on {path}: join the group that owns it (docker), or run as its owner"


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("tcp://no-such-host.invalid:2375", "the host no-such-host.invalid cannot be found"),
        ("ftp://host", "is no engine address"),
        ("nonsense", "is no engine address"),
    ],
)
def test_addresses_that_lead_nowhere_are_explained(host: str, said: str) -> None:
    assert said in refusal(host)


def test_an_address_that_nobody_listens_on_is_explained() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and not listening

        assert "is the Docker engine running?" in refusal(f"tcp://127.0.0.1:{held.getsockname()[1]}")


def test_what_answers_and_is_no_engine_is_refused() -> None:
    class Chatter(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(b"220 mail.example ESMTP\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Chatter) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        engine = Engine(f"tcp://127.0.0.1:{server.server_address[1]}", BARE)
        with pytest.raises(Lost, match="no Docker engine"):
            engine.ping()
        server.shutdown()
        thread.join()


def test_an_engine_that_hangs_is_given_up_in_time(open_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(open_folder / "d.sock"))
        listener.listen()

        assert "does not answer within 1s" in refusal(f"unix://{open_folder}/d.sock")


async def test_an_answer_about_events_that_was_cut_is_no_restart_of_the_engine(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    containers.run("app-1", "sleep 60").remove(force=True)
    now_ns = time.time_ns()

    async with LogRelay(engine, f"{open_folder}/r.sock") as relay:
        oldest = await asyncio.to_thread(Engine(relay.url, BARE).oldest_event, now_ns)
        relay.cuts_events = 1
        again = await asyncio.to_thread(Engine(relay.url, BARE).oldest_event, now_ns)

    assert relay.cuts_events == 0
    assert again == oldest


async def test_a_source_without_engine_is_retried_with_growing_pauses(open_folder: Path) -> None:
    mail = Mailbox()
    engine = Engine(f"unix://{open_folder}/none.sock", BARE)
    source = DockerLogs(engine, DockerSelector(service="app"), {}, RecordingSink(), Standing("app", mail.post))
    async with running(source.run()):
        await until(lambda: len(mail.changes) >= 3)

    assert {change.state for change in mail.changes} == {SourceState.RETRYING}
    pauses = [change.retry_at - change.at for change in mail.changes if change.retry_at is not None]
    assert pauses[0] < 0.3 < pauses[-1] + 0.3


@pytest.fixture
def reached_by_ssh(engine: PrivateEngine, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An `ssh` that forwards the socket on this machine, until its input ends."""
    program = open_folder / "ssh"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, socket, sys, threading\n"
        "local, remote = sys.argv[sys.argv.index('-L') + 1].split(':')\n"
        "assert sys.argv[-3:] == ['--', 'ops@node2', 'cat'], sys.argv\n"
        "listener = socket.socket(socket.AF_UNIX)\n"
        "listener.bind(local)\n"
        "listener.listen()\n"
        "def pump(one, other):\n"
        "    try:\n"
        "        while block := one.recv(65536):\n"
        "            other.sendall(block)\n"
        "        other.shutdown(socket.SHUT_WR)\n"
        "    except OSError:\n"
        "        pass\n"
        "def serve():\n"
        "    while True:\n"
        "        link, _ = listener.accept()\n"
        "        there = socket.socket(socket.AF_UNIX)\n"
        "        there.connect(remote)\n"
        "        for ends in ((link, there), (there, link)):\n"
        "            threading.Thread(target=pump, args=ends, daemon=True).start()\n"
        "threading.Thread(target=serve, daemon=True).start()\n"
        "sys.stdin.read()\n"
        "os._exit(0)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{open_folder}{os.pathsep}{os.environ['PATH']}")
    assert shutil.which("ssh") == str(program)
    engine.start()
    return f"ssh://ops@node2:2222{engine.url.removeprefix('unix://')}"


@pytest.mark.engine
async def test_a_remote_engine_is_read_through_ssh(containers: Containers, reached_by_ssh: str) -> None:
    containers.run("app-1", "seq 1 2000; sleep 60")
    sink, mail = RecordingSink(), Mailbox()
    there = Engine(reached_by_ssh)
    source = DockerLogs(there, DockerSelector(service="app"), {}, sink, Standing("other", mail.post))
    async with running(source.run()):
        await until(lambda: len(sink.lines) == 2000 and mail.state is SourceState.LIVE)

    assert sink.lines == [b"%d" % number for number in range(1, 2001)]


def test_an_ssh_that_fails_says_what_it_said(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = open_folder / "ssh"
    program.write_text("#!/bin/sh\necho 'ops@node2: Permission denied (publickey).' >&2\nexit 255\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{open_folder}{os.pathsep}{os.environ['PATH']}")

    assert refusal("ssh://ops@node2") == "ssh to node2 fails: ops@node2: Permission denied (publickey)."


@pytest.mark.engine
async def test_a_remote_engine_is_read_through_tls(
    engine: PrivateEngine, containers: Containers, open_folder: Path
) -> None:
    tls = self_signed(open_folder)
    if tls is None:
        pytest.skip("there is no openssl to make a certificate with")
    containers.run("app-1", "seq 1 3000; echo error >&2; sleep 60")
    sink, mail = RecordingSink(), Mailbox()

    async with Wire(engine.url.removeprefix("unix://"), tls=tls) as wire:
        environment = {**BARE, "DOCKER_HOST": f"tcp://127.0.0.1:{wire.port}", "DOCKER_CERT_PATH": str(open_folder)}
        there = Engine(None, {**environment, "DOCKER_TLS_VERIFY": "1"})
        source = DockerLogs(there, DockerSelector(service="app"), {}, sink, Standing("other", mail.post))
        async with running(source.run()):
            await until(lambda: len(sink.lines) == 3001 and mail.state is SourceState.LIVE)

    assert sorted(sink.positions) == [("other", sink.blocks[0].origin, name) for name in ("stderr", "stdout")]


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(open_folder: Path) -> None:
    tls = self_signed(open_folder)
    if tls is None:
        pytest.skip("there is no openssl to make a certificate with")

    async with Wire(1, tls=tls) as wire:
        said = await asyncio.to_thread(refusal, f"https://127.0.0.1:{wire.port}")

    assert said.startswith(f"no TLS with 127.0.0.1:{wire.port}")
