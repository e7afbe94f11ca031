"""From where to where: the pairs of an event as a table, with what was refused."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.core.classify import ARROW, OTHER, PAIR
from console.core.rollout import Rollout
from console.core.rollup import Rollup


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """What happened from one place."""

    name: str
    counts: tuple[int, ...]
    """One for each column."""
    rejected: int
    refused: tuple[tuple[str, int], ...]
    """What was asked for in vain and how often, most frequent first."""

    @property
    def done(self) -> int:
        """How often something happened from here."""
        return sum(self.counts)

    @property
    def rejected_share(self) -> float | None:
        """The part of all that was tried from here that was refused, 0 to 1; `None` where nothing was tried."""
        tried = self.done + self.rejected
        return self.rejected / tried if tried else None


@dataclass(frozen=True, slots=True)
class MatrixSide:
    """The table of one track, or of all."""

    track: str | None
    """`None` for all tracks together."""
    rows: tuple[MatrixRow, ...]
    """The busiest first."""
    unnamed: int
    """Events that do not say from where, or whose pair is one too many to be kept apart."""
    unnamed_rejected: int


@dataclass(frozen=True, slots=True)
class MatrixView:
    """The pairs of one event."""

    event: str
    rejected: str
    """The event of what was refused; empty where the file names none."""
    columns: tuple[str, ...]
    """To where, the busiest first; the same on every side."""
    sides: tuple[MatrixSide, ...]
    """All tracks together, then each alone."""


def matrices(rollout: Rollout, rollup: Rollup, tracks: Sequence[str]) -> tuple[MatrixView, ...]:
    """Return a table for each event whose pairs are counted and are not themselves what another's table refuses."""
    refusing = {rule.matrix.rejected for rule in rollout.events.values() if rule.matrix is not None}
    views = []
    for event, rule in rollout.events.items():
        if rule.matrix is None or event in refusing:
            continue
        rejected = rule.matrix.rejected or ""
        columns = _busiest(_pairs(rollup, None, event).items(), 1)
        sides: list[str | None] = [None, *(tracks if len(tracks) > 1 else ())]
        views.append(
            MatrixView(event, rejected, columns, tuple(_side(rollup, one, event, rejected, columns) for one in sides))
        )
    return tuple(views)


def _side(rollup: Rollup, track: str | None, event: str, rejected: str, columns: Sequence[str]) -> MatrixSide:
    done = _pairs(rollup, track, event)
    refused = _pairs(rollup, track, rejected) if rejected else {}
    names = _busiest([*done.items(), *refused.items()], 0)
    rows = []
    for name in names:
        asked = [(to, count) for (begins, to), count in refused.items() if begins == name]
        rows.append(
            MatrixRow(
                name,
                tuple(done.get((name, to), 0) for to in columns),
                sum(count for _, count in asked),
                tuple(sorted(asked, key=lambda pair: (-pair[1], pair[0]))),
            )
        )
    return MatrixSide(
        track,
        tuple(rows),
        rollup.total(track, event) - sum(done.values()),
        rollup.total(track, rejected) - sum(refused.values()) if rejected else 0,
    )


def _pairs(rollup: Rollup, track: str | None, event: str) -> dict[tuple[str, str], int]:
    found = rollup.labels(track, event).get(PAIR, {})
    cut = {value: value.partition(ARROW) for value in found if value != OTHER}
    return {(begins, ends): found[value] for value, (begins, _, ends) in cut.items()}


def _busiest(pairs: Iterable[tuple[tuple[str, str], int]], part: int) -> tuple[str, ...]:
    """Return what stands on one side of the pairs, the most frequent first."""
    sums: Counter[str] = Counter()
    for pair, count in pairs:
        sums[pair[part]] += count
    return tuple(sorted(sums, key=lambda name: (-sums[name], name)))
