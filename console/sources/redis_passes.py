"""Looks at every key that a pattern names, in bites with rests between them, over as many measurements as it takes.

SCAN and never KEYS. A key that is there during a whole pass is seen for certain; one that comes or goes meanwhile may
or may not be, and a key may come twice while the server resizes its table (Redis documentation, SCAN).

A server does one thing at a time, so what a guest asks makes others wait. Two things bound that: no command looks at
more than `SCAN_COUNT` keys, and all passes over a server share one pace, which rests twice as long as a bite took
and lets no more than `COMMANDS_PER_S` through.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.core.conditions import in_unit, share_scale
from console.core.inputs import Reading
from console.core.quantiles import bin_of, quantile
from console.core.redis_question import RedisProbe
from console.sources.base import Unfinished

SCAN_COUNT = 500
"""Keys that the server looks at for one SCAN."""
SIZED = 50
"""Keys of a bite whose size is asked: a sample of a large database, and nearly all of a small one."""
COMMANDS_PER_S = 20_000
"""Most reading commands in a second, over all passes of a server."""
PAUSE_S = 0.01
"""Shortest rest between two bites: at most a hundred SCANs in a second."""
REST = 2.0
"""How many times as long as it took a bite is rested after: the console has a third of a server's time at most."""
DOCUMENT_LIMIT_BYTES = 1024 * 1024
"""A longer string is not fetched to look for a field in it."""
FETCHED_LIMIT_BYTES = 4 * DOCUMENT_LIMIT_BYTES
"""So much of strings is fetched at once."""

Command = tuple[str, *tuple[Any, ...]]


class Pace:
    """One bite after the other, with rests between them; whoever waits has its turn in order."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    @contextlib.asynccontextmanager
    async def bite(self) -> AsyncIterator["Bite"]:
        """Wait for the turn; what is asked in it is counted, and rested for before the next."""
        async with self._turn:
            wait_s = self._next_at - self._clock()
            if wait_s > 0:
                await self._sleep(wait_s)
            began, bite = self._clock(), Bite()
            try:
                yield bite
            finally:
                ended = self._clock()
                rest_s = max(PAUSE_S, REST * (ended - began), bite.commands / COMMANDS_PER_S)
                self._next_at = ended + rest_s


@dataclass(slots=True)
class Bite:
    """What is asked in one turn."""

    commands: int = 0


@dataclass(slots=True)
class Pass:
    """One look at every key of a pattern, as far as it came."""

    probe: RedisProbe
    server: str
    """Identity of the server's process: with another one the cursor means nothing."""
    of_about: int
    """How many keys the database had when it began."""
    cursor: int = 0
    bites: int = 0
    keys: int = 0
    """Keys of the pattern that were seen."""
    samples: int = 0
    bad: int = 0
    size_bytes: int = 0
    sizes: Counter[int] = field(default_factory=Counter)
    """The sampled sizes in logarithmic buckets, as `core.quantiles` has them."""
    largest_bytes: int = 0

    def __str__(self) -> str:
        looked_at = min(self.of_about, self.bites * SCAN_COUNT)
        return f"after about {looked_at:,} of {self.of_about:,} keys"

    def reading(self, probe: RedisProbe, unit: str) -> Reading:
        """Return what a finished pass found of a question that it was made for, in the unit of its metric."""
        if probe.count is not None:
            return Reading("", float(self.keys))  # no key is a count too, not a lack of samples
        if probe.size is not None and probe.larger_than is None:
            size = self._size(probe.q)
            return Reading("", None if size is None else in_unit(size, "size", unit), samples=self.samples)
        part = self.bad if probe.size is not None else self.samples - self.bad
        share = part / self.samples * share_scale(unit) if self.samples else None
        return Reading("", share, samples=self.samples, bad=self.bad)

    def _size(self, q: float | None) -> float | None:
        """Return the mean of the sampled sizes in bytes, or a percentile within 1 %; the largest is exact."""
        if not self.samples:
            return None
        if q is None:
            return self.size_bytes / self.samples
        return float(self.largest_bytes) if q == 1 else quantile(self.sizes, q)


@dataclass(slots=True)
class Walk:
    """The passes of one question: at most one at a time, kept where time ran out."""

    open: Pass | None = None
    done: Pass | None = None
    """The last one that is through."""
    done_at: float = 0.0
    """A time of `time.monotonic`."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Patience:
    """How long a measurement may go on, and what it waits for when that is over: the server, or its own turn."""

    until: float
    """A time of `time.monotonic` after which no bite is begun."""
    is_asking: bool = False
    """The server was asked for the first time in this measurement, and has not answered yet."""


async def go_on(client: Any, walk: Walk, probe: RedisProbe, pace: Pace, patience: Patience) -> Pass:
    """Carry the pass of a question on, or begin one, and return it when it is through.

    What came to its end while this one waited for its turn is its answer too: several metrics ask for the same pass.
    Raises `Unfinished` when patience is over; the next call goes on from there.
    """
    asked_at = time.monotonic()
    async with walk.turn:
        if walk.done is not None and walk.done_at >= asked_at:
            return walk.done
        patience.is_asking = True
        made = await _taken_up(client, walk, probe)
        patience.is_asking = False
        while True:
            async with pace.bite() as bite:
                await _bite(client, made, bite)
            if made.cursor == 0:
                walk.open, walk.done, walk.done_at = None, made, time.monotonic()
                return made
            if time.monotonic() >= patience.until:
                raise Unfinished(f"the pass is not through: {made}; the next measurement goes on from there")


async def _taken_up(client: Any, walk: Walk, probe: RedisProbe) -> Pass:
    told = await client.info("server")
    server = str(told.get("run_id", ""))
    if walk.open is None or walk.open.server != server:
        walk.open = Pass(probe, server, int(await client.dbsize()))
    return walk.open


async def _bite(client: Any, made: Pass, bite: Bite) -> None:
    """Look at the next keys; the pass moves on only when all that is asked of them is answered."""
    probe = made.probe
    pattern = probe.scan or probe.count or probe.size
    cursor, keys = await client.scan(made.cursor, match=pattern, count=SCAN_COUNT)
    bite.commands += 1
    if keys and probe.has_field is not None:
        found = await _have_field(client, keys, probe.has_field, bite)
        made.samples += len(found) - found.count(None)
        made.bad += found.count(False)
    elif keys and probe.has_key is not None:
        made.samples += len(keys)
        made.bad += (await _have_key(client, keys, probe, bite)).count(False)
    elif keys and probe.size is not None:
        sizes = await _sizes(client, keys, bite)
        made.samples += len(sizes)
        made.size_bytes += sum(sizes)
        made.sizes.update(map(bin_of, sizes))
        made.largest_bytes = max((made.largest_bytes, *sizes))
        made.bad += sum(size > (probe.larger_than or 0.0) for size in sizes)
    made.keys += len(keys)
    made.bites += 1
    made.cursor = int(cursor)


async def _sizes(client: Any, keys: Sequence[bytes], bite: Bite) -> list[int]:
    """Return what a part of the keys take in the server's memory, evenly picked; keys that went away are left out."""
    picked = keys[:: -(-len(keys) // SIZED)]
    sizes = await _pipeline(client, [("MEMORY", "USAGE", key) for key in picked], bite)
    for size in sizes:
        if isinstance(size, Exception):
            raise size
    return [size for size in sizes if size is not None]


async def _have_field(client: Any, keys: Sequence[bytes], name: str, bite: Bite) -> list[bool | None]:
    """Return for each key whether it has the field, `None` for a key that is no more there."""
    answers = await _pipeline(client, [("HEXISTS", key, name) for key in keys], bite)
    found: list[bool | None] = [answer == 1 for answer in answers]
    doubtful = [number for number, answer in enumerate(answers) if answer != 1]
    kinds = await _pipeline(client, [("TYPE", keys[number]) for number in doubtful], bite)
    strings, documents = [], []
    for number, kind in zip(doubtful, kinds, strict=True):
        match kind:
            case b"none":
                found[number] = None
            case b"string":
                strings.append(number)
            case b"ReJSON-RL":
                documents.append(number)
    told = await _strings_have(client, [keys[number] for number in strings], name, bite)
    for number, answer in zip(strings, told, strict=True):
        found[number] = answer
    kinds = await _pipeline(client, [("JSON.TYPE", keys[number], f"$.{name}") for number in documents], bite)
    for number, kind in zip(documents, kinds, strict=True):
        found[number] = bool(kind) and not isinstance(kind, Exception)
    return found


async def _have_key(client: Any, keys: Sequence[bytes], probe: RedisProbe, bite: Bite) -> list[bool]:
    """Return for each key whether there is the one that belongs beside it."""
    names = [probe.beside(key.decode("utf-8", "surrogateescape")) for key in keys]
    answers = await _pipeline(client, [("EXISTS", name.encode("utf-8", "surrogateescape")) for name in names], bite)
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return [answer == 1 for answer in answers]


async def _strings_have(client: Any, keys: Sequence[bytes], name: str, bite: Bite) -> list[bool | None]:
    """Return for each string whether it is a JSON document with the field; so much is fetched at once, and no more."""
    lengths = await _pipeline(client, [("STRLEN", key) for key in keys], bite)
    found: list[bool | None] = [False] * len(keys)
    for numbers in _loads(lengths):
        texts = await _pipeline(client, [("GET", keys[number]) for number in numbers], bite)
        for number, text in zip(numbers, texts, strict=True):
            found[number] = None if text is None else _document_has(text, name)
    return found


def _loads(lengths: Sequence[Any]) -> list[list[int]]:
    """Return the places of the strings that are fetched, in groups that are not too large together."""
    loads: list[list[int]] = [[]]
    waiting_bytes = 0
    for number, length in enumerate(lengths):
        if not isinstance(length, int) or length > DOCUMENT_LIMIT_BYTES:
            continue
        if waiting_bytes + length > FETCHED_LIMIT_BYTES:
            loads.append([])
            waiting_bytes = 0
        loads[-1].append(number)
        waiting_bytes += length
    return loads


def _document_has(text: object, name: str) -> bool:
    if not isinstance(text, bytes):
        return False
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and name in document


async def _pipeline(client: Any, commands: Sequence[Command], bite: Bite) -> list[Any]:
    """Send reading commands together; an error takes the place of its answer."""
    if not commands:
        return []
    bite.commands += len(commands)
    async with client.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        return list(await pipe.execute(raise_on_error=False))
