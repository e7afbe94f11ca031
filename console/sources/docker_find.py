"""Which containers a Docker source follows, and which track each belongs to. The engine's listing is the truth."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import docker
import docker.errors

from console.core.rollout import DockerSelector, TrackMatch
from console.core.text import visible
from console.sources.docker_frames import stamp_or_zero

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmgt]?)b?")
_SIZES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_ONE_OFF = "com.docker.compose.oneoff"


@dataclass(frozen=True, slots=True)
class Container:
    """A container that a source follows."""

    id: str
    name: str
    """Without the leading slash; safe to draw."""
    image: str
    """As it was asked for when the container was made."""
    track: str
    state: str
    """As the engine says it: `running`, `exited`, `created`, `paused`, `restarting`, `dead`."""
    has_terminal: bool
    caution: str
    """What about its logging may lose lines, empty if nothing."""
    file_bytes: int = 0
    """Size at which the engine begins a new log file; 0 for never."""
    files: int = 1
    """How many files of that size it keeps."""
    is_json: bool = True
    """Whether they hold JSON, which escapes some characters."""
    created_ns: int = 0
    """When it was made, by the engine's clock; 0 for nobody knows."""

    @property
    def is_running(self) -> bool:
        """Whether there is a process; one that is about to be restarted has none."""
        return self.state in ("running", "paused")


def list_containers(
    client: docker.DockerClient,
    selector: DockerSelector,
    tracks: Mapping[str, TrackMatch],
    before: Mapping[str, Container] | None = None,
) -> list[Container]:
    """Return the containers that a selector names, stopped ones too, by name.

    What never changes about a container is taken over from `before` instead of being asked again. One-off containers
    of compose (`compose run`) do not belong to a service.
    """
    listed = client.api.containers(all=True, filters={"label": _label_filters(selector)})
    found: list[Container] = []
    for entry in listed:
        known = (before or {}).get(entry["Id"])
        names = [name.lstrip("/") for name in entry.get("Names") or [] if name.count("/") == 1]
        name = names[0] if names else entry["Id"][:12]
        labels = entry.get("Labels") or {}
        shown_image = str(entry.get("Image") or "")
        # An image that lost its tag is listed by its digest; only inspecting tells what it was asked for as.
        if not shown_image.startswith("sha256:") and not matches(selector, name, shown_image, labels):
            continue
        if known is None:
            try:
                details = client.api.inspect_container(entry["Id"])
            except docker.errors.NotFound:
                continue  # removed since it was listed
            image = str(details["Config"].get("Image") or shown_image)
            has_terminal = bool(details["Config"].get("Tty"))
            caution, file_bytes = _caution(details), _file_bytes(details)
            files, is_json = _files(details), _driver(details) != "local"
            created_ns = stamp_or_zero(str(details.get("Created") or ""))
        else:
            image, has_terminal = known.image, known.has_terminal
            caution, file_bytes = known.caution, known.file_bytes
            files, is_json, created_ns = known.files, known.is_json, known.created_ns
        if not matches(selector, name, image, labels):
            continue
        track = track_of(tracks, name, image, labels)
        shown = visible(name, 200)
        found.append(
            Container(
                id=entry["Id"],
                name=shown,
                image=image,
                track=track,
                state=str(entry["State"]),
                has_terminal=has_terminal,
                caution=caution,
                file_bytes=file_bytes,
                files=files,
                is_json=is_json,
                created_ns=created_ns,
            )
        )
    return sorted(found, key=lambda container: container.name)


def matches(selector: DockerSelector, name: str, image: str, labels: Mapping[str, str]) -> bool:
    """Return whether every key that a selector gives fits a container."""
    if (selector.project or selector.service) and labels.get(_ONE_OFF, "").lower() == "true":
        return False
    return (
        (selector.project is None or labels.get(PROJECT) == selector.project)
        and (selector.service is None or labels.get(SERVICE) == selector.service)
        and (selector.name is None or fnmatchcase(name, selector.name))
        and (selector.label is None or has_label(labels, selector.label))
        and (selector.image is None or fnmatchcase(image, selector.image))
    )


def track_of(tracks: Mapping[str, TrackMatch], name: str, image: str, labels: Mapping[str, str]) -> str:
    """Return the first track that fits a container, empty for none."""
    for track, match in tracks.items():
        if match.label is not None and has_label(labels, match.label):
            return track
        if match.image is not None and fnmatchcase(image, match.image):
            return track
        if match.name is not None and fnmatchcase(name, match.name):
            return track
    return ""


def has_label(labels: Mapping[str, str], wanted: str) -> bool:
    """Return whether a label `key=value`, or `key` with any value, is there."""
    key, has_value, value = wanted.partition("=")
    return key in labels and (not has_value or labels[key] == value)


def describe(selector: DockerSelector) -> str:
    """Return a selector in words: `project=shop service=app`."""
    given = selector.model_dump(exclude_none=True)
    return visible(" ".join(f"{key}={value}" for key, value in given.items()), 200)


def count_by_track(containers: list[Container]) -> dict[str, int]:
    """Return how many containers run on each track."""
    counts: dict[str, int] = {}
    for container in containers:
        if container.is_running:
            counts[container.track] = counts.get(container.track, 0) + 1
    return counts


def _label_filters(selector: DockerSelector) -> list[str]:
    wanted = [selector.label] if selector.label else []
    if selector.project:
        wanted.append(f"{PROJECT}={selector.project}")
    if selector.service:
        wanted.append(f"{SERVICE}={selector.service}")
    return wanted


def _caution(details: Mapping[str, Any]) -> str:
    """Return how the logging of a container may lose lines before anybody can read them."""
    logging = details.get("HostConfig", {}).get("LogConfig") or {}
    options = logging.get("Config") or {}
    if options.get("mode") == "non-blocking":
        return "logs in non-blocking mode: under load the engine drops lines"
    if options.get("max-size") and options.get("max-file", "1") == "1" and logging.get("Type") == "json-file":
        return "keeps a single log file: at each rotation lines can be lost"
    return ""


def _driver(details: Mapping[str, Any]) -> str:
    return str((details.get("HostConfig", {}).get("LogConfig") or {}).get("Type") or "")


def _files(details: Mapping[str, Any]) -> int:
    """Return how many log files are kept: `local` has five, json-file one."""
    logging = details.get("HostConfig", {}).get("LogConfig") or {}
    said = str((logging.get("Config") or {}).get("max-file") or (5 if _driver(details) == "local" else 1))
    return max(1, int(said)) if said.isdigit() else 1


def _file_bytes(details: Mapping[str, Any]) -> int:
    """Return the size at which a log is rotated, as the engine reads it: `10m` is 10 MiB, `local` has 20 MiB."""
    logging = details.get("HostConfig", {}).get("LogConfig") or {}
    said = str((logging.get("Config") or {}).get("max-size") or ("20m" if _driver(details) == "local" else ""))
    match = _SIZE.fullmatch(said.lower())
    return int(float(match.group(1)) * _SIZES[match.group(2)]) if match else 0
