"""A service of numbered writers on a private engine, and what the operator does to it."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import docker.errors
from docker.models.containers import Container
from docker.types import LogConfig

from tests.faults.engine_log import read_log
from tests.faults.plan import Family
from tests.faults.program import wait_for
from tests.faults.truth import Box
from tests.servers import PrivateEngine

STOP_S = 3
"""What a writer that is asked to end gets; one that has only just begun does not hear it."""
STILL_LOOKS = 3
"""A log in which so many looks find the same end is at its end."""
QUIET_S = 20.0
AGAIN_S = 3.0


class Service:
    """The containers of one service; every removed one keeps what is known of it."""

    def __init__(self, engine: PrivateEngine, family: Family, folder: Path) -> None:
        self.boxes: list[Box] = []
        """Every container there ever was, in the order of their creation."""
        self.slots: dict[int, Box] = {}
        """Those that are there now."""
        self._engine = engine
        self._family = family
        self._folder = folder
        self._rates: dict[int, float] = {}
        self._floods: dict[str, int] = {}

    # -- coming and going ------------------------------------------------------------------------------------------

    def begin(self, slot: int, track: str, rate: float) -> None:
        """Start a container in a slot."""
        token = f"g{len(self.boxes)}"
        box = Box(token, track, self._folder / token, slot)
        box.folder.mkdir()
        self._order(box, rate)
        with self.docker() as client:
            made = client.api.create_container(
                self._engine.image,
                [str(_python()), "-IS", "/writer/writer.py", "/box", token],
                name=self._free_name(client, box),
                labels={"com.docker.compose.project": "shop", "com.docker.compose.service": "app", "track": track},
                stop_timeout=STOP_S,
                host_config=client.api.create_host_config(
                    network_mode="none",
                    restart_policy={"Name": "unless-stopped"},
                    binds=_binds(box),
                    log_config=LogConfig(type=self._family.driver, config=dict(self._family.options)),
                ),
            )
            box.id = str(made["Id"])
            client.api.start(box.id)
        self.boxes.append(box)
        self.slots[slot] = box

    def recreate(self, slot: int, wait_until_read: Callable[[Box], None] | None) -> None:
        """Put a new container in the place of one, as compose does; its log goes once it was read, or at once."""
        box = self.slots[slot]
        self._retire(box, wait_until_read, kill=False)
        self.begin(slot, box.track, self._rates[slot])

    def remove(self, slot: int, wait_until_read: Callable[[Box], None] | None) -> None:
        """Take a container away; its log goes once it was read, or at once."""
        self._retire(self.slots.pop(slot), wait_until_read, kill=wait_until_read is None)

    def _retire(self, box: Box, wait_until_read: Callable[[Box], None] | None, *, kill: bool) -> None:
        with self._container(box) as container:
            container.kill() if kill else container.stop()
            container.wait()
            self._look(box)
            box.was_dropped = wait_until_read is None
            if wait_until_read is not None:
                wait_until_read(box)
            container.remove(force=True)

    def restart(self, slot: int, *, kill: bool) -> None:
        """Restart a container in order, or kill it and start it."""
        with self._container(self.slots[slot]) as container:
            if not kill:
                container.restart()
                return
            container.kill()
            container.wait()
            container.start()

    def crash(self, slot: int) -> None:
        """Kill the process of a container behind the engine's back, and return when the engine has started another."""
        box = self.slots[slot]
        wait_for(lambda: self._pid(box) > 0, QUIET_S, f"{box.token} running")
        before = self._pid(box)
        if before > 0:  # 0 would be this process and all beside it
            os.kill(before, signal.SIGKILL)
        wait_for(lambda: self._pid(box) not in (0, before), QUIET_S, f"{box.token} started again")

    def wait_until_all_run(self) -> None:
        """Return when everything runs that stopped with the engine: what it does not start again is started here."""
        try:
            wait_for(lambda: all(map(self._pid, self.slots.values())), AGAIN_S, "every container started again")
        except TimeoutError:
            with self.docker() as client:
                for box in self.slots.values():
                    client.api.start(box.id)

    def _pid(self, box: Box) -> int:
        """Return the process of a container on this machine, 0 if it does not run."""
        with self.docker() as client:
            state = client.api.inspect_container(box.id)["State"]
            return int(state["Pid"]) if state["Running"] else 0

    def rename(self, slot: int) -> None:
        """Give a container another name."""
        box = self.slots[slot]
        with self.docker() as client:
            client.api.rename(box.id, self._free_name(client, box))

    def pause(self, slot: int) -> None:
        """Freeze the processes of a container."""
        with self._container(self.slots[slot]) as container:
            container.pause()

    def unpause(self, slot: int) -> None:
        """Let them go on."""
        with self._container(self.slots[slot]) as container:
            container.unpause()

    # -- writing ---------------------------------------------------------------------------------------------------

    def write_at(self, slot: int, rate: float) -> None:
        """Let a container write so many lines a second from now on."""
        self._order(self.slots[slot], rate)

    def flood(self, slot: int, lines: int) -> None:
        """Let a container write many lines as fast as it can."""
        box = self.slots[slot]
        self._floods[box.token] = self._floods.get(box.token, 0) + lines
        self._order(box, self._rates[slot])

    def end_writing(self) -> None:
        """Let nobody write any more: every second container ends in order, the others fall silent."""
        for slot in self.slots:
            self.write_at(slot, 0)
        for box in list(self.slots.values())[::2]:
            with self._container(box) as container:
                container.stop()
        wait_for(lambda: all(map(_is_quiet, self.slots.values())), QUIET_S, "every writer at its end")

    def look(self) -> None:
        """Read the engine's own record of every container there is."""
        for box in self.slots.values():
            seen: list[dict[str, int]] = []

            def is_still(box: Box = box, seen: list[dict[str, int]] = seen) -> bool:
                seen.append(box.ends_ns)
                self._look(box)
                return len(seen) > STILL_LOOKS and all(ends == box.ends_ns for ends in seen[-STILL_LOOKS:])

            # What left the writer's hands may not have reached the engine's.
            wait_for(is_still, QUIET_S, "the engine's record of a container at its end")

    def clear(self) -> None:
        """Remove every container."""
        with self.docker() as client:
            for container in client.containers.list(all=True):
                container.remove(force=True)

    def _look(self, box: Box) -> None:
        box.log = read_log(self._engine.url.removeprefix("unix://"), box.id)
        box.log_read_at = time.time()

    def _order(self, box: Box, rate: float) -> None:
        self._rates[box.slot] = rate
        written = box.folder / "orders.new"
        written.write_text(f"{rate} {self._floods.get(box.token, 0)}\n")
        written.rename(box.folder / "orders")

    def _free_name(self, client: docker.DockerClient, box: Box) -> str:
        """Return the name of the slot, or one beside it while that is taken, and note it."""
        plain = f"shop-app-{box.slot}"
        taken = {name.lstrip("/") for entry in client.api.containers(all=True) for name in entry["Names"]}
        name = plain if plain not in taken else f"{plain}-{len(box.names)}-{box.token}"
        box.names.add(name)
        return name

    @contextmanager
    def docker(self) -> Iterator[docker.DockerClient]:
        """Give a client of the engine, past every relay."""
        client = docker.DockerClient(base_url=self._engine.url, timeout=60)
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def _container(self, box: Box) -> Iterator[Container]:
        with self.docker() as client:
            yield client.containers.get(box.id)


def _is_quiet(box: Box) -> bool:
    """Return whether the last run of a writer has noted the end of what it began to write, on both streams."""
    newest = max(box.folder.glob("*.notes"), key=lambda file: file.stat().st_mtime_ns, default=None)
    if newest is None or time.time() - newest.stat().st_mtime < 0.5:
        return newest is None
    return not newest.read_text().rpartition("\n")[0].rpartition("\n")[2].startswith(">")


def _python() -> Path:
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _binds(box: Box) -> list[str]:
    """Return what a container sees of this machine: the interpreter that runs the tests, the writer, its folder."""
    seen = {"/usr", "/lib", "/lib64", str(Path(sys.base_prefix).resolve())}
    shared = sorted(path for path in seen if Path(path).is_dir() and (path == "/usr" or not path.startswith("/usr/")))
    return [
        *(f"{path}:{path}:ro" for path in shared),
        f"{Path(__file__).parent}:/writer:ro",
        f"{box.folder}:/box:rw",
    ]
