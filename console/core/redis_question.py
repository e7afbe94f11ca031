"""What Redis or Valkey is asked: the part of the frozen model that a metric or a check with `redis` has."""

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from console.core.kinds import REDIS_KINDS
from console.core.parts import Names, Part, Size, one_of

_ONE_STAR = re.compile(r"[^*?\[\]\\]*\*[^*?\[\]\\]*")


class RedisProbe(Part):
    """A question to Redis; SCAN is used for patterns, never KEYS."""

    ping: bool | None = None
    """Whether it answers, 1 or 0; `redis: ping` says the same."""
    scan: str | None = None
    """A key pattern; with `has_field` the share of those hashes or JSON documents that have the field, with `has_key`
    the share of those keys beside which there is another."""
    has_field: str | None = None
    """The field that `scan` looks for."""
    has_key: str | None = None
    """The key that `scan` looks for, such as `old:*`: its `*` stands for what that of `scan` stands for."""
    count: str | None = None
    """A key pattern whose keys are counted."""
    info: str | None = None
    """A field of INFO."""
    over: Names | None = None
    """Counters of INFO whose sum `info` is a share of: those of the metric's window, without one since the start."""
    persistence: bool | None = None
    """Whether it keeps its data over a restart, 1 or 0: it appends to a file, or saves snapshots."""
    saved: bool | None = None
    """How long ago it saved its last snapshot; not known where it saved none since it began, or the last one failed."""
    llen: str | None = None
    """A list whose length is taken."""
    size: str | None = None
    """A key pattern; the mean of what its keys take in memory, from a sample of them, or with `q` a percentile."""
    larger_than: Size | None = None
    """With `size` the share of the keys that take more, such as `5 KB`."""
    latency: Names | None = None
    """Commands, such as `[get, hgetall]`; the worst of their percentiles, as the server itself measures them: of the
    metric's window, without one since it began."""
    q: Annotated[float, Field(gt=0, le=1)] | None = None
    """Which percentile: of `latency` 0.99 without it; of `size` 1 is the largest."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = one_of(self, REDIS_KINDS)
        if self.over is not None and (kind != "info" or self.info not in self.over):
            raise ValueError("over goes with info, and names that field too: the share is one of all of them")
        if (kind == "scan") != ((self.has_field is None) != (self.has_key is None)):
            raise ValueError("scan goes with has_field or has_key; to count keys use count")
        if self.has_key is not None and not (
            _ONE_STAR.fullmatch(self.scan or "") and _ONE_STAR.fullmatch(self.has_key)
        ):
            raise ValueError("scan and has_key have one * each, and no other sign of a pattern")
        if self.larger_than is not None and kind != "size":
            raise ValueError("larger_than belongs to size")
        if self.q is not None and (kind not in ("size", "latency") or self.larger_than is not None):
            raise ValueError("q belongs to size, without larger_than, or to latency")
        if self.q == 1 and kind == "latency":
            raise ValueError("the server keeps percentiles of latency and no longest time: q is less than 1")
        return self

    @property
    def unit(self) -> str:
        """What a check's condition on the answer is in: seconds since it saved, otherwise plain numbers."""
        return "s" if self.saved else ""

    @property
    def percentile(self) -> float:
        """Which percentile of a latency is asked for."""
        return 0.99 if self.q is None else self.q

    @property
    def walked(self) -> "RedisProbe":
        """The question without what only the answer depends on: those with the same one share their passes."""
        return self.model_copy(update={"q": None})

    def beside(self, key: str) -> str:
        """Return the key that `has_key` names for one that `scan` found."""
        before, _, after = (self.scan or "").partition("*")
        return (self.has_key or "").replace("*", key[len(before) : len(key) - len(after)])

    @property
    def is_pass(self) -> bool:
        """Whether every key of a pattern is looked at."""
        return (self.scan or self.count or self.size) is not None


def _redis(value: Any) -> Any:
    return {"ping": True} if value == "ping" else value


RedisQuestion = Annotated[RedisProbe, BeforeValidator(_redis)]
