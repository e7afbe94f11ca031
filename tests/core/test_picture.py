"""The picture of the screen: nothing is fetched, and no secret is left."""

import asyncio
from xml.etree import ElementTree

from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Static

from console.core.picture import drawn_lines, still_picture
from console.core.redact import Redactor
from tests import frames

SECRET = "hunter2-&<z>\"'"


class Shown(App[None]):
    """A screen with colours inside a line, attacks and a secret."""

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble("password=", ("se cret"[:2], "bold red"), ("cretive", "italic"), " after"))
        yield Static(Content.assemble(f"dsn {SECRET}", ("      ", "on red"), "end"))
        yield Static(Content("</text><script>alert(1)</script> href= onload= 日本 plain"))


def taken() -> str:
    """Return a picture as Textual exports it."""

    async def take() -> str:
        app = Shown()
        async with app.run_test(size=(60, 6)):
            return app.export_screenshot(title=f"title {SECRET}")

    return asyncio.run(take())


def words(svg: str) -> str:
    """Return the text of the picture; it is well-formed or the test fails."""
    tree = ElementTree.fromstring(svg)  # noqa: S314 - our own picture
    return "".join(tree.itertext()).replace("\xa0", " ")


def test_web_fonts_are_gone_and_the_screen_stays() -> None:
    svg = taken()
    assert "cdnjs" in svg

    still = still_picture(svg, Redactor().redact)

    assert still is not None
    assert "http" not in still.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "@font-face" not in still
    assert "alert(1)" in words(still)
    assert "日本 plain" in words(still)
    assert "<script" not in still


def test_a_secret_in_a_row_is_gone_also_when_colours_cut_it_into_pieces() -> None:
    still = still_picture(taken(), Redactor([SECRET]).redact)

    assert still is not None
    said = words(still)
    assert "hunter2" not in said
    assert "cretive" not in said
    assert "password=[redacted] after" in said
    assert "dsn [redacted]      end" in said


def test_a_picture_that_could_fetch_or_run_something_is_refused() -> None:
    for part in (
        '<image href="https://evil.example/a.png"/>',
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        "<style>rect{fill:url(https://evil.example/x)}</style>",
        '<style>@import "https://evil.example/x.css";</style>',
        "<foreignObject/>",
    ):
        assert still_picture(f"<svg>{part}</svg>", str) is None
    assert still_picture("no picture", str) is None


def test_plain_lines_become_a_well_formed_picture() -> None:
    svg = drawn_lines(["a <b> & c", "", frames.HOSTILE], "title </title>" + frames.HOSTILE)

    assert "a <b> & c" in words(svg)
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
