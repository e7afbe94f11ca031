"""Checklists and sign-offs of every phase and validation window, in a report."""

from collections.abc import Iterator
from typing import Any

from console.core.checklist_frame import ChecklistView, SignOffView, StageView
from console.core.export import clock, iso
from console.core.frame import Frame
from console.core.report_cells import Cell, Section
from console.core.words import CheckRun


def checklist_sections(frame: Frame) -> Iterator[Section]:
    """Yield a table for each phase and window that has items or asks for sign-offs, with who and when."""
    stages = [stage for stage in frame.stages if stage.items or stage.sign_off]
    done = [stage.done for stage in stages]
    yield Section(
        "Checklists and sign-offs",
        ("Phase", "Where", "Done"),
        tuple(
            (Cell(stage.name), Cell(_where(stage)), Cell(f"{ready} of {count}", "ok" if ready == count else "unknown"))
            for stage, (ready, count) in zip(stages, done, strict=True)
        ),
        empty="No phase has a checklist or asks for a sign-off.",
    )
    for stage in stages:
        yield Section(
            stage.name,
            ("", "Item", "By", "At (UTC)", "Note", "Verification", "Before"),
            (*map(_item, stage.items), *map(_role, stage.sign_off)),
            is_part=True,
        )


def _where(stage: StageView) -> str:
    return f"validation, {stage.outcome}" if stage.is_window else stage.place.value


def _item(item: ChecklistView) -> tuple[Cell, ...]:
    by = f"{item.first_by} and {item.by}" if item.first_by else item.by
    state = Cell("✓ done", "ok") if item.is_done else Cell("◐ half done", "warning")
    if not item.is_done and not item.is_half:
        state = Cell("◌ open", "unknown")
    if item.run is not None and not item.is_done:
        state = Cell("✗ not passed", "warning") if item.run.is_known else Cell("? not asked", "unknown")
    text = f"{item.group}: {item.text}" if item.group else item.text
    return (
        state,
        Cell(f"before it begins: {text}" if item.kind == "prerequisite" else text),
        Cell(by or ("the console" if item.is_verified and item.at is not None else "–")),
        Cell(clock(item.at)),
        Cell(item.note or "–"),
        Cell("–" if item.run is None else run_text(item.run)),
        Cell(_before(item)),
    )


def run_text(run: CheckRun) -> str:
    """Return what a verification said in one line: `took 0.25 s, exit code 1: (error) LOADING …`."""
    code = "" if run.exit_code is None else f", exit code {run.exit_code}"
    said = f"took {run.took_s:.2f} s{code}{'' if run.is_known else ', could not be asked'}"
    return f"{said}: {' / '.join(run.output)}" if run.output else said


def _before(item: ChecklistView) -> str:
    """Return who ticked and unticked an item before the last time."""
    marks = item.history[:-1]
    words = (("half done" if mark.is_half else "done" if mark.is_done else "not done", mark) for mark in marks)
    return "; ".join(f"{clock(mark.at)} {word}, {mark.by or 'the console'}" for word, mark in words) or "–"


def _role(one: SignOffView) -> tuple[Cell, ...]:
    second = ", a second person" if one.second else ""
    return (
        Cell("✓ signed", "ok") if one.by else Cell("◌ open", "unknown"),
        Cell(f"Sign-off: {one.role}{second}"),
        Cell(one.by or "–"),
        Cell(clock(one.at)),
        Cell(one.note or "–"),
        Cell("–"),
        Cell("–"),
    )


def stages_json(frame: Frame) -> list[dict[str, Any]]:
    """Return the checklists and sign-offs of every phase and window for programs."""
    return [
        {
            "name": stage.name,
            "window": stage.is_window,
            "place": stage.place.value,
            "items": [item_json(item) for item in stage.items],
            "sign_off": [role_json(one) for one in stage.sign_off],
        }
        for stage in frame.stages
    ]


def item_json(item: ChecklistView) -> dict[str, Any]:
    """Return an item for programs."""
    run = item.run
    return {
        "id": item.item,
        "text": item.text,
        "done": item.is_done,
        "verified": item.is_verified,
        "by": item.by,
        "at": iso(item.at),
        "note": item.note,
        "phase": item.stage,
        "kind": item.kind.value,
        "group": item.group,
        "needs_second": item.needs_second,
        "half_done": item.is_half,
        "first_by": item.first_by,
        "run": None
        if run is None
        else {
            "took_s": run.took_s,
            "known": run.is_known,
            "exit_code": run.exit_code,
            "output": list(run.output),
        },
        "history": [
            {"at": iso(mark.at), "done": mark.is_done, "half_done": mark.is_half, "by": mark.by, "note": mark.note}
            for mark in item.history
        ],
    }


def role_json(one: SignOffView) -> dict[str, Any]:
    """Return a sign-off for programs."""
    return {
        "role": one.role,
        "by": one.by or None,
        "at": iso(one.at),
        "note": one.note,
        "second_person": bool(one.second),
    }
