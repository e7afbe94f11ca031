"""Which containers a command line of Compose makes anew, and how it is asked about them."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from console.core.probes import ComposeUp
from console.core.rollout import Step

_ENGINES = ("docker", "podman")
_COMPOSERS = ("docker-compose", "podman-compose")
_BEFORE = frozenset({"sudo", "doas", "env", "nice", "ionice", "nohup", "setsid", "stdbuf", "time", "timeout", "exec"})
"""Programs that run the one they are given."""
_WITH_VALUE = frozenset(
    (
        *("-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "-f", "--file", "-p", "--project-name"),
        *("--profile", "--env-file", "--project-directory", "--parallel", "--progress", "--ansi"),
        *("--tlscacert", "--tlscert", "--tlskey"),
    )
)
_UP_WITH_VALUE = frozenset(
    ("--scale", "-t", "--timeout", "--exit-code-from", "--attach", "--no-attach", "--pull", "--wait-timeout")
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_EXPANDED = re.compile(r"[$`~*?]")
_IN_FOLDER = ("sh", "-c", 'cd "$0" && exec "$@"')


def made_by(step: Step) -> tuple[ComposeUp, ...]:
    """Return what containers a step makes anew in the background; none of a shell line that is not understood."""
    if step.run is None:
        return ()
    # Those that say which project and which engine; others have no say in where its containers are.
    chosen = [f"{name}={value}" for name, value in step.env.items() if name.startswith(("COMPOSE_", "DOCKER_"))]
    before = ("env", *chosen) if chosen else ()
    ways = _simple_commands(step.run[0]) if step.shell else iter([step.run])
    found = (compose_up((*before, *argv)) for argv in ways)
    return tuple(made for made in found if made is not None)


def compose_up(argv: Sequence[str]) -> ComposeUp | None:
    """Return what containers a command makes anew in the background, `None` if it is no `compose up -d`.

    The options are those of Compose v2 and v1 (docs.docker.com/reference/cli/docker/compose).
    """
    is_passed_on = bool(argv) and (_named(argv[0]) in _BEFORE or tuple(argv[:3]) == _IN_FOLDER)
    for at in range(len(argv) if is_passed_on else 1):
        verb = _verb_at(argv, at)
        if verb is not None and list(argv[verb : verb + 1]) == ["up"]:
            return _made(argv, verb)
    return None


def engine_command(compose: ComposeUp) -> tuple[str, ...]:
    """Return how the engine behind Compose is asked: the same program, context and host."""
    command = compose.command
    at = next((at for at in range(len(command)) if _verb_at(command, at) == len(command)), 0)
    before, program, options = command[:at], command[at], command[at + 1 :]
    if _named(program) in _ENGINES:
        return (*before, program, *options[: options.index("compose")])
    hosts = [word for pair in pairwise(options) if pair[0] in ("-H", "--host") for word in pair]
    return (*before, "podman" if "podman" in program else "docker", *hosts)


def _named(program: str) -> str:
    return program.rpartition("/")[2]


def _verb_at(argv: Sequence[str], at: int) -> int | None:
    """Return where it stands what Compose is to do, if the word here calls it."""
    program = _named(argv[at]) if at < len(argv) else ""
    after = _past_options(argv, at + 1)
    if program in _COMPOSERS:
        return after
    if program not in _ENGINES or list(argv[after : after + 1]) != ["compose"]:
        return None
    return _past_options(argv, after + 1)


def _past_options(argv: Sequence[str], at: int) -> int:
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] in _WITH_VALUE else 1
    return at


def _made(argv: Sequence[str], up: int) -> ComposeUp | None:
    services: list[str] = []
    gone: list[str] = []
    is_detached = False
    rest = iter(argv[up + 1 :])
    for word in rest:
        name, has_value, value = word.partition("=")
        if name in _UP_WITH_VALUE:
            scaled, _, number = (value if has_value else next(rest, "")).partition("=")
            if name == "--scale" and number == "0":
                gone.append(scaled)
        elif word.startswith("--"):
            is_on = value.lower() not in ("false", "f", "0")
            is_detached = is_detached or (name in ("--detach", "--wait") and is_on)
        elif word.startswith("-"):
            is_detached = is_detached or "d" in name.partition("t")[0]
        else:
            services.append(word)
    if not is_detached:
        return None
    return ComposeUp(command=tuple(argv[:up]), services=tuple(services), gone=tuple(gone))


def _simple_commands(script: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands of a shell line, each as it would be run without the shell.

    Nothing is yielded of what only a shell can say, such as a variable, nor after a `cd` to such a place.
    """
    folder = ""
    for words in _lists(script):
        if words[0] == "cd":
            if len(words) != 2 or _EXPANDED.search(words[1]):
                return
            folder = posixpath.join(folder, words[1])
        elif not any(_EXPANDED.search(word) for word in words):
            argv = ("env", *words) if _ASSIGNMENT.match(words[0]) else tuple(words)
            yield (*_IN_FOLDER, folder, *argv) if folder else argv


def _lists(script: str) -> Iterator[list[str]]:
    """Yield the words of each command of a shell line, without what is redirected and remarked."""
    lexer = shlex.shlex(script.replace("\\\n", " ").replace("\n", ";"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        found = list(lexer)
    except ValueError:  # a quotation without end
        return
    words: list[str] = []
    tokens = iter([*found, ";"])
    for token in tokens:
        if set(token) <= set(";&|()"):
            kept = list(takewhile(lambda word: not word.startswith("#"), words))
            if kept:
                yield kept
            words = []
        elif set(token) <= set("<>&|"):
            if words and words[-1].isdigit():
                words.pop()
            next(tokens, "")
        else:
            words.append(token)
