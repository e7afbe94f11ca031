"""What an attempt puts out: bounded, inert, without secrets, for its owner, and told while it happens."""

import stat
from pathlib import Path

from console.core.action_inputs import ActionProgressed
from console.core.redact import REDACTED, Redactor
from console.core.words import Outcome
from console.effects import executor
from tests.effects.acting import Acting, sh


async def test_a_flood_of_output_is_bounded_and_its_end_is_kept(tmp_path: Path) -> None:
    flood = "echo first; yes flood | head -c 49999998; echo last words; exit 1"
    acting = Acting(tmp_path, {"steps": [sh(flood)]})

    attempt, _, ended = await acting.carry_out()

    size = (attempt / "output.log").stat().st_size
    assert 3_000_000 < size <= 4 * 1024 * 1024 + 200
    assert ended.outcome is Outcome.FAILED
    lines = (attempt / "output.log").read_text().splitlines()
    assert lines[1] == "first"
    assert lines[-1] == "last words"
    assert any(line.endswith("bytes left out]") for line in lines)


async def test_hostile_output_is_inert_and_secrets_are_gone(tmp_path: Path) -> None:
    hostile = r"printf '\033]0;owned\007\033[2J\302\233 \342\200\256evil \377\n'; echo $DSN; printf 'no end'"
    acting = Acting(
        tmp_path,
        {"steps": [{"run": ["sh", "-c", hostile], "env": {"DSN": "${DSN}", "APP_TOKEN": "${TOKEN}"}}]},
        {"sources": {"db": {"postgres": "${DSN}"}}},
        {"DSN": "postgres://u:hunter2@h/d", "TOKEN": "t0ken-t0ken"},
    )

    attempt, progress, _ = await acting.carry_out(reason="it leaks hunter2")

    lines = executor.output(attempt, Redactor())
    assert all(line.isprintable() for line in lines)
    assert "\\x1b]0;owned\\x07" in lines[1]
    assert lines[-1] == "no end"
    assert all(step.label.isprintable() for step in progress)
    for path in attempt.iterdir():
        kept = path.read_bytes()
        assert b"hunter2" not in kept, path
        assert b"t0ken-t0ken" not in kept, path
    assert REDACTED in (attempt / "intent.json").read_text()


async def test_everything_an_attempt_writes_is_for_its_owner(tmp_path: Path) -> None:
    attempt, _, _ = await Acting(tmp_path, {"steps": [sh("echo x")]}).carry_out()

    assert stat.S_IMODE(attempt.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in attempt.iterdir() if path.name != "runner.log"} == {0}


async def test_the_newest_lines_of_a_long_output_are_shown(tmp_path: Path) -> None:
    attempt, _, _ = await Acting(tmp_path, {"steps": [{"run": ["seq", "100000"]}]}).carry_out()

    assert executor.output(attempt, Redactor(), limit=3) == ("99998", "99999", "100000")


async def test_progress_is_told_while_it_happens(tmp_path: Path) -> None:
    acting = Acting(tmp_path, {"steps": [sh("until test -e go; do sleep 0.05; done")]})
    attempt = await acting.start()

    told = executor.follow(attempt, poll_s=0.02)
    first = await anext(told)

    assert isinstance(first, ActionProgressed)
    assert first.state == "running"
    (tmp_path / "go").touch()
    assert [getattr(rest, "state", "end") async for rest in told] == ["done", "end"]
