"""Reads a file of rule tests and checks all of it; every problem is found at once, with its line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.core.rollout import Rollout
from console.core.rule_tests import RuleTest, RuleTests, SeriesError, parse_series
from console.spec.check_metrics import ONE_TRACK
from console.spec.check_phases import TRACKS
from console.spec.files import located, read, shipped, shipped_folder, tree
from console.spec.load import load
from console.spec.nodes import MapNode, plain
from console.spec.nodes import Path as Key
from console.spec.problems import Place, Problem, RolloutFileError, problem, suggestion
from console.spec.shape import described, find, fitting
from console.spec.variables import key_of


@dataclass(frozen=True, slots=True)
class LoadedTests:
    """A file of rule tests with the rollout that they are about."""

    path: Path
    rollout: Rollout
    tests: tuple[RuleTest, ...]
    tree: MapNode

    def line_of(self, test: int, path: Key) -> int:
        """Return the line of something in a test, by the index of the test."""
        return find(self.tree, ("tests", test, *path))[1].line


def file_of_tests(name: str) -> Path:
    """Return the file of rule tests that a path means, or the name of a shipped rollout. It need not exist."""
    if os.sep not in name and name in shipped() and not Path(name).is_file():
        return shipped_folder() / "tests" / f"{name}.yaml"
    return Path(name)


def load_tests(name: str, env: Mapping[str, str]) -> LoadedTests:
    """Read a file of rule tests and the rollout file that it names.

    Raises `RolloutFileError` with everything that is wrong with either.
    """
    path = file_of_tests(name)
    problems: list[Problem] = []
    node = tree(read(path, Place(str(path), 0)), str(path), problems)
    if "tests" not in node.entries and "metrics" in node.entries:
        expected = "its rule tests stand in a file of their own, with rollout: and tests:"
        raise RolloutFileError([problem(node.place, "", "this is a rollout file", expected)])
    said = fitting(RuleTests, plain(node), node, problems)
    if said is None or problems:
        raise RolloutFileError(problems)
    rollout = load(located(said.rollout, path.parent), {**env, **said.env}).rollout
    review = _Review(rollout, node, problems)
    for number, test in enumerate(said.tests):
        review.check(("tests", number), test)
    if problems:
        raise RolloutFileError(problems)
    return LoadedTests(path, rollout, said.tests, node)


@dataclass(frozen=True, slots=True)
class _Review:
    """One look over a file of rule tests whose form is right."""

    rollout: Rollout
    tree: MapNode
    problems: list[Problem]

    def wrong(self, path: Key, found: str, expected: str) -> None:
        self.problems.append(problem(find(self.tree, path)[1], key_of(path), found, expected))

    def check(self, path: Key, test: RuleTest) -> None:
        """Check what a test refers to, and its series."""
        names = [phase.name for phase in self.rollout.phases]
        if test.phase is not None and test.phase not in names:
            self._unknown((*path, "phase"), "phase", names)
        if test.interval == 0:
            self.wrong((*path, "interval"), "found 0s", "expected more than 0s")
        for name, by_track in test.series.items():
            self._check_series((*path, "series", name), name, by_track)
        for name, by_track in test.evidence.items():
            metric = self.rollout.metrics.get(name)
            if metric is not None and (metric.evidence is None or metric.query is None):
                expected = "write its `series`, or the log lines that it is counted from"
                self.wrong((*path, "evidence", name), f"no query is asked for evidence of {name}", expected)
            else:
                self._check_series((*path, "evidence", name), name, by_track)
        asked = {
            "expect": [one.metric for one in test.expect],
            "never": [one.metric for one in test.never],
            "first": [one.metric for one in test.first],
        }
        for key, metrics in asked.items():
            for number, named in enumerate(metrics):
                if named not in self.rollout.metrics:
                    self._unknown((*path, key, number, "metric"), "metric", self.rollout.metrics)
        for number, lines in enumerate(test.lines):
            self._check_lines((*path, "lines", number), lines.source, lines.track)

    def _unknown(self, path: Key, what: str, known: Mapping[str, object] | list[str]) -> None:
        node = find(self.tree, path)[0]
        name = str(plain(node)) if described(node) != "a mapping" else str(path[-1])
        self.wrong(path, f"there is no {what} {name}", suggestion(name, known, f"{what}s of the rollout"))

    def _check_series(self, path: Key, name: str, by_track: Mapping[str, str]) -> None:
        metric = self.rollout.metrics.get(name)
        if metric is None:
            self.wrong(
                path, f"there is no metric {name}", suggestion(name, self.rollout.metrics, "metrics of the rollout")
            )
            return
        if not by_track:
            self.wrong(path, "there are no values", "write them, such as '0.5x10 3x5'")
        for track, text in by_track.items():
            key = (*path, track) if track else path
            if track and track not in TRACKS:
                self.wrong(key, f"there is no track {track}", suggestion(track, TRACKS, "tracks are"))
            elif track and metric.kind in ONE_TRACK:
                self.wrong(key, f"a {metric.kind} metric has no tracks", "write its values without one")
            try:
                if not parse_series(text, metric):
                    self.wrong(key, "there are no values", "write them, such as '0.5x10 3x5'")
            except SeriesError as error:
                self.wrong(key, f"{name}: {error}", "")

    def _check_lines(self, path: Key, source: str, track: str | None) -> None:
        logs = [name for name, spec in self.rollout.sources.items() if spec.gives_lines]
        if source not in logs:
            self.wrong(
                (*path, "source"),
                f"there is no log source {source}",
                suggestion(source, logs, "log sources of the rollout"),
            )
            return
        if track is not None and track not in TRACKS:
            self.wrong((*path, "track"), f"there is no track {track}", suggestion(track, TRACKS, "tracks are"))
        elif track is None and self.rollout.tracks and self.rollout.sources[source].kind == "docker":
            self.wrong(path, "these lines have no track", f"add `track:`, one of {', '.join(self.rollout.tracks)}")
