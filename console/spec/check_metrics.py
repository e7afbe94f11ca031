"""Checks of metrics: what they refer to exists, and their conditions can be understood and do not contradict."""

from console.core.conditions import Condition, are_disjoint, is_part_of
from console.core.durations import format_duration
from console.core.rollout import CONDITIONS, ActionKind, Metric, NoData
from console.core.runs import parse_budget
from console.core.thresholds import better_ways
from console.spec.check_actions import HOLD, check_http
from console.spec.nodes import Path
from console.spec.problems import suggestion
from console.spec.review import Review

SHORTEST_EVERY_S = 0.1
AUTOMATIC_LEAST_S = 10.0

_SOURCE_KINDS = {"query": ("postgres",), "redis": ("redis",), "container": ("docker",)}
_BAD = ("warning", "critical")
ONE_TRACK = ("redis", "http", "command")


def check_metrics(review: Review) -> None:
    """Check every metric."""
    for name, metric in review.rollout.metrics.items():
        path: Path = ("metrics", name)
        _check_source(review, path, metric)
        _check_events(review, path, metric)
        _check_phases(review, path, metric)
        _check_times(review, path, metric)
        _check_conditions(review, path, metric)
        _check_missing(review, path, metric)
        _check_on(review, path, metric)
        _check_queries(review, path, metric)
        if metric.http is not None:
            check_http(review, (*path, "http"), metric.http)
        if metric.command is not None and not any(metric.command):
            review.wrong((*path, "command"), "this command is empty", "write its words, such as [./queue_length.sh]")


def _check_source(review: Review, path: Path, metric: Metric) -> None:
    if metric.source is None:
        return
    kinds = _SOURCE_KINDS.get(metric.kind)
    if kinds is not None:
        review.source((*path, "source"), metric.source, kinds, f"a {metric.kind} metric")
    elif metric.investigate:
        review.source((*path, "source"), metric.source, ("postgres",), "investigate")
    elif review.knows((*path, "source"), metric.source, "sources", "source"):
        review.doubt((*path, "source"), f"a {metric.kind} metric asks no source", "remove this key")


def _check_events(review: Review, path: Path, metric: Metric) -> None:
    if metric.events is not None:
        _check_names(review, (*path, "events", "of"), metric.events.of)
        if metric.events.over is not None:
            _check_names(review, (*path, "events", "over"), metric.events.over)
    if metric.quantile is not None:
        _check_names(review, (*path, "quantile", "of"), metric.quantile.of)
        for name in metric.quantile.of:
            rule = review.rollout.events.get(name)
            if rule is not None and rule.number is None:
                expected = f"add `number:` to the event {name}, naming a group of its pattern"
                review.wrong((*path, "quantile", "of"), f"{name} captures no number", expected)


def _check_names(review: Review, path: Path, names: tuple[str, ...]) -> None:
    if not names:
        review.wrong(path, "no event is named here", "name at least one")
    for index, name in enumerate(names):
        is_listed = review.written(path) == "a list"
        review.knows((*path, index) if is_listed else path, name, "events", "event")


def _check_phases(review: Review, path: Path, metric: Metric) -> None:
    """Check that the phases in which a metric is judged are there, and that no other one waits for it."""
    phases = {phase.name: phase for phase in review.rollout.phases}
    here = (*path, "phases")
    for index, name in enumerate(metric.phases):
        item = (*here, index) if review.written(here) == "a list" else here
        if name not in phases:
            review.wrong(item, f"there is no phase {review.written(item)}", suggestion(name, phases, "phases are"))
    waiting = [one for one in phases.values() if str(path[1]) in one.advance and one.name not in metric.phases]
    if metric.phases and waiting:
        found = f"the phase {waiting[0].name} waits for this metric, and it is not judged there"
        review.wrong(here, found, "name that phase here too, or take the metric out of its `advance`")


def _check_times(review: Review, path: Path, metric: Metric) -> None:
    if metric.every < SHORTEST_EVERY_S:
        review.wrong((*path, "every"), f"found {review.written((*path, 'every'))}", "expected at least 100ms")
    per = metric.events.per if metric.events is not None else None
    for key, value in (("window", metric.window), ("timeout", metric.timeout), ("stale_after", metric.stale_after)):
        if value == 0:
            review.wrong((*path, key), f"found {review.written((*path, key))}", "expected more than 0s")
    if per == 0:
        review.wrong((*path, "events", "per"), "found 0s", "expected a duration such as 1m")
    if 0 < metric.for_ < metric.every:
        often = format_duration(metric.every)
        review.doubt(
            (*path, "for"), f"this is shorter than `every`, {often}", "one measurement is enough; use a longer `for`"
        )
    if metric.timeout is not None and metric.timeout >= metric.every:
        review.doubt(
            (*path, "timeout"), "this is not shorter than `every`", "measurements will be skipped; use a shorter one"
        )
    if metric.stale_after is not None and metric.stale_after < metric.every:
        expected = "every value is too old before the next one comes; use two or three times `every`"
        review.doubt((*path, "stale_after"), "this is shorter than `every`", expected)
    has_growth = metric.redis is not None and (metric.redis.over or metric.redis.latency) is not None
    if metric.window is not None and metric.kind not in ("events", "quantile", "query") and not has_growth:
        review.doubt((*path, "window"), f"a {metric.kind} metric has no window", "remove this key")


def _check_conditions(review: Review, path: Path, metric: Metric) -> None:
    parsed: dict[str, Condition] = {}
    for key in CONDITIONS:
        text = getattr(metric, key)
        condition = None if text is None else review.condition((*path, key), text, str(path[1]))
        if condition is not None:
            parsed[key] = condition
            if condition.needs_baseline and metric.kind in ONE_TRACK:
                expected = "compare with a number; baselines are known for events, quantiles, queries and containers"
                review.wrong((*path, key), f"a {metric.kind} metric has no baseline", expected)
    if "against_baseline" in parsed and not parsed["against_baseline"].needs_baseline:
        expected = "write one such as '<= baseline', or use target"
        review.wrong(
            (*path, "against_baseline"), f"{review.written((*path, 'against_baseline'))} names no baseline", expected
        )
    for bad in _BAD:
        if "target" in parsed and bad in parsed and not are_disjoint(parsed["target"], parsed[bad]):
            review.wrong((*path, bad), f"a value can be on target and {bad} at once", "change one of the two")
    if "warning" in parsed and "critical" in parsed and is_part_of(parsed["warning"], parsed["critical"]):
        found = f"every value that is a warning ({parsed['warning']}) is critical already"
        review.wrong((*path, "critical"), found, "let critical ask for more than warning does")
    _check_evidence(review, path, metric)
    _check_direction(review, path, metric, parsed)


def _check_direction(review: Review, path: Path, metric: Metric, parsed: dict[str, Condition]) -> None:
    """Check that evidence knows which way a canary is worse."""
    if metric.evidence is None or not parsed:
        return
    ways = {key: better_ways([one], [], metric.judged_unit) for key, one in parsed.items() if key not in _BAD}
    ways |= {key: better_ways([], [one], metric.judged_unit) for key, one in parsed.items() if key in _BAD}
    more, less = ([key for key, found in ways.items() if found == {up}] for up in (True, False))
    if more and less:
        found = f"by `{more[0]}` more is better, and by `{less[0]}` less is: evidence cannot tell a worse canary"
        review.wrong((*path, "evidence"), found, "let all conditions point one way, or take `evidence` away")
    elif not more and not less:
        key, condition = next(iter(parsed.items()))
        found = f"`{key}: {condition}` does not say whether more or less is worse"
        expected = 'expected a condition beside it that does, such as `against_baseline: "<= baseline"`, or no evidence'
        review.wrong((*path, "evidence"), found, expected)


def _check_missing(review: Review, path: Path, metric: Metric) -> None:
    """Check what is said of single breaches and of measurements without a number."""
    has_level = metric.warning is not None or metric.critical is not None
    if metric.breaches is not None:
        try:
            parse_budget(metric.breaches)
        except ValueError as error:
            review.refuse((*path, "breaches"), error)
        if not has_level:
            review.wrong((*path, "breaches"), "there is neither a warning nor a critical condition", "add one of them")
    if metric.no_data is NoData.BAD and not has_level:
        found = "no data cannot count as bad without a warning or critical condition"
        review.wrong((*path, "no_data"), found, "add one of them, or write hold or unknown")


def _check_evidence(review: Review, path: Path, metric: Metric) -> None:
    """Check that both tracks can be counted for the evidence."""
    if metric.evidence is None:
        return
    here = (*path, "evidence")
    events = metric.events
    if metric.query is None and metric.quantile is None and (events is None or events.over is None):
        expected = "it needs counts `bad` of `total`: events with `over`, a quantile, or a query"
        review.wrong(here, "evidence cannot be had from this metric", expected)
        return
    if events is not None and not set(events.of) <= set(events.over or ()):
        expected = "name the events of `of` in `over` too, so that none is bad without being counted"
        review.wrong((*path, "events", "over"), "evidence needs a part of a whole", expected)
    tracks = {*review.names("tracks"), *(source.track for source in review.rollout.sources.values())}
    if metric.query is None and not tracks >= {"canary", "baseline"}:
        review.doubt(here, "no source or track says canary and baseline", "evidence stays empty without both")
    query = review.query((*path, "query"), metric.query) if metric.query is not None else None
    if query is not None and not query.takes_window:
        expected = "use `:window` in the statement, by which the evidence counts interval by interval"
        review.wrong(here, "the query always counts the same time", expected)


def _check_on(review: Review, path: Path, metric: Metric) -> None:
    actions = review.names("actions")
    for level in ("warning", "critical"):
        order = getattr(metric.on, level)
        if order is None:
            continue
        if order != HOLD:
            _check_order(review, (*path, "on", level), order, actions)
        if getattr(metric, level) is None:
            review.doubt(
                (*path, "on", level), f"the metric has no {level} condition", f"add `{level}:`, or remove this"
            )
    _check_automatic(review, path, metric)


def _check_automatic(review: Review, path: Path, metric: Metric) -> None:
    """Check that what begins by itself is a rollback, and that there is a CRITICAL that can be proven."""
    if metric.on.automatic_after is None:
        return
    where: Path = (*path, "on", "automatic_after")
    action = review.rollout.actions.get(metric.on.critical or "")
    if action is None or action.kind is not ActionKind.ROLLBACK:
        review.wrong(where, "only a rollback begins by itself", "name an action of kind rollback in `critical`")
    if metric.on.automatic_after < AUTOMATIC_LEAST_S:
        least = format_duration(AUTOMATIC_LEAST_S)
        review.wrong(where, f"found {review.written(where)}", f"expected at least {least}, so that it can be stopped")
    if metric.critical is None and (metric.evidence is None or metric.evidence.worse != "critical"):
        review.wrong(where, "the metric is never CRITICAL", "give it a `critical` condition")


def _check_order(review: Review, path: Path, order: str, actions: tuple[str, ...]) -> None:
    if order not in actions:
        known = ", ".join((HOLD, *actions))
        review.wrong(path, f"there is no action {review.written(path)}", f"write one of: {known}")


def _check_queries(review: Review, path: Path, metric: Metric) -> None:
    if metric.query is not None:
        query = review.query((*path, "query"), metric.query)
        if query is not None and query.takes_window and metric.window is None and query.window_s is None:
            expected = "add `window:` to the metric, or `-- window: 24h` above the statement"
            review.wrong((*path, "query"), "the query uses :window and nothing says how long that is", expected)
        if query is not None and metric.window is not None and not query.takes_window:
            review.doubt(
                (*path, "window"), "the query does not use :window", "use it in the statement, or remove this key"
            )
    for index, name in enumerate(metric.investigate):
        item = (*path, "investigate", index)
        query = review.query(item, name)
        if query is not None and query.takes_window and query.window_s is None:
            review.wrong(
                item, "the query uses :window and its header does not say how long that is", "add `-- window: 1h` to it"
            )
    if metric.investigate and metric.source is None:
        databases = [name for name, spec in review.rollout.sources.items() if spec.kind == "postgres"]
        if len(databases) != 1:
            found = f"there are {len(databases) or 'no'} postgres sources to ask"
            review.wrong((*path, "investigate"), found, "name one as the `source` of this metric")
