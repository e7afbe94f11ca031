"""`rollout-console alerts test`: a message to every address, by real receivers on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli import main
from console.effects import notifier as notifying
from tests.receivers import Webhook, free_port, webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


def test_every_address_gets_a_test_message_and_failures_are_the_exit_code(
    tmp_path: Path, hook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    down = f"json://127.0.0.1:{free_port()}/x"
    file.write_text(
        "rollout: shop\ntitle: The shop\nservice: shop\nphases: [{name: Canary, traffic: 0%}]\n"
        f"alerts: {{routes: [{{severity: critical, to: ['{hook.address()}'],"
        f" escalate_after: 5m, escalate_to: ['{down}']}}]}}\n"
    )

    assert main(["alerts", "test", str(file), "--dry-run"]) == 0
    assert not hook.posted
    assert "would be told" in capsys.readouterr().out

    assert main(["alerts", "test", str(file)]) == 3
    said = capsys.readouterr().out
    assert "json, routes[0].to[0] (critical): taken" in said
    assert "json, routes[0].escalate_to[0] (critical): " in said
    assert hook.titles() == ["CRITICAL shop: TEST of shop, this is no alert: error_rate CRITICAL: > 5%"]


def test_a_file_without_routes_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("rollout: shop\ntitle: t\nservice: s\nphases: [{name: Canary, traffic: 0%}]\n")

    assert main(["alerts", "test", str(file)]) == 4
    assert "nobody is told" in capsys.readouterr().err


def test_a_test_message_leaves_no_incident_open(
    tmp_path: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notifying, "INCIDENTS", ("json",))
    file = tmp_path / "shop.yaml"
    file.write_text(
        "rollout: shop\ntitle: t\nservice: s\nphases: [{name: Canary, traffic: 0%}]\n"
        f"alerts: {{routes: [{{severity: critical, to: ['{hook.address()}']}}]}}\n"
    )

    assert main(["alerts", "test", str(file)]) == 0

    assert "taken, and closed again" in capsys.readouterr().out
    assert [posted.body["type"] for posted in hook.posted] == ["failure", "success"]
    assert len({posted.key for posted in hook.posted}) == 1, "the incident that is closed is the one of the test"
