"""An engine with an image that has the suite's own Python, for what runs as containers."""

import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from console.demo import launch
from tests.servers import PrivateEngine, missing

REPOSITORY, TAG = "rollout-console-test", "python"
_LEFT_OUT = ("site-packages", "test", "idlelib", "ensurepip", "lib2to3", "tkinter", "__pycache__", "config-")


def python_root() -> bytes:
    """Return the Python that runs the tests as a root file system: interpreter, libraries, standard library."""
    interpreter = Path(sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib"))
    linked = subprocess.run(["ldd", interpreter], capture_output=True, text=True, check=True).stdout
    modules = " ".join(str(path) for path in (stdlib / "lib-dynload").glob("*.so"))
    linked += subprocess.run(["ldd", *modules.split()], capture_output=True, text=True, check=False).stdout
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as tar:
        for path in {interpreter, *(Path(found) for found in re.findall(r"(/\S+\.so\S*) \(0x", linked))}:
            tar.add(path)
        tar.add(stdlib, filter=lambda entry: None if Path(entry.name).name.startswith(_LEFT_OUT) else entry)
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, str(interpreter)
        tar.addfile(link)
    return packed.getvalue()


@pytest.fixture(scope="module")
def image(engine: PrivateEngine) -> str:
    client = docker.DockerClient(base_url=engine.url)
    client.api.import_image_from_data(python_root(), repository=REPOSITORY, tag=TAG, changes=["ENV PATH=/usr/bin:/bin"])
    client.close()
    return f"{REPOSITORY}:{TAG}"


def demo_containers(client: docker.DockerClient, demo: launch.Demo) -> dict[str, Container]:
    """Return the containers of one demo by their track; the engine may have others."""
    project = f"com.docker.compose.project={demo.folder.name.lower()}"
    found = client.containers.list(all=True, filters={"label": project})
    return {each.labels["rollout.track"]: each for each in found}


@pytest.fixture
def at_engine(engine: PrivateEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """Let everything talk to the private engine, and say what is there."""
    if shutil.which("docker-compose") is None and shutil.which("docker") is None:
        missing("there is no compose")
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    client = docker.DockerClient(base_url=engine.url)
    yield client
    client.close()
