"""Lines: exact widths in cells, nothing a terminal interprets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.screen_text import assert_inert, drawn_strips
from widgets.ink import Role
from widgets.lines import Line, Span, cells, clip, cut, fit, heading, spread, squeeze, wrap

ANY_TEXT = st.text(max_size=60)
SPANS = st.lists(st.builds(Span, ANY_TEXT, st.sampled_from(list(Role))), max_size=6)


@given(ANY_TEXT, st.integers(0, 80), st.booleans())
def test_fitted_text_has_exactly_its_width(text: str, width: int, is_right: bool) -> None:
    assert cells([Span(fit(text, width, is_right=is_right))]) == width


@given(SPANS, st.integers(1, 80))
def test_cut_pieces_never_exceed_the_width(spans: list[Span], width: int) -> None:
    assert cells(cut(spans, width)) <= width


@settings(max_examples=60)
@given(SPANS, SPANS, st.integers(2, 80))
def test_a_drawn_line_has_exactly_its_width_and_is_inert(left: list[Span], right: list[Span], width: int) -> None:
    strips = drawn_strips([spread(left, right, width), Line(tuple(left))], width)

    assert [strip.cell_length for strip in strips] == [width, width]
    assert_inert(strips)


def test_text_that_fits_is_not_cut() -> None:
    assert cut([Span("abc"), Span("de")], 5) == [Span("abc"), Span("de")]


def test_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    assert "".join(span.text for span in cut([Span("abc"), Span("def")], 5)) == "abcd…"


def test_only_spaces_left_out_are_no_loss() -> None:
    assert "".join(span.text for span in cut([Span("5.42 %   "), Span("  ")], 6)) == "5.42 %"


def test_the_left_part_keeps_half_the_line_however_long_the_right_one_is() -> None:
    line = spread([Span("CRITICAL")], [Span("x" * 100)], 20)

    assert line.text.startswith("CRITICAL")
    assert cells(line.spans) == 20


def test_wide_characters_count_two_cells() -> None:
    assert fit("日本語", 5) == "日本…"
    assert clip("日本語", 6) == "日本語"


def test_pieces_that_matter_least_are_left_out_whole() -> None:
    pieces = [(2, [Span("third")]), (0, [Span("first")]), (1, [Span("second")])]

    assert "".join(span.text for span in squeeze(pieces, 15, gap=" ")) == "first second"


@pytest.mark.parametrize("width", [1, 5, 12, 40])
def test_wrapped_lines_keep_every_word(width: int) -> None:
    text = "docker compose --project-name valuecanvas up -d --no-deps app"

    lines = wrap(text, width)

    assert all(cells([Span(line)]) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_heading_names_the_pane_and_fills_the_line() -> None:
    line = heading("log", 30, right=[Span("212 lines/s")])

    assert line.text.startswith("── log ")
    assert line.text.endswith(" 212 lines/s ──")
    assert cells(line.spans) == 30


def test_what_was_cut_before_is_cut_again_with_one_mark() -> None:
    assert fit("not yet known: 0.0…4 %", 19) == "not yet known: 0.0…"
    assert "".join(span.text for span in cut([Span("soak stands …"), Span(" and on")], 13)) == "soak stands…"
    assert "".join(span.text for span in cut([Span("soak stands…"), Span(" and on")], 13)) == "soak stands…"
    assert fit("abc… and more", 5) == "abc… "
