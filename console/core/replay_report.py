"""What a replay found, as text for people and as JSON for programs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from console.core.durations import format_duration
from console.core.export import clock, iso
from console.core.judging import LEVELS
from console.core.record import Record
from console.core.recorded import READINGS_S, Recording, runs_of
from console.core.replay import (
    Change,
    History,
    Pair,
    Spell,
    changes_in,
    exact_from,
    is_measured_alike,
    paired,
    spells,
)
from console.core.rollout import Rollout
from console.core.text import visible
from console.core.values import format_value
from console.core.verdict import Verdict

SPELLS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Firing:
    """When a verdict of a changed metric would have stood, and when it did."""

    metric: str
    verdict: Verdict
    would: tuple[Spell, ...]
    did: tuple[Spell, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay and what it is compared with, in a window of time."""

    session: str
    recording: Recording
    rollout: Rollout
    """What it was judged by."""
    history: History
    since: float
    until: float
    settings: tuple[str, ...] = ()
    """What was changed, as somebody wrote it."""

    @property
    def changed(self) -> tuple[str, ...]:
        """The metrics that are judged otherwise than they were."""
        then = self.recording.rollout.metrics
        return tuple(name for name, metric in self.rollout.metrics.items() if then.get(name) != metric)

    @property
    def changes(self) -> list[Change]:
        """The changes of verdicts that were replayed."""
        return [change for change in self.history.changes if change.at >= self.since]

    def pairs(self) -> list[Pair]:
        """Return what was replayed beside what was recorded, for the metrics that are judged as they were."""
        alike = set(self.recording.rollout.metrics) - set(self.changed)
        found = paired(self.recording, self.history.changes, self.until)
        return [pair for pair in found if pair.change.at >= self.since and pair.change.metric in alike]

    def firings(self) -> list[Firing]:
        """Return when each changed metric would have been WARNING or CRITICAL, and when it was."""
        recorded = [change for change in changes_in(self.recording.records) if change.at <= self.until]
        return [
            Firing(name, level, self._spells(self.history.changes, name, level), self._spells(recorded, name, level))
            for name in self.changed
            for level in LEVELS
        ]

    def _spells(self, changes: Iterable[Change], metric: str, level: Verdict) -> tuple[Spell, ...]:
        found = spells(changes, metric, level)
        return tuple(spell for spell in found if spell.until is None or spell.until >= self.since)

    def notes(self) -> Iterator[str]:
        """Yield what limits what the replay can know."""
        recording = self.recording
        edge = recording.edges.seconds
        events = {name: metric for name, metric in self.rollout.metrics.items() if not metric.is_probed}
        if events and edge > recording.began:
            yield (
                f"counts are known by the second from {clock(edge)} on; before that the values of metrics of events are"
                f" those written down every {READINGS_S:g} s"
            )
        for name, metric in self.rollout.metrics.items():
            then = recording.rollout.metrics.get(name)
            if metric.is_probed and (then is None or then.kind != metric.kind):
                yield f"{name} was not measured then: nothing is known of it"
            elif not metric.is_probed and not is_measured_alike(then, metric):
                exact = exact_from(recording, metric)
                if exact > recording.began:
                    end = clock(min(exact, self.until))
                    yield f"until {end} {name} is read from counts by the minute, or by the hour"
        if self.changed and any(record.kind == "action" for record in recording.records):
            yield "what people did is replayed as they did it, also where they would have acted otherwise"


def replay_text(replay: Replay) -> Iterator[str]:
    """Yield the lines that tell people of a replay; times are UTC."""
    recording, rollout = replay.recording, replay.recording.rollout
    runs = len(runs_of(recording))
    yield f"{visible(replay.session)}  {visible(rollout.title)}"
    times = f"{clock(max(replay.since, recording.began))} to {clock(replay.until)} UTC"
    yield f"{times}, watched in {runs} {'stretch' if runs == 1 else 'stretches'}"
    if replay.changed or replay.settings:
        yield ""
        yield f"what if: {'; '.join(map(visible, replay.settings))}"
        yield from (f"  {_fired(firing)}" for firing in replay.firings())
    yield ""
    yield "verdicts"
    yield from _verdicts(replay)
    for title, records in (("evidence", replay.history.evidence), ("phases", replay.history.phases)):
        shown = [record for record in records if record.at >= replay.since]
        if shown:
            yield from ("", title)
            yield from (f"  {clock(record.at)}  {visible(record.text)}" for record in shown)
    yield ""
    yield from _agreement(replay)
    yield from (f"note: {note}" for note in replay.notes())


def _fired(firing: Firing) -> str:
    name = f"{firing.metric} {firing.verdict}"
    would, did = _spelled(firing.would), _spelled(firing.did)
    if not firing.would and not firing.did:
        return f"{name} never, as recorded"
    return f"{name} {would} (recorded: {'the same' if would == did else did})"


def _spelled(found: Sequence[Spell]) -> str:
    said = [
        f"at {clock(spell.since)} {'to the end' if spell.until is None else _long(spell)}"
        for spell in found[:SPELLS_SHOWN]
    ]
    hidden = len(found) - len(said)
    return ", ".join([*said, f"and {hidden} more times"] if hidden else said) or "never"


def _long(spell: Spell) -> str:
    return "" if spell.until is None else f"for {format_duration(spell.until - spell.since)}"


def _verdicts(replay: Replay) -> Iterator[str]:
    changes = replay.changes
    if not changes:
        yield "  none changed"
        return
    names = max(len(change.metric) for change in changes)
    words = max(len(verdict) for verdict in Verdict)
    for change in changes:
        metric = replay.rollout.metrics[change.metric]
        value = "" if change.value is None else f"{format_value(change.value, metric.judged_unit)}, "
        yield (
            f"  {clock(change.at)}  {change.after.glyph} {change.after:<{words}}  {change.metric:<{names}}"
            f"  {visible(value + change.reason)}; was {change.before}"
        )


def _agreement(replay: Replay) -> Iterator[str]:
    pairs = replay.pairs()
    others = [pair for pair in pairs if pair.replayed is None or pair.recorded is None]
    which = " of metrics that are judged as they were" if replay.changed else ""
    if not pairs:
        yield f"as recorded: the journal has no verdicts{which}, and none were replayed"
    elif not others and len(pairs) == 1:
        yield f"as recorded: the one change of a verdict{which} is as the journal has it"
    elif not others:
        yield f"as recorded: all {len(pairs)} changes of verdicts{which} are as the journal has them"
    else:
        alike = f"{len(pairs) - len(others)} of {len(pairs)} changes of verdicts{which}"
        yield f"{alike} are as the journal has them; these are not:"
    for pair in others:
        where = "recorded, not replayed" if pair.replayed is None else "replayed, not recorded"
        yield f"  {clock(pair.change.at)}  {pair.change.metric} {pair.change.after}  {where}: {pair.why}"


def replay_json(replay: Replay) -> dict[str, Any]:
    """Return a replay as `replay --json` prints it."""
    pairs = replay.pairs()
    recorded = {id(pair.replayed): pair.recorded for pair in pairs}
    changed = set(replay.changed)
    return {
        "session": replay.session,
        "rollout": replay.rollout.rollout,
        "since": iso(max(replay.since, replay.recording.began)),
        "until": iso(replay.until),
        "what_if": list(replay.settings),
        "changed": [_changed(replay, name) for name in replay.changed],
        "fired": [
            {
                "metric": firing.metric,
                "verdict": firing.verdict.value,
                "would": [_spell(spell) for spell in firing.would],
                "recorded": [_spell(spell) for spell in firing.did],
            }
            for firing in replay.firings()
        ],
        "verdicts": [
            {
                **_change(change),
                "recorded_at": None if change.metric in changed else _at(recorded.get(id(change))),
            }
            for change in replay.changes
        ],
        "evidence": _records(replay.history.evidence, replay.since),
        "phases": _records(replay.history.phases, replay.since),
        "is_as_recorded": all(pair.replayed and pair.recorded for pair in pairs),
        "differences": [
            {**_change(pair.change), "was": "recorded" if pair.replayed is None else "replayed", "why": pair.why}
            for pair in pairs
            if pair.replayed is None or pair.recorded is None
        ],
        "notes": list(replay.notes()),
    }


def _records(records: Iterable[Record], since: float) -> list[dict[str, Any]]:
    return [{"at": iso(record.at), "text": record.text, **record.body} for record in records if record.at >= since]


def _changed(replay: Replay, name: str) -> dict[str, Any]:
    """Return the keys of a metric that are not what they were."""
    now, then = replay.rollout.metrics[name], replay.recording.rollout.metrics.get(name)
    before = {} if then is None else then.model_dump(mode="json", by_alias=True)
    after = now.model_dump(mode="json", by_alias=True)
    keys = {key: {"recorded": before.get(key), "now": after[key]} for key in after if after[key] != before.get(key)}
    return {"metric": name, "keys": keys}


def _change(change: Change) -> dict[str, Any]:
    return {
        "at": iso(change.at),
        "metric": change.metric,
        "from": change.before.value,
        "to": change.after.value,
        "reason": change.reason,
        "value": change.value,
        "samples": change.samples,
    }


def _at(change: Change | None) -> str | None:
    return None if change is None else iso(change.at)


def _spell(spell: Spell) -> dict[str, str | None]:
    return {"since": iso(spell.since), "until": iso(spell.until)}
