"""What the console sees of an incident's procedure by itself."""

from typing import TYPE_CHECKING

from console.core.attempts import Attempt, is_way_back
from console.core.durations import format_duration
from console.core.incident_rules import Incidents, ProcedureItem
from console.core.incident_story import Story
from console.core.incidents import Mark
from console.core.standing import is_few
from console.core.verdict import Verdict
from console.core.words import Outcome, count_of

if TYPE_CHECKING:
    from console.core.state import State

_WELL = (Verdict.OK, Verdict.NOT_JUDGED)
"""What speaks against nothing: what is not asked in a phase does not keep an incident open."""


def unwell(state: "State") -> tuple[str, ...]:
    """Return the metrics and budgets that are not OK now, each with its verdict; unknown is not well."""
    found = [
        f"{name} {judged.verdict}"
        for name in state.metrics
        if (judged := state.verdict_of(name)).verdict not in _WELL or judged.held_since is not None
    ]
    found += [f"{name} {budget.verdict}" for name, budget in state.budgets.items() if budget.verdict is not Verdict.OK]
    return tuple(found) or (() if state.metrics else ("nothing is measured",))


def unseen(state: "State") -> tuple[str, ...]:
    """Return the metrics and sources of which nothing is known now; what only lacks samples is being measured."""
    blind = (Verdict.UNKNOWN, Verdict.BROKEN)
    found = [
        name
        for name in state.metrics
        if (judged := state.verdict_of(name)).verdict in blind and not is_few(state, name, judged)
    ]
    found += [name for name, source in state.sources.items() if source.is_in_trouble]
    return tuple(found) or (() if state.metrics else ("nothing is measured",))


def tick_seen(state: "State", rules: Incidents, story: Story) -> None:
    """Tick what the console sees done, and take back its own tick where all was well and is not any more.

    What a person ticked or unticked stays as it is; of an incident that is resolved only the post-mortem is left.
    """
    for item in rules.procedure:
        if not story.incident.is_open and item.done_when != "post_mortem":
            continue
        known, seen = story.incident.ticks.get(item.id), sign(state, rules, story, item)
        if known is None and seen:
            story.change(ticks={**story.incident.ticks, item.id: Mark("", story.at, seen)})
            story.say("seen", f"{item.id}: done, {seen}", item=item.id, is_done=True)
        elif known is not None and not known.by and not seen and item.done_when == "all_ok":
            ticks = {name: mark for name, mark in story.incident.ticks.items() if name != item.id}
            story.change(ticks=ticks)
            now = ", ".join(unwell(state)[:3])
            story.say("seen", f"{item.id}: not done any more, {now}", item=item.id, is_done=False)


def sign(state: "State", rules: Incidents, story: Story, item: ProcedureItem) -> str:
    """Return what shows that an item is done, as a person reads it; empty while it is not, or nobody can see it."""
    found = story.incident
    stopped = found.response.stopped
    match item.done_when:
        case "response" if stopped is not None:
            return f"taken by {stopped.by}"
        case "war_room" if found.room is not None and found.room.clock.stopped is not None:
            return f"{found.room.clock.stopped.by} is in it"
        case "rollback":
            return next((f"{one.started.title} done" for one in _taken_back(state, found.opened_at)), "")
        case "monitoring" if stopped is not None and not unseen(state):
            return f"{count_of(len(state.metrics), 'metric')} measured"
        case "all_ok" if found.well_since is not None and story.at - found.well_since >= rules.well_for:
            return f"every panel OK for {format_duration(rules.well_for)}"
        case "post_mortem" if found.is_over:
            return "it was held"
    return ""


def _taken_back(state: "State", since: float) -> list[Attempt]:
    done = (one for one in state.attempts.values() if one.outcome is Outcome.DONE and one.ended is not None)
    back = (one for one in done if is_way_back(state.rollout, one.started.action, one.started.kind))
    return [one for one in back if (one.ended or 0.0) >= since]
