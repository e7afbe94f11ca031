"""Soak, validation and budgets in the report, in JSON and in plain text."""

import json
from dataclasses import replace

from console.core.export import Export
from console.core.frame import Frame
from console.core.plain import plain_screen
from console.core.progress import BudgetView, StopView, WindowView
from console.core.report import report_of
from console.core.report_html import report_html
from console.core.report_json import snapshot_json
from console.core.report_md import report_md
from console.core.verdict import Verdict
from tests import exports, frames
from tests.frame_parts import AT

STOPS = (
    StopView("breach", "error_rate is CRITICAL", AT - 600, None, 600.0, 3600.0),
    StopView("gap", "not watched for 5m", AT - 9000, AT - 8700, 300.0, 0.0),
)
WINDOWS = (
    WindowView(
        "0-4 h", 0, 14_400, AT - 20_000, AT - 5600, "failed", "error_rate CRITICAL", AT - 9000, ("e",), 0.99, 0, 0
    ),
    WindowView("4-24 h", 14_400, 86_400, AT - 5600, AT + 66_400, "running", "", None, ("e",), 1.0, 1, 2),
)
BUDGET = BudgetView(
    "availability",
    "error_rate",
    99.9,
    30 * 86_400.0,
    Verdict.CRITICAL,
    "20x over 1h and 30x over 5m, page above 14.4x",
    AT - 300,
    20.0,
    (("firing", "20x over 1h and 30x over 5m, page above 14.4x"), ("unknown", "2x over 1d and 2x over 2h")),
    0.021,
    0.05,
    0.02,
    "this phase spent 2.1 % of the 30d error budget",
)


def frame() -> Frame:
    base = frames.regression()
    phase = replace(
        base.phase,
        stops=STOPS,
        lost_s=900.0,
        thrown_away_s=3600.0,
        again=(AT - 8700, "not watched for 5m"),
        earliest=AT + 3600,
        outlook="earliest 15:03, waiting for error_rate",
    )
    overridden = frames.attempt(override="30h of soak left", reason="the release must go")
    return replace(base, phase=phase, validation=WINDOWS, budgets=(BUDGET,), attempts=(overridden,))


def export() -> Export:
    return exports.export(frame())


def test_the_report_says_when_one_may_go_on_what_was_lost_and_how_validation_went() -> None:
    for said in (report_md(report_of(export())), report_html(report_of(export()))):
        assert "earliest 15:03, waiting for error_rate" in said
        assert "15m of this phase were no soak" in said
        assert "1h of soak had to begin again" in said
        assert "Validation after full rollout" in said
        assert "Error budgets" in said
        assert "20x over 1h and 30x over 5m, page above 14.4x" in said


def test_the_report_of_an_override_is_loud() -> None:
    assert "WITHOUT 30h of soak left: the release must go" in report_md(report_of(export()))


def test_a_report_of_a_rollout_without_windows_and_budgets_does_not_speak_of_them() -> None:
    said = report_md(report_of(exports.export()))

    assert "Validation after full rollout" not in said
    assert "Error budgets" not in said


def test_json_has_every_stop_every_window_and_every_budget() -> None:
    said = snapshot_json(export())

    assert json.dumps(said, allow_nan=False)
    assert said["progress"]["outlook"] == "earliest 15:03, waiting for error_rate"
    assert [stop["kind"] for stop in said["progress"]["stops"]] == ["breach", "gap"]
    assert [(window["name"], window["outcome"]) for window in said["validation"]] == [
        ("0-4 h", "failed"),
        ("4-24 h", "running"),
    ]
    assert said["budgets"][0]["spent"] == 0.021
    assert said["budgets"][0]["rules"][1]["state"] == "unknown"
    assert said["actions"][0]["override"] == "30h of soak left"


def test_plain_text_says_the_same() -> None:
    past = replace(WINDOWS[0], is_past=True)

    said = "\n".join(plain_screen(replace(frame(), validation=(past, *WINDOWS)), 160))

    assert "earliest 15:03, waiting for error_rate" in said
    assert "soak began again 11:38 after not watched for 5m, 1h thrown away" in said
    assert "no soak since 13:53, 10m lost: error_rate is CRITICAL" in said
    assert "this phase spent 2.1 % of the 30d error budget" in said
    assert "validation 0-4 h, before the step back: failed: error_rate CRITICAL" in said
    assert "WITHOUT 30h of soak left: the release must go" in said
