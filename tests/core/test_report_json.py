"""The JSON that other programs read: its shape is a contract."""

import json
import math
from dataclasses import replace

from console.core.export import EventTotal, iso
from console.core.frame import SourceView
from console.core.report_json import check_json, metrics_json, snapshot_json
from console.core.verdict import Verdict
from console.core.words import SourceState
from tests import exports, frames
from tests.frame_parts import AT

EVENTS = {
    "canary": {"transition": EventTotal(3, {"from": {"A": 2, "B": 1}})},
    "": {"denied": EventTotal(1)},
}


def test_check_says_exactly_what_the_contract_names() -> None:
    said = check_json(frames.regression(), EVENTS)

    assert list(said) == ["rollout", "verdict", "phase", "metrics", "sources", "events"]
    assert said["rollout"] == "stateless-orchestration"
    assert said["verdict"] == "CRITICAL"
    assert said["phase"] == "Canary 10%"
    assert list(said["metrics"][0]) == ["name", "track", "value", "unit", "samples", "verdict", "reason", "since"]
    assert list(said["sources"][0]) == ["name", "state", "age_s"]


def test_every_metric_is_there_on_every_track_in_the_order_of_the_file() -> None:
    said = metrics_json(frames.regression())

    assert [(metric["name"], metric["track"]) for metric in said][:3] == [
        ("error_rate", "canary"),
        ("error_rate", "baseline"),
        ("p95_latency", "canary"),
    ]
    assert said[0]["value"] == 5.42
    assert said[0]["verdict"] == "CRITICAL"
    assert said[0]["since"] == "2026-03-02T13:03:27.000Z"


def test_events_are_counted_by_track_and_a_rule_that_never_matched_counts_zero() -> None:
    events = check_json(frames.healthy(), EVENTS)["events"]

    assert set(events) == {"canary", "baseline", ""}
    assert events["canary"]["transition"] == {"count": 3, "labels": {"from": {"A": 2, "B": 1}}}
    assert events["canary"]["denied"] == {"count": 0, "labels": {}}
    assert events["baseline"]["transition"]["count"] == 0
    assert events[""] == {"denied": {"count": 1, "labels": {}}}


def test_a_number_that_is_not_finite_is_null() -> None:
    frame = frames.healthy()
    panel = frame.panels[0]
    values = (replace(panel.values[0], value=math.nan, since=math.inf), replace(panel.values[1], value=-math.inf))
    source = SourceView("db", "postgres", SourceState.LIVE, "", math.inf, None, (), math.nan, 0)
    broken = replace(frame, panels=(replace(panel, values=values, age_s=math.nan),), sources=(source,))
    history = {("error_rate", "canary"): [(AT, math.nan), (AT + 1, 1.0), (AT + 2, math.inf), (math.nan, 1.0)]}

    said = snapshot_json(exports.export(broken, history=history))

    text = json.dumps(said, allow_nan=False)
    assert [metric["value"] for metric in said["metrics"]] == [None, None]
    assert said["sources"][0]["age_s"] is None
    assert "NaN" not in text
    assert "Infinity" not in text


def test_a_snapshot_has_everything_the_contract_names() -> None:
    said = snapshot_json(exports.export())

    needed = {"schema", "rollout", "session", "taken_at", "phase", "verdict", "metrics", "events", "alerts", "actions"}
    assert needed | {"checklist", "sources", "journal_head"} <= set(said)
    assert said["session"] == "s-20260301-2018"
    assert said["taken_at"] == "2026-03-02T14:03:28.250Z"
    assert said["phase"] == "Canary 10%"
    assert said["metrics"] == metrics_json(exports.export().frame)


def test_actions_are_told_from_the_first_to_the_last_with_every_step() -> None:
    actions = snapshot_json(exports.export())["actions"]

    assert [action["action"] for action in actions] == ["advance", "migrate", "rollback"]
    failed = actions[1]
    assert failed["actor"] == "anna@ops1 (pts/3)"
    assert failed["reason"] == "schema 12 needs it"
    assert failed["outcome"] == "failed"
    assert (failed["started"], failed["finished"]) == ("2026-03-02T08:30:07.000Z", "2026-03-02T08:31:35.000Z")
    assert failed["steps"][0]["detail"] == "exit code 3 after 88s"
    assert actions[2]["outcome"] == "running"
    assert actions[2]["finished"] is None


def test_the_checklist_says_who_when_and_what_the_console_verified() -> None:
    checklist = snapshot_json(exports.export())["checklist"]

    assert checklist[0] == {
        "id": "backup",
        "text": "PostgreSQL backed up",
        "done": True,
        "verified": False,
        "by": "anna@ops1",
        "at": "2026-03-01T21:23:27.000Z",
        "note": "snapshot 1142",
        "phase": "",
        "kind": "checklist",
        "group": "",
        "needs_second": False,
        "half_done": False,
        "first_by": "",
        "run": None,
        "history": [],
    }
    assert checklist[1]["verified"] is True
    assert checklist[3]["done"] is False


def test_history_is_thinned_and_has_a_null_where_there_was_a_gap() -> None:
    points = [(AT + number, float(number % 9)) for number in range(50_000)]
    points += [(AT + 90_000 + number, 1.0) for number in range(10)]

    (series,) = snapshot_json(exports.export(history={("error_rate", "canary"): points}))["history"]

    assert series["measured"] == 50_010
    assert len(series["points"]) < 2_000
    assert [value for _, value in series["points"]].count(None) == 1
    assert series["points"][0] == [iso(AT), 0.0]
    assert all(at.endswith("Z") for at, _ in series["points"])


def test_a_session_that_has_seen_nothing_is_a_snapshot_too() -> None:
    said = snapshot_json(exports.export(frames.opening(), events={}, history={}, journal=[]))

    assert said["verdict"] == Verdict.UNKNOWN.value
    assert said["metrics"] == []
    assert said["since"] is None
    json.dumps(said, allow_nan=False)


def test_a_time_beyond_the_calendar_is_no_time() -> None:
    assert [iso(at) for at in (None, math.nan, math.inf, 1e20)] == [None] * 4
    assert iso(0.0) == "1970-01-01T00:00:00.000Z"
