"""What the evidence says, in words that need no statistics."""

import math

from console.core.dispersion import Dispersion
from console.core.durations import format_duration
from console.core.evidence import Comparison

_SURE_ENOUGH_TO_SAY = 0.5
"""From this part of the needed evidence on a panel says that the canary looks worse."""
_MOST_RATIO = 20.0
_NOT_PROVEN = "not yet proven worse"


def sentence(
    comparison: Comparison,
    *,
    canary_share: float | None = None,
    wait_s: float | None = None,
    is_breach: bool = False,
) -> str:
    """Return the one line of a panel.

    `canary_share` is the canary's present part of the traffic, 0 to 1; at 1 there is no baseline to compare with, and
    the line says so and what was known until then. `wait_s` is what `Comparison.expected_time_s` returned, if it is to
    be said. `is_breach`: the canary's own value is a breach, so that calling it no different would read as all clear.
    """
    known = _known(comparison, wait_s, is_breach=is_breach)
    if canary_share is None or 0 < canary_share < 1:
        return known
    missing = "no traffic on the canary" if canary_share <= 0 else "100 %: no baseline beside it"
    settled = comparison.is_worse or comparison.is_not_worse
    return f"{missing}; until then {known}" if settled else missing


def brief(
    comparison: Comparison,
    *,
    canary_share: float | None = None,
    wait_s: float | None = None,
    is_breach: bool = False,
) -> str:
    """Return the same in as few words as there may be room for."""
    missing = "" if canary_share is None or 0 < canary_share < 1 else _alone(canary_share)
    if missing:
        return f"{missing} now, it was worse" if comparison.is_worse else missing
    if comparison.is_worse:
        if comparison.log_e_worse < 0:
            return "was worse, sure"
        became = comparison.log_e_late > comparison.log_e_from_start
        return "became worse, sure" if became else f"{ratio_text(comparison.ratio)} worse, sure"
    if comparison.log_e_worse >= _SURE_ENOUGH_TO_SAY * comparison.needed:
        return "looks worse, not sure yet"
    if comparison.is_not_worse:
        return f"not {comparison.comparing.not_worse_than:g}x worse, sure"
    if comparison.looks == 0:
        return "nothing to compare yet"
    if is_breach:
        return _NOT_PROVEN
    if wait_s is None or math.isinf(wait_s):
        return "not different so far"
    return f"not different, {_about(wait_s)} to be sure"


def _alone(canary_share: float) -> str:
    return "no canary" if canary_share <= 0 else "no baseline"


def _about(wait_s: float) -> str:
    """Return a wait in whole minutes, rounded up, as it is an expectation and nothing more."""
    return format_duration(60.0 * math.ceil(wait_s / 60))


def _known(comparison: Comparison, wait_s: float | None, *, is_breach: bool = False) -> str:
    target = f"{comparison.comparing.not_worse_than:g}x"
    if comparison.is_worse:
        return _worse(comparison)
    if comparison.log_e_worse >= _SURE_ENOUGH_TO_SAY * comparison.needed:
        if comparison.log_e_late > comparison.log_e_from_start:
            return "looks as if it became worse, not sure yet"
        return f"looks worse ({ratio_text(comparison.ratio)}), not sure yet"
    if comparison.is_not_worse:
        return f"not worse than {target} the baseline, sure"
    if comparison.looks == 0:
        return "nothing to compare yet"
    if is_breach:
        return f"{_NOT_PROVEN} than the baseline"
    so_far = "not different so far" if comparison.ratio is not None else "nothing bad on either track so far"
    if wait_s is None:
        return so_far
    if math.isinf(wait_s):
        return f"{so_far}, and no telling at this traffic whether it is {target} worse"
    return f"{so_far}, {_about(wait_s)} more to be sure it is not {target} worse"


def _worse(comparison: Comparison) -> str:
    sure = f"sure ({chance_text(comparison.chance)} by chance)"
    ratio = ratio_text(comparison.ratio)
    if comparison.log_e_worse < 0:
        return f"was worse for a time, {sure}; {ratio} over all"
    if comparison.log_e_late > comparison.log_e_from_start:
        return f"became worse, {sure}; {ratio} over all"
    allowed = comparison.comparing.margin
    beyond = f", more than the {1 + allowed:g}x allowed" if allowed else ""
    return f"{ratio} the baseline's rate{beyond}, {sure}"


def explanation(
    comparison: Comparison,
    dispersion: Dispersion,
    *,
    canary_share: float | None = None,
    wait_s: float | None = None,
    is_breach: bool = False,
) -> tuple[str, ...]:
    """Return the sentences of the detail view: the line of the panel, the numbers, and what each of them means."""
    asked = comparison.comparing
    enough = chance_text(asked.alpha)
    target = f"{asked.not_worse_than:g}x"
    return (
        sentence(comparison, canary_share=canary_share, wait_s=wait_s, is_breach=is_breach),
        f"Samples: {_of(comparison.bad_canary, comparison.total_canary)} bad on the canary, "
        f"{_of(comparison.bad_baseline, comparison.total_baseline)} on the baseline, "
        f"in {comparison.looks:,} intervals with both.",
        _ratio_sentence(comparison),
        f"That it is worse: {strength(comparison.log_e_worse)}{_strongest(comparison)}. It is sure when chance alone "
        f"would show as much in {enough} rollouts, however often one looks.{_beginning(comparison)}",
        f"That it is not {target} worse: {strength(comparison.log_e_not_worse)}; sure at {enough} as well. "
        "That nothing is wrong is proven by this alone, not by the silence of the alarm.",
        _dispersion_sentence(dispersion),
    )


def strength(log_e: float) -> str:
    """Return what some evidence, a natural logarithm, is in words: in how many rollouts chance alone shows as much."""
    return "hardly anything says so" if log_e < math.log(2) else f"{chance_text(math.exp(-log_e))} by chance"


def _strongest(comparison: Comparison) -> str:
    """Return how strong the evidence for a worse canary was before, if that was a lot more than now."""
    is_less = comparison.peak >= math.log(2) and comparison.peak - max(0.0, comparison.log_e_worse) >= math.log(2)
    return f" now, {strength(comparison.peak)} when it was strongest" if is_less else ""


def _beginning(comparison: Comparison) -> str:
    """Return whether a canary that looks worse was so from the start."""
    if comparison.log_e_worse < math.log(2):
        return ""
    is_late = comparison.log_e_late > comparison.log_e_from_start
    return f" It looks {'as if it became so later on' if is_late else 'so from the start on'}."


def _ratio_sentence(comparison: Comparison) -> str:
    between = comparison.within
    if between is None:
        return "Ratio of the rates: not known, nothing bad was seen."
    low, high = between
    ends = f"{ratio_text(low)} or more" if math.isinf(high) else f"{ratio_text(low)} to {ratio_text(high)}"
    is_cut = comparison.is_worse_throughout and low >= 1 + comparison.comparing.margin
    beyond = "over " if is_cut else ""
    return (
        f"Ratio of the rates: {ratio_text(comparison.ratio)}, surely {beyond}{ends} (wrong in "
        f"{chance_text(comparison.comparing.alpha)} rollouts at most, however often one looks); "
        "an average over the whole time."
    )


def _dispersion_sentence(dispersion: Dispersion) -> str:
    phi = dispersion.phi
    if dispersion.is_assumed:
        return (
            f"Dispersion: {phi:.1f} is assumed until the baseline has shown enough to tell bursts from single events."
        )
    if phi < 1.1:
        return "Dispersion: 1.0, bad events come one by one."
    return f"Dispersion: {phi:.1f}, bad events come in bursts, so that it takes about {phi:.1f} times as many."


def ratio_text(ratio: float | None) -> str:
    """Return a rate ratio as people say it: `2.1x`, `over 20x`, `unknown`."""
    if ratio is None:
        return "unknown"
    if ratio > _MOST_RATIO:
        return f"over {_MOST_RATIO:.0f}x"
    return f"{ratio:.2f}x" if 0 < ratio < 2 else f"{ratio:.1f}x"


def chance_text(chance: float) -> str:
    """Return a probability as odds with one or two digits that matter: `1 in 20`, `1 in 400,000`."""
    if chance <= 1e-9:
        return "less than 1 in a billion"
    odds = 1 / chance
    digits = max(0, math.floor(math.log10(odds)) - 1) if odds < 100 else math.floor(math.log10(odds))
    step = 10**digits
    return f"1 in {math.floor(odds / step + 1e-9) * step:,}"


def _of(bad: float, total: float) -> str:
    return f"{bad:,.0f} of {total:,.0f}"
