"""Checks of tracks, sources and phases."""

from console.core.conditions import ConditionError, split_pause
from console.core.rollout import Check, ChecklistItem, Phase, ProcedureItem, SourceSpec
from console.core.text import visible
from console.spec.check_actions import TO_IS_ELSEWHERE, check_check, check_text
from console.spec.nodes import Path, ScalarNode
from console.spec.problems import suggestion
from console.spec.review import Review
from console.spec.shape import find

TRACKS = ("canary", "baseline")
_SCHEMES = {
    "postgres": ("postgres://", "postgresql://"),
    "redis": ("redis://", "rediss://", "unix://"),
    "host": ("unix://", "tcp://", "ssh://", "http://", "https://"),
}


def check_rollout(review: Review) -> None:
    """Check the names at the top, tracks and sources."""
    check_text(review, ("title",), review.rollout.title)
    check_text(review, ("service",), review.rollout.service)
    for name in review.names("tracks"):
        _check_track(review, ("tracks", name), name)
    for name, source in review.rollout.sources.items():
        _check_source(review, ("sources", name), source)


def _check_track(review: Review, path: Path, track: str) -> None:
    if track not in TRACKS:
        review.wrong(path, f"there is no track {visible(track, 80)}", suggestion(track, TRACKS, "tracks are"))


def _check_source(review: Review, path: Path, source: SourceSpec) -> None:
    if source.track is not None and source.track not in TRACKS:
        expected = suggestion(source.track, TRACKS, "tracks are")
        review.wrong((*path, "track"), f"there is no track {review.written((*path, 'track'))}", expected)
    for key, schemes in _SCHEMES.items():
        address = getattr(source, key)
        if address is not None and not address.startswith(schemes):
            found = f"{review.written((*path, key))} is no address of {'a Docker engine' if key == 'host' else key}"
            review.wrong((*path, key), found, f"expected it to begin with {' or '.join(schemes)}")
    if source.file is not None and not source.file.strip():
        review.wrong((*path, "file"), "this is empty", "write a path such as logs/*.log")
    if source.command is not None and not any(source.command):
        review.wrong(
            (*path, "command"), "this command is empty", "write its words, such as [kubectl, logs, -f, deploy/app]"
        )


def check_phases(review: Review) -> None:
    """Check every phase: its names, its criteria, its checklist."""
    seen: dict[str, int] = {}
    for index, phase in enumerate(review.rollout.phases):
        path: Path = ("phases", index)
        check_text(review, (*path, "name"), phase.name)
        if phase.name in seen:
            found = f"phases[{seen[phase.name]}] is named {review.written((*path, 'name'))} too"
            review.wrong((*path, "name"), found, "give every phase a name of its own")
        seen.setdefault(phase.name, index)
        _check_criteria(review, path, phase)
        _check_checklist(review, path, phase)
    if not review.rollout.phases and not review.names("phases"):
        review.doubt((), "there are no phases", "the rollout is watched as one phase at 100%; add `phases:`")


def _check_criteria(review: Review, path: Path, phase: Phase) -> None:
    for index, name in enumerate(phase.advance):
        review.knows((*path, "advance", index), name, "metrics", "metric")
    for index, text in enumerate(phase.pause):
        item = (*path, "pause", index)
        try:
            name, said = split_pause(text)
        except ConditionError as error:
            review.refuse(item, error)
            continue
        if name not in review.names("metrics"):
            expected = suggestion(name, review.names("metrics"), "metrics of this file")
            review.wrong(item, f"{review.written(item)} names a metric that is not there", expected)
        elif name in review.rollout.metrics:
            review.condition(item, said, name)


def _check_checklist(review: Review, path: Path, phase: Phase) -> None:
    seen: set[str] = set()
    for index, item in enumerate(phase.prerequisites):
        check_item(review, (*path, "prerequisites", index), item, seen, "in this phase")
    for index, item in enumerate(phase.checklist):
        check_item(review, (*path, "checklist", index), item, seen, "in this phase")
    roles: set[str] = set()
    for index, asked in enumerate(phase.sign_off):
        where = (*path, "sign_off", index)
        written = where if isinstance(find(review.tree, where)[0], ScalarNode) else (*where, "role")
        check_text(review, written, asked.role)
        if asked.role in roles:
            review.wrong(written, f"{visible(asked.role, 80)} signs twice in this phase", "name every role once")
        roles.add(asked.role)


def check_item(review: Review, where: Path, item: ChecklistItem | ProcedureItem, seen: set[str], place: str) -> None:
    """Check an item of a checklist or procedure: its id, which is added to those `seen`, its text, its verification."""
    if item.id in seen:
        review.wrong(
            (*where, "id"), f"{review.written((*where, 'id'))} stands twice {place}", "give every item its own id"
        )
    seen.add(item.id)
    check_text(review, (*where, "text"), item.text)
    if isinstance(item, ChecklistItem) and item.group:
        check_text(review, (*where, "group"), item.group)
    if isinstance(item, ChecklistItem) and item.verify is not None:
        check_check(review, (*where, "verify"), item.verify)
        _check_own(review, (*where, "verify"), item.verify)
        if item.verify.to:
            review.wrong((*where, "verify", "to"), *TO_IS_ELSEWHERE)


def _check_own(review: Review, path: Path, check: Check) -> None:
    """Check a verification that asks nobody outside."""
    if check.alerts == ():
        review.wrong((*path, "alerts"), "no severity is named here", "name critical, warning or blind")
    if check.soaked == ():
        review.wrong((*path, "soaked"), "no phase is named here", "name at least one")
    phases = {phase.name: phase for phase in review.rollout.phases}
    here = (*path, "soaked")
    for index, name in enumerate(check.soaked or ()):
        item = (*here, index) if review.written(here) == "a list" else here
        if name not in phases:
            review.wrong(item, f"there is no phase {review.written(item)}", suggestion(name, phases, "phases are"))
        elif phases[name].soak == 0:
            review.wrong(item, f"the phase {visible(name, 80)} has no soak", "give it one, or name another phase")
