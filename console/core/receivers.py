"""Who is told: the routes of a rollout file, with a name for each address that gives nothing of it away."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from console.core.alerts import Finding, Severity
from console.core.rollout import Rollout

ALERTMANAGER = ("alertmanager", "alertmanagers")
"""Schemes of a Prometheus Alertmanager, by HTTP and by HTTPS; everything else is an address of Apprise."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")


@dataclass(frozen=True, slots=True)
class Receiver:
    """An address, without the address."""

    ref: str
    """Where it stands in the file: `0.to.1`."""
    label: str
    """What the operator reads: `slack, routes[0].to[1]`."""
    keeps_alerts: bool
    """It is told again and again what stands, and decides itself whom to tell."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where alerts of a severity go."""

    ref: str
    severity: Severity
    to: tuple[Receiver, ...]
    escalate_after_s: float | None
    escalate_to: tuple[Receiver, ...]
    incident: int = 0
    """It is for incidents of this severity only; 0 for a route of `alerts`."""


def scheme_of(address: str) -> str:
    """Return the scheme of an address in small letters; empty for none."""
    found = _SCHEME.match(address.strip())
    return "" if found is None else found[1].lower()


def routes_of(rollout: Rollout) -> tuple[Route, ...]:
    """Return the routes of a rollout in their order, and then those of its severities of incidents.

    An address that is empty, because its variable is not set, is nobody, and a route to nobody is none.
    """
    routes = []
    for index, route in enumerate(rollout.alerts.routes):
        to = _receivers(route.to, f"{index}.to", f"routes[{index}].to")
        others = _receivers(route.escalate_to, f"{index}.escalate_to", f"routes[{index}].escalate_to")
        after_s = route.escalate_after if others else None
        routes.append(Route(str(index), Severity(route.severity), to, after_s, others))
    for index, rule in enumerate(() if rollout.incidents is None else rollout.incidents.severities):
        to = _receivers(rule.escalate_to, f"i{index}.escalate_to", f"severities[{index}].escalate_to")
        routes.append(Route(f"i{index}", Severity.CRITICAL, to, None, (), rule.severity))
    return tuple(route for route in routes if route.to or route.escalate_to)


def routes_for(routes: Iterable[Route], found: Finding) -> tuple[Route, ...]:
    """Return the routes that are told of a finding: those of its severity, and those of its incident's severity.

    Where no route is for what is blind, it goes where warnings go, or else where what is critical goes: that nobody
    sees anything must not go unheard.
    """
    known = tuple(routes)
    own = tuple(route for route in known if route.incident and route.incident == found.incident)
    return (*(_by_severity(known, found.severity) if found.is_for_routes else ()), *own)


def _by_severity(routes: Iterable[Route], severity: Severity) -> tuple[Route, ...]:
    known = tuple(route for route in routes if not route.incident)
    wanted = (severity, Severity.WARNING, Severity.CRITICAL) if severity is Severity.BLIND else (severity,)
    for one in wanted:
        found = tuple(route for route in known if route.severity is one)
        if found:
            return found
    return ()


def receivers_of(routes: Iterable[Route]) -> dict[str, Receiver]:
    """Return every receiver by its ref, in the order of the file."""
    return {receiver.ref: receiver for route in routes for receiver in (*route.to, *route.escalate_to)}


def addresses_of(rollout: Rollout) -> dict[str, str]:
    """Return the address of each receiver by its ref; they are secret."""
    by_place = {
        f"{index}.{key}": addresses
        for index, route in enumerate(rollout.alerts.routes)
        for key, addresses in (("to", route.to), ("escalate_to", route.escalate_to))
    }
    rules = () if rollout.incidents is None else rollout.incidents.severities
    by_place |= {f"i{index}.escalate_to": rule.escalate_to for index, rule in enumerate(rules)}
    numbered = ((place, number, one) for place, found in by_place.items() for number, one in enumerate(found))
    return {f"{place}.{number}": address for place, number, address in numbered if address}


def marks_of(rollout: Rollout) -> dict[str, str]:
    """Return a mark of each address by which a change shows, and from which nobody can tell or guess the address."""
    return {
        ref: hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:4]
        for ref, address in addresses_of(rollout).items()
    }


def _receivers(addresses: tuple[str, ...], ref: str, place: str) -> tuple[Receiver, ...]:
    return tuple(
        Receiver(
            ref=f"{ref}.{number}",
            label=f"{scheme_of(address) or 'address'}, {place}[{number}]",
            keeps_alerts=scheme_of(address) in ALERTMANAGER,
        )
        for number, address in enumerate(addresses)
        if address
    )
