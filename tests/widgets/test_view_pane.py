"""A view of the rollout file as it is drawn."""

from console.core.dashboard_frame import DashboardRow, DashboardSection, DashboardView, KpiOutcome, KpiView
from console.core.verdict import Verdict
from tests.frames import HOSTILE
from tests.screen_text import assert_inert, drawn, drawn_strips
from widgets.kpi_list import KpisPart, kpi_rows
from widgets.view_pane import ViewPart, view_lines

GOLDEN = DashboardRow("✗", Verdict.CRITICAL, "Golden path", "78 %", "< 80%; baseline 97 %", (97.0, 90.0, 78.0))
HEALTH = DashboardSection("Golden path health", (GOLDEN,))
WAYS = DashboardSection("Rollback readiness", (DashboardRow("✓", Verdict.OK, "Roll back", "ready", "never", key="R"),))
ALERT = DashboardRow("!", Verdict.WARNING, "a long alert about " + "something " * 6, "firing", "since 14:03")


def text(*sections: DashboardSection, width: int = 120) -> str:
    view = DashboardView("executive", "Executive", sections)
    return drawn(view_lines(ViewPart(view, ("Executive", "Engineering")), width), width)


def test_the_first_line_says_which_view_it_is_and_the_key_of_the_next() -> None:
    first = text(HEALTH).splitlines()[0]

    assert first.startswith(" Everything │ Executive │ Engineering")
    assert first.rstrip().endswith("l next")


def test_a_section_has_its_heading_and_a_line_for_each_row() -> None:
    lines = text(HEALTH, WAYS).splitlines()

    assert "Golden path health" in lines[1]
    assert lines[2].split() == ["✗", "Golden", "path", "78", "%", *lines[2].split()[5:]]
    assert "< 80%; baseline 97 %" in lines[2]
    assert "Rollback readiness" in lines[3]
    assert lines[4].startswith(" ✓ R Roll back")


def test_on_a_narrow_screen_the_reason_stands_below_when_it_does_not_fit() -> None:
    long = DashboardRow("✗", Verdict.CRITICAL, "Golden path", "78 %", "because " * 12)

    lines = text(DashboardSection("S", (long,)), width=80).splitlines()

    assert lines[2].rstrip().endswith("78 %")
    assert lines[3].startswith("     because because")


def test_a_name_that_is_longer_than_its_column_is_not_cut_while_there_is_room() -> None:
    lines = text(DashboardSection("S", (ALERT, GOLDEN)), width=120).splitlines()

    assert ALERT.name.strip() in lines[2]
    assert "firing" in lines[2]
    assert "since 14:03" in lines[3]


def test_on_a_very_wide_screen_sections_stand_side_by_side() -> None:
    lines = text(HEALTH, WAYS, width=200).splitlines()

    assert "Golden path health" in lines[1]
    assert "Rollback readiness" in lines[1]


def test_a_section_without_rows_says_so() -> None:
    assert "nothing to show" in text(DashboardSection("Alerts", ()))


def test_text_from_outside_is_drawn_as_text() -> None:
    row = DashboardRow("✗", Verdict.CRITICAL, HOSTILE, HOSTILE, HOSTILE)
    view = DashboardView("v", HOSTILE, (DashboardSection(HOSTILE, (row,)),))

    for width in (80, 120, 200):
        assert_inert(drawn_strips(view_lines(ViewPart(view, (HOSTILE,)), width), width))


def test_a_goal_says_how_it_stands_and_what_it_is() -> None:
    met = KpiView("up", "Uptime", "0.998", "> 99.5%", KpiOutcome.MET, "mean health", is_entered=False, is_settled=False)
    open_ = KpiView("t", "Tickets", "–", "< 10%", KpiOutcome.UNKNOWN, "somebody has yet to enter it", is_entered=True)

    first, second = kpi_rows(KpisPart((met, open_), 1), 100)

    assert first[0].text.startswith("  ✓ met so far    Uptime")
    assert first[0].text.rstrip().endswith("0.998  goal > 99.5%")
    assert second[0].text.startswith("▌ ? not known     Tickets")
    assert "somebody has yet to enter it" in second[1].text
