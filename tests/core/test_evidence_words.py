"""What the evidence says is said without statistics."""

import math

import pytest

from console.core.dispersion import Dispersion
from console.core.evidence import Comparing, Comparison
from console.core.evidence_words import brief, chance_text, explanation, ratio_text, sentence

EQUAL = Comparison().add(3, 57, 600, 11_400)
WORSE = Comparison().add(40, 361, 600, 11_400)
PROVEN = Comparison().add(50, 950, 600, 11_400)


def test_a_canary_that_is_worse_is_so_by_how_much_and_how_surely() -> None:
    assert sentence(WORSE) == f"2.1x the baseline's rate, sure ({chance_text(WORSE.chance)} by chance)"


def test_a_margin_is_named_where_it_is_exceeded() -> None:
    lenient = Comparison(Comparing(margin=0.1)).add(400, 3610, 600, 11_400)

    assert sentence(lenient).startswith("2.1x the baseline's rate, more than the 1.1x allowed, sure (")


def test_a_canary_that_became_worse_lately_is_not_called_by_its_average_alone() -> None:
    known = Comparison()
    for _ in range(300):
        known = known.add(6, 114, 600, 11_400)
    while not known.is_worse:
        known = known.add(18, 114, 600, 11_400)

    assert sentence(known).startswith("became worse, sure (1 in ")
    assert sentence(known).endswith("x over all")


def test_a_quiet_minute_right_after_the_proof_does_not_take_it_back() -> None:
    known = Comparison()
    while not known.is_worse:
        known = known.add(12, 114, 600, 11_400)

    calmer = known.add(5, 114, 600, 11_400)

    assert 0 < calmer.log_e_worse < calmer.needed
    assert sentence(calmer).startswith("1.71x the baseline's rate, sure (")


def test_a_canary_that_was_worse_for_a_time_is_not_forgotten() -> None:
    known = WORSE
    for _ in range(50):
        known = known.add(2, 57, 600, 11_400)

    assert sentence(known).startswith("was worse for a time, sure (")


@pytest.mark.parametrize(
    ("wait_s", "said"),
    [
        (None, "not different so far"),
        (720, "not different so far, 12m more to be sure it is not 1.5x worse"),
        (math.inf, "not different so far, and no telling at this traffic whether it is 1.5x worse"),
    ],
)
def test_an_open_question_says_how_long_it_stays_open(wait_s: float | None, said: str) -> None:
    assert sentence(EQUAL, wait_s=wait_s) == said


def test_proof_that_it_is_not_worse_is_said() -> None:
    assert sentence(PROVEN, wait_s=0) == "not worse than 1.5x the baseline, sure"


def test_before_the_first_interval_there_is_nothing_to_compare() -> None:
    assert sentence(Comparison()) == "nothing to compare yet"


def test_no_bad_event_at_all_is_said_as_such() -> None:
    assert sentence(Comparison().add(0, 0, 60, 1140)) == "nothing bad on either track so far"


def test_half_of_the_evidence_is_not_hidden() -> None:
    assert sentence(Comparison().add(9, 57, 600, 11_400)) == "looks worse (3.0x), not sure yet"


def test_a_change_that_shows_is_said_before_what_was_proven_earlier() -> None:
    known = Comparison()
    for _ in range(300):
        known = known.add(6, 114, 600, 11_400)
    while known.log_e_worse < known.needed / 2:
        known = known.add(9, 114, 600, 11_400)

    assert known.is_not_worse
    assert not known.is_worse
    assert sentence(known) == "looks as if it became worse, not sure yet"


def test_at_full_traffic_there_is_no_baseline() -> None:
    assert sentence(EQUAL, canary_share=1) == "100 %: no baseline beside it"
    assert sentence(PROVEN, canary_share=1) == (
        "100 %: no baseline beside it; until then not worse than 1.5x the baseline, sure"
    )
    assert sentence(EQUAL, canary_share=0) == "no traffic on the canary"
    assert sentence(EQUAL, canary_share=0.05) == "not different so far"


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (1.0, "1 in 1"),
        (0.05, "1 in 20"),
        (1 / 412_345, "1 in 400,000"),
        (1 / 1_999, "1 in 1,000"),
        (1e-12, "less than 1 in a billion"),
        (0.0, "less than 1 in a billion"),
    ],
)
def test_odds_never_promise_more_than_they_are(chance: float, said: str) -> None:
    assert chance_text(chance) == said


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(None, "unknown"), (0.0, "0.0x"), (0.97, "0.97x"), (2.14, "2.1x"), (12.3, "12.3x"), (math.inf, "over 20x")],
)
def test_ratios_are_said_as_people_say_them(ratio: float | None, said: str) -> None:
    assert ratio_text(ratio) == said


def test_the_detail_view_says_what_each_number_means() -> None:
    told = "\n".join(explanation(WORSE, Dispersion()))

    assert "40 of 600 bad on the canary, 361 of 11,400 on the baseline" in told
    assert "Ratio of the rates: 2.1x, surely " in told
    assert "That it is worse: 1 in 700 by chance. It is sure when chance alone would show as much in 1 in 20" in told
    assert "That it is not 1.5x worse: hardly anything says so; sure at 1 in 20 as well." in told
    assert "5.0 is assumed" in told


def test_the_detail_view_before_anything_has_no_number_that_is_not_known() -> None:
    told = "\n".join(explanation(Comparison(), Dispersion()))

    assert "Ratio of the rates: not known" in told
    assert "That it is worse: hardly anything says so." in told
    assert "nan" not in told


def test_bursts_are_explained() -> None:
    single = bursty = Dispersion()
    for minute in range(200):
        single = single.add(60 * minute, 6 + minute % 2, 1000)
        bursty = bursty.add(60 * minute, 20 if minute % 4 == 0 else 0, 1000)

    assert explanation(EQUAL, single)[-1] == "Dispersion: 1.0, bad events come one by one."
    assert "come in bursts" in explanation(EQUAL, bursty)[-1]


@pytest.mark.parametrize(("share", "said"), [(0, "no canary now, it was worse"), (1, "no baseline now, it was worse")])
def test_what_was_proven_of_a_canary_is_said_as_past_once_it_cannot_be_compared(share: float, said: str) -> None:
    assert brief(WORSE, canary_share=share) == said
    assert explanation(WORSE, Dispersion(), canary_share=share)[0] == sentence(WORSE, canary_share=share)
    assert "; until then 2.1x the baseline's rate, sure" in sentence(WORSE, canary_share=share)


def test_a_canary_in_breach_is_not_called_no_different() -> None:
    assert sentence(EQUAL, wait_s=720, is_breach=True) == "not yet proven worse than the baseline"
    assert brief(EQUAL, wait_s=720, is_breach=True) == "not yet proven worse"
    assert sentence(PROVEN, is_breach=True) == "not worse than 1.5x the baseline, sure"
