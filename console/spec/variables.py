"""`${NAME}` in a rollout file, and which of the values that come in that way are secret."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from urllib.parse import unquote

from console.core.redact import is_secret_name
from console.spec.nodes import Entry, ListNode, MapNode, Node, Path, ScalarNode
from console.spec.problems import Problem, problem

SECRET_LENGTH = 4
"""Shorter values hide nothing: redacting them would only garble what is shown."""

_VARIABLE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^{}]*))?\}|\$\{")
_WHOLE_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^{}]*)?\}")
# Wider than `core.redact.is_secret_name`, which judges text of others: here a name in doubt costs nothing.
_SECRET_NAME = re.compile(
    r"PASSW|PASSPHRASE|TOKENS?(?:_|$)|SECRET|CREDENTIAL|API_?KEY|(?:^|_)(?:KEY|PASS|AUTH|DSN)S?(?:_|$)|_PWD$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"://[^/?#\s@:]*:([^/?#\s]+)@")
_NAMED_PASSWORD = re.compile(
    r"(?:^|[?&;\s])(?:password|sslpassword|passwd|token)\s*=\s*('[^']*'|[^\s&;#]+)", re.IGNORECASE
)
_QUERY_SECRET = re.compile(
    r"[?&](?:[\w-]*(?:passw(?:or)?d|token|secret|signature|(?:api|access)[_-]?key|credential)|key|sig|auth)=([^&#\s]+)",
    re.IGNORECASE,
)
_OPTION = re.compile(
    r"(?:^|\s)--?(?:[a-z]+-){0,3}(?:password|passwd|token|secret|api-?key)(?:=|\s+)('[^']*'|\"[^\"]*\"|\S+)",
    re.IGNORECASE,
)
_STATEMENT = re.compile(r"\b(?:password|identified\s+by)\s+'((?:[^']|'')*)'", re.IGNORECASE)
_SOURCE_PASSWORD = re.compile(r"[:/][^\s:/@]*:([^\s]+)@")
"""In the address of a server, which may be mistyped, or hold a password with characters that should be encoded."""
_REDIS_PASSWORDS = frozenset({"requirepass", "masterauth"})
_PLACEHOLDER = re.compile(r"\$\{\w+\}")
_PLAIN_WORD = re.compile(r"[A-Za-z]{1,11}")
"""What may stand for a secret, as `true` or `header` do: hiding it everywhere would garble what is shown."""
_TOKEN = re.compile(r"(?=[^/?&=:@#,]*[0-9])(?=[^/?&=:@#,]*[A-Za-z])[^/?&=:@#,.]{8,}(?=[/?&#,@]|$)")
"""A part of an alert address that is no word and no host, with letters and digits: a token."""
_SECRET_HEADER = re.compile(r"authorization|cookie|token|secret|key", re.IGNORECASE)
_AUTH_SCHEME = re.compile(r"(?:bearer|basic|token)\s+", re.IGNORECASE)


class Variables:
    """Puts values from the environment into the nodes of a file, and remembers what must not be shown."""

    def __init__(self, env: Mapping[str, str], problems: list[Problem]) -> None:
        self._env = env
        self._problems = problems
        self._secrets: dict[str, None] = {}
        self._parameters: dict[str | int, frozenset[str]] = {}
        """What the operator chooses for each action, so that it is no variable of the environment."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must be redacted, longest first, so that a part never uncovers the rest."""
        return tuple(sorted(self._secrets, key=len, reverse=True))

    def put_in(self, node: Node, path: Path = ()) -> Node:
        """Return the node with every variable replaced; one that is missing is a problem."""
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, ListNode):
            items = tuple(self._items(node, path))
            self._note_words([str(item.value) for item in items if isinstance(item, ScalarNode)], path)
            return ListNode(node.place, items)
        replaced = {}
        chosen = node.entries.get("parameters")
        if len(path) == 2 and path[0] == "actions" and chosen is not None and isinstance(chosen.node, MapNode):
            self._parameters[path[1]] = frozenset(chosen.node.entries)
        for name, entry in node.entries.items():
            inner = self.put_in(entry.node, (*path, name))
            if name == "command" or (name == "run" and "shell" not in node.entries):
                inner = self._split_command(entry.node, inner, (*path, name))
            replaced[name] = Entry(entry.place, inner)
        return MapNode(node.place, replaced)

    def _items(self, node: ListNode, path: Path) -> Iterator[Node]:
        for index, item in enumerate(node.items):
            yield self.put_in(item, (*path, index))

    def _scalar(self, node: ScalarNode, path: Path) -> ScalarNode:
        if not isinstance(node.value, str):
            return node
        if "${" not in node.value:
            self._note_secrets(node.value, path)
            return node
        if any(match.group() == "${" for match in _VARIABLE.finditer(node.value)):
            self._complain(
                node, path, "${… is no variable", "write ${NAME} or ${NAME:-default}, and $${ for a plain ${"
            )
            return node
        keeps_traffic = len(path) > 2 and path[0] == "actions" and path[2] in ("steps", "verify")
        parameters = self._parameters.get(path[1], frozenset()) if keeps_traffic else frozenset()
        is_from_outside = False

        def replacement(match: re.Match[str]) -> str:
            nonlocal is_from_outside
            text, name, default = match.group(), match.group("name"), match.group("default")
            if name is None:
                return "${"
            if name == "traffic":
                return self._traffic(node, path, text, is_known=keeps_traffic)
            if name in parameters and default is None:
                return text
            value = self._env.get(name)
            if value is None and default is None:
                self._complain(
                    node,
                    path,
                    f"${{{name}}} is not set in the environment",
                    f"set {name}, or write ${{{name}:-default}}",
                )
                return ""
            if default is not None and not value:
                return default
            is_from_outside = True
            self.note_variable(name, value or "")
            return value or ""

        value = _VARIABLE.sub(replacement, node.value)
        self._note_secrets(value, path)
        return ScalarNode(node.place, node.written, value, is_from_outside)

    def note_variable(self, name: str, value: str) -> None:
        """Note what of the value of a variable is secret, by its name and by its form."""
        if _SECRET_NAME.search(name):
            self._keep(value)
        self._note_url(value, whole=True)

    def _traffic(self, node: ScalarNode, path: Path, text: str, *, is_known: bool) -> str:
        if not is_known:
            self._complain(node, path, f"{text} is known only while an action runs", "use it in the steps of an action")
        elif text != "${traffic}":
            self._complain(node, path, f"{text} is the share of traffic and always known", "write ${traffic}")
        return text

    def _complain(self, node: ScalarNode, path: Path, found: str, expected: str) -> None:
        self._problems.append(problem(node.place, key_of(path), found, expected))

    def _split_command(self, written: Node, node: Node, path: Path) -> Node:
        """Split the first word of a command that is one variable, so that it may say `docker compose`."""
        if not isinstance(written, ListNode) or not isinstance(node, ListNode) or not node.items:
            return node
        first, value = written.items[0], node.items[0]
        if not (isinstance(first, ScalarNode) and _WHOLE_VARIABLE.fullmatch(str(first.value))):
            return node
        if not isinstance(value, ScalarNode):
            return node
        try:
            words = shlex.split(str(value.value))
        except ValueError:
            self._complain(
                first,
                (*path, 0),
                f"the value of {first.written} has an open quote",
                "quote it as a shell would read it",
            )
            return node
        split = (ScalarNode(value.place, value.written, word, value.is_substituted) for word in words)
        return ListNode(node.place, (*split, *node.items[1:]))

    def _note_secrets(self, value: str, path: Path) -> None:
        self._note_url(value, whole=False)
        holder, name = (path[-2], str(path[-1])) if len(path) > 1 else ("", "")
        if holder == "headers" and _SECRET_HEADER.search(name):
            self._keep(_AUTH_SCHEME.sub("", value, count=1))
        if holder in ("set", "env") and _SECRET_NAME.search(name):
            self._keep(value)
        if "json" in path and is_secret_name(name):
            self._keep_unless_plain(value)
        if path[:1] == ("sources",) and name in ("postgres", "redis", "host"):
            self._note_server(value)
        # The address of an alert route is a credential as a whole.
        is_route = path[:2] in (("alerts", "routes"), ("incidents", "severities"))
        if is_route and len(path) > 4 and path[3] in ("to", "escalate_to"):
            self._keep(value)
            for token in _TOKEN.findall(value.partition("://")[2]):
                self._keep(token)
                self._keep(unquote(token))

    def _note_url(self, value: str, *, whole: bool) -> None:
        passwords = [*_URL_PASSWORD.findall(value), *(said.strip("'") for said in _NAMED_PASSWORD.findall(value))]
        for password in passwords:
            self._keep(password)
            self._keep(unquote(password))
        if passwords and whole:
            self._keep(value)
        for pattern in (_QUERY_SECRET, _OPTION):
            for said in pattern.findall(value):
                bare = said.strip("'\"")
                self._keep_unless_plain(bare)
                self._keep_unless_plain(unquote(bare))
        for said in _STATEMENT.findall(value):
            self._keep(said.replace("''", "'"))

    def _note_server(self, value: str) -> None:
        for password in _SOURCE_PASSWORD.findall(value):
            self._keep(password)
            self._keep(unquote(password))

    def _note_words(self, words: Sequence[str], path: Path) -> None:
        """Note what comes after a word such as `--password` in a command, and the passwords that Redis is told."""
        is_redis = path[-2:] == ("redis", "command")
        for word, following in pairwise(words):
            is_option = word.startswith("-") and "=" not in word and is_secret_name(word)
            if is_option or (is_redis and word.lower() in _REDIS_PASSWORDS):
                self._keep_unless_plain(following)
        if is_redis and words and words[0].lower() == "auth":
            self._keep(words[-1])

    def _keep_unless_plain(self, value: str) -> None:
        if _PLAIN_WORD.fullmatch(value) is None:
            self._keep(value)

    def _keep(self, value: str) -> None:
        if len(value) >= SECRET_LENGTH and _PLACEHOLDER.fullmatch(value) is None:
            self._secrets[value] = None


def secrets_in(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of an environment is secret, whether or not a rollout file uses it, longest first."""
    variables = Variables(env, [])
    for name, value in env.items():
        variables.note_variable(name, value)
    return variables.secrets


def key_of(path: Path) -> str:
    """Return a path as it is shown: `phases[1].pause[0]`."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".")
