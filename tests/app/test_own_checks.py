"""Items verified by what the rollout file and the session know, over a running engine and without one."""

from dataclasses import replace
from pathlib import Path

import pytest

from console.cli import main
from console.core.actors import Actor
from console.core.checklist_frame import ChecklistView
from console.opening import Opened, open_session
from console.orders import Orders
from console.spec.load import load

ANNA = Actor("anna", "ops1")
FILE = """
rollout: shop
title: The shop
service: shop
phases:
  - name: Canary
    traffic: 10%
    soak: 7d
    checklist: [{id: told, text: Alerts lead to people, verify: {alerts: [critical, warning]}}]
  - name: All
    traffic: 100%
    prerequisites: [{id: calm, text: The canary soaked, verify: {soaked: Canary}}]
alerts:
  routes: [{severity: critical, to: ["${PAGER:-}"]}, {severity: warning, to: ["${CHAT:-}"]}]
"""
ADDRESSES = {"PAGER": "json://pager/s3cret", "CHAT": "json://chat/s3cret"}


async def opened_with(env: dict[str, str], folder: Path) -> Opened:
    (folder / "shop.yaml").write_text(FILE)
    held = await open_session(load(str(folder / "shop.yaml"), env), folder / "state", ANNA, is_dry_run=True)
    assert held.engine is not None
    await held.engine.start()
    return held


async def verified(opened: Opened, folder: Path, item: str, stage: str) -> ChecklistView:
    assert opened.engine is not None
    await Orders(opened.engine, opened.session, folder / "state").tick(item, is_done=True, stage=stage)
    stages = opened.engine.fresh_frame().stages
    return next(one for shown in stages for one in shown.items if one.item == item)


@pytest.mark.parametrize(
    ("env", "is_done", "said"),
    [
        ({}, False, "critical: nobody; warning: nobody"),
        ({"CHAT": ADDRESSES["CHAT"]}, False, "critical: nobody; warning: json, routes[1].to[0]"),
        (ADDRESSES, True, "critical: json, routes[0].to[0]; warning: json, routes[1].to[0]"),
    ],
)
async def test_alerts_are_not_configured_while_a_severity_leads_to_nobody(
    tmp_path: Path, env: dict[str, str], is_done: bool, said: str
) -> None:
    opened = await opened_with(env, tmp_path)

    item = await verified(opened, tmp_path, "told", "Canary")
    await opened.leave()

    assert (item.is_done, item.note) == (is_done, said)
    assert item.run is not None
    assert item.run.is_known


async def test_a_phase_that_soaks_is_not_calm_before_its_soak_is_over(tmp_path: Path) -> None:
    opened = await opened_with({}, tmp_path)
    assert opened.engine is not None
    state = opened.engine.state

    before = await verified(opened, tmp_path, "calm", "All")
    state.phase = replace(state.phase, soaked_s=7 * 86_400.0)
    after = await verified(opened, tmp_path, "calm", "All")
    await opened.leave()

    assert (before.is_done, before.note) == (False, "Canary soaked 0s of 7d")
    assert (after.is_done, after.note) == (True, "Canary soaked 7d of 7d")


def test_without_a_session_nobody_knows_what_has_soaked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.yaml").write_text(FILE)

    code = main(["verify", str(tmp_path / "shop.yaml")])

    printed = capsys.readouterr().out
    assert code == 2
    assert "✗ Alerts lead to people (told): not passed, critical: nobody; warning: nobody" in printed
    assert "? The canary soaked (calm): could not be asked, only a watch knows how long a phase has soaked" in printed
