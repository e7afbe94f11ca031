"""The report as Markdown: complete, and text from outside stays text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from console.core.frame import JournalView
from console.core.report import report_of
from console.core.report_md import markdown_text, report_md
from tests import exports, frames
from tests.frame_parts import AT

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example/)",
    "![picture](https://evil.example/a.png)",
    "[ref]: https://evil.example",
    "https://evil.example/path www.evil.example ftp://evil.example",
    "mallory@evil.example",
    "<https://evil.example>",
    "`code` ``more`` ```",
    "a | b | c",
    "**bold** __bold__ *it* _it_ ~~gone~~",
    "# heading",
    "- list",
    "1. list",
    "1) list",
    "+ list",
    "> quote",
    "---",
    "===",
    "&lt;b&gt; &copy; &#x3c;",
    "\\",
    "trailing backslash \\",
    "line\n\n# heading\n| a | b |\n| - | - |",
    "$x$ \\(x\\)",
    "    code by indent",
    "<!-- comment",
    "[^1] [x]: y [ ] task",
)
_MARKUP = {
    "link_open", "image", "html_inline", "html_block", "code_inline", "code_block", "fence", "em_open", "s_open",
    "strong_open", "heading_open", "bullet_list_open", "ordered_list_open", "blockquote_open", "hr", "table_open",
}  # fmt: skip


def tokens_of(text: str) -> list[Token]:
    """Return what a reader of GitHub's Markdown sees in the text, links that it finds by itself included."""
    markdown = MarkdownIt("gfm-like")
    assert markdown.linkify is not None
    markdown.linkify.set({"fuzzy_link": False, "fuzzy_ip": False})
    flat = []
    for token in markdown.parse(text):
        flat += [token, *(token.children or ())]
    return flat


def shown(text: str) -> str:
    """Return the words a reader sees."""
    return "".join(token.content for token in tokens_of(text) if token.type in ("text", "text_special"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_shown_as_it_is_written(attack: str) -> None:
    found = tokens_of(markdown_text(attack))

    assert not {token.type for token in found} & _MARKUP
    assert shown(markdown_text(attack)) == attack.strip().replace("\n", "\\x0a")


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_in_a_table_stays_in_its_cell(attack: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {markdown_text(attack)} | end |\n"

    found = tokens_of(table)

    assert [token.type for token in found].count("td_open") == 2
    assert not {token.type for token in found} & (_MARKUP - {"table_open"})


@given(st.text(alphabet="ab1 _*`[]()<>!|#-+=~\\&;:/.@$w\n\t", max_size=40))
def test_no_text_becomes_markup(text: str) -> None:
    found = tokens_of("x " + markdown_text(text))

    assert not {token.type for token in found} & _MARKUP


def test_names_stay_readable_in_the_raw_text() -> None:
    assert markdown_text("error_rate 5.42 %, 2026-03-02 -5") == "error_rate 5.42 %, 2026-03-02 -5"


def test_the_report_says_what_matters_first() -> None:
    text = report_md(report_of(exports.export()))

    assert text.startswith("# Stateless orchestration: ✗ CRITICAL\n")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## What is missing to advance",
        "## Metrics",
        "## Events",
        "## Alerts",
        "## Actions",
        "## Checklists and sign-offs",
        "## Course of the phases",
        "## Changes of verdicts",
        "## What people did",
        "## Alerts over time",
        "## Messages that nobody took",
        "## Gaps in monitoring",
        "## Sources",
        "## Journal",
        "## Provenance",
    ]


@pytest.mark.parametrize(
    "fact",
    [
        "17h 42m of 2d (36 %)",
        "30h 18m of soak left",
        "| error_rate | canary | 5.42 % | ✗ CRITICAL |",
        "target &lt; 1%, warning &gt; 2%, critical &gt; 5%, held for 5m",
        "231,880",
        "| transition | fsm | 48,112 | 2,731 | 431,907 | 24,511 | state: SLOT_SELECTION 24, CONFIRM 8 |",
        "connection refused",
        "app canary-1: lines may be missing after 13:20:11",
        "snapshot 1142",
        "| ✓ signed | Sign-off: product-owner | li@ops2 |",
        "| Canary 50% | coming | 0 of 3 |",
        "| ✗ not passed | before it begins: Redis has loaded | the console | 2026-03-02 14:02:26 | LOADING |",
        "took 0.25 s, exit code 1: Connecting to cache:6379 … / (error) LOADING Redis is loading the dataset",
        "2026-03-01 15:50:07 not done, li@ops2",
        "### On what Canary 10% was entered",
        "Without 4h of soak left.",
        "| p95_latency | \\~ OFF TARGET | 2.4 s | 48,112 |",
        "| 2026-03-02 13:59:27 | error_rate | ! WARNING | ✗ CRITICAL | &gt; 5% for 5m |",
        "| ./migrate.sh --live | failed | 1m 28s | exit code 3 after 88s |",
        "**Reason:** schema 12 needs it",
        "anna@ops1: the payment provider announced maintenance at 14:00",
        "9f2c9f2c",
        "41ab41ab",
        "| textual | 8.2.8 |",
    ],
)
def test_the_report_says(fact: str) -> None:
    assert fact in report_md(report_of(exports.export()))


def test_only_the_newest_records_of_a_long_journal_are_told() -> None:
    records = [JournalView(number, AT - 900 + number, "note", f"note {number}.") for number in range(1, 901)]

    text = report_md(report_of(exports.export(journal=records)))

    assert "The newest 200 of 900 records" in text
    assert "note 701." in text
    assert "note 700." not in text


def test_a_session_that_has_seen_nothing_has_a_report() -> None:
    text = report_md(report_of(exports.export(frames.opening(), events={}, history={}, journal=[])))

    assert "? UNKNOWN" in text
    assert "Nobody has done anything yet." in text


def test_a_report_full_of_attacks_has_only_the_report_s_own_markup() -> None:
    clean = tokens_of(report_md(report_of(exports.poisoned(" harmless"))))
    for attack in (*ATTACKS, frames.HOSTILE):
        found = tokens_of(report_md(report_of(exports.poisoned(attack))))

        for kind in _MARKUP:
            assert _count(found, kind) == _count(clean, kind), (kind, attack)


def _count(tokens: list[Token], kind: str) -> int:
    return sum(token.type == kind for token in tokens)


def test_a_last_phase_says_what_is_missing_to_finish() -> None:
    frame = frames.regression()
    last = replace(frame, phase=replace(frame.phase, is_last=True))

    assert "**To finish:** 5 missing" in report_md(report_of(exports.export(last)))


def test_a_last_phase_with_every_clause_met_lacks_nothing() -> None:
    frame = frames.healthy()
    met = tuple(replace(clause, is_met=True) for clause in frame.phase.clauses)
    last = replace(frame, phase=replace(frame.phase, is_last=True, clauses=met, may_advance=False))

    assert "**To finish:** complete" in report_md(report_of(exports.export(last)))


def test_a_report_says_what_is_not_read_and_since_when() -> None:
    frame = frames.healthy()
    lost = replace(frame.sources[3], lag_s=41.0, is_lag_least=True)
    partly = replace(frame.sources[0], unread=(("none-1", "driver none"),))

    text = report_md(report_of(replace(exports.export(), frame=replace(frame, sources=(lost, partly)))))

    assert "| not for 41s | at least 41s |" in text
    assert "none-1 cannot be read: driver none" in text
