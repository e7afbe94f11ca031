"""Realistic frames, and a desk that records orders, for tests and pictures of the screen."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from console.core.action_frame import AttemptView, StepView
from console.core.desk import Choice, Order, Refused
from console.core.frame import AlertView, Flow, Frame, SessionView
from console.core.gaps import Gap, Short
from console.core.incidents import Decision
from console.core.journal import Found, RecordFilter, found_in
from console.core.plan import Preview
from console.core.record import JournalRow, Record
from console.core.ring import RowRing
from console.core.verdict import Verdict
from console.core.words import Outcome, Row, Rung, Table
from tests.frame_parts import AT, actions, events, journal, panels, phase, queries, sources, stages
from tests.previews import preview

HOSTILE = (
    "[@click=app.rollback]more[/] [/] [bold \x1b]52;c;cm0gLXJm\x07 \x1b[2J\x1b[H \x9b2J \x00 \r\n"
    "\u202egpj.exe\u2066 \u200b\u2028 \ud800 \U000e0041 日本語 e\u0301 {0} %s $(reboot)"
)
"""Markup, clipboard and screen control, C1, NUL, bidi, invisible characters, wide ones and a lone surrogate."""


def healthy() -> Frame:
    """Return a quiet afternoon."""
    return Frame(
        at=AT,
        rollout="stateless-orchestration",
        title="Stateless orchestration",
        service="app",
        verdict=Verdict.OK,
        reason="6 metrics, none of them bad",
        since=AT - 7200,
        phase=phase(is_failing=False),
        stages=stages(),
        sources=sources(),
        panels=panels(is_failing=False),
        events=events(),
        queries=queries(),
        actions=actions(),
        attempts=(),
        alerts=(),
        journal=journal(),
        flow=Flow(lines=18_204_551, lines_per_s=212.4, unclassified=54_613, rows_dropped=0, lag_s=0.1),
        session=SessionView("s-20260301-2018", AT - 63_720, False, ""),
        tracks=("canary", "baseline"),
    )


def regression() -> Frame:
    """Return the moment the canary turned bad."""
    return replace(
        healthy(),
        verdict=Verdict.CRITICAL,
        reason="error_rate 5.42 %, > 5%",
        since=AT - 250,
        phase=phase(is_failing=True),
        stages=stages(),
        panels=panels(is_failing=True),
        alerts=(AlertView("error_rate", "critical", "error_rate 5.42 %, > 5%", AT - 250),),
        flow=Flow(lines=18_204_551, lines_per_s=2_480.0, unclassified=54_613, rows_dropped=1_204, lag_s=0.4),
    )


def attempt(outcome: Outcome = Outcome.RUNNING, **more: Any) -> AttemptView:
    """Return a rollback in the given state."""
    is_over = outcome not in (Outcome.RUNNING, Outcome.HOLDING)
    known: dict[str, Any] = {
        "attempt": "a1",
        "action": "rollback",
        "kind": "rollback",
        "title": "Roll back to 0%",
        "actor": "anna@ops1 (pts/3)",
        "reason": "error_rate CRITICAL for 4m 10s",
        "started": AT - 19,
        "ended": AT - 3 if is_over else None,
        "outcome": outcome,
        "detail": "",
        "traffic": 0.0,
        "steps": (
            StepView(".env: CANARY_PERCENTAGE=0", "done", "", AT - 19, AT - 19),
            StepView("docker compose up -d --no-deps app", "done" if is_over else "running", "", AT - 18, None),
            StepView("GET http://127.0.0.1:8080/health is 200", "passed" if is_over else "waiting", ""),
        ),
        "next_rung": None,
        "hold_left_s": None,
    }
    return AttemptView(**{**known, **more})


def rolling_back() -> Frame:
    """Return a rollback under way."""
    return replace(regression(), attempts=(attempt(),))


def rolled_back() -> Frame:
    """Return the minute after a rollback that was verified."""
    frame = healthy()
    return replace(
        frame,
        reason="rolled back to 0 %; judged on the baseline",
        phase=replace(frame.phase, traffic=0.0, holds=("rolled back: the canary has no traffic",)),
        attempts=(attempt(Outcome.DONE, detail="verified"),),
    )


def holding() -> Frame:
    """Return a ladder that holds a rung."""
    view = attempt(
        Outcome.HOLDING,
        attempt="a2",
        action="step_down",
        kind="step_down",
        title="Step down",
        traffic=5.0,
        next_rung=2.0,
        hold_left_s=492.0,
        rung=Rung.HELD,
        orders=("continue", "zero", "stop"),
    )
    frame = regression()
    return replace(frame, phase=replace(frame.phase, traffic=5.0), attempts=(view,))


def gapped(frame: Frame) -> Frame:
    """Return a frame after an engine whose clock is ahead lost lines of the canary, twice."""
    noticed = Gap(frame.at - 60, "canary-1", "rotated", frame.at - 65.2, frame.at - 60.1, 4_000, "canary")
    gaps = (noticed, replace(noticed, at=frame.at - 600))
    source = replace(frame.sources[0], gaps=2, newest_gaps=gaps, gap_lines=8_000, skew_s=3.24)
    short = (Short("canary", total=True, last_hour=True),)
    return replace(frame, sources=(source, *frame.sources[1:]), short=short)


def read_only(frame: Frame) -> Frame:
    """Return a frame as a console sees it that only looks."""
    return replace(frame, session=replace(frame.session, is_read_only=True, held_by="anna@ops1 (pts/3)"))


def opening() -> Frame:
    """Return what is shown before the engine has begun."""
    return replace(
        healthy(),
        verdict=Verdict.UNKNOWN,
        reason="opening …",
        since=None,
        phase=replace(phase(is_failing=False), name="", clauses=(), checklist=(), sign_off=(), soak_s=0.0, count=0),
        sources=(),
        panels=(),
        events=(),
        queries=(),
        actions=(),
        journal=(),
        flow=Flow(0, 0.0, 0, 0, 0.0),
        tracks=(),
    )


Value = TypeVar("Value")


def poisoned(value: Value, text: str = HOSTILE) -> Value:
    """Return a frame, or any part of one, with hostile text at the end of every text in it but single-letter keys."""
    return _poisoned(value, text)  # type: ignore[no-any-return]


def _poisoned(value: Any, text: str) -> Any:
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        return value + text
    if isinstance(value, tuple):
        return tuple(_poisoned(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            part.name: _poisoned(getattr(value, part.name), text)
            for part in fields(value)
            if part.name not in ("key", "state", "kind", "type_to_confirm", "plan", "replayed")
        }
        return replace(value, **changed)
    return value


def hostile() -> Frame:
    """Return a frame in which every text is an attack."""
    return poisoned(gapped(rolling_back()))


def rows(count: int = 400, *, is_hostile: bool = False) -> tuple[Row, ...]:
    """Return log lines as the engine hands them over."""
    texts = (
        ("transition", "fsm", "INFO  FSM transition: SLOT_SELECTION -> CUSTOMER_DATA intent=book"),
        ("coherent", "validation", "INFO  Response validation: COHERENT in 41ms"),
        ("", "", "DEBUG cache hit session=8f2c tenant=acme"),
        ("incoherent", "validation", "ERROR Response validation: INCOHERENT forbidden pattern in answer"),
        ("llm_call", "latency", "INFO  LLM call completed in 1840ms model=large tokens=912"),
    )
    made = []
    for index in range(count):
        event, kind, text = texts[index % len(texts)]
        is_canary = index % 4 == 0
        name = f"canary-{index % 2 + 1}" if is_canary else f"baseline-{index % 6 + 1}"
        said = f"{text} #{index}" + (HOSTILE if is_hostile else "")
        track = "canary" if is_canary else "baseline"
        made.append(Row(AT - (count - index) * 0.053, "app", name, track, event, kind, said))
    return tuple(made)


@dataclass(frozen=True)
class Given:
    """An order that the screen gave."""

    order: str
    args: tuple[Any, ...] = ()


class FakeDesk:
    """A desk without an engine: it shows the frame it is given and records every order."""

    def __init__(self, frame: Frame | None = None, lines: tuple[Row, ...] = ()) -> None:
        self.frame = frame or healthy()
        self.rows = RowRing()
        self.rows.extend(lines)
        self.given: list[Given] = []
        self.previews: dict[str, Preview] = {kind: preview(kind) for kind in ("rollback", "step_down", "advance")}
        self.refusal = ""
        self.view = ""
        self.lists: Mapping[str, tuple[str, ...]] | None = {}
        """The values to choose from, by parameter; `None` while nobody can be asked."""
        self.answers: dict[str, tuple[bool | None, str]] = {}
        """What is found by a look before an action, by its label."""
        self.look_gate: asyncio.Event | None = None
        """While it is set and not released, looks before an action wait."""
        self.printed: tuple[str, ...] = ()
        self.tables: Mapping[str, Table] = {}
        self.gate: asyncio.Event | None = None
        """While it is set and not released, orders wait, as on a slow machine."""
        self.journal: dict[int, JournalRow] | None = None
        self.looked: list[tuple[int, int]] = []
        """The stretches of the journal that were looked through."""
        self.on_start: Callable[[], None] | None = None
        self.started: list[Preview] = []
        """What was to be carried out."""

    async def _take(self, order: str, *args: Any) -> None:
        self.given.append(Given(order, args))
        if self.gate is not None:
            await self.gate.wait()
        if self.refusal:
            raise Refused(self.refusal)

    @property
    def orders(self) -> list[str]:
        """The names of the orders that change something."""
        return [given.order for given in self.given if given.order != "preview"]

    async def preview(
        self, action: str, *, traffic: float | None = None, given: Mapping[str, str] | None = None
    ) -> Preview:
        await self._take("preview", action, traffic, *([dict(given)] if given else []))
        known = self.previews[action]
        if traffic is None:
            return known
        rungs = tuple(rung for rung in (75.0, 50.0, 25.0, 10.0, 5.0, 2.0, 0.0) if rung < traffic)
        return replace(known, plan=replace(known.plan, traffic=traffic, ladder=rungs))

    async def values(self, action: str, parameter: str) -> tuple[str, ...]:
        if self.lists is None:
            raise Refused("the database does not answer")
        return self.lists.get(parameter, ())

    async def look_before(self, preview: Preview) -> Preview:
        if self.look_gate is not None:
            await self.look_gate.wait()
        if self.refusal:
            raise Refused(self.refusal)
        return preview.answered([self.answers.get(look.label, (None, "no answer")) for look in preview.before])

    async def start(self, preview: Preview, *, reason: str, typed: str, is_dry_run: bool = False) -> str:
        self.started.append(preview)
        await self._take("start", preview.plan.action, reason, typed, is_dry_run)
        if self.on_start is not None:
            self.on_start()
        return "a1"

    async def steer(self, attempt: str, order: Order) -> None:
        await self._take("steer", attempt, order)

    async def settle(self, attempt: str, choice: Choice, *, reason: str) -> str:
        await self._take("settle", attempt, choice, reason)
        return "a2" if choice in ("verify", "resume") else ""

    async def halt(self) -> None:
        await self._take("halt")

    async def arm(self, reason: str) -> None:
        await self._take("arm", reason)

    def output(self, attempt: str) -> tuple[str, ...]:
        return self.printed

    async def tick(self, item: str, *, is_done: bool, note: str = "", stage: str = "") -> None:
        await self._take("tick", item, is_done, note, stage)

    async def sign_off(self, role: str, *, note: str = "") -> None:
        await self._take("sign_off", role, note)

    async def enter_kpi(self, kpi: str, figure: str, *, note: str = "") -> None:
        await self._take("enter_kpi", kpi, figure, note)

    async def choose_view(self, view: str) -> None:
        self.view = view
        await self._take("choose_view", view)

    async def note(self, text: str) -> None:
        await self._take("note", text)

    async def acknowledge(self, alert: str, reason: str) -> None:
        await self._take("acknowledge", alert, reason)

    async def silence(self, about: str, severity: str, duration: str, reason: str) -> None:
        await self._take("silence", about, severity, duration, reason)

    async def end_silence(self, silence: str) -> None:
        await self._take("end_silence", silence)

    async def decide(self, decision: Decision) -> None:
        await self._take("decide", decision)

    async def snapshot(self, screen_svg: str) -> Path:
        await self._take("snapshot", screen_svg)
        return Path("snapshots/2026-03-02T140327Z")

    async def ask_now(self, metric: str) -> None:
        await self._take("ask_now", metric)

    async def investigate(self, query: str) -> Table:
        await self._take("investigate", query)
        return self.tables[query]

    @property
    def written(self) -> dict[int, JournalRow]:
        """The journal by number: what the test gave, else the records of the frame."""
        if self.journal is not None:
            return self.journal
        found = sorted(self.frame.journal, key=lambda view: view.seq)
        return {view.seq: JournalRow(view.seq, Record(view.at, view.kind, view.text), "") for view in found}

    async def look_through(self, wanted: RecordFilter, first: int, last: int) -> Found:
        self.looked.append((first, last))
        if self.refusal:
            raise Refused(self.refusal)
        rows = [row for seq, row in self.written.items() if first <= seq <= last]
        return found_in(rows, wanted, first, min(last, max(self.written, default=0)))

    async def records(self, numbers: Sequence[int]) -> tuple[JournalRow, ...]:
        return tuple(self.written[number] for number in numbers if number in self.written)

    async def export_journal(self, wanted: RecordFilter) -> Path:
        await self._take("export_journal", wanted)
        return Path("exports/shop-journal-20260302T140327Z.jsonl")
