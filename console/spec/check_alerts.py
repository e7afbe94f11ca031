"""Checks of who is told, and of what the messages say."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from console.core.alert_values import example, unknown_example, values_of
from console.core.alerts import Why
from console.core.receivers import scheme_of
from console.core.rollout import AlertTemplate
from console.spec.nodes import Path, ScalarNode
from console.spec.problems import Place, problem, suggestion
from console.spec.review import Review
from console.spec.shape import find
from console.spec.variables import key_of

if TYPE_CHECKING:
    from console.spec.templates import Fault

_MAY_BE_UNSET = re.compile(r"""["']?\$\{[A-Za-z_][A-Za-z0-9_]*:-\}["']?""")
"""A variable whose default is nothing: whoever does not set it wants nobody told there."""


def check_alerts(review: Review) -> None:
    """Check that every route leads somewhere, and that every template says something."""
    alerts = review.rollout.alerts
    for index, route in enumerate(alerts.routes):
        path: Path = ("alerts", "routes", index)
        for key, addresses in (("to", route.to), ("escalate_to", route.escalate_to)):
            for number, address in enumerate(addresses):
                check_address(review, (*path, key, number), address)
        if not route.to:
            review.wrong((*path, "to"), "nobody is told", "name at least one address")
        if (route.escalate_after is None) != (not route.escalate_to):
            review.wrong(path, "escalate_after and escalate_to go together", "write both or neither")
    if alerts.routes and not any(route.severity == "critical" for route in alerts.routes):
        review.doubt(("alerts", "routes"), "nobody is told of what is critical", "add a route of severity critical")
    if alerts.repeat <= 0:
        written = review.written(("alerts", "repeat"))
        review.wrong(("alerts", "repeat"), f"found {written}", "expected more than 0s, such as 4h")
    for name, template in alerts.templates.items():
        _check_about(review, ("alerts", "templates", name), template)
    if alerts.templates:
        _check_templates(review, alerts.templates)


def check_address(review: Review, path: Path, address: str) -> None:
    """Check that a message can go to an address; one that is `${NAME:-}`, with nothing in it, is left out."""
    node = find(review.tree, path)[0]
    if not address and isinstance(node, ScalarNode) and _MAY_BE_UNSET.fullmatch(node.written):
        return
    if not address.strip():
        review.wrong(path, "this address is empty", "set the variable, or remove it")
    elif not scheme_of(address):
        # A pager that is not there must not keep anybody from rolling back; and the address is a secret.
        expected = "expected one that begins with its service, as docs/alerts.md shows"
        review.doubt(path, "nobody can be told here: this is no address", expected)


def _check_about(review: Review, path: Path, template: AlertTemplate) -> None:
    about = {name for section in ("metrics", "sources", "slo", "actions") for name in review.names(section)}
    for index, name in enumerate(template.about):
        if name not in about:
            found = f"there is no metric, source, budget or action {review.written((*path, 'about', index))}"
            review.wrong((*path, "about", index), found, suggestion(name, sorted(about)))


def _check_templates(review: Review, templates: Mapping[str, AlertTemplate]) -> None:
    """Try every template with an alert of which all is known, and with one of which nothing is."""
    from console.spec.filling import try_out  # noqa: PLC0415 - Jinja is for files that have templates

    whole, blank = (
        values_of(item, review.rollout, session="session", why=Why.FIRING, at=250.0)
        for item in (example(review.rollout), unknown_example(review.rollout))
    )
    for name, found in zip(templates, try_out(list(templates.values()), whole, blank), strict=False):
        for fault in found:
            _note(review, ("alerts", "templates", name, *fault.where), fault, whole)


def _note(review: Review, path: Path, fault: "Fault", known: Iterable[str]) -> None:
    """Add what is wrong with a template, at its line of the file."""
    if fault.is_doubt:
        review.doubt(path, fault.text, "then the default message is sent; ask `is none` first")
        return
    node, place, _ = find(review.tree, path)
    is_block = isinstance(node, ScalarNode) and "\n" in str(node.value)
    line = place.line + fault.line if is_block and place.line else place.line
    expected = suggestion(fault.name, sorted(known), "values are") if fault.name else "correct it"
    review.problems.append(problem(Place(place.file, line), key_of(path), fault.text, expected))
