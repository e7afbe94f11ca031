"""Requests of one track at the rate of its share, and the mood that the scenario gives them.

Pure and seeded: the same calls give the same traffic. Only the standard library, because it also runs in a bare
Python container.
"""

import random
from collections.abc import Iterator, Mapping

from console.demo.world import TRACKS, Batch, Call, Mood, Numbers, Scenario, Session, World
from console.demo.worlds import scenario_of

RAMP_S = 4.0
"""How long a change takes to come fully, in scenario seconds."""


def mood(world: World, track: str, scenario: Scenario, elapsed_s: float) -> Mood:
    """Return how a track behaves `elapsed_s` scenario seconds after the demo began."""
    weight = _risen(elapsed_s, scenario.onset_s)
    if scenario.lasts_s is not None:
        weight -= _risen(elapsed_s, scenario.onset_s + scenario.lasts_s)
    changed = scenario.canary if track == "canary" else scenario.baseline
    if weight <= 0 or not changed:
        return Mood(world.usual[track], world.errors)
    return Mood(_blend(world.usual[track], changed, weight), scenario.errors or world.errors)


def _risen(elapsed_s: float, onset_s: float) -> float:
    return min(1.0, max(0.0, (elapsed_s - onset_s) / RAMP_S))


def _blend(usual: Numbers, changed: Numbers, weight: float) -> Numbers:
    return {name: value + weight * (changed.get(name, value) - value) for name, value in usual.items()}


class Traffic:
    """The requests of one track."""

    def __init__(self, world: World, track: str, scenario: str, *, speed: float = 1.0, seed: int | None = None) -> None:
        """Raises `ValueError` for a track or scenario that is not known, or a scenario that changes unknown numbers."""
        if track not in TRACKS:
            raise ValueError(f"expected one of {', '.join(TRACKS)}; found {track}")
        self._world = world
        self._track = track
        self._scenario = scenario_of(world, scenario)
        _check_names(world, scenario, self._scenario)
        self._speed = speed
        self._random = random.Random(seed)
        # The same sessions in both processes and after a restart, and not more of them with time.
        bits = random.Random(world.rollout).getrandbits
        count = world.session_count
        self._sessions = [Session(f"{bits(64):016x}", f"user-{bits(40):010x}", number) for number in range(count)]
        self._next_at: float | None = None

    def mood_at(self, at: float, began: float) -> Mood:
        """Return how the track behaves at a moment of a demo that began at another."""
        return mood(self._world, self._track, self._scenario, (at - began) * self._speed)

    def between(
        self,
        since: float,
        until: float,
        *,
        began: float,
        rate: float,
        share: float,
        env: Mapping[str, str] | None = None,
    ) -> Batch:
        """Return what happens between two moments; arrivals are a Poisson process.

        `rate` is the requests a second of both tracks, `share` what this one takes of them, in percent; `env` holds
        the variables of the env file.
        """
        batch = Batch()
        total = len(self._sessions)
        count = round(total * share / 100)
        mine = self._sessions[:count] if self._track == "canary" else self._sessions[total - count :]
        for at in self._arrivals(since, until, rate * share / 100 if count else 0.0):
            call = Call(
                batch,
                at,
                track=self._track,
                mood=self.mood_at(at, began),
                sessions=mine,
                env=env or {},
                source=self._random,
            )
            self._world.request(call)
            batch.requests += 1
        return batch

    def _arrivals(self, since: float, until: float, per_s: float) -> Iterator[float]:
        if per_s <= 0:
            self._next_at = None
            return
        if self._next_at is None or self._next_at < since:
            self._next_at = since + self._random.expovariate(per_s)
        while self._next_at <= until:
            yield self._next_at
            self._next_at += self._random.expovariate(per_s)


def _check_names(world: World, name: str, scenario: Scenario) -> None:
    for track, changed in (("canary", scenario.canary), ("baseline", scenario.baseline)):
        unknown = changed.keys() - world.usual[track].keys()
        if unknown:
            raise ValueError(f"scenario {name} changes {', '.join(sorted(unknown))}, which {track} has not got")
