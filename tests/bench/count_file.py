"""`count` of a million lines, next to grep, which counts only one class."""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.scene import some_lines, write_rollout
from tests.terminal import PROGRAM

ROUNDS = 5
ALTERNATION = (
    "FSM transition rejected: |FSM transition: |validation: INCOHERENT|validation: COHERENT|DENIED|ALLOWED|completed in"
)


def seconds_of(command: Sequence[str]) -> float:
    """Return how long a command takes, start-up included."""
    with tempfile.TemporaryFile() as out:  # grep stops at the first hit when it writes to /dev/null
        began = time.perf_counter()
        subprocess.run(command, stdout=out, check=True)
        return time.perf_counter() - began


def run() -> None:
    """Alternate both and print the medians and their ratio."""
    grep = shutil.which("grep")
    if grep is None:
        print("  grep is not installed")
        return
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        file = write_rollout(Path(name))
        log = Path(name) / "million.log"
        log.write_bytes(some_lines(1_000_000))
        for _ in range(ROUNDS):
            ours.append(seconds_of([*PROGRAM, "count", str(file), str(log), "--json"]))
            theirs.append(seconds_of([grep, "-cE", ALTERNATION, str(log)]))
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    print(f"  grep -cE, one class       {statistics.median(theirs):.2f} s")
    print(f"  count, 7 classes, labels  {statistics.median(ours):.2f} s")
    print(f"  ratio                     {ratio:.1f}")
