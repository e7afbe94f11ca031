"""Tries one source and says what is wrong with it, for people who set a rollout up."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.core.inputs import Input
from console.core.rollout import DockerSelector, Rollout, SourceSpec
from console.core.text import visible
from console.sources.base import Lost, ProbeFailed, Standing, Unreadable, in_daemon

TRY_S = 10.0
_REMEDIES = {
    "docker": "make `docker ps` work for this account, with the same DOCKER_HOST",
    "postgres": "make `psql` work from here with the same connection string",
    "redis": "make `redis-cli -u` work from here with the same address",
    "file": "correct the pattern; relative paths start at the folder of the rollout file",
    "command": "make the command work in the folder of the rollout file",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What trying a source found."""

    name: str
    kind: str
    ok: bool
    what: str
    """What was seen, or what is wrong; safe to draw."""
    remedy: str
    """What to do, for a source that works what would be better; empty for nothing."""


async def examine(name: str, spec: SourceSpec, rollout: Rollout, base_dir: Path) -> Finding:
    """Try a source once, within ten seconds; whatever fails is the finding, so nothing is raised."""
    kind = spec.kind
    try:
        async with asyncio.timeout(TRY_S):
            what, remedy = await _try(spec, rollout, base_dir)
    except TimeoutError:
        return Finding(name, kind, False, f"no answer within {TRY_S:g}s", _REMEDIES[kind])
    except (Lost, Unreadable, ProbeFailed, OSError) as failure:
        what, remedy = _parted(str(failure))
        return Finding(name, kind, False, visible(what, 400), visible(remedy or _REMEDIES[kind], 400))
    return Finding(name, kind, True, visible(what, 400), visible(remedy, 400))


async def _try(spec: SourceSpec, rollout: Rollout, base_dir: Path) -> tuple[str, str]:
    """Return what was seen of a source that works, and what would be better."""
    if spec.postgres is not None:
        return await _try_postgres(spec.postgres)
    if spec.redis is not None:
        return await _try_redis(spec.redis)
    if spec.docker is not None:
        selector = spec.docker
        return await in_daemon(lambda _: _try_docker(selector, spec.host, rollout), "examine docker")
    if spec.file is not None:
        pattern = spec.file
        return await in_daemon(lambda _: _try_file(pattern, base_dir), "examine file")
    return _try_command(spec.command or (), base_dir)


async def _try_postgres(dsn: str) -> tuple[str, str]:
    from console.sources.postgres import PostgresAsker  # noqa: PLC0415 - the driver only when it is needed

    asker = PostgresAsker(dsn, Standing("", _forget))
    try:
        version = await asker.version(TRY_S)
        what, _, remedy = asker.caution.partition("; ")
        return f"PostgreSQL {version}{f', {what}' if what else ''}", remedy
    finally:
        await asker.close()


async def _try_redis(url: str) -> tuple[str, str]:
    from console.sources.redis_probe import RedisAsker  # noqa: PLC0415 - the driver only when it is needed

    asker = RedisAsker(url, Standing("", _forget))
    try:
        return await asker.version(TRY_S), ""
    finally:
        await asker.close()


def _try_docker(selector: DockerSelector, host: str | None, rollout: Rollout) -> tuple[str, str]:
    from console.sources.docker_engine import Engine, Gone  # noqa: PLC0415 - the SDK only when it is needed
    from console.sources.docker_find import count_by_track, describe, list_containers  # noqa: PLC0415

    engine = Engine(host)
    try:
        with engine.client() as client:
            version = client.version()["Version"]
            found = list_containers(client, selector, rollout.tracks)
        for container in found:
            try:
                engine.logs(container.id, is_followed=False, tail=1).close()
            except Unreadable as obstacle:
                raise Unreadable(f"{container.name}: {obstacle}") from None
            except Gone:
                continue
    finally:
        engine.close()
    if not found:
        raise Unreadable(
            f"Docker {version} answers, and no container matches {describe(selector)};"
            " compare with the names and labels that `docker ps -a` and `docker inspect` show"
        )
    said = [f"{number} {track or 'of no track'}" for track, number in count_by_track(found).items()]
    number_of = f"{len(found)} {'container' if len(found) == 1 else 'containers'}"
    what = f"Docker {version}, {number_of}, running: {', '.join(said) or 'none'}"
    cautions = [f"{container.name} {container.caution}" for container in found if container.caution]
    if not cautions and rollout.tracks and any(not container.track for container in found):
        cautions = ["some containers are of no track: correct `tracks`"]
    return what, "; ".join(cautions)


def _try_file(pattern: str, base_dir: Path) -> tuple[str, str]:
    from console.sources.file_logs import find_files, no_file  # noqa: PLC0415 - beside the others

    found = find_files(pattern, base_dir)
    if not found:
        raise Unreadable(f"no file matches {base_dir / pattern}; {_REMEDIES['file']}")
    for path in found:
        if not path.is_file():
            raise Unreadable(f"{path} {no_file(path, path.stat().st_mode)}")
        if not os.access(path, os.R_OK):
            raise Unreadable(f"{path} may not be read; give this account the right to read it")
    size_bytes = sum(path.stat().st_size for path in found)
    return f"{len(found)} {'file' if len(found) == 1 else 'files'}, {size_bytes:,} bytes", ""


def _try_command(argv: Sequence[str], base_dir: Path) -> tuple[str, str]:
    """Look for the program; it is not run, because nobody knows what it does."""
    program = argv[0]
    path = str(base_dir / program) if "/" in program else shutil.which(program)
    if path is None or not Path(path).exists():
        raise Unreadable(f"there is no {program}; install it, or correct the command")
    if not os.access(path, os.X_OK):
        raise Unreadable(f"{program} may not be executed; give it the right with chmod +x")
    return path, ""


def _parted(reason: str) -> tuple[str, str]:
    """Return a reason and the remedy that stands behind it."""
    for mark in ("; ", ": is "):
        what, found, remedy = reason.partition(mark)
        if found:
            return what, f"is {remedy}" if mark == ": is " else remedy
    return reason, ""


def _forget(_: Input) -> None:
    """Only the answer counts here."""
