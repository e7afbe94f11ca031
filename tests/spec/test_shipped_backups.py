"""The backups that shipped checklists ask for: looked at by their age and their end, not believed."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from console.core.rollout import Check
from console.spec.load import load

END = "--\n-- PostgreSQL database dump complete\n--\n\n"
ROWS = "COPY public.t (id) FROM stdin;\n1\n2\n"
DAY_S = 86_400
DUMPS = {
    "fsm-checkpoint": ("PG_BACKUP", {"pg-backup"}),
    "user-context": ("PG_BACKUP", {"backups-recent"}),
    "ai-agent": ("BACKUP_FILE", {"backup"}),
}


def checks(name: str, variable: str, dump: Path) -> dict[str, Check]:
    rollout = load(name, {variable: str(dump)}).rollout
    items = [item for phase in rollout.phases for item in (*phase.prerequisites, *phase.checklist)]
    return {item.id: item.verify for item in items if item.verify is not None}


@pytest.mark.parametrize(
    ("text", "age_s", "said"),
    [
        (ROWS + "\\.\n" + END, 3600, ""),
        (ROWS, 3600, "is no whole dump: its end is missing"),
        ("", 3600, "is no whole dump: its end is missing"),
        (ROWS + "\\.\n" + END, 2 * DAY_S, "is not of the last day"),
        (None, 0, "is not of the last day"),
    ],
)
@pytest.mark.parametrize("name", DUMPS)
def test_a_dump_is_there_when_it_is_whole_and_at_most_a_day_old(
    tmp_path: Path, name: str, text: str | None, age_s: float, said: str
) -> None:
    variable, ids = DUMPS[name]
    dump = tmp_path / "a dump.sql"
    if text is not None:
        dump.write_text(text)
        os.utime(dump, (time.time() - age_s, time.time() - age_s))
    found = checks(name, variable, dump)

    for item in ids:
        command = found[item].command
        assert command is not None
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (ran.returncode == 0) is (said == ""), item
        assert said in ran.stdout


def test_redis_must_have_saved_within_the_hour_before_the_canary_the_migration_and_the_clean_up() -> None:
    phases = {phase.name: phase for phase in load("fsm-checkpoint", {}).rollout.phases}

    for name in ("Canary 5%", "Migration", "Clean-up"):
        (item,) = [one for one in phases[name].prerequisites if one.id == "redis-backup"]
        assert item.verify is not None
        assert item.verify.redis is not None
        assert (item.verify.redis.saved, item.verify.expect) == (True, "< 1h")


@pytest.mark.parametrize(
    ("name", "phase", "item", "soaked"),
    [
        ("fsm-checkpoint", "Migration", "canary-passed", ("Canary 5%",)),
        ("fsm-checkpoint", "Migration", "all-traffic", ("Full 100%",)),
        ("fsm-checkpoint", "Clean-up", "stable", ("Migration",)),
        ("user-context", "1B Workflow orchestrator", "core-stable", ("1A Agent execution core",)),
        (
            "user-context",
            "1C Tool dispatcher",
            "stable",
            ("1A Agent execution core", "1B Workflow orchestrator"),
        ),
        ("user-context", "1D WebSocket", "stable-48h", ("Stable for 48 h",)),
    ],
)
def test_what_was_stable_is_what_soaked(name: str, phase: str, item: str, soaked: tuple[str, ...]) -> None:
    found = next(one for one in load(name, {}).rollout.phases if one.name == phase)

    (asked,) = [one for one in found.prerequisites if one.id == item]

    assert asked.verify is not None
    assert asked.verify.soaked == soaked
