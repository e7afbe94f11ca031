"""A sink and a mailbox that remember what sources hand them."""

import threading

from console.core.inputs import ContainerNamed, GapSuspected, Input, SourceChanged
from console.core.words import SourceState
from console.sources.base import Block


class RecordingSink:
    """Keeps every line once, by its key, as the engine's sink does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.positions: dict[tuple[str, str, str], int] = {}
        self.lines: list[bytes] = []
        self.blocks: list[Block] = []
        self.gone: set[str] = set()
        self.names: dict[tuple[str, str], tuple[str, str]] = {}
        self.repeated = 0

    def resume(self, source: str, origin: str, stream: str) -> int:
        return self.positions.get((source, origin, stream), -1)

    def known(self, source: str) -> frozenset[str]:
        return frozenset(origin for name, origin, _ in self.positions if name == source) - self.gone

    def named(self, source: str, origin: str) -> tuple[str, str] | None:
        return self.names.get((source, origin))

    def take(self, block: Block) -> None:
        with self._lock:
            where = (block.source, block.origin, block.stream)
            last = self.positions.get(where, -1)
            assert len(block.keys) == len(block.lines) == len(block.times) > 0
            assert all(one < other for one, other in zip(block.keys, block.keys[1:], strict=False))
            fresh = [line for key, line in zip(block.keys, block.lines, strict=True) if key > last]
            self.repeated += len(block.keys) - len(fresh)
            self.lines.extend(fresh)
            self.blocks.append(block)
            self.positions[where] = max(last, block.keys[-1])

    def begin(self, source: str, origin: str, name: str, track: str, key: int) -> None:
        self.positions.setdefault((source, origin, ""), key)

    def ended(self, source: str, origin: str) -> None:
        self.gone.add(origin)


class Mailbox:
    """Keeps what sources post."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []

    def post(self, given: Input) -> None:
        self.inputs.append(given)

    @property
    def changes(self) -> list[SourceChanged]:
        return [given for given in self.inputs if isinstance(given, SourceChanged)]

    @property
    def gaps(self) -> list[GapSuspected]:
        return [given for given in self.inputs if isinstance(given, GapSuspected)]

    @property
    def became(self) -> list[tuple[str, str, str]]:
        named = [given for given in self.inputs if isinstance(given, ContainerNamed)]
        return [(given.name, given.track, given.became) for given in named]

    @property
    def state(self) -> SourceState | None:
        return self.changes[-1].state if self.changes else None

    @property
    def reason(self) -> str:
        return self.changes[-1].reason if self.changes else ""
