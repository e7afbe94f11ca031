"""What actions would do, as the engine previews them."""

from typing import Any

from console.core.plan import FileChange, Plan, Preview, StepPreview
from console.core.rollout import ActionKind, Check, EnvFileEdit, HttpProbe, Step


def preview(kind: str = "rollback", **more: Any) -> Preview:
    """Return what a rollback, a step down, an advance or a task would do."""
    traffic = more.pop("traffic", {"rollback": 0.0, "step_down": 5.0, "advance": 25.0}.get(kind))
    ladder = more.pop("ladder", (2.0, 0.0) if kind == "step_down" else ())
    titles = {"rollback": "Roll back to 0%", "step_down": "Step down", "advance": "Advance", "task": "Migrate the keys"}
    step = Step(run=("docker", "compose", "up", "-d", "--no-deps", "app"), timeout="120s")
    edit = Step(env_file=EnvFileEdit(path=".env", set={"CANARY_PERCENTAGE": "0"}))
    check = Check(http=HttpProbe(url="http://127.0.0.1:8080/health"), within="60s")
    plan = Plan(
        action=kind,
        title=titles[kind],
        kind=ActionKind(kind),
        service="app",
        steps=(edit, step),
        verify=(check,),
        traffic=traffic,
        ladder=ladder,
        hold_s=600.0 if kind == "step_down" else 0.0,
        phase=1 if kind == "advance" else None,
    )
    known: dict[str, Any] = {
        "why": "" if kind == "advance" else "error_rate CRITICAL for 4m 10s: 5.42 %, 8.9x the baseline",
        "now": "10 % canary, 2 containers; baseline 6 containers",
        "after": "baseline 6 containers, healthy" if kind == "rollback" else "the canary takes less",
        "steps": (
            StepPreview(
                ".env",
                "env_file",
                10.0,
                (
                    FileChange(".env", "CANARY_PERCENTAGE", "10", f"{traffic or 0:g}"),
                    FileChange(".env", "ENABLE_STATELESS_ORCHESTRATION", "true", "false"),
                    FileChange(".env", "ROLLED_BACK_AT", None, "2026-03-02T14:03:27Z"),
                ),
            ),
            StepPreview("docker compose --project-name valuecanvas up -d --no-deps app", "run", 120.0),
        ),
        "verify": (
            StepPreview("GET http://127.0.0.1:8080/health is 200", "verify", 60.0),
            StepPreview("every container of app has run for at least 20s", "verify", 80.0),
        ),
        "type_to_confirm": "app" if kind == "rollback" else "",
        "needs_reason": kind == "advance",
        "unmet": ("30h 18m of soak left", "sign-off: engineering-lead") if kind == "advance" else (),
        "took_s": (14.0,),
    }
    return Preview(plan=plan, **{**known, **more})
