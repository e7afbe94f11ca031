"""Checks of what an incident asks for."""

from console.core.rollout import Incidents, Metric, SeverityRule
from console.spec.check_actions import check_text
from console.spec.check_alerts import check_address
from console.spec.check_phases import check_item
from console.spec.nodes import Path
from console.spec.problems import suggestion
from console.spec.review import Review

_ABOUT = ("metrics", "slo", "actions")
"""What a critical alert may be about."""


def check_incidents(review: Review) -> None:
    """Check severities, war room, roles and procedure, and the severities of metrics."""
    found = review.rollout.incidents
    _check_metrics(review, has_section=found is not None)
    if found is None:
        if "incidents" in review.tree.entries:
            expected = "write `incidents: {}` for three severities with 5m, 15m and 1h to respond"
            review.doubt(("incidents",), "this section is empty, so no alert opens an incident", expected)
        return
    _check_severities(review, found)
    for key in ("well_for", "post_mortem"):
        _check_positive(review, ("incidents", key), getattr(found, key))
    _check_positive(review, ("incidents", "war_room", "within"), found.war_room.within)
    for role, usually in found.roles.items():
        check_text(review, ("incidents", "roles", role), usually)
    seen: set[str] = set()
    for index, item in enumerate(found.procedure):
        check_item(review, ("incidents", "procedure", index), item, seen, "in the procedure")


def _check_positive(review: Review, path: Path, seconds: float) -> None:
    if seconds <= 0:
        review.wrong(path, f"found {review.written(path)}", "expected more than 0s, such as 5m")


def _check_metrics(review: Review, *, has_section: bool) -> None:
    for name, metric in review.rollout.metrics.items():
        if metric.severity is None:
            continue
        path: Path = ("metrics", name, "severity")
        if not has_section:
            review.doubt(path, "no alert opens an incident", "add `incidents: {}`")
        elif not _is_ever_critical(metric) and not _is_incident_at_warning(review, name, metric):
            review.doubt(path, "this metric is never CRITICAL", "give it a `critical` condition")


def _is_incident_at_warning(review: Review, name: str, metric: Metric) -> bool:
    rules = review.rollout.incidents
    return metric.warning is not None and rules is not None and rules.opens_at_warning(name, metric.severity)


def _is_ever_critical(metric: Metric) -> bool:
    return metric.critical is not None or (metric.evidence is not None and metric.evidence.worse == "critical")


def _check_severities(review: Review, found: Incidents) -> None:
    said: dict[int, int] = {}
    owners: dict[str, int] = {}
    for index, rule in enumerate(found.severities):
        path: Path = ("incidents", "severities", index)
        if rule.severity in said:
            where = f"incidents.severities[{said[rule.severity]}]"
            review.wrong((*path, "severity"), f"severity {rule.severity} stands in {where} too", "keep one of them")
        said.setdefault(rule.severity, index)
        _check_rule(review, path, rule)
        for number, name in enumerate(rule.about):
            _check_about(review, (*path, "about", number), name, rule.severity, owners)
    _check_order(review, found, said)


def _check_order(review: Review, found: Incidents, places: dict[int, int]) -> None:
    times = [(rule.severity, found.respond_within_s(rule.severity)) for rule in found.severities]
    for severity, within_s in times:
        if any(other > severity and other_s < within_s for other, other_s in times):
            where: Path = ("incidents", "severities", places[severity], "respond_within")
            review.doubt(where, f"a milder severity than {severity} asks for a response sooner", "is it meant so?")


def _check_rule(review: Review, path: Path, rule: SeverityRule) -> None:
    if rule.respond_within is not None:
        _check_positive(review, (*path, "respond_within"), rule.respond_within)
    for number, address in enumerate(rule.escalate_to):
        check_address(review, (*path, "escalate_to", number), address)
    if rule.escalate_after is not None and not rule.escalate_to:
        review.wrong((*path, "escalate_after"), "nobody is told then", "add `escalate_to`, or leave it out")
    if rule.action is not None:
        review.knows((*path, "action"), rule.action, "actions", "action")


def _check_about(review: Review, path: Path, name: str, severity: int, owners: dict[str, int]) -> None:
    known = {one for section in _ABOUT for one in review.names(section)}
    if name not in known:
        found = f"there is no metric, budget or action {review.written(path)}"
        review.wrong(path, found, suggestion(name, sorted(known), "known here"))
        return
    if owners.setdefault(name, severity) != severity:
        found = f"{name} is of severity {owners[name]} too"
        review.wrong(path, found, "an alert opens an incident of one severity: keep one of them")
    metric = review.rollout.metrics.get(name)
    if metric is not None and metric.severity not in (None, severity):
        review.doubt(path, f"metrics.{name} says severity {metric.severity}, and that counts", "keep one of them")
