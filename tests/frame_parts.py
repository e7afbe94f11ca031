"""Parts of realistic frames: panels, events, queries, sources, a phase, a journal."""

from dataclasses import replace
from typing import Any

from console.core.action_frame import ActionView, KeyHint
from console.core.checklist_frame import ChecklistView, ItemKind, Place, SignOffView, StageView
from console.core.frame import (
    Clause,
    EventCounts,
    EventView,
    JournalView,
    Panel,
    PhaseView,
    QueryView,
    SourceView,
    TrackValue,
)
from console.core.ticks import Mark
from console.core.verdict import Verdict
from console.core.words import CheckRun, SourceState, Table

AT = 1_772_460_207.0
"""2026-03-02 14:03:27 UTC."""
ROLLBACK = KeyHint("rollback", "R", "Roll back to 0%")
STEP_DOWN = KeyHint("step_down", "G", "Step down")


def wave(low: float, high: float, count: int = 60, *, last: int = 0) -> tuple[float | None, ...]:
    """Return a calm curve around `low` whose newest `last` values climb to `high`."""
    calm = [low * (1 + 0.12 * ((index * 7919) % 13 - 6) / 6) for index in range(count - last)]
    rise = [low + (high - low) * (step + 1) / last for step in range(last)]
    return tuple(calm + rise)


def track_value(track: str, value: float | None, text: str, verdict: Verdict = Verdict.OK, **more: Any) -> TrackValue:
    """Return a metric's value on a track."""
    known: dict[str, Any] = {"samples": None, "bad": None, "reason": "", "since": AT - 3600}
    return TrackValue(track=track, value=value, verdict=verdict, text=text, **{**known, **more})


def panel(metric: str, verdict: Verdict, values: tuple[TrackValue, ...], **more: Any) -> Panel:
    """Return a panel with the defaults of a healthy one."""
    known: dict[str, Any] = {
        "title": metric,
        "unit": "",
        "source": "db",
        "reason": "",
        "since": AT - 3600,
        "judged": values[0].track if values else "",
        "conditions": (),
        "pending": None,
        "held_s": 0.0,
        "needed_s": 300.0,
        "min_samples": 0,
        "spark": wave(0.6, 0.6),
        "age_s": 12.0,
        "is_stale": False,
        "keys": (),
        "investigate": (),
    }
    return Panel(metric=metric, verdict=verdict, values=values, **{**known, **more})


def panels(*, is_failing: bool) -> tuple[Panel, ...]:
    error = panel(
        "error_rate",
        Verdict.OK,
        (
            track_value("canary", 0.58, "0.58 %", samples=231_880, bad=1_344),
            track_value("baseline", 0.61, "0.61 %", samples=2_087_400, bad=12_733),
        ),
        title="Requests that failed, last 24 hours",
        reason="< 1%, and no worse than the baseline",
        conditions=(("target", "< 1%"), ("warning", "> 2%"), ("critical", "> 5%")),
        keys=(ROLLBACK, STEP_DOWN),
        investigate=("error_patterns", "errors_by_endpoint"),
    )
    latency = panel(
        "p95_latency",
        Verdict.OK,
        (track_value("canary", 1.62, "1.62 s", samples=9_412), track_value("baseline", 1.8, "1.80 s", samples=84_330)),
        title="95th percentile of the answer time",
        reason="< 2s",
        conditions=(("target", "< 2s"), ("warning", "> 3s"), ("critical", "> 5s")),
        spark=wave(1.7, 1.7),
        keys=(STEP_DOWN,),
        age_s=3.0,
    )
    if is_failing:
        error = replace(
            error,
            verdict=Verdict.CRITICAL,
            reason="> 5% since 13:59",
            since=AT - 250,
            values=(
                track_value("canary", 5.42, "5.42 %", Verdict.CRITICAL, samples=231_880, bad=12_568),
                error.values[1],
            ),
            spark=wave(0.6, 5.42, last=9),
            keys=(replace(ROLLBACK, is_lit=True), STEP_DOWN),
        )
        latency = replace(
            latency,
            verdict=Verdict.WARNING,
            reason="> 3s since 13:58",
            pending=Verdict.CRITICAL,
            held_s=250.0,
            values=(track_value("canary", 5.21, "5.21 s", Verdict.WARNING, samples=9_412), latency.values[1]),
            spark=wave(1.8, 5.21, last=14),
            keys=(replace(STEP_DOWN, is_lit=True),),
        )
    return (
        error,
        latency,
        panel(
            "isolation",
            Verdict.OK,
            (track_value("canary", 0.0, "0 of 231,880 (< 0.002 %)", samples=231_880, bad=0),),
            title="Sessions that saw another session's state",
            reason="== 0",
            conditions=(("target", "== 0"), ("critical", "> 0")),
            spark=(0.0,) * 60,
            keys=(ROLLBACK,),
            age_s=41.0,
        ),
        panel(
            "rejection_rate",
            Verdict.OFF_TARGET,
            (track_value("canary", 0.3, "0.30 %", Verdict.OFF_TARGET, samples=5_210, bad=16),),
            title="State transitions refused, last hour",
            source="app",
            reason="not < 0.1%",
            conditions=(("target", "< 0.1%"), ("critical", ">= 1%")),
            spark=wave(0.2, 0.3, last=20),
            age_s=0.4,
        ),
        panel(
            "coherence",
            Verdict.UNKNOWN,
            (track_value("canary", None, "12/100 samples", Verdict.UNKNOWN, samples=12),),
            title="Answers that were coherent",
            source="app",
            reason="too few samples: 12 of 100",
            conditions=(("target", "> 98%"),),
            spark=(None,) * 48 + (98.0, 97.0, None, 99.0, 100.0, 98.0, None, None, 99.0, 98.0, 97.5, 99.0),
            age_s=2.0,
        ),
        panel(
            "health",
            Verdict.OK,
            (track_value("", 1.0, "1"),),
            source="health",
            reason="== 1",
            conditions=(("target", "== 1"),),
            spark=(1.0,) * 60,
            keys=(ROLLBACK,),
            age_s=7.0,
        ),
    )


Counts = tuple[int, int, int, float]


def events() -> tuple[EventView, ...]:
    def counted(name: str, kind: str, canary: Counts, base: Counts) -> EventView:
        return EventView(
            event=name,
            kind=kind,
            tracks=(EventCounts("canary", *canary), EventCounts("baseline", *base)),
            spark=tuple(float((index * 37 + len(name) * 11) % 17 + 3) for index in range(60)),
            labels=(("state", (("SLOT_SELECTION", 12), ("CONFIRM", 4))),),
        )

    return (
        counted("transition", "fsm", (48_112, 46, 2_731, 0.8), (431_907, 408, 24_511, 6.9)),
        counted("rejected", "fsm", (19, 0, 1, 0.0), (160, 0, 9, 0.0)),
        counted("coherent", "validation", (39_870, 38, 2_260, 0.6), (358_410, 331, 20_377, 5.6)),
        counted("incoherent", "validation", (121, 9, 64, 0.2), (402, 0, 22, 0.0)),
        counted("denied", "tool", (7, 0, 0, 0.0), (61, 0, 3, 0.0)),
        counted("llm_call", "latency", (51_200, 49, 2_911, 0.9), (460_118, 441, 26_020, 7.3)),
    )


def queries() -> tuple[QueryView, ...]:
    return (
        QueryView(
            metric="error_rate",
            title="Requests and errors by track, last 24 hours",
            every_s=60.0,
            next_in_s=48.0,
            took_s=0.084,
            is_running=False,
            skipped=0,
            age_s=12.0,
            error="",
            table=Table(
                ("track", "total", "bad", "worst_endpoint"),
                (("canary", "231,880", "1,344", "/api/v1/chat"), ("baseline", "2,087,400", "12,733", "/api/v1/chat")),
            ),
        ),
        QueryView(
            metric="isolation",
            title="Sessions that saw another session's state",
            every_s=60.0,
            next_in_s=None,
            took_s=1.4,
            is_running=True,
            skipped=2,
            age_s=41.0,
            error="",
            table=Table(("total", "bad"), (("231,880", "0"),)),
            running_s=3.2,
        ),
        QueryView(
            metric="tenants",
            title="Slowest tenants",
            every_s=300.0,
            next_in_s=211.0,
            took_s=4.0,
            is_running=False,
            skipped=0,
            age_s=None,
            error="canceling statement due to statement timeout (4s); the index on requests(tenant) may be missing",
            table=None,
        ),
    )


def sources() -> tuple[SourceView, ...]:
    def source(name: str, kind: str, state: SourceState = SourceState.LIVE, **more: Any) -> SourceView:
        known: dict[str, Any] = {"reason": "", "age_s": 0.4, "retry_in_s": None, "parts": (), "lag_s": None, "gaps": 0}
        return SourceView(name=name, kind=kind, state=state, **{**known, **more})

    return (
        source("app", "docker", parts=(("canary", 2), ("baseline", 6)), lag_s=0.1),
        source("db", "postgres", age_s=4.0),
        source("cache", "redis", age_s=1.2),
        source("health", "http", SourceState.RETRYING, reason="connection refused", age_s=41.0, retry_in_s=8.0),
    )


def phase(*, is_failing: bool, soaked_h: float = 17.7) -> PhaseView:
    return PhaseView(
        index=0,
        count=5,
        name="Canary 10%",
        traffic=10.0,
        planned_traffic=10.0,
        soaked_s=soaked_h * 3600,
        soak_s=48 * 3600.0,
        began=AT - soaked_h * 3600,
        clauses=(
            Clause("error_rate must be OK", not is_failing, "metric", "error_rate"),
            Clause("p95_latency must be OK", not is_failing, "metric", "p95_latency"),
            Clause("isolation must be OK", True, "metric", "isolation"),
            Clause("30h 18m of soak left", False, "soak"),
            Clause("checklist: Runbook link posted to the channel", False, "checklist", "runbook"),
            Clause("sign-off: engineering-lead", False, "sign-off", "engineering-lead"),
        ),
        may_advance=False,
        is_last=False,
        checklist=(
            ChecklistView("backup", "PostgreSQL backed up", True, False, "anna@ops1", AT - 60_000, "snapshot 1142"),
            ChecklistView("redis", "Redis healthy", True, True, "", AT - 59_000, ""),
            ChecklistView("oncall", "Incident team on standby", True, False, "anna@ops1", AT - 59_500, ""),
            ChecklistView("runbook", "Runbook link posted to the channel", False, False, "", None, ""),
        ),
        sign_off=(SignOffView("engineering-lead"), SignOffView("product-owner", "li@ops2", AT - 3600)),
        holds=("p95_latency > 3s",) if is_failing else (),
    )


RUN = CheckRun(0.25, True, 1, ("Connecting to cache:6379 …", "(error) LOADING Redis is loading the dataset in memory"))


def stages() -> tuple[StageView, ...]:
    """Return the checklists of three phases and a validation window."""
    present = phase(is_failing=False)
    before = ItemKind.PREREQUISITE
    history = (
        Mark(AT - 90_000, True, "anna@ops1 (pts/3)"),
        Mark(AT - 80_000, False, "li@ops2", "the backup of the wrong host"),
        Mark(AT - 60_000, True, "anna@ops1 (pts/3)", "snapshot 1142"),
    )
    first = tuple(
        replace(item, stage=present.name, group=group)
        for item, group in zip(present.checklist, ("Backups", "", "People", "People"), strict=True)
    )
    probe = ChecklistView("probe", "Staging answers", True, True, "", AT - 90_000, "PONG", "Staging", before, run=RUN)
    capacity = ChecklistView("capacity", "Twice the capacity is there", False, False, "anna@ops1", AT - 600, "by hand")
    capacity = replace(capacity, stage="Canary 50%", kind=before, needs_second=True, is_half=True)
    loading = ChecklistView("loading", "Redis has loaded", False, True, "", AT - 61, "LOADING", "Canary 50%", before)
    tickets = ChecklistView("tickets", "Support tickets were read", False, False, "", None, "", "0-4 h", is_open=False)
    dba = SignOffView("dba", second=True)
    return (
        StageView(
            "Staging", Place.PAST, False, 0.0, (replace(probe, is_open=False),), (SignOffView("qa", "li@ops2", AT),)
        ),
        StageView(
            present.name, Place.PRESENT, False, 10.0, (replace(first[0], history=history), *first[1:]), present.sign_off
        ),
        StageView("Canary 50%", Place.COMING, False, 50.0, (capacity, replace(loading, run=RUN)), (dba,)),
        StageView("0-4 h", Place.COMING, True, None, (replace(tickets, kind=ItemKind.VALIDATION),), outcome="waiting"),
    )


def journal() -> tuple[JournalView, ...]:
    texts = (
        ("verdict", "p95_latency is WARNING: > 3s since 13:58"),
        ("source", "health went from live to retrying: connection refused"),
        ("note", "anna@ops1: the payment provider announced maintenance at 14:00"),
        ("tick", "anna@ops1 ticked Incident team on standby"),
        ("phase", "phase 1 of 5, Canary 10%, began at 10 %"),
        ("session", "anna@ops1 (pts/3) opened the session"),
    )
    count = len(texts)
    return tuple(
        JournalView(count - index, AT - 60.0 * index * index, kind, text) for index, (kind, text) in enumerate(texts)
    )


def actions() -> tuple[ActionView, ...]:
    return (
        ActionView("rollback", "R", "Roll back to 0%", "rollback", True, ""),
        ActionView("step_down", "G", "Step down", "step_down", True, ""),
        ActionView("advance", "A", "Advance", "advance", True, ""),
        ActionView("migrate", "M", "Migrate the keys", "task", False, "the phase is not at 100 %"),
    )
