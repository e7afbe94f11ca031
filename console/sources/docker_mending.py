"""Reads a log again around a jump in its times, before the lines after the jump are counted.

The stream is read on meanwhile, and what it gives is held back: an engine whose reader is slow leaves out all the more.
What is read again stands in the order in which it was written and is whole, as far as the engine still has it: if the
line before the jump is there, what was written in the jump follows it.
"""

import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping

from console.sources.base import Lost
from console.sources.docker_engine import Gone, LogStream
from console.sources.docker_frames import Cutter
from console.sources.docker_halves import NEVER, OutOfOrder, Place, Stretch, has, woven
from console.sources.docker_jumps import Jumps, size_of
from console.sources.docker_ledger import Ledger
from console.sources.docker_losses import Loss, Losses

_TRIES = 4
"""How often a jump is looked for near the end of the log, before the whole log is read."""
HOLD_S = 1.0
HOLD_LINES = 50_000
"""How many lines are held back at most before the stream has to wait, and how long they are where looking into jumps
was in vain before."""
AT_ONCE = 5
"""How many times in a row it may be in vain."""
BESIDE_NS = 100 * 10**6
"""How far beside a jump is looked: lines of the two streams stand up to 41 ms out of the order of their times, so the
first and the last lines that were left out may lie beyond the lines before and after the jump."""
FOUND_LINES = 200_000
"""More lines than this are not put in, but read in their order after the stream was given up."""

OpenLog = Callable[[int | None], LogStream]
"""Opens the log as it is, from so many records before its end on, or from its beginning."""
MakeCutter = Callable[[Mapping[str, Place]], Cutter]
Blocks = Callable[[LogStream, Cutter], Iterable[object]]
"""Feeds a cutter block by block, until the end of the stream."""
Jump = tuple[int, int]


class Held:
    """Lines of a stream that wait to be counted."""

    def __init__(self) -> None:
        self._waiting: dict[str, Stretch] = {}

    def __len__(self) -> int:
        return sum(len(stretch.keys) for stretch in self._waiting.values())

    @property
    def newest(self) -> int:
        """The greatest key, -1 for none."""
        return max((stretch.keys[-1] for stretch in self._waiting.values() if stretch.keys), default=-1)

    def has(self, stream: str, key: int) -> bool:
        """Return whether a line waits here."""
        return stream in self._waiting and has(self._waiting[stream].keys, key)

    def add(self, stretches: Iterable[Stretch]) -> None:
        """Take the next lines."""
        for more in stretches:
            waiting = self._waiting.setdefault(more.stream, Stretch(more.stream, [], [], more.era))
            if waiting.keys and more.keys and more.keys[0] <= waiting.keys[-1]:  # what was put in came over the stream
                self._merge(more.stream, dict(zip(more.keys, more.lines, strict=True)), is_whole=False)
                continue
            waiting.keys.extend(more.keys)
            waiting.lines.extend(more.lines)

    def put_in(self, found: Iterable[Stretch], upto: int = NEVER, *, is_whole_log: bool = True) -> int:
        """Take lines as the log has them, whole where only parts came, and return how many were not there at all.

        Those that are newer than a key, and than all that came of their stream, may still come: they are not among
        the number. Where the log does not reach back to what came, lines between may still come too, and would be
        taken for old behind newer ones: then those are left to the stream.
        """
        missing = 0
        texts: dict[str, dict[int, bytes]] = {}
        for stretch in found:
            self._waiting.setdefault(stretch.stream, Stretch(stretch.stream, [], [], stretch.era))
            texts.setdefault(stretch.stream, {}).update(zip(stretch.keys, stretch.lines, strict=True))
        for stream, by_key in texts.items():
            keys = self._waiting[stream].keys
            newest = max([upto, *keys[-1:]])
            if not is_whole_log:
                by_key = {key: line for key, line in by_key.items() if key <= newest}  # noqa: PLW2901
            missing += sum(key <= newest and not has(keys, key) for key in by_key)
            self._merge(stream, by_key, is_whole=True)
        return missing

    def _merge(self, stream: str, by_key: dict[int, bytes], *, is_whole: bool) -> None:
        """Put lines where they belong; of one that is there already the whole one is kept."""
        waiting = self._waiting[stream]
        here = dict(zip(waiting.keys, waiting.lines, strict=True))
        both = here | by_key if is_whole else by_key | here
        keys = sorted(both)
        self._waiting[stream] = Stretch(stream, keys, [both[key] for key in keys], waiting.era)

    def take_upto(self, key: int) -> list[Stretch]:
        """Give the lines up to a key, in an order in which any beginning of it is safe to commit."""
        given = []
        for stream, waiting in list(self._waiting.items()):
            stop = bisect_right(waiting.keys, key)
            given.append(Stretch(stream, waiting.keys[:stop], waiting.lines[:stop], waiting.era))
            del waiting.keys[:stop], waiting.lines[:stop]
        return _in_safe_order(given)

    def take(self) -> list[Stretch]:
        """Give everything, in such an order too."""
        waiting, self._waiting = self._waiting, {}
        return _in_safe_order(list(waiting.values()))


class Check(threading.Thread):
    """Looks up what lies in jumps, in a thread of its own."""

    def __init__(
        self,
        jumps: list[Jump],
        *,
        places: Mapping[str, Place],
        tail: int,
        came_ns: int,
        now_ns: int | None,
        open_log: OpenLog,
        make_cutter: MakeCutter,
        blocks: Blocks,
    ) -> None:
        super().__init__(name="logs again", daemon=True)
        self.jumps = jumps
        self.found: list[Stretch] = []
        """The lines in the jumps, and those before and after them, of which parts may be missing."""
        self.begins_ns: int | None = None
        """The first line there is after the line before the first jump, if that one is there no more."""
        self.failure: Exception | None = None
        self._places = places
        self._tail = tail
        self._came_ns = came_ns
        """Key of a line that came over the stream, so it is in the log: an answer that ends before it was cut."""
        self._now_ns = now_ns
        self._open_log = open_log
        self._make_cutter = make_cutter
        self._blocks = blocks
        self._is_given_up = False

    def give_up(self) -> None:
        """Ask it to end; nobody waits for what it finds."""
        self._is_given_up = True

    def run(self) -> None:
        """Read more and more of the log until it reaches back to before the first jump."""
        try:
            began_ns = -1
            for _ in range(_TRIES):
                first_ns = self._read(self._tail)
                if first_ns is None:
                    return
                if first_ns == began_ns:
                    break  # there is no more
                began_ns, self._tail = first_ns, self._further(first_ns)
            self._read(None)
            begins_ns = self.begins_ns
            if begins_ns is not None:  # once more: an answer that is given beside a rotation may lack a file
                self._read(None)
                self.begins_ns = None if self.begins_ns is None else min(begins_ns, self.begins_ns)
        except Exception as failure:  # noqa: BLE001 - it is raised again where the stream is read
            self.failure = failure

    def _further(self, first_ns: int) -> int:
        """Return how many records to ask for, when so many as were asked for begin at a time that is too late."""
        if self._now_ns is None or self._now_ns <= first_ns:
            return self._tail * 8
        needed = (self._now_ns - self.jumps[0][0]) / (self._now_ns - first_ns)
        return int(self._tail * min(1_000.0, max(2.0, 1.5 * needed)))

    def _read(self, tail: int | None) -> int | None:
        """Look into the jumps; returns where the log began instead if so many records do not reach back far enough."""
        before, after = self.jumps[0][0], self.jumps[-1][1]
        cutter = self._make_cutter(self._places)
        stream, has_before, goes_on, found = self._open_log(tail), False, True, 0
        first_after, newest = after, -1
        try:
            for _ in self._blocks(stream, cutter):
                if not has_before and tail is not None and (cutter.first_ns or 0) > before:
                    return cutter.first_ns
                for stretch in cutter.take():
                    has_before, newest = has_before or has(stretch.keys, before), max(newest, stretch.keys[-1])
                    first_after = min([first_after, *stretch.keys[bisect_right(stretch.keys, before) :][:1]])
                    goes_on = (
                        goes_on
                        and stretch.keys[-1] <= after + BESIDE_NS
                        and stretch.era == self._places[stretch.stream].era
                    )
                    found += self._keep(stretch)
                has_before = has_before or _has_found(cutter, before)
                if self._is_given_up or not goes_on:
                    break
                if found > FOUND_LINES:
                    raise OutOfOrder("too much was left out")
        finally:
            stream.close()
        if goes_on and newest < self._came_ns and not self._is_given_up:
            raise Lost("the engine's answer ended before what it had sent already")
        if not has_before and tail is not None:
            self.found.clear()
            return cutter.first_ns or after
        self.begins_ns = None if has_before else first_after
        return None

    def _keep(self, stretch: Stretch) -> int:
        """Keep the lines that belong to jumps, and return how many there were."""
        number, done = 0, 0
        for before, after in self.jumps:
            start = max(done, bisect_left(stretch.keys, before - BESIDE_NS))
            stop = done = max(done, bisect_right(stretch.keys, after + BESIDE_NS))
            if start < stop and stretch.era == self._places[stretch.stream].era:
                lines = Stretch(stretch.stream, stretch.keys[start:stop], stretch.lines[start:stop], stretch.era)
                self.found.append(lines)
                number += stop - start
        return number


class Mender:
    """Passes the lines of a stream on, and puts in what the stream left out where the log still has it."""

    def __init__(
        self, ledger: Ledger, losses: Losses, open_log: OpenLog, make_cutter: MakeCutter, blocks: Blocks
    ) -> None:
        self.held = Held()
        self.recovered = 0
        """How many lines streams left out and the log still had."""
        self._ledger = ledger
        self._losses = losses
        self._open_log = open_log
        self._make_cutter = make_cutter
        self._blocks = blocks
        self._jumps = Jumps(ledger.container.file_bytes)
        self._suspects: list[Jump] = []
        self._suspected_at = 0.0
        self._check: Check | None = None
        self._leave = float(AT_ONCE)
        self._leave_at = time.monotonic()

    @property
    def is_busy(self) -> bool:
        """Whether lines are held back."""
        return bool(self._suspects)

    def begin(self) -> None:
        """Begin with another stream, after the newest line counted; what is held will come again."""
        if self._check is not None:
            self._check.give_up()
            self._check = None
        self.held.take()
        self._suspects.clear()
        self._jumps.begin(self._ledger.newest)

    def take(self, stretches: list[Stretch]) -> None:
        """Take the next lines of the stream and count them, unless jumps among them have to be looked into first.

        Raises `Lost`, `Unreadable`, `OutOfOrder` or `Stopped` when that cannot be done while the stream is read.
        """
        keys = stretches[0].keys if len(stretches) == 1 else sorted(key for each in stretches for key in each.keys)
        if keys:
            is_json = self._ledger.container.is_json
            size_bytes = sum(size_of(each.lines, is_json=is_json) for each in stretches)
            suspects = self._jumps.look(keys, size_bytes)
            if suspects and not self._suspects:
                self._suspected_at = time.monotonic()
            self._suspects += suspects
        if not self._suspects:
            self._ledger.count(stretches)
            return
        self.held.add(stretches)
        self._go_on(is_urgent=len(self.held) >= HOLD_LINES)

    def flush(self) -> None:
        """Count everything that waits, after looking into the jumps. Raises as `take` does."""
        while self._suspects:
            self._go_on(is_urgent=True)
        self._ledger.count(self.held.take())

    def _go_on(self, *, is_urgent: bool) -> None:
        """Begin to look into the jumps, or take up what was found; wait for that if it is urgent."""
        if self._check is None and (is_urgent or self._may_check()):
            self._check = self._begin_check()
        if self._check is not None and is_urgent:
            self._check.join()
        if self._check is not None and not self._check.is_alive():
            check, self._check = self._check, None
            self._take_up(check)

    def _may_check(self) -> bool:
        """Whether to look now: while it is in vain most of the time, not too often."""
        now = time.monotonic()
        self._leave = min(float(AT_ONCE), self._leave + (now - self._leave_at) / HOLD_S)
        self._leave_at = now
        return self._leave >= 1 or now - self._suspected_at >= HOLD_S

    def _begin_check(self) -> Check:
        jumps = list(self._suspects)
        lines = len(self.held) + self._ledger.expected(jumps[-1][1] - jumps[0][0])
        check = Check(
            jumps,
            places=self._ledger.places(is_sought=False),
            tail=1_000 + 2 * lines,
            came_ns=self.held.newest,
            now_ns=self._ledger.now_ns(),
            open_log=self._open_log,
            make_cutter=self._make_cutter,
            blocks=self._blocks,
        )
        check.start()
        return check

    def _take_up(self, check: Check) -> None:
        """Put in what was found, and count what waits up to the next jump."""
        if isinstance(check.failure, Gone):
            check.begins_ns = check.jumps[-1][1]  # what came over the stream is all that anybody will ever have
        elif check.failure is not None:
            raise check.failure
        found = self.held.put_in(check.found, check.jumps[-1][1], is_whole_log=check.begins_ns is None)
        self.recovered += found
        lost = self._note_losses(check)
        if not found and not lost:
            self._leave = max(0.0, self._leave - 1)
        del self._suspects[: len(check.jumps)]
        self._suspected_at = time.monotonic()
        self._ledger.count(self.held.take_upto(self._suspects[0][0]) if self._suspects else self.held.take())

    def _note_losses(self, check: Check) -> int:
        """Note the jumps of which nobody can say what was in them: those before the first line of the log."""
        begins_ns = check.begins_ns
        if begins_ns is None:
            return 0
        lost = [jump for jump in check.jumps if jump[0] < begins_ns]
        for before, after in lost:
            until = min(after, begins_ns)
            reason = "the engine left lines out, and they were rotated away before they could be read again"
            self._losses.note(Loss(reason, before, until))
        return len(lost)


def _in_safe_order(stretches: list[Stretch]) -> list[Stretch]:
    return list(woven(*stretches)) if len(stretches) == 2 else stretches


def _has_found(cutter: Cutter, key: int) -> bool:
    """Return whether the last line counted came again, and is the one that is meant."""
    return any(half.has_found and half.place.last == key for half in cutter.halves.by_kind.values())
