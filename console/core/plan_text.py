"""A preview as plain text and as JSON: everything that would be done, with nothing done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.core.durations import format_duration
from console.core.plan import took_text
from console.core.planning import format_share
from console.core.text import visible

if TYPE_CHECKING:
    from console.core.plan import Preview, StepPreview

_FOUND = {True: "✓", False: "✗", None: "?"}


def preview_text(shown: Preview) -> str:
    """Return a preview as plain text, safe to print."""
    planned = shown.plan
    lines = [planned.title]
    lines += [
        f"  {head:<8} {text}" for head, text in (("why", shown.why), ("now", shown.now), ("after", shown.after)) if text
    ]
    lines += [f"  not met  {clause}" for clause in shown.unmet]
    for look in shown.before:
        lines += [f"  before   {look.label}", f"     {_FOUND[look.is_passed]} {look.found or 'not asked'}"]
    for number, step in enumerate(shown.steps, 1):
        lines += _step_lines(f"{number:>2} {step.kind:<9}", step)
    for check in shown.verify:
        lines += _step_lines(f"   {check.kind:<9}", check)
    said = took_text(shown.took_s)
    lines += [f"  takes    {said}"] if said else []
    if planned.ladder:
        rungs = ", ".join(f"{format_share(rung)} %" for rung in planned.ladder)
        lines.append(f"  then     {rungs}, each held for {format_duration(planned.hold_s)}")
    return "\n".join(visible(line) for line in lines)


def _step_lines(head: str, step: StepPreview) -> list[str]:
    limit = "" if step.kind == "verify" else f"  (up to {format_duration(step.timeout_s)})"
    lines = [f"{head} {step.label}{limit}"]
    lines += [
        f"     {change.key}  {'not set' if change.before is None else change.before} → {change.after}"
        for change in step.changes
    ]
    if step.problem:
        lines.append(f"     ✗ {step.problem}")
    return lines


def preview_json(shown: Preview) -> dict[str, object]:
    """Return a preview as plain data, for `act --dry-run --json`."""
    planned = shown.plan
    return {
        "action": planned.action,
        "title": planned.title,
        "kind": planned.kind.value,
        "given": dict(planned.given),
        "why": shown.why,
        "now": shown.now,
        "after": shown.after,
        "traffic": planned.traffic,
        "ladder": list(planned.ladder),
        "unmet": list(shown.unmet),
        "took_s": [round(seconds, 3) for seconds in shown.took_s],
        "before": [{"label": look.label, "passed": look.is_passed, "found": look.found} for look in shown.before],
        "steps": [_step_json(step) for step in shown.steps],
        "verify": [_step_json(check) for check in shown.verify],
    }


def _step_json(step: StepPreview) -> dict[str, object]:
    changes = [
        {"path": change.path, "key": change.key, "before": change.before, "after": change.after}
        for change in step.changes
    ]
    return {
        "kind": step.kind,
        "label": step.label,
        "timeout_s": step.timeout_s,
        "changes": changes,
        "problem": step.problem,
    }
