"""The scripts of `fsm-checkpoint`, on the demo's Valkey: `migrate` puts the states of old keys into the checkpoints,
`cleanup` deletes the old keys. Both print the lines by which
the rollout file judges the real ones."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from console.demo.programs import Place, main
from console.demo.worlds.fsm_checkpoint import CHECKPOINT, LEGACY, STAGES, fsm_state

_AT_ONCE = 200
_PAUSE_S = 0.25
"""Between two batches at speed 1, so that one sees the bar grow."""
_DAY_S = 86_400


async def migrate(place: Place, words: Sequence[str]) -> int:
    """Give every checkpoint its state; 0 when all have one. `--dry-run` changes nothing, `--verify-only` looks."""
    async with redis.asyncio.Redis.from_url(place.redis_url, decode_responses=True) as client:
        done = _Migration(client, is_dry_run="--dry-run" in words)
        if "--verify-only" not in words:
            print("Trying the migration; nothing is changed" if done.is_dry_run else "Migrating the checkpoints")
            async for keys in _batches(client, CHECKPOINT, _PAUSE_S / place.speed):
                await done.batch(keys)
            done.tell()
        missing = await _verify(client)
    return 1 if done.errors or (missing and not done.is_dry_run) else 0


@dataclass(slots=True)
class _Migration:
    client: Any
    is_dry_run: bool
    scanned: int = 0
    updated: int = 0
    had: int = 0
    errors: int = 0

    async def batch(self, keys: Sequence[str]) -> None:
        """Give some checkpoints their state, unless the agent was quicker."""
        for key in keys:
            self.scanned += 1
            if await self.client.hexists(key, "fsm_state"):
                self.had += 1
                continue
            try:
                state = _state_of(
                    await self.client.get(LEGACY + key.removeprefix(CHECKPOINT)), await self.client.hget(key, "step")
                )
            except ValueError as error:
                self.errors += 1
                print(f"  ERROR {key}: {error}", file=sys.stderr)
                continue
            if self.is_dry_run or await self.client.hsetnx(key, "fsm_state", state):
                self.updated += 1
            else:
                self.had += 1
        print(f"  … {self.scanned:,} scanned, {self.updated:,} updated, {self.errors:,} errors", flush=True)

    def tell(self) -> None:
        """Print the sums, and the rate by which the run is judged."""
        share = 100 * (self.scanned - self.errors) / self.scanned if self.scanned else 100.0
        print(f"  looked at: {self.scanned:,}")
        print(f"  {'would get' if self.is_dry_run else 'got'} a state: {self.updated:,}")
        print(f"  had one before: {self.had:,}")
        print(f"  could not be migrated: {self.errors:,}")
        print(f"Migration success rate: {'100' if not self.errors else f'{min(share, 99.99):.2f}'}%")


def _state_of(legacy: str | None, step: str | None) -> str:
    """Return the state as a checkpoint holds it; raises `ValueError` for an old one that cannot be read."""
    if legacy is None:
        return fsm_state(step if step in STAGES else STAGES[0])
    try:
        said = json.loads(legacy)
    except ValueError:
        raise ValueError(f"its old state cannot be read: {legacy[:30]!r}") from None
    if not isinstance(said, dict) or said.get("state") not in STAGES:
        raise ValueError("its old state is none that the agent knows")
    return legacy


async def _verify(client: Any) -> int:
    """Print how many checkpoints have a state, and return how many have none."""
    total = having = 0
    async for keys in _batches(client, CHECKPOINT):
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.hexists(key, "fsm_state")
        having += sum(await pipe.execute())
        total += len(keys)
    print(f"{having:,} of {total:,} checkpoints hold a state")
    print(f"Missing fsm_state: {total - having:,}")
    if having == total:
        print("MIGRATION COMPLETE")
    return total - having


async def cleanup(place: Place, words: Sequence[str]) -> int:
    """Delete the old keys whose checkpoint has the state; 0 when none had to be spared for lack of it.

    `--dry-run` deletes nothing; `--keep-for-days 7` keeps what was touched in the last seven days.
    """
    is_dry_run = "--dry-run" in words
    keep_s = int(words[words.index("--keep-for-days") + 1]) * _DAY_S if "--keep-for-days" in words else 0
    scanned = deleted = spared = 0
    async with redis.asyncio.Redis.from_url(place.redis_url, decode_responses=True) as client:
        print("Trying the clean-up; nothing is deleted" if is_dry_run else "Deleting old keys")
        async for keys in _batches(client, LEGACY, _PAUSE_S / place.speed):
            for key in keys:
                scanned += 1
                if not await client.hexists(CHECKPOINT + key.removeprefix(LEGACY), "fsm_state"):
                    spared += 1
                    continue
                if (await client.object("idletime", key) or 0) >= keep_s:
                    deleted += 1 if is_dry_run else int(await client.unlink(key))
            print(f"  … {scanned:,} scanned, {deleted:,} {'to be deleted' if is_dry_run else 'deleted'}", flush=True)
        left = 0
        async for keys in _batches(client, LEGACY):
            left += len(keys)
    rate = 100 * (scanned - spared) / scanned if scanned else 100.0
    print(f"  looked at: {scanned:,}")
    print(f"  {'would be ' if is_dry_run else ''}deleted: {deleted:,}")
    print(f"  spared, as their checkpoint has no state: {spared:,}")
    print(f"Cleanup success rate: {'100' if not spared else f'{min(rate, 99.99):.2f}'}%")
    print(f"{left:,} old keys are left")
    return 1 if spared else 0


async def _batches(client: Any, prefix: str, pause_s: float = 0.0) -> AsyncIterator[list[str]]:
    """Yield the keys that begin with a prefix, each once, in batches with pauses."""
    seen: set[str] = set()
    cursor = 0
    while True:
        cursor, found = await client.scan(cursor, match=f"{prefix}*", count=_AT_ONCE)
        keys = [key for key in found if key not in seen]
        seen.update(keys)
        if keys:
            yield keys
        if int(cursor) == 0:
            return
        if pause_s:
            await asyncio.sleep(pause_s)


if __name__ == "__main__":
    sys.exit(main({"migrate": migrate, "cleanup": cleanup}))
