"""`python -m tests.faults`: seed after seed of faults against a real engine, until a time is over.

Prints one line a seed, the whole story of each that fails, and exits with 1 if any did. `--family actions` injects them
into actions and into the console that carries them out.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from tests.faults.actions import run_case
from tests.faults.acts_compose import COMPOSE
from tests.faults.acts_plan import FAMILY as ACTIONS
from tests.faults.acts_plan import Scene, case_of
from tests.faults.acts_servers import own_servers
from tests.faults.acts_story import Outcome as ActionOutcome
from tests.faults.files import FAMILY as FILES
from tests.faults.files import plan_of_files
from tests.faults.plan import FAMILIES, Plan, plan_of
from tests.faults.run import Outcome, run
from tests.servers import PrivateEngine, engine_obstacle


def main() -> int:
    """Run and return the exit code."""
    asked = _asked()
    if asked.family == ACTIONS:
        return _act_out(asked)
    if asked.list:
        print("\n\n".join(str(_plan(asked, seed)) for seed in _seeds(asked)))
        return 0
    obstacle = engine_obstacle()
    if obstacle:
        print(f"no private Docker engine: {obstacle}", file=sys.stderr)
        return 3
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # engines and containers are taken along
    outcomes = _soak(asked)
    good = sum(outcome.is_good for outcome in outcomes)
    print(
        f"{good} of {len(outcomes)} seeds are good; lines written {sum(o.comparison.written for o in outcomes):,},"
        f" lost {sum(o.comparison.lost for o in outcomes)}, double {sum(o.comparison.double for o in outcomes)},"
        f" lost by the engine inside reported gaps {sum(o.comparison.excused for o in outcomes):,}"
    )
    return 0 if good == len(outcomes) else 1


def _soak(asked: argparse.Namespace) -> list[Outcome]:
    """Go through the seeds, each kind of engine started once."""
    keep = Path(asked.keep)
    outcomes: list[Outcome] = []
    engines: dict[bool, PrivateEngine] = {}
    until = time.monotonic() + asked.minutes * 60
    with ExitStack() as stack:
        for seed in _seeds(asked):
            plan = _plan(asked, seed)
            live = plan.family.live_restore
            if plan.family.name != FILES.name and live not in engines:
                engines[live] = _engine(stack, live_restore=live)
            outcomes.append(run(plan, None if plan.family.name == FILES.name else engines[live], keep))
            print(outcomes[-1] if outcomes[-1].is_good else outcomes[-1].report, flush=True)
            if asked.runs is None and time.monotonic() > until:
                break
    return outcomes


def _act_out(asked: argparse.Namespace) -> int:
    """Go through the seeds of actions and return the exit code; those of Compose need an engine."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    obstacle = engine_obstacle() or ("" if COMPOSE else "there is no docker-compose")
    until = time.monotonic() + asked.minutes * 60
    outcomes: list[ActionOutcome] = []
    with own_servers() as servers, ExitStack() as stack:
        engine: PrivateEngine | None = None
        for seed in _seeds(asked):
            case = case_of(seed, asked.scene)
            is_compose = case.scene is Scene.COMPOSE
            if asked.list or (is_compose and obstacle):
                print(f"seed {seed}: {case}" + ("" if asked.list else f" | left out, {obstacle}"), flush=True)
                continue
            if is_compose and engine is None:
                engine = _engine(stack, live_restore=True)
            outcomes.append(run_case(case, servers, engine if is_compose else None, Path(asked.keep)))
            print(outcomes[-1] if outcomes[-1].is_good else outcomes[-1].report, flush=True)
            if asked.runs is None and time.monotonic() > until:
                break
    good = sum(outcome.is_good for outcome in outcomes)
    met = sum(outcome.has_met_fault for outcome in outcomes)
    attempts = sum(len(outcome.ends) for outcome in outcomes)
    print(f"{good} of {len(outcomes)} cases are good; {met} met their fault; {attempts} attempts")
    return 0 if good == len(outcomes) else 1


def _plan(asked: argparse.Namespace, seed: int) -> Plan:
    """Return the plan of a seed; every tenth is about log files, unless something else was asked for."""
    is_files = asked.family == FILES.name or (not asked.family and seed % 10 == 9)
    return plan_of_files(seed, asked.seconds) if is_files else plan_of(seed, asked.seconds, asked.family)


def _engine(stack: ExitStack, *, live_restore: bool) -> PrivateEngine:
    engine = PrivateEngine(
        Path(tempfile.mkdtemp(prefix="rce")), shutil.which("dockerd") or "dockerd", live_restore=live_restore
    )
    stack.callback(engine.remove)
    engine.start()
    engine.load_image()
    return engine


def _seeds(asked: argparse.Namespace) -> Iterable[int]:
    return count(asked.seed) if asked.runs is None else range(asked.seed, asked.seed + asked.runs)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--runs", type=int, help="how many seeds; without it, as many as fit into the time")
    parser.add_argument("--minutes", type=float, default=30.0, help="begin no other seed after this long")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long the faults of one seed go on")
    parser.add_argument("--family", default="", choices=["", FILES.name, ACTIONS, *(f.name for f in FAMILIES)])
    parser.add_argument("--scene", default="", choices=["", *Scene], help="of actions: who meets the fault")
    parser.add_argument(
        "--keep", default=f"{tempfile.gettempdir()}/fault-runs", help="where sessions and logs of failed seeds go"
    )
    parser.add_argument("--list", action="store_true", help="only print the plans; needs --runs")
    asked = parser.parse_args()
    if asked.list and asked.runs is None:
        asked.runs = 1
    return asked


if __name__ == "__main__":
    sys.exit(main())
