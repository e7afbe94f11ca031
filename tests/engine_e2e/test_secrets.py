"""Secrets planted in everything that the console reads, looked for in everything that it writes, draws and sends."""

import json
import sys
from collections.abc import Iterator

import pytest

from console.demo.servers import EmbeddedPostgres, EmbeddedValkey
from tests.engine_e2e.vault import TENANT, Filmed, Vault, vault
from tests.receivers import webhook
from tests.terminal import printed

pytestmark = pytest.mark.timeout(300)
WHY = "the reason that a person typed"
MUST_HOLD_SECRETS = {
    ".env": "the env file that an action edits: the service reads it",
    ".env.before-": "what the env file was before, to go back to",
}
"""What an action leaves that holds secrets by its nature, by how its name begins, and why."""


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> Iterator[Vault]:
    """Everything that can be done with a rollout was done, and all that came of it is kept."""
    with webhook() as hook, vault(tmp_path_factory.mktemp("vault"), postgres, valkey, hook) as made:
        ask(made)
        watch(made)
        act(made)
        read(made)
        for posted in hook.posted:
            made.keep(f"alert {posted.title}", json.dumps(posted.body).encode())
        for path in made.files():
            made.keep(str(path.relative_to(made.folder)), path.read_bytes())
        yield made


def ask(made: Vault) -> None:
    """Give the commands that only look."""
    made.run("validate", made.file.name)
    for file in (made.wrong.name, made.broken.name):
        made.run("validate", file, code=4)
        made.run("validate", file, "--json", code=4)
    made.run("doctor", made.file.name, code=3)
    made.run("check", made.file.name, "--json", "--within", "8s", code=2)
    made.run("query", made.file.name, code=3)
    made.run("verify", made.file.name, code=2)
    made.run("count", made.file.name, "app.log", "--json")
    made.run("alerts", "test", made.file.name, code=3)


def watch(made: Vault) -> None:
    """Go through every place of the screen, roll back, and keep every frame and every byte that was written."""
    screen = made.watched()
    try:
        screen.wait("✗ CRITICAL")
        screen.wait("served")
        for key in "wiac?":
            screen.press(key, lambda text: "Esc" in text)
            if key == "i":
                screen.wait("anna")
            screen.rest()
            screen.press("\x1b", lambda text: "Esc" not in text)
        roll_back(screen)
        screen.press("\x1b", lambda text: "Esc" not in text)
        screen.press("S", lambda text: "snapshot" in text.lower())
        screen.press("J", lambda text: "Esc" in text)
        screen.press("\r", lambda text: "Esc close" in text)
        screen.send("\x11")
        assert screen.wait_end() == 0
    finally:
        screen.close()
    made.keep("terminal", printed(bytes(screen.raw)))
    for frame in screen.frames:
        made.keep("frame", frame.encode())


def roll_back(screen: Filmed) -> None:
    """Open the preview, confirm it, and wait until it was done."""
    screen.send("R")
    screen.wait("to confirm")
    screen.send("vault")
    screen.wait(lambda text: "to confirm: vault" in " ".join(text.split()))
    screen.press("\r", lambda text: "to confirm" not in text)
    screen.wait(lambda text: any(word in text for word in ("DONE", "UNVERIFIED", "FAILED")))


def act(made: Vault) -> None:
    """Give every action without a screen, and watch without one."""
    made.run("act", made.file.name, "rollback", "--dry-run")
    made.run("act", made.file.name, "rollback", "--dry-run", "--json")
    made.run("act", made.file.name, "rollback", "--yes", "--reason", WHY)
    made.run("act", made.file.name, "fails", "--yes", "--json", "--reason", f"{made.database_password} again", code=5)
    made.run("act", made.file.name, "tenant", "--yes", "--json", "--set", f"tenant={TENANT}")
    made.run("watch", made.file.name, "--headless", "--json", "--for", "2s", code=2)


def read(made: Vault) -> None:
    """Give the commands that read a session."""
    made.run("sessions")
    made.run("attempts", made.file.name)
    made.run("journal", "vault")
    made.run("journal", "--json", "vault")
    made.run("replay", "--json", "vault")
    made.run("report", "vault")
    made.run("snapshot", "--to", "exports", "vault")


def test_no_secret_is_in_anything_that_was_printed_written_drawn_or_sent(told: Vault) -> None:
    leaks = {name: found for name, written in told.written.items() if (found := told.canaries.found(written))}

    assert not leaks


def test_what_was_searched_is_everything_and_says_what_is_no_secret(told: Vault) -> None:
    names = " ".join(told.written)
    said = b"".join(told.written.values())

    kept = "session.db session.db-wal output.log intent.json progress.jsonl plan.json ended.json rollout.yaml"
    exported = "snapshot.json report.md report.html screen.svg"
    for part in (*kept.split(), *exported.split(), "alert CRITICAL", "frame", "terminal"):
        assert part in names
    for text in (WHY, TENANT, "Roll back", "the token is [redacted]"):
        assert text.encode() in said


def test_what_must_hold_secrets_is_for_its_owner_alone_and_nothing_else_is_left(told: Vault) -> None:
    files = {told.file.name, told.wrong.name, told.broken.name, "app.log", "prints.py"}
    inputs = files | {"queries", "state", "exports", "tmp"}
    left = [path for path in told.folder.iterdir() if path.name not in inputs]

    assert {path.name.partition("rollback")[0] for path in left} == set(MUST_HOLD_SECRETS)
    assert {oct(path.stat().st_mode & 0o777) for path in left} == {"0o600"}
    assert not list((told.folder / "tmp").iterdir())
    assert {oct(path.stat().st_mode & 0o077) for path in told.files()} == {"0o0"}


CRASHES = {
    "a source": "import console.sources.redis_probe as there; there.RedisAsker._ping = fail",
    "a screen": "import console.screens.soak as there; there.SoakScreen.compose = fail",
    "a picture": "import console.screens.soak as there; there.SoakScreen.show_frame = fail",
    "a command": "import console.commands.watch as there; there.watch = fail",
}


@pytest.mark.parametrize("where", CRASHES)
def test_a_fault_of_the_program_is_told_without_the_secrets_in_its_words_and_variables(told: Vault, where: str) -> None:
    script = f"""
import os, sys
def fail(*given, **more):
    secret = os.environ["NEW_API_KEY"]
    raise RuntimeError("it broke at " + secret + " and " + os.environ["DATABASE_URL"])
{CRASHES[where]}
from console.cli import main
sys.exit(main(["watch", "{told.file.name}", "--new"]))
"""
    screen = told.watched(sys.executable, "-c", script)
    try:
        screen.wait("it broke at [redacted]")
        screen.send("q")
        screen.wait_end()
    finally:
        screen.close()

    seen = (*(frame.encode() for frame in screen.frames), printed(bytes(screen.raw)))
    assert not [name for text in seen for name in told.canaries.found(text)]
