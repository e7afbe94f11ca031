"""Alerts handed to a Prometheus Alertmanager, by its API v2 (`POST /api/v2/alerts`).

It takes an alert as over at its `endsAt`, or when it has not heard of it until then, and tells a repetition by the
labels. Source: https://prometheus.io/docs/alerting/latest/alerts_api/
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from console.core.alerts import Delivery, Item
from console.core.export import iso
from console.core.paging import OUTLOOK_S
from console.core.rollout import Rollout

TIMEOUT_S = 10.0


def url_of(address: str) -> str:
    """Return where alerts are posted: `alertmanagers://host:9093/prefix` is https, with the prefix of its pages."""
    parts = urlsplit(address)
    scheme = "https" if parts.scheme.lower() == "alertmanagers" else "http"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/api/v2/alerts"


def labels_of(item: Item, rollout: Rollout, session: str) -> dict[str, str]:
    """Return the labels of an alert; they say which it is, so nothing that changes while it stands is among them."""
    return {
        "alertname": item.found.about,
        "alert": item.found.key,
        "kind": item.found.kind.value,
        "severity": item.found.severity.value,
        "rollout": rollout.rollout,
        "service": rollout.service,
        "session": session,
    }


def payload(
    delivery: Delivery, said: Sequence[tuple[str, str]], rollout: Rollout, session: str, *, at: float
) -> list[dict[str, Any]]:
    """Return what is posted: alerts that end `OUTLOOK_S` from now, or when they did; `said` is what each says."""
    return [
        {
            "labels": labels_of(item, rollout, session),
            "annotations": {"summary": title, "description": text},
            "startsAt": iso(item.started_at),
            "endsAt": iso(at + OUTLOOK_S if item.resolved_at is None else item.resolved_at),
        }
        for item, (title, text) in zip(delivery.items, said, strict=True)
    ]


async def post(address: str, alerts: list[dict[str, Any]], key: str) -> str:
    """Post alerts and return why they were not taken, empty if they were."""
    httpx = await asyncio.to_thread(_httpx)
    try:
        async with asyncio.timeout(TIMEOUT_S), httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.post(url_of(address), json=alerts, headers={"Idempotency-Key": key})
    except TimeoutError:
        return f"no answer in {TIMEOUT_S:.0f} s"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if answer.is_success else f"HTTP {answer.status_code}: {answer.text[:300]}"


def _httpx() -> Any:
    import httpx  # noqa: PLC0415 - in a thread, so that the engine goes on while it is imported

    return httpx
