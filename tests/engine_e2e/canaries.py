"""Secrets that are looked for wherever something may have been written: in halves, and in every spelling."""

import base64
import re
from hashlib import sha256

_NO_WORD = re.compile(rb"[^a-z0-9]+")


class Canaries:
    """Values that nothing may show, by where they were planted."""

    def __init__(self) -> None:
        self._forms: dict[str, tuple[bytes, ...]] = {}

    def plant(self, name: str, form: str = "{}") -> str:
        """Return a secret of its own; `form` puts something around what is unique in it."""
        assert name not in self._forms, "every secret is planted once"
        core = "k" + sha256(name.encode()).hexdigest()[:17]
        raw = core.encode()
        packed = (base64.b64encode(raw[skipped : skipped + 15]) for skipped in range(3))
        forms = (raw[:9], raw[9:], raw.hex().encode(), *packed)
        self._forms[name] = tuple(form.lower() for form in forms)
        return form.format(core)

    def found(self, written: bytes) -> list[str]:
        """Return the names of all that stand in a text, also broken over lines, escaped, encoded or cut in half."""
        small = written.lower()
        squeezed = _NO_WORD.sub(b"", small)
        return [name for name, forms in self._forms.items() if any(form in small or form in squeezed for form in forms)]
