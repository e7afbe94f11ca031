"""The report as a page: complete, self-contained and inert."""

from html.parser import HTMLParser
from typing import Any

import pytest

from console.core.report import report_of
from console.core.report_html import report_html
from tests import exports, frames
from tests.core.test_report_md import ATTACKS

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "strong",
    "span", "dl", "dt", "dd", "div", "figure", "table", "thead", "tbody", "tr", "th", "td",
    "svg", "desc", "text", "path", "rect", "circle", "g",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "scope", "role", "aria-label", "xmlns", "viewbox",
    "preserveaspectratio", "width", "height", "x", "y", "dy", "cx", "cy", "r", "d",
}  # fmt: skip
VOID = {"meta"}
BREAKERS = (
    *ATTACKS,
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "</td></tr></table><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "]]><svg onload=alert(1)>",
    "javascript:alert(1)",
    frames.HOSTILE,
)


class Page(HTMLParser):
    """Reads a page and keeps what it is made of; elements that are not closed in order are a failure."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def page(**more: Any) -> Page:
    """Return the page of a session as it is read."""
    return Page(report_html(report_of(exports.export(**more))))


def test_the_page_is_made_of_known_parts_only() -> None:
    read = page()

    assert set(read.elements) <= ELEMENTS
    assert read.attributes <= ATTRIBUTES


@pytest.mark.parametrize("attack", BREAKERS)
def test_a_page_full_of_attacks_is_made_of_the_same_parts(attack: str) -> None:
    harmless = Page(report_html(report_of(exports.poisoned(" harmless"))))

    read = Page(report_html(report_of(exports.poisoned(attack))))

    assert set(read.elements) <= ELEMENTS
    assert read.attributes <= ATTRIBUTES
    assert read.elements == harmless.elements
    assert not [value for value in read.values if "alert" in value]


def test_nothing_is_asked_of_anybody() -> None:
    text = report_html(report_of(exports.export()))

    without_name = text.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("http://127.0.0.1:8080/health", "")
    assert "http://" not in without_name
    assert "https://" not in without_name
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert "<script" not in text


def test_every_measured_metric_has_a_plot() -> None:
    read = page()

    assert read.elements.count("figure") == 7, "six plots and the timeline"
    assert any(word.startswith("error_rate: Requests that failed") for word in read.words)
    assert "critical > 5%" in read.words
    assert "Migrate the keys" in read.words


@pytest.mark.parametrize(
    "fact",
    [
        "✗ CRITICAL",
        "17h 42m of 2d (36 %)",
        "30h 18m of soak left",
        "5.42 %",
        "0 of 231,880 (< 0.002 %)",
        "2,087,400",
        "exit code 3 after 88s",
        "connection refused",
        "schema 12 needs it",
        "app canary-1: lines may be missing after 13:20:11",
        "41ab" * 16,
        "9f2c" * 16,
    ],
)
def test_the_page_says(fact: str) -> None:
    assert fact in page().words


def test_a_session_that_has_seen_nothing_has_a_page() -> None:
    read = page(frame=frames.opening(), events={}, history={}, journal=[])

    assert "Nothing was measured yet." in read.words
    assert "? UNKNOWN" in read.words
