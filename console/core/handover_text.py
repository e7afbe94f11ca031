"""A handover as plain text, as Markdown, and for programs."""

from collections.abc import Iterator
from typing import Any

from console.core.export import iso
from console.core.handover import Ahead, Handover
from console.core.outlook import when
from console.core.report_cells import moment_text
from console.core.report_md import markdown_text
from console.core.text import visible

_NOTHING = "nothing"


def handover_text(found: Handover) -> str:
    """Return the summary as text that no terminal interprets."""
    lines = [f"{found.title}: handover, {moment_text(found.since)} to {moment_text(found.at)}", ""]
    lines += [f"  {line}" for line in found.now]
    lines += ["", f"Look at first: {found.look}"]
    for title, said in _parts(found):
        lines += ["", title, *(f"  {line}" for line in said or (_NOTHING,))]
    return "\n".join(map(visible, lines)) + "\n"


def handover_md(found: Handover) -> str:
    """Return the summary as Markdown, for a channel or a ticket."""
    span = f"{moment_text(found.since)} to {moment_text(found.at)}"
    parts = [f"# {markdown_text(found.title)}: handover", markdown_text(span), _list(found.now)]
    parts.append(f"**Look at first:** {markdown_text(found.look)}")
    for title, said in _parts(found):
        parts += [f"## {markdown_text(title)}", _list(said)]
    return "\n\n".join(parts) + "\n"


def _list(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {markdown_text(line)}" for line in lines or (_NOTHING,))


def _parts(found: Handover) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "Open now, the most urgent first", found.open
    yield "To come (UTC)", tuple(_line(one, found.at) for one in found.ahead)
    if not found.changed:
        yield "Changed since then", ()
    yield from ((group.title, group.lines) for group in found.changed)


def _line(one: Ahead, at: float) -> str:
    return f"{when(one.at, at)}  {one.text}"


def handover_json(found: Handover) -> dict[str, Any]:
    """Return the summary for programs."""
    return {
        "rollout": found.rollout,
        "session": found.session,
        "since": iso(found.since),
        "at": iso(found.at),
        "verdict": found.verdict.value,
        "now": list(found.now),
        "look": found.look,
        "open": list(found.open),
        "ahead": [{"at": iso(one.at), "text": one.text} for one in found.ahead],
        "changed": [{"about": group.title, "lines": list(group.lines)} for group in found.changed],
    }
