"""The evidence on a panel and in its dialog."""

from dataclasses import replace

import pytest

from console.core.frame import EvidenceView, Panel, TrackValue
from console.core.verdict import Verdict
from console.screens.why import why_lines
from tests import frames
from tests.screen_text import drawn
from widgets.panels import list_lines

WAITING = EvidenceView(
    line="not different so far, 12m more to be sure it is not 1.5x worse",
    brief="not different, 12m to be sure",
    explanation=("Samples: 12 of 600 bad on the canary.", "That it is worse: hardly anything says so."),
    is_worse=False,
    is_not_worse=False,
    log_e_worse=0.4,
    log_e_not_worse=1.8,
    needed=3.0,
    ratio=1.1,
    interval=(0.6, None),
    not_worse_than=1.5,
    samples=(600, 5400),
    bad=(12, 108),
    phi=1.0,
    wait_s=720.0,
    share_seen=None,
    share_line="",
)
WORSE = replace(
    WAITING,
    line="2.1x the baseline's rate, sure (1 in 400,000 by chance)",
    brief="2.1x worse, sure",
    is_worse=True,
    log_e_worse=12.9,
    log_e_not_worse=-4.0,
    wait_s=None,
)


def shown(evidence: EvidenceView, width: int, verdict: Verdict = Verdict.OK) -> str:
    panel = replace(frames.healthy().panels[0], evidence=evidence, verdict=verdict)
    return drawn(list_lines((panel,), width), width)


@pytest.mark.parametrize("width", [79, 119, 159, 199])
@pytest.mark.parametrize("evidence", [WAITING, WORSE], ids=["waiting", "worse"])
def test_a_panel_says_what_the_evidence_says_at_every_width(evidence: EvidenceView, width: int) -> None:
    said = shown(evidence, width)

    assert evidence.line in said or evidence.brief in said
    assert "▕" in said


def test_where_there_is_room_a_panel_says_the_whole_sentence() -> None:
    assert WORSE.line in shown(WORSE, 199)


def test_a_sentence_that_is_the_reason_is_not_said_twice() -> None:
    panel = replace(frames.healthy().panels[0], evidence=WORSE, reason=WORSE.line, verdict=Verdict.WARNING)

    said = drawn(list_lines((panel,), 79), 79)

    assert "2.1x worse, sure" not in said


def lines_of(panel: Panel, width: int = 78) -> str:
    return drawn(why_lines(panel, frames.healthy().at, width), width)


def test_the_dialog_says_the_numbers_and_what_they_mean() -> None:
    said = lines_of(
        replace(frames.regression().panels[0], evidence=replace(WAITING, share_line="the canary gets 20 %"))
    )

    for expected in (
        "CRITICAL",
        "> 5%",
        "12,568 of 231,880",
        "hardly anything says so",
        "1 in 6 by chance, sure at 1 in 20",
        "not 1.5x worse",
    ):
        assert expected in said
    assert "the canary gets 20 %" in said
    assert WAITING.explanation[0] in said


def test_the_dialog_of_a_panel_without_evidence_says_why_its_verdict_stands() -> None:
    said = lines_of(frames.regression().panels[0])

    assert "> 5% since 13:59" in said
    assert "baseline" in said


def test_a_full_bar_is_for_what_is_proven_only() -> None:
    almost = replace(WAITING, log_e_not_worse=2.9999)

    assert "█" * 6 not in shown(almost, 199).split("▏")[0]
    assert "██████" in shown(WORSE, 199)


def test_the_dialog_names_the_way_out_of_a_verdict_that_stands() -> None:
    assert "way out         R Roll back to 0%" in lines_of(frames.regression().panels[0])
    assert "way out" not in lines_of(frames.healthy().panels[0])


def test_one_sample_is_one_and_a_value_that_says_its_samples_says_them_once() -> None:
    asked = TrackValue(track="", value=1.0, samples=1, bad=None, verdict=Verdict.OK, reason="", since=None, text="1")
    rows = replace(asked, value=0.0, samples=18_204, bad=0, text="0 of 18,204 (< 0.017 %)")
    panel = frames.healthy().panels[0]

    assert "1 sample" in lines_of(replace(panel, values=(asked,)))
    assert "1 samples" not in lines_of(replace(panel, values=(asked,)))
    assert lines_of(replace(panel, values=(rows,))).count("18,204") == 1
