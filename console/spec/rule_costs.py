"""What rules cost: measured on this machine, on lines that they do not match, as most lines of a log are."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from console.core.classify import Classifier
from console.core.literals import required
from console.core.patterns import GIVES_UP_AFTER_S, quick_chars
from console.core.rollout import EventRule

SLOW_US = 5.0
"""A rule that costs more on a line is slow: reading and counting a line costs no more."""
_HARDLY_ANY_CHARS = 10
"""A rule that is safe only on lines shorter than this is safe on hardly any."""
_LINES = 2_000
_ROUNDS = 5
_NOISE = (
    "2026-01-01T10:00:00.123Z DEBUG app handled message 4711 for tenant 042 in 3 steps, nothing worth a rule",
    '{"ts":"2026-01-01T10:00:00Z","level":"info","msg":"cache refreshed","took_ms":12,"keys":["a","b"],"ok":true}',
    '10.0.0.7 - - [01/Jan/2026:10:00:00 +0000] "GET /static/app.js HTTP/1.1" 304 0 "-" "Mozilla/5.0 (X11; Linux)"',
)


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What one rule costs."""

    event: str
    us_per_line: float
    """Microseconds on a line that it does not match."""
    has_literal: bool
    """Whether lines are told apart by a literal before the expression runs."""
    may_explode: bool
    """Whether a search may take too long on a line of usual length."""

    @property
    def warning(self) -> str:
        """What is wrong with it and what to do, empty if nothing is."""
        said = []
        if not self.has_literal:
            said.append(
                "has no text that every match contains, so its expression runs on every line,"
                f" {self.us_per_line:.1f} µs each: put a fixed word into it"
            )
        elif self.us_per_line >= SLOW_US:
            said.append(
                f"costs {self.us_per_line:.1f} µs a line, because what it looks for stands in many lines:"
                " put a rarer word into it"
            )
        if self.may_explode:
            said.append(
                "repeats something that can be cut in several ways, so that a search may double with every character;"
                f" it is given up after {GIVES_UP_AFTER_S * 1000:.0f} ms a line, and its counts are then known to be"
                " short: let what is repeated begin with a fixed character, or name what it may not contain"
            )
        return f"events.{self.event}.match: this rule {'; and it '.join(said)}" if said else ""


def costs_of(rules: Mapping[str, EventRule]) -> list[RuleCost]:
    """Return what each rule costs, in the order of the file; takes some milliseconds a rule."""
    costs = []
    for event, rule in rules.items():
        classifier = Classifier({event: rule})
        quiet = [line for line in _lines(rules) if classifier.classify(line) is None]
        block = (quiet * (_LINES // max(1, len(quiet)) + 1))[:_LINES]
        costs.append(
            RuleCost(
                event=event,
                us_per_line=max(0.0, _took_us(classifier, block) - _took_us(Classifier({}), block)),
                has_literal=bool(required(rule.match)),
                may_explode=quick_chars(rule.match) < _HARDLY_ANY_CHARS,
            )
        )
    return costs


def cost_of_all(rules: Mapping[str, EventRule]) -> float:
    """Return what all rules together cost on a line, in microseconds."""
    lines = _lines(rules)
    return _took_us(Classifier(rules), (lines * (_LINES // len(lines) + 1))[:_LINES])


def _lines(rules: Mapping[str, EventRule]) -> list[bytes]:
    """Return lines as a log has them: some that a rule names, more that none does."""
    samples = [rule.sample[0].encode("utf-8", "replace") for rule in rules.values() if rule.sample]
    return [*(line.encode() for line in _NOISE * max(1, len(samples))), *samples]


def _took_us(classifier: Classifier, block: list[bytes]) -> float:
    """Return the shortest of several times, in microseconds a line; 0 for no line."""
    took_s = []
    for _ in range(_ROUNDS):
        began = time.thread_time()
        classifier.named(block)
        took_s.append(time.thread_time() - began)
    return min(took_s) / len(block) * 1e6 if block else 0.0
