"""`rollout-console demo`: a live rollout on this machine, nothing else needed."""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from console.commands.arguments import duration
from console.core.exits import Exit
from console.demo.worlds import ROLLOUTS, scenario_of, world_of

DEFAULT_ROLLOUT = "stateless-orchestration"
SLOWEST, FASTEST = 1.0, 20.0

OpenConsole = Callable[..., int]


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"expected a number from {SLOWEST:g} to {FASTEST:g}, found {text!r}")
    return speed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("rollout", nargs="?", choices=ROLLOUTS, default=DEFAULT_ROLLOUT, help="default: %(default)s")
    parser.add_argument(
        "--scenario", default="healthy", help="what happens, or `list` to see what can (default: %(default)s)"
    )
    parser.add_argument("--whole", action="store_true", help="begin before the deployment, with no traffic yet")
    parser.add_argument("--speed", type=_speed, default=1.0, metavar="N", help="run everything N times as fast")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the session there, for `report` and `replay` afterwards"
    )
    parser.add_argument("--docker", action="store_true", help="run the services as containers, with compose")
    parser.add_argument("--image", metavar="NAME", help="image with Python 3.11 or later for --docker")
    parser.add_argument("--headless", action="store_true", help="no screen")
    parser.add_argument("--for", dest="for_s", type=duration, metavar="30s", help="how long to watch, with --headless")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, with --headless")


def run(arguments: argparse.Namespace, open_console: OpenConsole | None = None) -> int:
    """Run the demo until the console is left, and return the console's exit code; nothing stays behind."""
    from console.demo import launch  # noqa: PLC0415 (asyncio and subprocess are not needed to print the usage)

    if arguments.scenario == "list":
        return _list_scenarios(arguments.rollout)
    try:
        scenario_of(world_of(arguments.rollout), arguments.scenario)
    except ValueError as error:
        print(f"rollout-console demo: {error}", file=sys.stderr)
        return Exit.USAGE
    if not arguments.headless and (arguments.json or arguments.for_s is not None):
        print("rollout-console demo: --for and --json go with --headless", file=sys.stderr)
        return Exit.USAGE
    missing = launch.missing_packages()
    if missing:
        print(
            f"rollout-console demo needs {' and '.join(missing)}: pip install 'rollout-console[demo]'", file=sys.stderr
        )
        return Exit.USAGE
    if open_console is None:
        open_console = importlib.import_module("console.commands.watch").open_console
    try:
        with launch.running(*_platform_options(arguments), on_progress=_progress()) as demo:
            state = arguments.keep or demo.folder / "state"
            return open_console(
                demo.file,
                launch.environment(demo) | {"ROLLOUT_CONSOLE_STATE": str(state)},
                state_folder=state,
                headless_options=arguments if arguments.headless else None,
            )
    except (launch.DemoFailed, OSError) as error:
        print(f"rollout-console demo: {error}", file=sys.stderr)
        return Exit.UNKNOWN


def _list_scenarios(rollout: str) -> int:
    for name, scenario in world_of(rollout).all_scenarios().items():
        print(f"{name:<20} {scenario.what}")
    return Exit.DONE


def _platform_options(arguments: argparse.Namespace) -> list[str]:
    options = [f"--rollout={arguments.rollout}", f"--scenario={arguments.scenario}", f"--speed={arguments.speed:g}"]
    if arguments.whole:
        options.append("--whole")
    if arguments.docker:
        options.append("--docker")
    if arguments.image:
        options.append(f"--image={arguments.image}")
    return options


def _progress() -> Callable[[str], None]:
    """Return what tells the operator, on standard error, what the demo is doing; on a terminal it keeps to one line."""
    if not sys.stderr.isatty():
        return lambda doing: print(f"rollout-console demo: {doing}", file=sys.stderr, flush=True) if doing else None
    return lambda doing: print(f"\r\x1b[2K{doing}{' …' if doing else ''}", end="", file=sys.stderr, flush=True)
