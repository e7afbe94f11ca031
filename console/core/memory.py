"""How a state is written down, and taken up again."""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from console.core import checklists
from console.core.alerts import AlertBook
from console.core.attempts import Attempt
from console.core.automatic import Automatic
from console.core.budgets import BudgetState
from console.core.counts import LabelCell
from console.core.course import Course
from console.core.gaps import Gaps
from console.core.grains import Packed
from console.core.incidents import IncidentBook
from console.core.inputs import SampleFailed, SampleTaken
from console.core.judging import Judged
from console.core.soak import PhaseState
from console.core.text import visible
from console.core.ticks import Checklists
from console.core.validation import Validation
from console.core.weighing import asked_of, begun_at, read, written
from console.core.words import SourceState

if TYPE_CHECKING:
    from console.core.state import State

_ALERTS = TypeAdapter(AlertBook)
_GAPS = TypeAdapter(Gaps)
_JUDGED = TypeAdapter(dict[str, Judged])
_PHASE = TypeAdapter(PhaseState)
_EVIDENCE = "evidence:"
_ATTEMPTS = TypeAdapter(list[Attempt])
_CHECKLISTS = TypeAdapter(Checklists)
_VALIDATION = TypeAdapter(Validation)
_BUDGETS = TypeAdapter(dict[str, BudgetState])
_INCIDENTS = TypeAdapter(IncidentBook)
_AUTOMATIC = TypeAdapter(Automatic)
_COURSE = TypeAdapter(Course)


def alerts_of(document: str) -> AlertBook:
    """Return the alerts that a session wrote down; raises `ValueError`."""
    return _ALERTS.validate_json(document)


class PhaseGone(Exception):
    """The phase that a session is in is not in its rollout file any more."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        super().__init__(
            f"the session is in the phase {visible(name)}, and the file has only {visible(', '.join(names))};"
            " put it back, or begin another session with --new"
        )


def document(state: "State", name: str) -> str:
    """Return one part of the state as JSON.

    It is one of `session`, `phase`, `checklists`, `validation`, `automatic`, `budgets`, `attempts`, `alerts`,
    `incidents`, `course`, `ended`, `named`, `sources`, `metric:NAME` or `evidence:NAME`.
    """
    if name == "session":
        return json.dumps({"began": state.began})
    if name == "phase":
        name = state.rollout.phases[state.phase.index].name
        return json.dumps({"name": name, "state": _PHASE.dump_python(state.phase, mode="json")})
    if name == "checklists":
        return _CHECKLISTS.dump_json(state.checklists).decode()
    if name == "validation":
        return _VALIDATION.dump_json(state.validation).decode()
    if name == "budgets":
        return _BUDGETS.dump_json(state.budgets).decode()
    if name == "automatic":
        return _AUTOMATIC.dump_json(state.automatic).decode()
    if name == "attempts":
        kept = _ATTEMPTS.dump_python(list(state.attempts.values()), mode="json")
        return json.dumps({"kept": kept, "settled": sorted(state.settled)})
    if name == "alerts":
        return _ALERTS.dump_json(state.alerts).decode()
    if name == "incidents":
        return _INCIDENTS.dump_json(state.incidents).decode()
    if name == "course":
        return _COURSE.dump_json(state.course).decode()
    if name == "sources":
        gaps = {source.name: _GAPS.dump_python(source.gaps, mode="json") for source in state.sources.values()}
        states = {source.name: (source.state, source.reason) for source in state.sources.values()}
        return json.dumps({"gaps": gaps, "states": states})
    if name == "ended":
        return json.dumps(list(state.ended))
    if name == "named":
        return json.dumps([[*key, *called] for key, called in state.named.items()])
    if name.startswith(_EVIDENCE):
        metric = state.metrics[name.removeprefix(_EVIDENCE)]
        asked = asked_of(metric.metric, metric.thresholds)
        return json.dumps(None if metric.weighing is None else written(metric.weighing, asked))
    return _JUDGED.dump_json(state.metrics[name.removeprefix("metric:")].judged).decode()


def _restored_phase(state: "State", said: Mapping[str, Any]) -> PhaseState:
    """Return the phase by its name, wherever the file has it now; raises `PhaseGone`."""
    phase = _PHASE.validate_python(said["state"])
    names = [one.name for one in state.rollout.phases]
    if said["name"] not in names:
        raise PhaseGone(said["name"], names)
    return replace(phase, index=names.index(said["name"]))


def restore(
    state: "State",
    *,
    documents: Mapping[str, str],
    positions: Mapping[tuple[str, str, str], int],
    counts: Packed,
    totals: Mapping[tuple[str, str], int],
    labels: Mapping[LabelCell, int],
    lines: int,
    unclassified: int,
    samples: Iterable[SampleTaken | SampleFailed] = (),
) -> None:
    """Take up what `documents`, the counters and the samples once wrote down."""
    state.positions = dict(positions)
    state.rollup.restore(counts, totals, at=state.at)
    state.rollup.restore_labels(labels)
    state.lines, state.unclassified = lines, unclassified
    state.began = float(json.loads(documents.get("session", "{}")).get("began", state.began))
    if "phase" in documents:
        said = json.loads(documents["phase"])
        state.phase = _restored_phase(state, said)
        state.checklists = checklists.of_older(said["name"], said["state"])
        state.changed.add("checklists")
        state.enter_phase(is_new=False)
    if "checklists" in documents:
        state.checklists = _CHECKLISTS.validate_json(documents["checklists"])
    if "validation" in documents:
        state.validation = _VALIDATION.validate_json(documents["validation"])
    if "automatic" in documents:
        state.automatic = _AUTOMATIC.validate_json(documents["automatic"])
    known = _BUDGETS.validate_json(documents["budgets"]) if "budgets" in documents else {}
    state.budgets |= {name: budget for name, budget in known.items() if name in state.budgets}
    if "attempts" in documents:
        said = json.loads(documents["attempts"])
        kept = _ATTEMPTS.validate_python(said["kept"])
        state.settled = set(said["settled"])
        state.attempts = {attempt.started.attempt: attempt for attempt in kept}
    if "alerts" in documents:
        state.alerts = alerts_of(documents["alerts"])
    if "incidents" in documents:
        state.incidents = _INCIDENTS.validate_json(documents["incidents"])
    if "course" in documents:
        state.course = _COURSE.validate_json(documents["course"])
    _restore_sources(state, documents)
    _restore_metrics(state, documents)
    for sample in samples:
        if sample.metric in state.metrics:
            state.metrics[sample.metric].remember_all(sample)


def _restore_sources(state: "State", documents: Mapping[str, str]) -> None:
    sources = json.loads(documents.get("sources", "{}"))
    # Files of older versions have it in the document of the sources.
    ended = json.loads(documents["ended"]) if "ended" in documents else sources.get("ended", ())
    state.ended = dict.fromkeys((source, origin) for source, origin in ended)
    state.named = {
        (source, origin): (called, track) for source, origin, called, track in json.loads(documents.get("named", "[]"))
    }
    for source, (said, reason) in sources.get("states", {}).items():
        if source in state.sources:
            state.sources[source].recall(SourceState(said), reason, state.at)
    for source, gaps in sources.get("gaps", {}).items():
        if source in state.sources:
            # Files of older versions have only their number.
            state.sources[source].gaps = Gaps(count=gaps) if isinstance(gaps, int) else _GAPS.validate_python(gaps)


def _restore_metrics(state: "State", documents: Mapping[str, str]) -> None:
    for name, metric in state.metrics.items():
        document = documents.get(f"metric:{name}")
        if document is not None:
            metric.judged = _JUDGED.validate_json(document)
        evidence = json.loads(documents.get(_EVIDENCE + name, "null"))
        if metric.weighing is not None:
            more_is_better = metric.thresholds.is_more_better
            fresh, asked = metric.weighing, asked_of(metric.metric, metric.thresholds)
            begun = begun_at(fresh, metric.metric, state.rollup, state.at, more_is_better=more_is_better)
            metric.weighing = begun if documents else fresh
            # What another version wrote down in another form, or of another question, begins anew.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                metric.weighing = read(fresh, evidence, asked)
