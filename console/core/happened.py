"""What has happened and may never happen, such as data of one user that reached another, once it leaves its window.

That the window of a count has passed undoes nothing. As long as the incident is open that it belongs to, its alert
stands, and nobody is told that it is over.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from console.core.alerts import AlertKind, Finding, Severity
from console.core.judging import UNSEEN

if TYPE_CHECKING:
    from console.core.state import State

_STANDS = "; less or nothing of it is in the window now, and it stands until the incident is resolved"


def happened(state: "State") -> Iterator[Finding]:
    """Yield the alerts of the open incident that are about counts of what may never happen, as they were seen last."""
    incident = state.incidents.open
    for key in () if incident is None else incident.causes:
        alert = state.alerts.alerts.get(key)
        if alert is None or not _may_never_happen(state, alert.found):
            continue
        found = alert.found
        if found.text.endswith(_STANDS):
            yield found
        else:
            yield replace(found, text=found.text + _STANDS, reason=found.reason + _STANDS)


def _may_never_happen(state: "State", found: Finding) -> bool:
    metric = state.metrics.get(found.about)
    if found.kind is not AlertKind.METRIC or found.severity is not Severity.CRITICAL or metric is None:
        return False
    if state.verdict_of(found.about).verdict in UNSEEN:  # nobody knows how it stands, and the alert goes on for that
        return False
    is_count = metric.metric.window is not None or not metric.metric.is_probed
    return metric.thresholds.is_zero_tolerance and is_count
