"""`rollout-console journal`: what was written down in a session, and whether it is still what was written."""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator, Set
from contextlib import closing
from pathlib import Path

from console.commands.exporting import add_session, folder_or_explain
from console.core.durations import parse_moment
from console.core.exits import Exit
from console.core.export import clock
from console.core.journal import RecordFilter, record_json, said_of
from console.core.record import Anchor, ChainBreak, JournalRow, anchor_of
from console.core.text import visible
from console.core.words import Outcome
from console.effects.attempt_files import read_abandoned
from console.effects.begin import places
from console.effects.found import kept_here, left_since
from console.effects.session_reader import SessionReader
from console.effects.session_schema import SessionUnreadable
from console.effects.sessions import state_dir
from console.filed import pages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add_session(parser)
    parser.add_argument("--kind", default="", metavar="KIND", help="only records of this kind, such as verdict or note")
    parser.add_argument("--metric", default="", metavar="NAME", help="only those about this metric, or that name it")
    parser.add_argument("--actor", default="", metavar="TEXT", help="only those of who is named so, such as anna@")
    parser.add_argument("--grep", default="", metavar="TEXT", help="only those that contain a text, whatever its case")
    parser.add_argument(
        "--since", metavar="TIME", help="only from a time on: '2026-07-13 14:03' (UTC), or 1h before the last input"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object for each record, one a line")
    parser.add_argument("--check", action="store_true", help="find a changed, removed, added or reordered record")
    parser.add_argument(
        "--anchor",
        type=_anchor,
        action="append",
        default=[],
        metavar="HASH",
        help="with --check: a hash that was noted before, which the journal must still have; may be given again",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print or check a journal, and return 0 for whole, 2 for not as it was written, 3 for unreadable, 4 for usage."""
    chosen = [option for option in ("kind", "metric", "actor", "grep", "since") if getattr(arguments, option)]
    if arguments.check and chosen:
        return _refused(f"--check looks at every record; leave --{chosen[0]} out")
    if arguments.anchor and not arguments.check:
        return _refused("--anchor goes with --check")
    folder = folder_or_explain(arguments.session)
    if folder is None:
        return Exit.USAGE
    try:
        with closing(SessionReader.open_read_only(folder)) as file:
            return _check(file, folder, arguments) if arguments.check else _print(file, folder, arguments)
    except (SessionUnreadable, sqlite3.Error) as error:
        print(f"the journal of {visible(folder.name)} cannot be read: {visible(str(error))}", file=sys.stderr)
        return Exit.UNKNOWN


def _refused(said: str) -> int:
    print(f"rollout-console journal: {said}", file=sys.stderr)
    return Exit.USAGE


def _anchor(text: str) -> Anchor:
    try:
        return anchor_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


# -- reading ---------------------------------------------------------------------------------------------------------


def _print(file: SessionReader, folder: Path, arguments: argparse.Namespace) -> int:
    try:
        since = None if arguments.since is None else parse_moment(arguments.since, file.moment()[0] or 0.0)
    except ValueError:
        said = "write one such as '2026-07-13 14:03:27' (UTC), or 1h for an hour before the session's last input"
        return _refused(f"--since: {visible(arguments.since)!r} is no time; {said}")
    wanted = RecordFilter(arguments.grep, arguments.kind, arguments.metric, arguments.actor, since)
    kinds: set[str] = set()
    settled: set[str] = set()
    abandoned: set[str] = set()
    printed = looked_at = 0
    for row in pages(file):
        kinds.add(row.record.kind)
        if row.record.kind == "outcome":
            settled.add(str(row.record.body.get("attempt", "")))
        if row.record.body.get("is_abandoned"):
            abandoned.add(str(row.record.body.get("attempt", "")))
        looked_at += 1
        if wanted.passes(row.record):
            printed += 1
            print(json.dumps(record_json(row)) if arguments.json else _line(row))
    if looked_at and not printed:
        print(
            f"none of {looked_at:,} records passes; kinds there are: {visible(', '.join(sorted(kinds)))}",
            file=sys.stderr,
        )
    else:
        print(f"{printed:,} of {looked_at:,} records; the last is {file.journal_end()}", file=sys.stderr)
    for said in _not_written(folder, settled, abandoned):
        print(visible(f"not in the journal yet: {said}; the next `watch` writes it down"), file=sys.stderr)
    return Exit.DONE


def _not_written(folder: Path, settled: Set[str], abandoned: Set[str]) -> Iterator[str]:
    """Yield what was done from a shell while no console held the session."""
    session = kept_here(folder)
    if session is None or session.holder is not None:
        return
    where = places(state_dir(), session.rollout, session)
    for one in left_since(where, session, settled):
        outcome = Outcome.RUNNING if one.ended is None else one.ended.outcome
        begun = one.started
        yield f"{clock(begun.at)}  {begun.title} begun by {begun.actor}: {begun.reason}: {outcome}"
    for name in sorted(settled - abandoned):
        left = read_abandoned(where.folder_of(name))
        if left is not None:
            yield f"{clock(left.at)}  {name} abandoned by {left.actor}: {left.reason}"


def _line(row: JournalRow) -> str:
    return visible(f"{row.seq:>6}  {clock(row.record.at)}  {row.record.kind:<10}  {said_of(row.record)}")


# -- checking --------------------------------------------------------------------------------------------------------


def _check(file: SessionReader, folder: Path, arguments: argparse.Namespace) -> int:
    anchors: list[Anchor] = arguments.anchor
    broken = file.check_journal(anchors)
    end = None if broken else file.journal_end()
    if arguments.json:
        print(json.dumps(_verdict_json(folder.name, broken, end, anchors)))
    elif broken is not None:
        print(f"NOT AS WRITTEN  {visible(folder.name)}: {broken.reason}")
        print("records before it are as they were written; what follows proves nothing", file=sys.stderr)
    elif end is not None:
        noted = f", and has {len(anchors)} of {len(anchors)} anchors" if anchors else ""
        print(f"whole  {visible(folder.name)}: {end.seq:,} records{noted}; the last is {end}")
        if not anchors:
            print("without --anchor a journal that was written anew as a whole passes too", file=sys.stderr)
    return Exit.DONE if broken is None else Exit.CRITICAL


def _verdict_json(
    session: str, broken: ChainBreak | None, end: Anchor | None, anchors: list[Anchor]
) -> dict[str, object]:
    return {
        "session": session,
        "is_whole": broken is None,
        "broken_at": None if broken is None else broken.seq,
        "reason": "" if broken is None else broken.reason,
        "records": None if end is None else end.seq,
        "end": None if end is None else str(end),
        "anchors": [str(anchor) for anchor in anchors],
    }
