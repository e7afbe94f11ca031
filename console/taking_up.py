"""Takes a session up in memory out of what its file holds."""

from collections.abc import Iterable

from console.core.inputs import SampleFailed, SampleTaken
from console.core.memory import restore
from console.core.state import State
from console.effects.session_reader import Stored


def take_up(state: State, stored: Stored, samples: Iterable[SampleTaken | SampleFailed]) -> None:
    """Take up documents, counters and positions that were stored, and these samples."""
    restore(
        state,
        documents=stored.docs,
        positions=stored.positions,
        counts=stored.counts,
        totals=stored.totals,
        labels=stored.labels,
        lines=sum(stored.lines.values()),
        unclassified=sum(stored.unclassified.values()),
        samples=samples,
    )
