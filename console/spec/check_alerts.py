"""Checks of who is told, and of what the messages say."""

from collections.abc import Callable, Mapping
from functools import partial

from console.core.alert_values import example, names, unknown_example, values_of
from console.core.alerts import Why
from console.core.receivers import scheme_of
from console.core.rollout import AlertTemplate
from console.spec.nodes import Path, ScalarNode
from console.spec.problems import Place, problem, suggestion
from console.spec.review import Review
from console.spec.shape import find
from console.spec.variables import key_of


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
    known = names(review.rollout) if alerts.templates else {}
    for name, template in alerts.templates.items():
        _check_template(review, ("alerts", "templates", name), template, known)


def check_address(review: Review, path: Path, address: str) -> None:
    """Check that a message can go to an address."""
    if not address.strip():
        review.wrong(path, "this address is empty", "set the variable, or remove it")
    elif not scheme_of(address):
        # A pager that is not there must not keep anybody from rolling back; and the address is a secret.
        expected = "expected one that begins with its service, as docs/alerts.md shows"
        review.doubt(path, "nobody can be told here: this is no address", expected)


def _check_template(review: Review, path: Path, template: AlertTemplate, known: Mapping[str, object]) -> None:
    from console.spec import templates  # noqa: PLC0415 - Jinja is for files that have templates

    about = {name for section in ("metrics", "sources", "slo", "actions") for name in review.names(section)}
    for index, name in enumerate(template.about):
        if name not in about:
            found = f"there is no metric, source, budget or action {review.written((*path, 'about', index))}"
            review.wrong((*path, "about", index), found, suggestion(name, sorted(about)))
    is_whole = True
    for name, source in template.with_.items():
        is_whole &= _try(review, (*path, "with", name), partial(templates.check_expression, source, known))
    own = {**known, **dict.fromkeys(template.with_)}
    for key in ("title", "message", "resolved"):
        source = getattr(template, key)
        if source is not None:
            is_whole &= _try(review, (*path, key), partial(templates.check, source, own))
    if not is_whole:
        return
    whole = values_of(example(review.rollout), review.rollout, session="session", why=Why.FIRING, at=250.0)
    blank = values_of(unknown_example(review.rollout), review.rollout, session="session", why=Why.FIRING, at=250.0)
    for is_resolved in (False, True):
        try:
            templates.render(template, whole, is_resolved=is_resolved)
        except templates.TemplateWrong as error:
            review.wrong(path, f"this template fails: {error}", "correct it")
            return
    try:
        templates.render(template, blank, is_resolved=False)
    except templates.TemplateWrong as error:
        found = f"this template fails where a value is not known: {error}"
        review.doubt(path, found, "then the default message is sent; ask `is none` first")


def _try(review: Review, path: Path, check: Callable[[], None]) -> bool:
    """Run a check of a template; what is wrong is a problem at its line of the file. Return whether it is right."""
    from console.spec import templates  # noqa: PLC0415 - as above

    try:
        check()
    except templates.TemplateWrong as error:
        node, place, _ = find(review.tree, path)
        is_block = isinstance(node, ScalarNode) and "\n" in str(node.value)
        line = place.line + error.line if is_block and place.line else place.line
        expected = suggestion(error.name, sorted(names(review.rollout)), "values are") if error.name else "correct it"
        review.problems.append(problem(Place(place.file, line), key_of(path), str(error), expected))
        return False
    return True
