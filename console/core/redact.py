"""Secrets taken out of text before it is written anywhere."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import quote, quote_plus

REDACTED = "[redacted]"

_SHORTEST_SECRET = 4
"""A shorter known value is left to the patterns: replacing it everywhere would make every text unreadable."""

_SHORTEST_PACKED = 8
"""Of a shorter secret too little is left in the middle of a Base64 text."""

_CUT = "…"
"""What ends a text that was cut, perhaps inside a secret."""

_KEY = (
    r"passw(?:or)?d|passphrase|pwd(?!\s{0,4}=\s{0,4}/)|secret|token|credential"
    r"|(?:api|access|private|signing|auth|secret|encryption|master)[_-]?key"
)
_SECRET_NAME = re.compile(rf"(?:{_KEY}|(?:^|[_-])pass|pgpass|(?:^|[_-])salt|(?:^|[_-])dsn)s?$", re.IGNORECASE)
_PLAIN_NAMES = frozenset({"pwd", "oldpwd"})

_KEY_WORDS = ("passw", "passphrase", "pwd", "secret", "token", "credential")
"""One of these, or `key`, is in whatever `_KEY` is found in, in small letters."""
_KEY_KINDS = ("api", "access", "private", "signing", "auth", "encryption", "master")
"""One of these stands before `key`, if no other word is there."""


def _lazily(pattern: str, flags: int = 0) -> Callable[[], re.Pattern[str]]:
    """Return an expression that is compiled when it is first asked for, so that importing this takes no time."""
    return cache(partial(re.compile, pattern, flags))


_PATTERNS: tuple[tuple[tuple[str, ...], Callable[[], re.Pattern[str]], str], ...] = (
    (
        ("private key",),
        _lazily(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        REDACTED,
    ),
    (
        (":/", "//", "\\/"),
        # Also where a slash of the address is missing or escaped. What begins as a port is no password with a slash.
        _lazily(r"((?::|\\?/)\\?/[^\s:/@\"']*:)(?:[^\s/\"']+|(?!\d{1,5}/)[^\s\"']{1,256})(?=@)"),
        rf"\1{REDACTED}",
    ),
    (("bearer",), _lazily(r"(\bbearer\s{1,4})[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1{REDACTED}"),
    (
        ("authorization",),
        _lazily(r"(\bauthorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?basic\s{1,4})[A-Za-z0-9+/=_-]+", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (
        (*_KEY_WORDS, "key"),
        _lazily(
            rf"((?:{_KEY})\\?[\"']?\s{{0,4}}(?:=>|[=:])\s{{0,4}})"
            r"(?!\[redacted\]|(?:true|false|null|none)\b)"
            r"(?:\\?\"[^\"]*\"|'[^']*'|[^\s;&\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (
        (*_KEY_WORDS, "key", "requirepass"),
        _lazily(rf"(--?(?:[a-z]{{1,20}}-)?(?:{_KEY}|requirepass)\s{{1,4}})(?!-|\[redacted\])\S+", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (
        ("requirepass", "masterauth"),
        _lazily(r"(\b(?:requirepass|masterauth)[\"']?,?\s{1,4}[\"']?)(?!\[redacted\])[^\s\"',]+", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (
        ("password", "identified"),
        _lazily(r"(\b(?:password|identified\s{1,4}by)\s{1,4})'(?!\[redacted\])(?:[^']|'')*'", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (
        ("cookie",),
        _lazily(
            r"(\b(?:set-)?cookie\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?)[^\s=:;,\"'\[]{1,80}=[^\"'\r\n]*", re.IGNORECASE
        ),
        rf"\1{REDACTED}",
    ),
    (
        ("?", "&"),
        _lazily(
            r"([?&](?:key|sig|signature|auth|x-amz-(?:signature|credential))=)(?!\[redacted\])[^&#\s\"'<>]+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (("eyj",), _lazily(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), REDACTED),
    (("akia", "asia"), _lazily(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), REDACTED),
    (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
        _lazily(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,})"),
        REDACTED,
    ),
    (
        ("sk_", "rk_", "sk-", "xox"),
        _lazily(r"\b(?:[sr]k_(?:live|test)_\w{8,}|sk-[\w-]{20,}|xox[abeprs]-[\w-]{10,})"),
        REDACTED,
    ),
    (("hooks.slack",), _lazily(r"(\bhooks\.slack\.com/services/)[\w/-]+"), rf"\1{REDACTED}"),
)
"""Words in small letters of which one is in whatever a pattern finds, the pattern, and what replaces it."""

_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret, judged by its last words: `DB_PASSWORD`, `API_KEY`, `PGPASS`."""
    return name.lower() not in _PLAIN_NAMES and _SECRET_NAME.search(name) is not None


def _spellings(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    said = {secret, json.dumps(secret)[1:-1], secret.replace("'", "''")}  # SQL and YAML double a quote
    return said | quoted | _packed(raw)


def _packed(raw: bytes) -> set[str]:
    """Return how bytes look in Base64, alone or after others such as `user:`: what is the same whatever stands around.

    Three bytes become four characters (RFC 4648), so there are three ways to begin, and the ends depend on neighbours.
    """
    alone = {base64.b64encode(raw).decode("ascii")}
    if len(raw) < _SHORTEST_PACKED:
        return alone
    return alone | {
        base64.b64encode(raw[skipped : skipped + (len(raw) - skipped) // 3 * 3]).decode("ascii") for skipped in range(3)
    }


def _has_any(small: str, words: tuple[str, ...]) -> bool:
    """Return whether one of the words is in a text of small letters; `key` only counts beside what makes it secret."""
    for word in words:  # noqa: SIM110 - this runs on every line that is shown; a loop is faster
        if word in small and (word != "key" or _has_any(small, _KEY_KINDS)):
            return True
    return False


def _overlap(piece: str, secret: str) -> int:
    """Return how many characters of a secret a piece ends with, from the secret's first on."""
    return next((size for size in range(min(len(piece), len(secret)), 0, -1) if piece.endswith(secret[:size])), 0)


class Redactor:
    """Replaces the secrets it was told of, in every usual spelling, and whatever looks like one, by `[redacted]`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET and secret != REDACTED}
        spelled = set[str]().union(*map(_spellings, known))
        longest_first = sorted(spelled, key=lambda text: (-len(text), text))
        self._spellings = tuple(longest_first)
        self._known = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """Return the text without secrets; redacting twice changes nothing more."""
        if self._holds_known(text):
            text = self._known.sub(REDACTED, text)
        if _CUT in text:
            text = self._without_beginnings(text)
        # Outside ASCII letters may pass for others, so only there every pattern is tried.
        small = text.lower() if text.isascii() else None
        for words, pattern, replacement in _PATTERNS:
            if small is None or _has_any(small, words):
                text = pattern().sub(replacement, text)
        return text

    def _without_beginnings(self, text: str) -> str:
        """Return a text without the beginnings of known secrets that were cut off."""
        *pieces, end = text.split(_CUT)
        return _CUT.join([*map(self._without_beginning, pieces), end])

    def _without_beginning(self, piece: str) -> str:
        cuts = (_overlap(piece, spelling) for spelling in self._spellings)
        longest = max(cuts, default=0)
        return piece[: len(piece) - longest] + REDACTED if longest >= _SHORTEST_SECRET else piece

    def _holds_known(self, text: str) -> bool:
        for spelling in self._spellings:  # noqa: SIM110 - as above
            if spelling in text:
                return True
        return False

    def named(self, name: str, value: str) -> str:
        """Return a value without secrets; nothing is left of one whose name says that it is a secret as a whole."""
        is_secret = bool(value) and self.redact(f"{name}=value") != f"{name}=value"
        return REDACTED if is_secret else self.redact(value)

    def clean(self, value: Any, *, by_name: bool = False) -> Any:
        """Return a JSON value with every string redacted; `by_name` also what stands under the name of a secret."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {
                key: REDACTED
                if by_name and isinstance(item, str) and item and is_secret_name(str(key))
                else self.clean(item, by_name=by_name)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.clean(item, by_name=by_name) for item in value]
        return value

    def clean_json(self, text: str) -> str:
        """Return a JSON text with every string in it redacted; its shape stays. Raises `ValueError` for no JSON."""
        small = text.lower() if text.isascii() else None
        is_suspect = small is None or any(_has_any(small, words) for words, _, _ in _PATTERNS)
        if not is_suspect and not self._holds_known(text):
            return text
        return json.dumps(self.clean(json.loads(text)), separators=(",", ":"))


class LineRedactor:
    """Redacts a text that comes line by line, private keys that span lines included."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._is_in_key = False

    def redact(self, line: str) -> str | None:
        """Return the line without secrets, or `None` for a line inside a private key."""
        if self._is_in_key:
            self._is_in_key = _PEM_END.search(line) is None
            return None
        begin = _PEM_BEGIN.search(line)
        self._is_in_key = begin is not None and _PEM_END.search(line, begin.end()) is None
        return self._redactor.redact(line)
